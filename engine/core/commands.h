/*
 * Users' commands, each to the file that does it. The core thread's.
 */
#ifndef ENGINE_CORE_COMMANDS_H
#define ENGINE_CORE_COMMANDS_H

#include "command.h"
#include "state.h"

/* Does it and answers it, at once or when what it needs is known. */
void commands_take(struct engine *e, struct command *c);
/* What a command waited for has been looked up. */
void commands_looked_up(struct engine *e, struct job *job);

#endif
