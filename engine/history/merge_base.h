/*
 * Merge bases as git finds them (commit-reach.c of git: the order of the answer is part of what
 * `git bisect` does with it). One thread at a time, that of the walk.
 */
#ifndef ENGINE_HISTORY_MERGE_BASE_H
#define ENGINE_HISTORY_MERGE_BASE_H

#include "walk.h"

/* Commits reachable from `bad` and from any of the `n` `goods` that no other such commit reaches,
 * newest first, appended to `bases` (uint32_t). What it reads counts as parsed in `w`; no other
 * mark is left. -ENOENT and a reason where a commit is missing. */
err_t merge_base_find(struct walk *w, uint32_t bad, const uint32_t *goods, uint32_t n,
		      GArray *bases, struct error *error);

#endif
