/*
 * Walks that only care about some paths: does a commit change them? One thread at a time, that of
 * the repository.
 */
#ifndef ENGINE_HISTORY_PATH_LIMIT_H
#define ENGINE_HISTORY_PATH_LIMIT_H

#include "repo.h"
#include "walk.h"

struct path_limit;

/* `paths`: as for pathspec_new, which says what is refused with -EINVAL. It remembers what it has
 * compared, for whoever asks again. `repo` has to live as long, and its history must not change. */
err_t path_limit_new(struct repo *repo, char *const *paths, struct path_limit **limit,
		     struct error *error);
/* Before a walk from `bad` that leaves out what the `n` goods reach: in a partial clone the trees
 * that will be looked at are fetched if they are missing, for all commits together; elsewhere
 * nothing is done. The errors of missing_fetch. */
err_t path_limit_fetch(struct path_limit *limit, uint32_t bad, const uint32_t *goods, uint32_t n,
		       bool first_parent, struct error *error);
/* Takes NULL too. */
void path_limit_free(struct path_limit *limit);
/* For a walk, as long as it lives; NULL for NULL. */
const struct walk_limit *path_limit_walk(const struct path_limit *limit);

#endif
