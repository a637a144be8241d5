/*
 * The settings that say something else for each commit: `compilers` ("RELEASE CC" a line: for
 * commits that contain this release and no higher one of the list; "* CC": for the rest) and
 * `backports`
 * ("REVISION" a line: applied to commits that do not contain it). What follows '#' at a line's
 * beginning is a comment. Reads the repository; one thread at a time, that of `repo`. A text may be
 * NULL, which is empty.
 */
#ifndef ENGINE_HISTORY_COMMIT_SETTINGS_H
#define ENGINE_HISTORY_COMMIT_SETTINGS_H

#include "repo.h"

/* The compiler for this commit, to be freed; NULL: the list has none for it. -EINVAL: a release is
 * unknown by now; -ENOENT: a commit is missing. */
err_t commit_settings_compiler(struct repo *repo, const char *compilers, const struct oid *commit,
			       char **cc, struct error *error);
/* Appends "backport HASH" to `patches` (char *, to be freed) for each that the commit lacks. Errors
 * as above. */
err_t commit_settings_backports(struct repo *repo, const char *backports, const struct oid *commit,
				GPtrArray *patches, struct error *error);
/* Whether all their commits and tags exist. -EINVAL with setting and line. */
err_t commit_settings_check(struct repo *repo, const char *compilers, const char *backports,
			    struct error *error);

#endif
