/*
 * The two ends of a search by numbers: the starting commit, and a commit that is to be better.
 * Their runs are made in turns, and both are judged when the numbers differ enough, or do not.
 * Pure.
 *
 * The starting commit is step 0, which stays open until then; each step after it is another end
 * (the good commit that was given; one release after the other; in fix mode the branch's head).
 */
#ifndef ENGINE_SESSION_METRIC_ENDS_H
#define ENGINE_SESSION_METRIC_ENDS_H

#include "numbers.h"

/* What is allowed to go wrong in a whole search, 0..1, from `confidence`: a quarter of it by the
 * ends, a half by the steps that were expected, the last quarter by further ones. */
double metric_error(const struct session *s);
/* Numbers that a step may take. */
int metric_most(const struct session *s);

/* Whether step 0 is being measured. */
bool metric_ends_open(const struct session *s);
/* Whether it has shown a number, so that it is worth while to build another end. */
bool metric_start_measured(const struct session *s);
/* Whether a step of this role may begin while step 0 is open. */
bool metric_may_join(const struct session *s, enum step_role role);

/* Numbers that the step, one of the two ends, still needs for the next look at both. */
int metric_ends_needed(const struct session *s, const struct step *step);
/* VERDICT_NONE: more runs are needed. `reason` is to be freed. */
enum verdict metric_ends_judge(const struct session *s, const struct step *step, char **reason);
/* The verdict on step 0 where no other end is left that it could be compared with. */
enum verdict metric_ends_close(const struct session *s, char **reason);
/* Whether a user's verdict on the step waits until it is measured: other steps are compared with
 * its numbers, whoever judges it. */
bool metric_measures_anyway(const struct session *s, const struct step *step, enum verdict user);

/* The end that was found good, with numbers; NULL: none. */
const struct step *metric_good_end(const struct session *s);
/* Too many runs that gave none: why the step cannot be measured; NULL: it can. To be freed. */
char *metric_lost(const struct numbers *n);

#endif
