/*
 * Objects are read raw where the history is loaded (a million headers, nothing of which libgit2
 * need parse or keep); its own calls do the rest. The commit-graph file is asked before any object.
 */
#include "repo.h"

#include "commit_graph.h"
#include "grafts.h"
#include "engine/objects/git_program.h"
#include "engine/objects/raw_commit.h"
#include "engine/objects/replacements.h"
#include "engine/session/releases.h"

#include <errno.h>
#include <git2.h>
#include <string.h>

struct repo {
	git_repository *git;
	git_odb *odb;
	struct history *history;
	struct commit_graph *graph; /* NULL: every commit is read from its object */
	struct grafts *grafts;
	bool replaced;		   /* some objects have others in their place */
	struct promisor *promisor; /* NULL: what is missing stays so */
	const struct promisor_watch *watch;
	GHashTable *tags; /* hex of a commit -> name of its best tag; made when first asked for */
};

void repo_library_start(void)
{
	git_libgit2_init();
	/* nothing of a repository is run by us, we only read objects: its owner does not matter */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	/* as git does: fsck looks for damaged objects, not every reader of a commit */
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	/* no commit is read twice: history.c keeps what is needed of it */
	git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
	/* what is mapped of packs counts as our memory */
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)16 << 20);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)64 << 20);
	/* libgit2 opens no repository that uses an extension of the format which it has not been
	 * told of. These change nothing for who only reads objects and refs; the values of
	 * `objectformat` and `refstorage` are looked at in check_format. */
	static const char *extensions[] = { "noop",	      "preciousobjects",   "partialclone",
					    "worktreeconfig", "relativeworktrees", "objectformat",
					    "refstorage" };
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, G_N_ELEMENTS(extensions));
}

void repo_library_stop(void)
{
	git_libgit2_shutdown();
}

static err_t git_failed(struct error *error, int code, const char *doing)
{
	const git_error *e = git_error_last();
	return error_set(error, code, "%s: %s", doing, e && e->message ? e->message : "failed");
}

#define SHALLOW_HINT " (it is shallow: git fetch --unshallow brings the rest)"

err_t repo_read_commit(struct repo *repo, const struct oid *oid, struct git_odb_object **object,
		       struct error *error)
{
	git_oid id;
	char hex[OID_HEX + 1];
	git_oid_fromraw(&id, oid->b);
	oid_print(oid, hex);
	if (git_odb_read(object, repo->odb, &id) != 0)
		return error_set(error, ENOENT, "commit %s is missing from the repository%s", hex,
				 repo_is_shallow(repo) ? SHALLOW_HINT : "");
	if (git_odb_object_type(*object) == GIT_OBJECT_COMMIT)
		return 0;
	git_odb_object_free(*object);
	return error_set(error, EINVAL, "%s is not a commit", hex);
}

static err_t parse_commit(struct repo *repo, const struct oid *oid, struct raw_commit *commit,
			  struct error *error)
{
	git_odb_object *object = NULL;
	err_t err = repo_read_commit(repo, oid, &object, error);
	if (err)
		return err;
	err = raw_commit_parse(git_odb_object_data(object), git_odb_object_size(object), commit);
	git_odb_object_free(object);
	if (!err)
		return 0;
	char hex[OID_HEX + 1];
	oid_print(oid, hex);
	return error_set(error, EINVAL, "%s is not a well-formed commit", hex);
}

static err_t read_commit(void *self, const struct oid *oid, struct commit_facts *facts,
			 struct error *error)
{
	struct repo *repo = self;
	if (commit_graph_read(repo->graph, oid, facts))
		return 0;
	struct raw_commit commit = { .parents = facts->parents };
	err_t err = parse_commit(repo, oid, &commit, error);
	if (err)
		return err;
	facts->date = commit.date;
	facts->tree = commit.tree;
	grafts_apply(repo->grafts, oid, facts->parents);
	return 0;
}

err_t repo_tree(struct repo *repo, const struct oid *oid, struct oid *tree, struct error *error)
{
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	struct raw_commit commit = { .parents = parents };
	err_t err = parse_commit(repo, oid, &commit, error);
	if (!err)
		*tree = commit.tree;
	return err;
}

/* The two extensions that say how objects and refs are kept. */
static err_t check_format(git_repository *git, const char *path, struct error *error)
{
	git_config *config = NULL;
	const char *value;
	err_t err = 0;
	if (git_repository_config_snapshot(&config, git) != 0)
		return git_failed(error, EINVAL, "cannot read the repository's configuration");
	if (git_config_get_string(&value, config, "extensions.objectformat") == 0 &&
	    g_ascii_strcasecmp(value, "sha1") != 0)
		err = error_set(error, EINVAL,
				"the repository %s has %s object names, only SHA-1 ones can be "
				"read: search a copy, made with git init, git fast-export --all "
				"and git fast-import",
				path, value);
	else if (git_config_get_string(&value, config, "extensions.refstorage") == 0 &&
		 g_ascii_strcasecmp(value, "files") != 0)
		err = error_set(error, EINVAL,
				"the repository %s keeps its refs in a %s, which cannot be read: "
				"run git refs migrate --ref-format=files there (git 2.46), or "
				"search a copy that git clone --mirror makes",
				path, value);
	git_config_free(config);
	return err;
}

/* In place of the one that there was, if any. */
static err_t begin_history(struct repo *repo, struct error *error)
{
	struct commit_source source = { .self = repo, .read = read_commit };
	struct grafts *grafts = NULL;
	err_t err = grafts_load(repo_gitdir(repo), &grafts, error);
	if (err)
		return err;
	grafts_free(repo->grafts);
	history_free(repo->history);
	commit_graph_close(repo->graph);
	repo->grafts = grafts;
	repo->history = history_new(&source);
	/* the file knows the commits as they were made: git does not use it then either */
	repo->graph = repo->replaced || !grafts_is_empty(grafts)
			      ? NULL
			      : commit_graph_open(repo_gitdir(repo));
	return 0;
}

err_t repo_open(const char *path, struct repo **out, struct error *error)
{
	struct repo *repo = g_new0(struct repo, 1);
	err_t err = 0;
	if (git_repository_open_ext(&repo->git, path, 0, NULL) != 0 ||
	    git_repository_odb(&repo->odb, repo->git) != 0) {
		g_autofree char *doing = g_strdup_printf("cannot open the repository %s", path);
		err = git_failed(error, ENOENT, doing);
	}
	if (!err)
		err = check_format(repo->git, path, error);
	if (!err)
		err = replacements_attach(repo->odb, repo_gitdir(repo), &repo->replaced, error);
	if (!err)
		err = begin_history(repo, error);
	if (err)
		repo_free(repo);
	else
		*out = repo;
	return err;
}

err_t repo_reread(struct repo *repo, struct error *error)
{
	return grafts_are_current(repo->grafts) ? 0 : begin_history(repo, error);
}

char *repo_locate(const char *path)
{
	git_repository *git = NULL;
	char *place = NULL;
	if (git_repository_open_ext(&git, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0)
		place = g_strdup(path);
	else if (git_repository_open_ext(&git, path, 0, NULL) == 0)
		place = g_strdup(git_repository_workdir(git) ? git_repository_workdir(git)
							     : git_repository_path(git));
	git_repository_free(git);
	return place;
}

void repo_free(struct repo *repo)
{
	if (!repo)
		return;
	history_free(repo->history);
	commit_graph_close(repo->graph);
	grafts_free(repo->grafts);
	if (repo->tags)
		g_hash_table_unref(repo->tags);
	git_odb_free(repo->odb);
	git_repository_free(repo->git);
	g_free(repo);
}

const char *repo_gitdir(const struct repo *repo)
{
	return git_repository_commondir(repo->git);
}

struct git_repository *repo_git(const struct repo *repo)
{
	return repo->git;
}

bool repo_is_shallow(const struct repo *repo)
{
	return git_repository_is_shallow(repo->git) == 1;
}

err_t repo_fetch_from(struct repo *repo, struct promisor *promisor, struct error *error)
{
	repo->promisor = promisor;
	return promisor ? promisor_attach(promisor, repo->odb, error) : 0;
}

void repo_watch_fetches(struct repo *repo, const struct promisor_watch *watch)
{
	repo->watch = watch;
}

struct missing_source repo_missing(const struct repo *repo)
{
	return (struct missing_source){ .promisor = repo->promisor,
					.odb = repo->odb,
					.watch = repo->watch };
}

struct history *repo_history(struct repo *repo)
{
	return repo->history;
}

/* git's own answer to what a name means. False: it knows none, or there is no git. */
static bool ask_git(const struct repo *repo, const char *rev, const char *peel, git_oid *id)
{
	g_autofree char *name = g_strconcat(rev, peel, NULL);
	g_autofree char *text = NULL;
	int status;
	const char *words[] = {
		"rev-parse", "--quiet", "--verify", "--end-of-options", name, NULL
	};
	if (git_program_ask(git_repository_path(repo->git), words, &text, &status, NULL) != 0 ||
	    status != 0)
		return false;
	g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
	guint n = g_strv_length(lines);
	/* warnings come first; what begins with '^' is half of a range */
	for (guint i = 0; i < n; i++) {
		if (*lines[i] == '^')
			return false;
	}
	/* git takes any whole hash for a name, there or not */
	return n && strlen(lines[n - 1]) == OID_HEX && git_oid_fromstr(id, lines[n - 1]) == 0 &&
	       git_odb_exists(repo->odb, id);
}

/* libgit2 knows fewer forms of names than git, and takes some otherwise; hashes, refs and steps
 * from there (~ and ^) it reads as git does. */
static bool is_plain(const char *rev)
{
	return !strpbrk(rev, "@:{");
}

/* libgit2 parses what it looks up, and refuses commits that git works with: those are found by what
 * names them whole. */
static int look_up_whole(const struct repo *repo, const char *rev, git_oid *id)
{
	git_reference *ref = NULL;
	if (strlen(rev) == OID_HEX && git_oid_fromstr(id, rev) == 0 &&
	    git_odb_exists(repo->odb, id))
		return 0;
	int rc = git_reference_dwim(&ref, repo->git, rev);
	if (rc == 0)
		rc = git_reference_name_to_id(id, repo->git, git_reference_name(ref));
	git_reference_free(ref);
	return rc;
}

static int look_up(const struct repo *repo, const char *rev, git_oid *id)
{
	git_object *object = NULL;
	int rc = GIT_ENOTFOUND;
	if (is_plain(rev))
		rc = git_revparse_single(&object, repo->git, rev);
	if (rc != 0 && (ask_git(repo, rev, "^{commit}", id) || ask_git(repo, rev, "", id)))
		return 0;
	if (rc != 0 && is_plain(rev) && look_up_whole(repo, rev, id) == 0)
		return 0;
	if (rc != 0 && !is_plain(rev) && !git_program_exists())
		rc = git_revparse_single(&object, repo->git, rev);
	if (rc == 0)
		git_oid_cpy(id, git_object_id(object));
	git_object_free(object);
	return rc;
}

/* From a tag, or a tag of a tag, to the commit. */
static bool peel(const struct repo *repo, git_oid *id)
{
	git_object_t type = GIT_OBJECT_TAG;
	while (type == GIT_OBJECT_TAG) {
		git_odb_object *object = NULL;
		if (git_odb_read(&object, repo->odb, id) != 0)
			return false;
		type = git_odb_object_type(object);
		gsize size = 0;
		const char *field =
			type == GIT_OBJECT_TAG
				? raw_commit_field(git_odb_object_data(object),
						   git_odb_object_size(object), "object", &size)
				: NULL;
		if (type == GIT_OBJECT_TAG &&
		    (!field || size != OID_HEX || git_oid_fromstrn(id, field, size) != 0))
			type = GIT_OBJECT_INVALID;
		git_odb_object_free(object);
	}
	return type == GIT_OBJECT_COMMIT;
}

err_t repo_resolve(struct repo *repo, const char *rev, struct oid *oid, struct error *error)
{
	git_oid id;
	int rc = look_up(repo, rev, &id);
	/* libgit2 says so of any name that might be a hash of fewer than four digits, which none is
	 */
	if (rc == GIT_EAMBIGUOUS && strspn(rev, "0123456789abcdefABCDEF") >= GIT_OID_MINPREFIXLEN)
		return error_set(error, EINVAL, "revision '%s' is ambiguous: give more digits",
				 rev);
	if (rc != 0)
		return error_set(error, EINVAL, "unknown revision '%s'%s", rev,
				 repo_is_shallow(repo) ? SHALLOW_HINT : "");
	if (!peel(repo, &id))
		return error_set(error, EINVAL, "'%s' does not name a commit", rev);
	memcpy(oid->b, id.id, OID_BYTES);
	return 0;
}

/* ---- tags ---- */

static void clear_release(void *p)
{
	struct release *r = p;
	g_free(r->name);
}

struct tag_visit {
	struct repo *repo;
	void (*found)(const char *name, const struct oid *commit, void *arg);
	void *arg;
};

static int visit_tag(const char *ref, git_oid *id, void *payload)
{
	struct tag_visit *v = payload;
	git_oid commit = *id;
	if (peel(v->repo, &commit)) {
		struct oid oid;
		memcpy(oid.b, commit.id, OID_BYTES);
		v->found(g_str_has_prefix(ref, "refs/tags/") ? ref + 10 : ref, &oid, v->arg);
	}
	return 0;
}

static void note_release(const char *name, const struct oid *commit, void *arg)
{
	struct release_version v;
	if (!release_parse(name, &v) || v.candidate)
		return;
	struct release r = { .name = g_strdup(name), .commit = *commit };
	g_array_append_val((GArray *)arg, r);
}

static int newest_first(const void *a, const void *b)
{
	struct release_version va, vb;
	release_parse(((const struct release *)a)->name, &va);
	release_parse(((const struct release *)b)->name, &vb);
	return -release_compare(&va, &vb);
}

/* All that `tip` reaches; releases among them keep their place. */
static err_t keep_reachable(struct repo *repo, const struct oid *tip, GArray *releases,
			    bool *border, struct error *error)
{
	struct history *h = repo->history;
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	uint32_t start = history_number(h, tip);
	g_array_append_val(stack, start);
	g_hash_table_add(seen, GUINT_TO_POINTER(start + 1));
	while (stack->len) {
		uint32_t c = g_array_index(stack, uint32_t, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		err_t err = history_load(h, c, error);
		if (err)
			return err;
		*border = *border || grafts_is_border(repo->grafts, history_oid(h, c));
		for (uint32_t i = 0; i < history_parent_count(h, c); i++) {
			uint32_t p = history_parent(h, c, i);
			if (g_hash_table_add(seen, GUINT_TO_POINTER(p + 1)))
				g_array_append_val(stack, p);
		}
	}
	for (guint i = 0; i < releases->len;) {
		uint32_t c = history_number(h, &g_array_index(releases, struct release, i).commit);
		if (g_hash_table_contains(seen, GUINT_TO_POINTER(c + 1)))
			i++;
		else
			g_array_remove_index(releases, i);
	}
	return 0;
}

err_t repo_releases(struct repo *repo, const struct oid *tip, GArray **out, bool *border,
		    struct error *error)
{
	GArray *releases = g_array_new(FALSE, FALSE, sizeof(struct release));
	g_array_set_clear_func(releases, clear_release);
	struct tag_visit v = { .repo = repo, .found = note_release, .arg = releases };
	git_tag_foreach(repo->git, visit_tag, &v);
	g_array_sort(releases, newest_first);
	*border = false;
	err_t err = releases->len || repo_is_shallow(repo)
			    ? keep_reachable(repo, tip, releases, border, error)
			    : 0;
	if (err) {
		g_array_unref(releases);
		return err;
	}
	*out = releases;
	return 0;
}

static void note_tag(const char *name, const struct oid *commit, void *arg)
{
	char hex[OID_HEX + 1];
	oid_print(commit, hex);
	struct release_version v;
	if (release_parse(name, &v) || !g_hash_table_contains(arg, hex))
		g_hash_table_insert(arg, g_strdup(hex), g_strdup(name));
}

char *repo_tag_of(struct repo *repo, const struct oid *oid)
{
	if (!repo->tags) {
		repo->tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		struct tag_visit v = { .repo = repo, .found = note_tag, .arg = repo->tags };
		git_tag_foreach(repo->git, visit_tag, &v);
	}
	char hex[OID_HEX + 1];
	oid_print(oid, hex);
	const char *name = g_hash_table_lookup(repo->tags, hex);
	return g_strdup(name ? name : "");
}
