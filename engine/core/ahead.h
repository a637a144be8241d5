/*
 * Speculation: while a step is tested, the kernels of the commits that may come next are built, and
 * run where VMs are idle. What comes of it waits until a step asks for it: only then does it become
 * a fact. The session knows nothing of speculation. The core thread's.
 */
#ifndef ENGINE_CORE_AHEAD_H
#define ENGINE_CORE_AHEAD_H

#include "state.h"

/* Keeps the jobs that may still be of use, starts others where nothing else wants the builders and
 * VMs; deletes what nobody took of a bisection that is over. `bisections`: those in progress. */
void ahead_schedule(struct engine *e, GPtrArray *bisections);
/* Makes the wished runs out of such as were begun ahead: all are announced before the end of any is
 * known, as if they had begun now. False: there are none. */
bool ahead_adopt_runs(struct engine *e, struct bisection *b, const GArray *wishes);
/* Makes a fact of the end of one adopted run, the shortest first: so they would have ended if they
 * had begun together. False: there is none. */
bool ahead_deliver_run(struct engine *e, struct bisection *b);
/* Keeps the end of a run that no step asks for yet. Takes over its answer. */
void ahead_run_done(struct engine *e, struct job *job);

#endif
