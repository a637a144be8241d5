/*
 * What a commit touches, where that says that it cannot be what a search takes it for: nothing that
 * the kernel is made from, or only what a reproducer or a sanitizer needs. By the rules that
 * syzbot's bisections go by. Reads the repository; the thread that owns `repo`.
 */
#ifndef ENGINE_HISTORY_LABELS_H
#define ENGINE_HISTORY_LABELS_H

#include "bisectfs/settings.h"
#include "repo.h"

#include <glib.h>

/* Lines for people, as "only documentation is touched", or that a submodule goes from one commit to
 * another; NULL for most commits and for merges. New. `settings` say for which architecture is
 * built. -ENOENT, -EIO: an object is missing; the errors of missing_fetch. */
err_t labels_of_commit(struct repo *repo, const struct oid *commit, const struct settings *settings,
		       GStrv *labels, struct error *error);

/* The directory below arch/ that a kernel is built from, by the words of `make`, the setting
 * `arch` and the machine's name as uname(2) gives it. To be freed. Pure. */
char *labels_arch(const char *make, const char *arch, const char *machine);

#endif
