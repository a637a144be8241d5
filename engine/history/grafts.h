/*
 * Commits whose parents are others than they say: those of `info/grafts`, and those at the border
 * of a shallow repository, which have none. Read once; any thread may ask then.
 */
#ifndef ENGINE_HISTORY_GRAFTS_H
#define ENGINE_HISTORY_GRAFTS_H

#include "bisectfs/error.h"
#include "engine/objects/oid.h"

#include <glib.h>
#include <stdbool.h>

struct grafts;

/* Of the repository with this git directory (GIT_GRAFT_FILE names another file, as for git); lines
 * that git does not understand are passed over. -errno: a file cannot be read. */
err_t grafts_load(const char *gitdir, struct grafts **grafts, struct error *error);
/* Takes NULL too. */
void grafts_free(struct grafts *grafts);

/* Whether the files are still those that were read. */
bool grafts_are_current(const struct grafts *grafts);
bool grafts_is_empty(const struct grafts *grafts);
/* Whether this commit is one of them. Its parents are put in the place of what `parents` (struct
 * oid) holds then. */
bool grafts_apply(const struct grafts *grafts, const struct oid *commit, GArray *parents);
/* Whether the repository's history ends with this commit because it is shallow. */
bool grafts_is_border(const struct grafts *grafts, const struct oid *commit);

#endif
