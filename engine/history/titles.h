/*
 * Commits that were applied again elsewhere, found by their titles. One thread at a time, that of
 * `repo`.
 */
#ifndef ENGINE_HISTORY_TITLES_H
#define ENGINE_HISTORY_TITLES_H

#include "repo.h"

/* The newest commit on `branch` (hash) with the same title as `like`, compared as syzbot does:
 * without case and without prefixes as "[PATCH]" or "UPSTREAM:". Looks no further back than the two
 * have in common. -ENOENT: a commit is missing. */
err_t titles_find(struct repo *repo, const char *branch, const struct oid *like, struct oid *found,
		  bool *any, struct error *error);

#endif
