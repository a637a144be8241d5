/*
 * Drafts, and how they are started. The core thread's.
 */
#ifndef ENGINE_CORE_START_H
#define ENGINE_CORE_START_H

#include "command.h"
#include "state.h"

/* A new draft with a copy of the defaults, on disk; the view does not know it yet. */
err_t start_draft(struct engine *e, const char *name, uid_t uid, gid_t gid, struct bisection **b,
		  struct error *error);
/* Removes a bisection: from disk first, since what users see gone must not come back. Its jobs are
 * stopped. */
err_t start_remove(struct engine *e, struct bisection *b, struct error *error);

/* CMD_START: checks it and looks its revisions up; it is answered by start_looked_up. */
void start_command(struct engine *e, struct command *c);
/* Begins the bisection by what was looked up, and answers the command. */
void start_looked_up(struct engine *e, struct job *job);

#endif
