/*
 * Two trees are gone through side by side, only where they differ and only where a path may be
 * meant. Trees are kept for a while: the parent's is the next one's own.
 *
 * In a partial clone without trees all commits of a range are compared in advance: level by level
 * down the paths, each with one fetch of the trees that turned out to be missing.
 */
#include "path_limit.h"

#include "pathspec.h"
#include "engine/objects/missing.h"
#include "engine/objects/raw_tree.h"

#include <errno.h>
#include <git2.h>
#include <string.h>

#define KEPT_BYTES ((gsize)32 << 20) /* of trees; then all are dropped */

struct path_limit {
	struct walk_limit walk;
	struct repo *repo;
	git_odb *odb;
	struct pathspec *paths;
	GHashTable *compared; /* commit << 32 | parent -> 1: differs, 2: the same */
	GHashTable *trees;    /* struct oid -> git_odb_object */
	gsize kept;
	GString *path;
	struct missing *missing; /* while missing trees are listed; NULL: they are an error */
	bool unknown;		 /* since one of them would tell */
};

static void free_object(gpointer p)
{
	git_odb_object_free(p);
}

/* ---- trees ---- */

/* A tree's bytes, for as long as `l` keeps them; NULL for no tree. */
static err_t read_tree(struct path_limit *l, const struct oid *oid, git_odb_object **tree,
		       struct error *error)
{
	*tree = NULL;
	if (!oid)
		return 0;
	*tree = g_hash_table_lookup(l->trees, oid);
	if (!*tree && l->missing) {
		git_odb_object *found = missing_read_tree(l->missing, oid);
		l->unknown = l->unknown || !found;
		git_odb_object_free(found);
		if (!found)
			return 0;
	}
	if (!*tree) {
		git_oid id;
		char hex[OID_HEX + 1];
		git_oid_fromraw(&id, oid->b);
		oid_print(oid, hex);
		if (git_odb_read(tree, l->odb, &id) != 0)
			return error_set(error, ENOENT, "tree %s is missing from the repository",
					 hex);
		l->kept += git_odb_object_size(*tree);
		g_hash_table_insert(l->trees, g_memdup2(oid, sizeof(*oid)), *tree);
	}
	return git_odb_object_dup(tree, *tree) == 0 ? 0 : -ENOMEM;
}

static err_t compare(struct path_limit *l, const struct oid *a, const struct oid *b, bool *same,
		     struct error *error);

/* Whether this entry, in one tree or both, makes a difference. */
static err_t compare_entry(struct path_limit *l, const struct raw_tree_entry *a,
			   const struct raw_tree_entry *b, bool *same, struct error *error)
{
	const struct raw_tree_entry *any = a ? a : b;
	gsize len = l->path->len;
	err_t err = 0;
	if (!any)
		return 0;
	g_string_append(l->path, any->name);
	if (raw_tree_is_tree(any)) {
		g_string_append_c(l->path, '/');
		enum pathspec_below below = pathspec_below(l->paths, l->path->str);
		if (below == BELOW_ALL)
			*same = false;
		else if (below == BELOW_SOME)
			err = compare(l, a ? &a->oid : NULL, b ? &b->oid : NULL, same, error);
	} else if (pathspec_matches(l->paths, l->path->str, raw_tree_is_submodule(any))) {
		*same = false;
	}
	g_string_truncate(l->path, len);
	return err;
}

/* NULL: an empty tree. `same` is left alone where they are. */
static err_t compare(struct path_limit *l, const struct oid *a, const struct oid *b, bool *same,
		     struct error *error)
{
	git_odb_object *old = NULL, *new = NULL;
	struct raw_tree ra, rb;
	err_t err = read_tree(l, a, &old, error);
	if (!err)
		err = read_tree(l, b, &new, error);
	raw_tree_begin_object(&ra, old);
	raw_tree_begin_object(&rb, new);
	bool both = !err && (!a || old) && (!b || new);
	while (both && !err && *same && (ra.entry.name || rb.entry.name)) {
		int c = !ra.entry.name	 ? 1
			: !rb.entry.name ? -1
					 : raw_tree_order(&ra.entry, &rb.entry);
		struct raw_tree_entry ea = ra.entry, eb = rb.entry;
		if (c != 0 || !raw_tree_same(&ea, &eb))
			err = compare_entry(l, c <= 0 ? &ea : NULL, c >= 0 ? &eb : NULL, same,
					    error);
		if (c <= 0)
			raw_tree_next(&ra);
		if (c >= 0)
			raw_tree_next(&rb);
	}
	git_odb_object_free(old);
	git_odb_object_free(new);
	return err;
}

/* ---- commits ---- */

static err_t fetch_pair(struct path_limit *l, uint32_t commit, uint32_t parent,
			struct error *error);

static err_t is_same(void *self, uint32_t commit, uint32_t parent, bool *same, struct error *error)
{
	struct path_limit *l = self;
	struct history *h = repo_history(l->repo);
	gpointer key = (gpointer)(gsize)((guint64)commit << 32 | parent);
	guint known = GPOINTER_TO_UINT(g_hash_table_lookup(l->compared, key));
	*same = known != 1;
	if (known)
		return 0;
	if (!l->missing) {
		/* one that no walk was to come by; only where dates are wrong */
		err_t err = fetch_pair(l, commit, parent, error);
		if (err)
			return err;
	}
	const struct oid *tree = history_tree(h, commit);
	const struct oid *old = parent == NO_COMMIT ? NULL : history_tree(h, parent);
	if (l->kept > KEPT_BYTES) {
		g_hash_table_remove_all(l->trees);
		l->kept = 0;
	}
	l->unknown = false;
	err_t err = old && oid_compare(tree, old) == 0 ? 0 : compare(l, old, tree, same, error);
	if (!err && !(l->unknown && *same))
		g_hash_table_insert(l->compared, key, GUINT_TO_POINTER(*same ? 2u : 1u));
	return err;
}

struct pair {
	struct path_limit *limit;
	uint32_t commit, parent;
};

static err_t list_pair(struct missing *m, void *arg, struct error *error)
{
	const struct pair *p = arg;
	bool same;
	p->limit->missing = m;
	err_t err = is_same(p->limit, p->commit, p->parent, &same, error);
	p->limit->missing = NULL;
	return err;
}

static err_t fetch_pair(struct path_limit *l, uint32_t commit, uint32_t parent, struct error *error)
{
	struct missing_source from = repo_missing(l->repo);
	struct pair pair = { .limit = l, .commit = commit, .parent = parent };
	char hex[OID_HEX + 1];
	if (!from.promisor)
		return 0;
	oid_print(history_oid(repo_history(l->repo), commit), hex);
	return missing_fetch(&from, hex, list_pair, &pair, error);
}

struct range {
	struct path_limit *limit;
	const GArray *commits; /* uint32_t */
	bool first_parent;
};

static err_t list_trees(struct missing *m, void *arg, struct error *error)
{
	const struct range *r = arg;
	struct history *h = repo_history(r->limit->repo);
	err_t err = 0;
	r->limit->missing = m;
	for (guint i = 0; !err && i < r->commits->len; i++) {
		uint32_t c = g_array_index(r->commits, uint32_t, i);
		uint32_t parents = history_parent_count(h, c);
		bool same;
		if (!parents)
			err = is_same(r->limit, c, NO_COMMIT, &same, error);
		if (parents > 1 && r->first_parent)
			parents = 1;
		for (uint32_t k = 0; !err && k < parents; k++)
			err = is_same(r->limit, c, history_parent(h, c, k), &same, error);
	}
	r->limit->missing = NULL;
	return err;
}

err_t path_limit_fetch(struct path_limit *l, uint32_t bad, const uint32_t *goods, uint32_t n,
		       bool first_parent, struct error *error)
{
	struct missing_source from = repo_missing(l->repo);
	struct history *h = repo_history(l->repo);
	struct walk w;
	char hex[OID_HEX + 1];
	if (!from.promisor)
		return 0;
	g_autoptr(GArray) commits = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	struct range range = { .limit = l, .commits = commits, .first_parent = first_parent };
	walk_init(&w, h, first_parent);
	err_t err = walk_list(&w, bad, false, goods, n, commits, error);
	walk_clear(&w);
	if (err)
		return err;
	oid_print(history_oid(h, bad), hex);
	return missing_fetch(&from, hex, list_trees, &range, error);
}

err_t path_limit_new(struct repo *repo, char *const *paths, struct path_limit **out,
		     struct error *error)
{
	struct path_limit *l = g_new0(struct path_limit, 1);
	l->walk = (struct walk_limit){ .self = l, .is_same = is_same };
	l->repo = repo;
	l->compared = g_hash_table_new(NULL, NULL);
	l->trees = g_hash_table_new_full(oid_hash, oid_equal, g_free, free_object);
	l->path = g_string_new(NULL);
	err_t err = pathspec_new(paths, &l->paths, error);
	if (!err && git_repository_odb(&l->odb, repo_git(repo)) != 0)
		err = error_set(error, EIO, "cannot read the repository's objects");
	if (err)
		path_limit_free(l);
	else
		*out = l;
	return err;
}

void path_limit_free(struct path_limit *l)
{
	if (!l)
		return;
	pathspec_free(l->paths);
	git_odb_free(l->odb);
	g_hash_table_unref(l->compared);
	g_hash_table_unref(l->trees);
	g_string_free(l->path, TRUE);
	g_free(l);
}

const struct walk_limit *path_limit_walk(const struct path_limit *l)
{
	return l ? &l->walk : NULL;
}
