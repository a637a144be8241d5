/*
 * What users write to `control`: pause, resume, abort, minimize, retest, and their own verdicts.
 * The core thread's.
 */
#ifndef ENGINE_CORE_CONTROL_H
#define ENGINE_CORE_CONTROL_H

#include "command.h"
#include "state.h"

/* Does it and answers the command; a verdict on a commit is looked up first, and answered by
 * control_looked_up. */
void control_command(struct engine *e, struct command *c);
void control_looked_up(struct engine *e, struct job *job);

#endif
