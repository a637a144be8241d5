/*
 * What the history is asked, by a worker or by a simulation with a navigator of its own.
 */
#ifndef ENGINE_WORK_HISTORY_JOB_H
#define ENGINE_WORK_HISTORY_JOB_H

#include "engine/core/jobs.h"
#include "engine/history/navigate.h"

/* The history's answer to a JOB_LOAD or JOB_NEXT, or EV_FAILED. */
void history_job_navigate(struct job *job, const struct navigator *nav);

#endif
