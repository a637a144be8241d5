/*
 * All numbers of a search by `metric`, for people and for programs that draw them.
 */
#ifndef ENGINE_TEXT_METRIC_REPORT_H
#define ENGINE_TEXT_METRIC_REPORT_H

#include "bisectfs/session.h"

/* A line "# step commit run value" and one for each number; then those of metric_report_steps, each
 * begun with "# ". Nothing where no metric is set. */
void metric_report_print(const struct session *s, GString *out);

/* A line for each step with numbers: what it is, which commit, median, quartiles and count, and
 * what its numbers are like. */
void metric_report_steps(const struct session *s, GString *out);

#endif
