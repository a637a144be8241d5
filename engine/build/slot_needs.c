/*
 * Listed is what libgit2 reads (slot.c): for a checkout the whole tree, for a patch what its three
 * way merge looks at.
 */
#include "slot_needs.h"

#include <git2.h>
#include <string.h>

struct needs {
	git_repository *git;
	struct oid commit; /* gets the patches */
	char *const *patches;
};

static bool merge_base(const struct needs *n, const struct oid *side, struct oid *base)
{
	git_oid a, b, out;
	git_oid_fromraw(&a, n->commit.b);
	git_oid_fromraw(&b, side->b);
	if (git_merge_base(&out, n->git, &a, &b) != 0)
		return false;
	memcpy(base->b, out.id, OID_BYTES);
	return true;
}

/* What libgit2 reads to merge a patch in: all trees of three commits, the files that differ between
 * the patch and its parent (the merge base, where a whole side is merged), and those that have gone
 * since, since they may have been renamed. */
static void list_patch(struct missing *m, const struct needs *n, const char *patch,
		       const struct oid *ours)
{
	const char *space = strchr(patch, ' ');
	struct oid id, parent, tree, before, unused;
	bool any = false, none;
	if (!space || !oid_parse(&id, space + 1) || !missing_commit(m, &id, &tree, &parent, &any))
		return;
	if (g_str_has_prefix(patch, "merge "))
		any = merge_base(n, &id, &parent);
	if (!any || !missing_commit(m, &parent, &before, &unused, &none))
		return;
	const struct oid *base = g_str_has_prefix(patch, "revert ") ? &tree : &before;
	missing_below(m, &tree, MISSING_TREES);
	missing_below(m, &before, MISSING_TREES);
	missing_between(m, &before, &tree, MISSING_FILES);
	missing_between(m, base, ours, MISSING_REMOVED);
}

static err_t list_needs(struct missing *m, void *arg, struct error *error)
{
	const struct needs *n = arg;
	struct oid tree, head, unused;
	git_oid id;
	bool any;
	(void)error;
	if (!missing_commit(m, &n->commit, &tree, &unused, &any))
		return 0;
	missing_below(m, &tree, MISSING_FILES);
	for (char *const *p = n->patches; p && *p; p++)
		list_patch(m, n, *p, &tree);
	/* what is there now, which the checkout compares with */
	if (git_reference_name_to_id(&id, n->git, "HEAD") != 0)
		return 0;
	memcpy(head.b, id.id, OID_BYTES);
	if (missing_commit(m, &head, &tree, &unused, &any))
		missing_below(m, &tree, MISSING_TREES);
	return 0;
}

err_t slot_needs_fetch(const struct missing_source *from, git_repository *git, const char *commit,
		       char *const *patches, struct error *error)
{
	struct needs needs = { .git = git, .patches = patches };
	if (!oid_parse(&needs.commit, commit))
		return 0;
	return missing_fetch(from, commit, list_needs, &needs, error);
}

static err_t list_trees(struct missing *m, void *arg, struct error *error)
{
	struct oid id, tree, unused;
	bool any;
	(void)error;
	for (const char *const *c = arg; *c; c++) {
		if (oid_parse(&id, *c) && missing_commit(m, &id, &tree, &unused, &any))
			missing_below(m, &tree, MISSING_TREES);
	}
	return 0;
}

err_t slot_needs_fetch_trees(const struct missing_source *from, const char *a, const char *b)
{
	const char *both[] = { a, b, NULL };
	return missing_fetch(from, b, list_trees, both, NULL);
}
