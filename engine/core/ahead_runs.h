/*
 * Runs that were begun before a step asked for them: those that have ended wait here until a step
 * takes them over. The core thread's.
 */
#ifndef ENGINE_CORE_AHEAD_RUNS_H
#define ENGINE_CORE_AHEAD_RUNS_H

#include "state.h"

/* Where the logs of runs of this kernel go to; to be freed. */
char *ahead_runs_dir(const struct engine *e, const struct session *s, const char *key);
/* Whether this run goes on or has ended. */
bool ahead_runs_has(const struct engine *e, const struct bisection *b, const char *key, int run);
/* Keeps the end of a run that no step asks for yet. Takes over its answer. */
void ahead_runs_end(struct engine *e, struct job *job);
/* Forgets those whose kernel nobody wants any more, and deletes their logs. */
void ahead_runs_drop(struct engine *e, struct bisection *b,
		     bool (*is_wanted)(const char *key, const void *arg), const void *arg);
/* Deletes what nobody took of bisections that are over. */
void ahead_runs_clean(struct engine *e);

/* Makes the wished runs out of such as were begun ahead: all are announced before the end of any is
 * known, as if they had begun now. False: there are none. */
bool ahead_runs_adopt(struct engine *e, struct bisection *b, const GArray *wishes);
/* Makes a fact of the end of one adopted run, the shortest first: so they would have ended if they
 * had begun together. False: there is none. */
bool ahead_runs_deliver(struct engine *e, struct bisection *b);

#endif
