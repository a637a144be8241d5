/*
 * A build slot: a directory with a work tree of its own (`src`, written by libgit2 from the user's
 * objects), object directories (`obj`, `conf`) and the small repository that remembers what is
 * checked out (`git`). Only files that differ are rewritten, so make stays incremental. The user's
 * repository is only read: its objects are borrowed through an alternates file.
 *
 * One thread at a time uses a slot.
 */
#ifndef ENGINE_BUILD_SLOT_H
#define ENGINE_BUILD_SLOT_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>

struct slot;
struct promisor;
struct promisor_watch;

/* The user's objects, borrowed. */
struct slot_objects {
	const char *gitdir;	   /* of the user's repository */
	struct promisor *promisor; /* gives what that lacks; NULL: it is no partial clone */
};

/* File in the slot's directory for a patch, while somebody is asked about it. */
#define SLOT_PATCH "patch"

/* `from` and `watch` (who hears of fetches and ends them; NULL: nobody) are borrowed as long as the
 * slot is open; `dir` is created when it is missing. What a daemon that was killed has left there
 * is removed. */
err_t slot_open(const struct slot_objects *from, const struct promisor_watch *watch,
		const char *dir, struct slot **slot, struct error *error);
void slot_free(struct slot *slot);
const char *slot_dir(const struct slot *slot);
const char *slot_src(const struct slot *slot);

/* Makes `src` hold this commit (full hash), undoing whatever a build changed in tracked files.
 * `patches` (may be NULL) are applied to it in their order, in the slot's own repository: "backport
 * HASH" where it applies cleanly, "pick HASH" and "revert HASH" (of a merge its change against its
 * first parent), "merge HASH" (the tree of both merged), which have to: else `conflict` says so in
 * one line (to be freed) and `src` is as it was. So it does where the repository lacks an object of
 * the commit; `src` is no tree then until the next one. `notes` gets a line for each. In a partial
 * clone what is missing is fetched before anything is written: -EREMOTEIO, -ECANCELED as
 * missing_fetch has them. */
err_t slot_checkout(struct slot *slot, const char *commit, char *const *patches, char **conflict,
		    GString *notes, struct error *error);

/* What is checked out, patches included: a full hash in the slot's own repository, to be freed;
 * NULL: nothing yet. */
char *slot_head(struct slot *slot);

/* Whether all that a configuration is made from (Kconfig files, default configurations, scripts,
 * the Makefiles that set versions and compiler options) is the same in these two. */
bool slot_same_kconfig(struct slot *slot, const char *a, const char *b);

/* Files that differ in these two, or that only one of them has (char *, new). None where one of the
 * two is not known. */
GPtrArray *slot_changed(struct slot *slot, const char *a, const char *b);

/* The commit's change against its first parent as a patch, to be freed: of large ones the names,
 * and as many lines as 16 MiB hold. */
err_t slot_patch(struct slot *slot, const char *commit, char **text, struct error *error);

#endif
