/*
 * Two trees are gone through side by side, only where they differ and only where a path may be
 * meant. Trees are kept for a while: the parent's is the next one's own.
 */
#include "path_limit.h"

#include "pathspec.h"

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

/* An entry of a tree: "MODE NAME\0" and 20 bytes. */
struct entry {
	const char *mode, *name; /* NULL: none is left */
	struct oid oid;
};

struct reader {
	const char *at, *end;
	struct entry entry;
};

static void next_entry(struct reader *r)
{
	const char *space = r->at < r->end ? memchr(r->at, ' ', (gsize)(r->end - r->at)) : NULL;
	const char *nul = space ? memchr(space, '\0', (gsize)(r->end - space)) : NULL;
	if (!nul || r->end - nul < OID_BYTES + 1) {
		r->entry.name = NULL;
		return;
	}
	r->entry.mode = r->at;
	r->entry.name = space + 1;
	memcpy(r->entry.oid.b, nul + 1, OID_BYTES);
	r->at = nul + 1 + OID_BYTES;
}

static void begin(struct reader *r, git_odb_object *tree)
{
	r->at = tree ? git_odb_object_data(tree) : NULL;
	r->end = tree ? r->at + git_odb_object_size(tree) : NULL;
	next_entry(r);
}

static bool is_tree(const struct entry *e)
{
	return e->mode[0] == '4';
}

/* As git orders them: a directory as if its name ended with a slash. */
static int order(const struct entry *a, const struct entry *b)
{
	gsize la = strlen(a->name), lb = strlen(b->name), len = MIN(la, lb);
	int c = memcmp(a->name, b->name, len);
	if (c)
		return c;
	guchar ca = la > len ? (guchar)a->name[len] : is_tree(a) ? '/' : 0;
	guchar cb = lb > len ? (guchar)b->name[len] : is_tree(b) ? '/' : 0;
	return (int)ca - (int)cb;
}

static err_t compare(struct path_limit *l, const struct oid *a, const struct oid *b, bool *same,
		     struct error *error);

/* Whether this entry, in one tree or both, makes a difference. */
static err_t compare_entry(struct path_limit *l, const struct entry *a, const struct entry *b,
			   bool *same, struct error *error)
{
	const struct entry *any = a ? a : b;
	gsize len = l->path->len;
	err_t err = 0;
	if (!any)
		return 0;
	g_string_append(l->path, any->name);
	if (is_tree(any)) {
		g_string_append_c(l->path, '/');
		enum pathspec_below below = pathspec_below(l->paths, l->path->str);
		if (below == BELOW_ALL)
			*same = false;
		else if (below == BELOW_SOME)
			err = compare(l, a ? &a->oid : NULL, b ? &b->oid : NULL, same, error);
	} else if (pathspec_matches(l->paths, l->path->str, g_str_has_prefix(any->mode, "16"))) {
		*same = false;
	}
	g_string_truncate(l->path, len);
	return err;
}

static bool equal(const struct entry *a, const struct entry *b)
{
	return oid_compare(&a->oid, &b->oid) == 0 &&
	       strcspn(a->mode, " ") == strcspn(b->mode, " ") &&
	       strncmp(a->mode, b->mode, strcspn(a->mode, " ")) == 0;
}

/* NULL: an empty tree. `same` is left alone where they are. */
static err_t compare(struct path_limit *l, const struct oid *a, const struct oid *b, bool *same,
		     struct error *error)
{
	git_odb_object *old = NULL, *new = NULL;
	struct reader ra, rb;
	err_t err = read_tree(l, a, &old, error);
	if (!err)
		err = read_tree(l, b, &new, error);
	if (!err) {
		begin(&ra, old);
		begin(&rb, new);
	}
	while (!err && *same && (ra.entry.name || rb.entry.name)) {
		int c = !ra.entry.name ? 1 : !rb.entry.name ? -1 : order(&ra.entry, &rb.entry);
		struct entry ea = ra.entry, eb = rb.entry;
		if (c != 0 || !equal(&ea, &eb))
			err = compare_entry(l, c <= 0 ? &ea : NULL, c >= 0 ? &eb : NULL, same,
					    error);
		if (c <= 0)
			next_entry(&ra);
		if (c >= 0)
			next_entry(&rb);
	}
	git_odb_object_free(old);
	git_odb_object_free(new);
	return err;
}

/* ---- commits ---- */

static err_t is_same(void *self, uint32_t commit, uint32_t parent, bool *same, struct error *error)
{
	struct path_limit *l = self;
	struct history *h = repo_history(l->repo);
	gpointer key = (gpointer)(gsize)((guint64)commit << 32 | parent);
	guint known = GPOINTER_TO_UINT(g_hash_table_lookup(l->compared, key));
	*same = known != 1;
	if (known)
		return 0;
	const struct oid *tree = history_tree(h, commit);
	const struct oid *old = parent == NO_COMMIT ? NULL : history_tree(h, parent);
	if (l->kept > KEPT_BYTES) {
		g_hash_table_remove_all(l->trees);
		l->kept = 0;
	}
	err_t err = old && oid_compare(tree, old) == 0 ? 0 : compare(l, old, tree, same, error);
	if (!err)
		g_hash_table_insert(l->compared, key, GUINT_TO_POINTER(*same ? 2u : 1u));
	return err;
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
