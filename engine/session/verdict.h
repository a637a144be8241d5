/*
 * From outcomes to the verdict of one step: pure arithmetic, the rule being syzbot's.
 */
#ifndef ENGINE_SESSION_VERDICT_H
#define ENGINE_SESSION_VERDICT_H

#include "bisectfs/session.h"

struct tally {
	int total; /* runs that the step may take */
	int good, bad, infra, skip;
};

/* What runs known so far (first step's) say about how often the bug shows when it is there. */
struct rate {
	int bad, good;
};

/* syzbot's decision rule (pkg/bisect) once all runs are in. VERDICT_NONE: more infrastructure
 * faults than anything else, the bisection has to stop. */
enum verdict verdict_rule(const struct tally *t, bool flaky);

/* Runs that have to show the bug, and stay clean, before `total` runs count as bad or good. */
int verdict_want_bad(const struct tally *t);
int verdict_want_good(const struct tally *t, bool flaky);

/* Probability that `good` clean runs in a row come from a commit that has the bug, for a
 * reproducer seen at `rate`. The unknown true rate is integrated over its posterior (uniform
 * prior), so few runs seen at first make it careful. */
double verdict_miss_probability(const struct rate *rate, int good);

/* Clean runs needed until that is at most 1 - confidence; at most `limit`. */
int verdict_good_needed(const struct rate *rate, double confidence, int limit);

/* syzbot's worth of a good step: 1 - (1 - reproducibility)^good. */
double verdict_step_confidence(double reproducibility, int good);

#endif
