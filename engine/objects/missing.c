/*
 * Trees are gone through by their bytes. What is there is looked up without a search for new packs,
 * which would come with each of the many that are not; after a fetch there is one such search.
 */
#include "missing.h"

#include "raw_commit.h"
#include "raw_tree.h"

#include <errno.h>
#include <git2.h>

/* Of trees in trees: git's core.maxTreeDepth. */
#define MOST_DEPTH 2048

struct missing {
	git_odb *odb;
	GHashTable *trees, *files; /* struct oid: those that are not there */
	/* struct oid: trees that were gone through, with their files or without. The same ones come
	 * again, in other commits and, where a tree means harm, in themselves many times over. */
	GHashTable *with_files, *without;
	int depth;
};

static bool exists(git_odb *odb, const struct oid *oid)
{
	git_oid id;
	git_oid_fromraw(&id, oid->b);
	return git_odb_exists_ext(odb, &id, GIT_ODB_LOOKUP_NO_REFRESH);
}

static void note(GHashTable *set, const struct oid *oid)
{
	if (!g_hash_table_contains(set, oid))
		g_hash_table_add(set, g_memdup2(oid, sizeof(*oid)));
}

/* ---- what is listed ---- */

git_odb_object *missing_read_tree(struct missing *m, const struct oid *tree)
{
	git_oid id;
	git_odb_object *object = NULL;
	git_oid_fromraw(&id, tree->b);
	if (!exists(m->odb, tree) || git_odb_read(&object, m->odb, &id) != 0) {
		note(m->trees, tree);
		return NULL;
	}
	return object;
}

static void need_file(struct missing *m, const struct raw_tree_entry *e, enum missing_wanted wanted)
{
	if (wanted != MISSING_TREES && !raw_tree_is_submodule(e) && !exists(m->odb, &e->oid))
		note(m->files, &e->oid);
}

static void need_entry(struct missing *m, const struct raw_tree_entry *e,
		       enum missing_wanted wanted)
{
	if (raw_tree_is_tree(e))
		missing_below(m, &e->oid, wanted);
	else
		need_file(m, e, wanted);
}

static bool is_known(const struct missing *m, const struct oid *tree, enum missing_wanted wanted)
{
	return g_hash_table_contains(m->with_files, tree) ||
	       (wanted == MISSING_TREES && g_hash_table_contains(m->without, tree));
}

void missing_below(struct missing *m, const struct oid *tree, enum missing_wanted wanted)
{
	struct raw_tree t;
	if (m->depth >= MOST_DEPTH || is_known(m, tree, wanted))
		return;
	git_odb_object *object = missing_read_tree(m, tree);
	note(wanted == MISSING_TREES ? m->without : m->with_files, tree);
	if (!object)
		return;
	m->depth++;
	for (raw_tree_begin_object(&t, object); t.entry.name; raw_tree_next(&t))
		need_entry(m, &t.entry, wanted);
	m->depth--;
	git_odb_object_free(object);
}

/* Entries of one name, in one tree or both. */
static void compare(struct missing *m, const struct raw_tree_entry *a,
		    const struct raw_tree_entry *b, enum missing_wanted wanted)
{
	if (a && b && raw_tree_is_tree(a)) {
		missing_between(m, &a->oid, &b->oid, wanted);
		return;
	}
	if (a && (!b || wanted != MISSING_REMOVED))
		need_entry(m, a, wanted);
	if (b)
		need_entry(m, b, wanted == MISSING_REMOVED ? MISSING_TREES : wanted);
}

void missing_between(struct missing *m, const struct oid *old, const struct oid *new,
		     enum missing_wanted wanted)
{
	if (m->depth >= MOST_DEPTH || (old && new &&oid_compare(old, new) == 0))
		return;
	git_odb_object *oa = old ? missing_read_tree(m, old) : NULL;
	git_odb_object *ob = new ? missing_read_tree(m, new) : NULL;
	struct raw_tree a, b;
	raw_tree_begin_object(&a, oa);
	raw_tree_begin_object(&b, ob);
	/* what is below is known when both are there */
	bool both = (!old || oa) && (!new || ob);
	m->depth++;
	while (both && (a.entry.name || b.entry.name)) {
		int c = !a.entry.name ? 1 : !b.entry.name ? -1 : raw_tree_order(&a.entry, &b.entry);
		if (c != 0 || !raw_tree_same(&a.entry, &b.entry))
			compare(m, c <= 0 ? &a.entry : NULL, c >= 0 ? &b.entry : NULL, wanted);
		if (c <= 0)
			raw_tree_next(&a);
		if (c >= 0)
			raw_tree_next(&b);
	}
	m->depth--;
	git_odb_object_free(oa);
	git_odb_object_free(ob);
}

bool missing_commit(const struct missing *m, const struct oid *commit, struct oid *tree,
		    struct oid *parent, bool *any_parent)
{
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	struct raw_commit raw = { .parents = parents };
	git_odb_object *object = NULL;
	git_oid id;
	git_oid_fromraw(&id, commit->b);
	bool is_one = git_odb_read(&object, m->odb, &id) == 0 &&
		      git_odb_object_type(object) == GIT_OBJECT_COMMIT &&
		      raw_commit_parse(git_odb_object_data(object), git_odb_object_size(object),
				       &raw) == 0;
	git_odb_object_free(object);
	*any_parent = is_one && parents->len;
	if (*any_parent)
		*parent = g_array_index(parents, struct oid, 0);
	if (is_one)
		*tree = raw.tree;
	return is_one;
}

/* ---- fetched ---- */

static err_t look(struct missing *m, missing_list list, void *arg, struct error *error)
{
	GHashTable *const sets[] = { m->trees, m->files, m->with_files, m->without };
	for (gsize i = 0; i < G_N_ELEMENTS(sets); i++)
		g_hash_table_remove_all(sets[i]);
	return list(m, arg, error);
}

/* Those to be fetched now: of files it is not known which while trees are missing. */
static GHashTable *wanted_now(const struct missing *m)
{
	return g_hash_table_size(m->trees) ? m->trees : m->files;
}

/* Whether any came. git leaves out a tree that was asked for together with one that it is in, when
 * trees are filtered, and then says that the fetch has failed: what came is there nevertheless. */
static bool any_came(const struct missing *m, const GArray *ids)
{
	git_odb_refresh(m->odb);
	for (guint i = 0; i < ids->len; i++) {
		if (exists(m->odb, &g_array_index(ids, struct oid, i)))
			return true;
	}
	return false;
}

static err_t fetch(const struct missing *m, const struct missing_source *from, const char *commit,
		   struct error *error)
{
	GHashTableIter iter;
	gpointer oid;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(struct oid));
	g_hash_table_iter_init(&iter, wanted_now(m));
	while (g_hash_table_iter_next(&iter, &oid, NULL))
		g_array_append_vals(ids, oid, 1);
	err_t err = promisor_fetch(from->promisor, ids, from->below, commit, from->watch, error);
	if ((!err || err == -EREMOTEIO) && any_came(m, ids))
		return 0; /* those that did not are asked for again */
	/* a remote that says it has given them, and has not, would be asked for ever */
	return err ? err
		   : error_set(
			     error, EREMOTEIO,
			     "objects of %.12s are missing, and are missing still after git fetch",
			     commit);
}

static err_t fetch_all(struct missing *m, const struct missing_source *from, const char *commit,
		       missing_list list, void *arg, struct error *error)
{
	bool waited;
	err_t err = look(m, list, arg, error);
	if (err || !g_hash_table_size(wanted_now(m)))
		return err;
	err = promisor_take(from->promisor, from->watch, &waited, error);
	if (err)
		return err;
	if (waited) {
		git_odb_refresh(m->odb);
		err = look(m, list, arg, error);
	}
	while (!err && g_hash_table_size(wanted_now(m))) {
		err = fetch(m, from, commit, error);
		if (!err)
			err = look(m, list, arg, error);
	}
	promisor_give_back(from->promisor);
	return err;
}

err_t missing_fetch(const struct missing_source *from, const char *commit, missing_list list,
		    void *arg, struct error *error)
{
	struct missing m = { .odb = from->odb };
	GHashTable **const sets[] = { &m.trees, &m.files, &m.with_files, &m.without };
	if (!from->promisor)
		return 0;
	for (gsize i = 0; i < G_N_ELEMENTS(sets); i++)
		*sets[i] = g_hash_table_new_full(oid_hash, oid_equal, g_free, NULL);
	/* another handle's fetch may have been in between */
	git_odb_refresh(m.odb);
	err_t err = fetch_all(&m, from, commit, list, arg, error);
	for (gsize i = 0; i < G_N_ELEMENTS(sets); i++)
		g_hash_table_unref(*sets[i]);
	return err;
}

struct changes {
	const struct oid *commit, *parent;
};

static err_t list_changes(struct missing *m, void *arg, struct error *error)
{
	const struct changes *c = arg;
	struct oid new, old, unused;
	bool any;
	(void)error;
	if (!missing_commit(m, c->commit, &new, &unused, &any) ||
	    (c->parent && !missing_commit(m, c->parent, &old, &unused, &any)))
		return 0;
	/* libgit2 goes through all trees, also those that are the same */
	missing_below(m, &new, MISSING_TREES);
	if (c->parent)
		missing_below(m, &old, MISSING_TREES);
	missing_between(m, c->parent ? &old : NULL, &new, MISSING_FILES);
	return 0;
}

err_t missing_fetch_changes(const struct missing_source *from, const struct oid *commit,
			    const struct oid *parent, struct error *error)
{
	struct changes changes = { .commit = commit, .parent = parent };
	struct missing_source whole = *from;
	char hex[OID_HEX + 1];
	whole.below = true;
	oid_print(commit, hex);
	return missing_fetch(&whole, hex, list_changes, &changes, error);
}
