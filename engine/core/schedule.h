/*
 * Builders and VM slots for the wishes of all bisections. The core thread's.
 */
#ifndef ENGINE_CORE_SCHEDULE_H
#define ENGINE_CORE_SCHEDULE_H

#include "state.h"

/* Stops what nobody wants and starts what can be. */
void schedule(struct engine *e);

#endif
