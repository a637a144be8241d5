/*
 * Builders and VM slots for the wishes of all bisections. The core thread's.
 */
#ifndef ENGINE_CORE_SCHEDULE_H
#define ENGINE_CORE_SCHEDULE_H

#include "state.h"

/* Stops what nobody wants and starts what can be. */
void schedule(struct engine *e);
/* Takes what came of a job, which is not in flight any more after that. */
void schedule_job_done(struct engine *e, struct job *job);

#endif
