/*
 * The facts of runs, whoever began them. The core thread's.
 */
#ifndef ENGINE_CORE_RUNS_H
#define ENGINE_CORE_RUNS_H

#include "state.h"

/* A run shows in the mount from before its first line on; that is a fact of its own. False: it
 * could not be recorded. */
bool runs_announce(struct engine *e, struct bisection *b, int step, int run);
/* Records the end of a run. Takes over `ev`. */
void runs_end(struct engine *e, struct bisection *b, struct event *ev);

#endif
