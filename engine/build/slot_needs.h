/*
 * What of a partial clone a build slot is about to read: fetched before anything is written. Inside
 * the room. The slot's thread. All return the errors of missing_fetch, and 0 where a commit is not
 * there: whoever reads it then says so.
 */
#ifndef ENGINE_BUILD_SLOT_NEEDS_H
#define ENGINE_BUILD_SLOT_NEEDS_H

#include "engine/objects/missing.h"

struct git_repository;

/* To check the commit out in `git`, the slot's repository, with these patches (as slot_checkout
 * takes them; NULL: none). */
err_t slot_needs_fetch(const struct missing_source *from, struct git_repository *git,
		       const char *commit, char *const *patches, struct error *error);
/* To compare the paths of two commits. */
err_t slot_needs_fetch_trees(const struct missing_source *from, const char *a, const char *b);

#endif
