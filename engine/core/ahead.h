/*
 * Speculation: while a step is tested, the kernels of the commits that may come next are built, and
 * run where VMs are idle. What comes of it waits until a step asks for it: only then does it become
 * a fact. The session knows nothing of speculation. The core thread's.
 */
#ifndef ENGINE_CORE_AHEAD_H
#define ENGINE_CORE_AHEAD_H

#include "state.h"

/* Keeps the jobs that may still be of use, starts others where nothing else wants the builders and
 * VMs. `bisections`: those in progress. */
void ahead_schedule(struct engine *e, GPtrArray *bisections);

#endif
