/*
 * Which trees and files of a partial clone are missing for what is about to be read, and all of
 * them fetched at once: trees first, as they name the rest, then files. So what a commit needs
 * takes two fetches where its trees are missing, and one where only files are.
 *
 * A reader lists what it will read with the calls below; missing_fetch calls it again until nothing
 * is missing. Submodules name other repositories' commits and are left out. The thread that owns
 * `odb`.
 */
#ifndef ENGINE_OBJECTS_MISSING_H
#define ENGINE_OBJECTS_MISSING_H

#include "promisor.h"

#include <stdbool.h>

struct git_odb;
struct git_odb_object;
struct missing;

/* Where objects are read and where missing ones come from; borrowed. */
struct missing_source {
	struct promisor *promisor; /* NULL: not a partial clone, what is missing stays so */
	struct git_odb *odb;	   /* promisor_attach was called for it */
	const struct promisor_watch *watch; /* NULL: nobody hears of the fetch or ends it */
	bool below; /* where a tree is missing most below it is wanted too, and is fetched with it
		     */
};

/* Lists with the calls below; an error ends it. */
typedef err_t (*missing_list)(struct missing *m, void *arg, struct error *error);

/* Makes sure that all that `list` lists is there. `commit`: for whose sake, for messages. 0 at once
 * without a promisor; the errors of promisor_fetch and of `list`. */
err_t missing_fetch(const struct missing_source *from, const char *commit, missing_list list,
		    void *arg, struct error *error);

/* All that a comparison of the commit with this parent (NULL: with an empty tree) reads. Where one
 * of the two is not there nothing is fetched. */
err_t missing_fetch_changes(const struct missing_source *from, const struct oid *commit,
			    const struct oid *parent, struct error *error);

/* What is wanted of a tree, of both where two are compared. */
enum missing_wanted {
	MISSING_TREES,	 /* which paths there are, or differ */
	MISSING_FILES,	 /* and their content */
	MISSING_REMOVED, /* of two: the content of those that only the old one has */
};

/* A tree by its bytes, for git_odb_object_free; NULL: it is missing, and is noted. */
struct git_odb_object *missing_read_tree(struct missing *m, const struct oid *tree);
/* All that is below a tree. */
void missing_below(struct missing *m, const struct oid *tree, enum missing_wanted wanted);
/* What differs between two trees; NULL: an empty one. */
void missing_between(struct missing *m, const struct oid *old, const struct oid *new,
		     enum missing_wanted wanted);
/* The tree and the first parent of a commit that is there. False: it is not, or is no commit;
 * `any_parent`: it has one. */
bool missing_commit(const struct missing *m, const struct oid *commit, struct oid *tree,
		    struct oid *parent, bool *any_parent);

#endif
