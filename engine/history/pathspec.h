/*
 * git's pathspecs, as they limit a walk: which paths of a tree are meant. Rules: gitglossary(7),
 * "pathspec", and tree_entry_interesting in tree-walk.c of git. Paths are from the top of the tree.
 * Pure; any thread.
 */
#ifndef ENGINE_HISTORY_PATHSPEC_H
#define ENGINE_HISTORY_PATHSPEC_H

#include "bisectfs/error.h"

#include <stdbool.h>

struct pathspec;

enum pathspec_below { BELOW_NONE, BELOW_SOME, BELOW_ALL };

/* From words as they follow `--`; ends with NULL. With magic `top`, `literal`, `glob`, `icase` and
 * `exclude`, in words or in signs (:/ :! :^). -EINVAL: another magic, or magics that contradict
 * each other. */
err_t pathspec_new(char *const *words, struct pathspec **ps, struct error *error);
/* Takes NULL too. */
void pathspec_free(struct pathspec *ps);

/* Whether a file is meant. `submodule`: it is a commit of another repository, and "dir/" means it
 * too. */
bool pathspec_matches(const struct pathspec *ps, const char *path, bool submodule);
/* How much of what lies in a directory may be meant; its path ends with a slash. */
enum pathspec_below pathspec_below(const struct pathspec *ps, const char *dir);

#endif
