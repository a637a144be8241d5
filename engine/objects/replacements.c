/*
 * A store of objects for libgit2 that is asked before all others and knows the replaced ones alone.
 * It reads what stands for them through a second handle, since the first would ask it again.
 */
#include "replacements.h"

#include "oid.h"

#include <errno.h>
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <glib.h>
#include <string.h>

#define MOST_STEPS 5 /* git's own limit for replacements of replacements */

struct replacements {
	git_odb_backend base; /* the first member: libgit2 hands it back */
	git_odb *real;
	GHashTable *by_id; /* git_oid -> git_oid */
};

static guint hash_id(gconstpointer p)
{
	guint hash;
	memcpy(&hash, ((const git_oid *)p)->id, sizeof(hash));
	return hash;
}

static gboolean same_id(gconstpointer a, gconstpointer b)
{
	return git_oid_equal(a, b) != 0;
}

/* NULL: it is not replaced. */
static const git_oid *find(const struct replacements *r, const git_oid *id)
{
	const git_oid *last = NULL, *next = id;
	for (int i = 0; i < MOST_STEPS && (next = g_hash_table_lookup(r->by_id, next)); i++)
		last = next;
	return last;
}

/* ---- the store ---- */

static int read_object(void **data, size_t *len, git_object_t *type, git_odb_backend *base,
		       const git_oid *id)
{
	struct replacements *r = (struct replacements *)base;
	const git_oid *other = find(r, id);
	git_odb_object *object = NULL;
	if (!other)
		return GIT_ENOTFOUND;
	int rc = git_odb_read(&object, r->real, other);
	if (rc != 0)
		return rc;
	*len = git_odb_object_size(object);
	*type = git_odb_object_type(object);
	*data = git_odb_backend_data_alloc(base, *len + 1);
	if (*data) {
		memcpy(*data, git_odb_object_data(object), *len);
		((char *)*data)[*len] = '\0';
	}
	git_odb_object_free(object);
	return *data ? 0 : GIT_ERROR;
}

static int read_header(size_t *len, git_object_t *type, git_odb_backend *base, const git_oid *id)
{
	struct replacements *r = (struct replacements *)base;
	const git_oid *other = find(r, id);
	return other ? git_odb_read_header(len, type, r->real, other) : GIT_ENOTFOUND;
}

static int exists(git_odb_backend *base, const git_oid *id)
{
	struct replacements *r = (struct replacements *)base;
	const git_oid *other = find(r, id);
	return other && git_odb_exists(r->real, other);
}

static void free_store(git_odb_backend *base)
{
	struct replacements *r = (struct replacements *)base;
	git_odb_free(r->real);
	g_hash_table_unref(r->by_id);
	g_free(r);
}

/* ---- the refs ---- */

static bool are_wanted(git_repository *git)
{
	git_config *config = NULL;
	int wanted = 1;
	if (g_getenv("GIT_NO_REPLACE_OBJECTS"))
		return false;
	if (git_repository_config_snapshot(&config, git) == 0 &&
	    git_config_get_bool(&wanted, config, "core.usereplacerefs") != 0)
		wanted = 1;
	git_config_free(config);
	return wanted;
}

/* refs/replace/HASH -> HASH */
static err_t read_refs(git_repository *git, GHashTable *by_id, struct error *error)
{
	const char *base = g_getenv("GIT_REPLACE_REF_BASE");
	g_autofree char *prefix = g_strdup(base && *base ? base : "refs/replace/");
	g_autofree char *all = g_strconcat(prefix, "*", NULL);
	git_reference_iterator *refs = NULL;
	git_reference *ref;
	int rc = git_reference_iterator_glob_new(&refs, git, all);
	while (rc == 0 && (rc = git_reference_next(&ref, refs)) == 0) {
		const char *name = git_reference_name(ref) + strlen(prefix);
		const git_oid *to = git_reference_target(ref);
		git_oid from;
		if (to && strlen(name) == OID_HEX && git_oid_fromstr(&from, name) == 0)
			g_hash_table_replace(by_id, g_memdup2(&from, sizeof(from)),
					     g_memdup2(to, sizeof(*to)));
		git_reference_free(ref);
	}
	git_reference_iterator_free(refs);
	return rc == GIT_ITEROVER ? 0
				  : error_set(error, EIO, "cannot read the replacements (%s)", all);
}

static err_t check_depth(GHashTable *by_id, struct error *error)
{
	GHashTableIter iter;
	gpointer id;
	g_hash_table_iter_init(&iter, by_id);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		const git_oid *next = id;
		int steps = 0;
		while (steps <= MOST_STEPS && (next = g_hash_table_lookup(by_id, next)))
			steps++;
		if (steps > MOST_STEPS)
			return error_set(error, ELOOP,
					 "object %s is replaced by one that is replaced, and so "
					 "on: git replace -d one of them",
					 git_oid_tostr_s(id));
	}
	return 0;
}

static err_t load(const char *gitdir, GHashTable *by_id, struct error *error)
{
	git_repository *git = NULL;
	if (git_repository_open_bare(&git, gitdir) != 0)
		return error_set(error, EIO, "cannot open the repository %s", gitdir);
	err_t err = are_wanted(git) ? read_refs(git, by_id, error) : 0;
	git_repository_free(git);
	return err ? err : check_depth(by_id, error);
}

err_t replacements_attach(git_odb *odb, const char *gitdir, bool *any, struct error *error)
{
	g_autoptr(GHashTable) by_id = g_hash_table_new_full(hash_id, same_id, g_free, g_free);
	g_autofree char *objects = g_build_filename(gitdir, "objects", NULL);
	err_t err = load(gitdir, by_id, error);
	*any = !err && g_hash_table_size(by_id) > 0;
	if (!*any)
		return err;
	struct replacements *r = g_new0(struct replacements, 1);
	git_odb_init_backend(&r->base, GIT_ODB_BACKEND_VERSION);
	r->base.read = read_object;
	r->base.read_header = read_header;
	r->base.exists = exists;
	r->base.free = free_store;
	r->by_id = g_steal_pointer(&by_id);
	/* libgit2's own have 1 and 2; the highest is asked first */
	if (git_odb_open(&r->real, objects) != 0 || git_odb_add_backend(odb, &r->base, 100) != 0) {
		free_store(&r->base);
		return error_set(error, EIO, "cannot read the objects of %s", gitdir);
	}
	return 0;
}
