/*
 * The room's story: what lies in the user's repository as git sees it, for whoever reads objects
 * (the history, build slots).
 *
 *   oid            object ids
 *   raw_commit     a commit from its bytes
 *   raw_tree       a tree from its bytes
 *   replacements   objects that stand for others (git replace)
 *   promisor       where a partial clone's missing objects come from, and where they are kept
 *   missing        which objects are missing, and all of them fetched at once
 *   git_program    git itself, asked what libgit2 cannot say, and to fetch
 *
 * None of it knows of commits as a history, and none of it writes to the user's repository.
 *
 * This file: git as a child process. On a git directory of the user's it writes nothing: it takes
 * no optional locks and fetches nothing. Blocks; any thread.
 */
#ifndef ENGINE_OBJECTS_GIT_PROGRAM_H
#define ENGINE_OBJECTS_GIT_PROGRAM_H

#include "bisectfs/error.h"
#include "engine/base/cancel.h"

#include <stdbool.h>

/* Whether there is a git to run. */
bool git_program_exists(void);

/* Runs `git WORDS...` for the repository with this git directory (of a linked worktree: its own)
 * and gives what it printed, errors too, to be freed. `words` ends with NULL. 0 with git's exit
 * status; -ENOENT where there is no git; the errors of spawn_capture. */
err_t git_program_ask(const char *gitdir, const char *const *words, char **text, int *status,
		      struct error *error);

/* Fetches into a git directory of ours the objects whose names are read from the descriptor `ids`,
 * a line each; `below`: and all trees that are below those that are trees. No ref is written. It
 * asks nobody for a password, and is given an hour. `remote`: its name there. 0 with git's exit
 * status and what it printed (to be freed); -ENOENT where there is no git; -ECANCELED (`cancel` may
 * be NULL), -ETIMEDOUT, -errno. */
err_t git_program_fetch(const char *gitdir, const char *remote, int ids, bool below,
			struct cancel *cancel, char **text, int *status, struct error *error);

#endif
