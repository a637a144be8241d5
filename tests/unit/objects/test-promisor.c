/*
 * Partial clones that git makes of a small repository: what is fetched for whoever reads, in how
 * many fetches, and what is said where nobody gives it.
 */
#include "engine/build/slot.h"
#include "engine/base/file.h"
#include "engine/objects/missing.h"
#include "engine/objects/raw_tree.h"

#include <errno.h>
#include <git2.h>
#include <glib.h>
#include <string.h>

static char *dir;
static char *commits[5]; /* hashes: see script */

/* The tip's file was renamed since the patch branched off; `gone` was removed. */
static const char script[] =
	"set -e\n"
	"export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null\n"
	"export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org\n"
	"export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org\n"
	"git init -q -b main whole; cd whole\n"
	"git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant true\n"
	"mkdir -p deep/er same; echo s >same/file; seq 50 >deep/er/old; seq 60 90 >gone\n"
	"git add .; git commit -qm base; git rev-parse HEAD\n"
	"git checkout -q -b side; sed -i s/^40$/forty/ deep/er/old; git commit -qam patch\n"
	"git rev-parse HEAD\n"
	"git checkout -q main; git mv deep/er/old deep/new; git rm -q gone\n"
	"sed -i s/^3$/three/ deep/new; git add .; git commit -qm renamed; git rev-parse HEAD\n"
	"echo t >same/file; git commit -qam last; git rev-parse HEAD\n"
	/* a tree with a million million files, all the same */
	"tree=$(printf '100644 blob %s\\ta\\n' $(echo x | git hash-object -w --stdin) | git "
	"mktree)\n"
	"for i in $(seq 40); do tree=$(printf '40000 tree %s\\ta\\n40000 tree %s\\tb\\n' $tree "
	"$tree |\n"
	"git mktree); done; git tag many $(git commit-tree -m many $tree); git rev-parse many\n"
	"cd ..\n"
	"git clone -q --bare --filter=blob:none file://$PWD/whole files.git\n"
	"git clone -q --bare --filter=tree:0 file://$PWD/whole trees.git\n"
	"git clone -q --bare whole full.git\n";

static char *run(const char *text, int *status)
{
	const char *argv[] = { "sh", "-c", text, NULL };
	char *out = NULL;
	g_assert_true(g_spawn_sync(dir, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
				   NULL, status, NULL));
	return out;
}

static char *below(const char *path)
{
	return g_build_filename(dir, path, NULL);
}

/* ---- a clone, and who reads in it ---- */

struct clone {
	struct promisor *promisor;
	git_repository *git;
	struct missing_source from;
	struct promisor_watch watch;
	guint fetches, objects;
};

static void count(void *arg, guint objects, const char *remote)
{
	struct clone *c = arg;
	c->fetches += objects > 0;
	c->objects += objects;
	g_assert_true((objects > 0) == (remote != NULL));
}

static void open_clone(struct clone *c, const char *name, const char *store)
{
	g_autofree char *gitdir = below(name);
	g_autofree char *path = below(store);
	*c = (struct clone){ .watch = { .fetching = count, .arg = c } };
	g_assert_cmpint(promisor_open(gitdir, path, &c->promisor, NULL), ==, 0);
	g_assert_nonnull(c->promisor);
	g_assert_cmpint(git_repository_open_bare(&c->git, gitdir), ==, 0);
	c->from = (struct missing_source){ .promisor = c->promisor,
					   .watch = &c->watch,
					   .below = true };
	g_assert_cmpint(git_repository_odb(&c->from.odb, c->git), ==, 0);
	g_assert_cmpint(promisor_attach(c->promisor, c->from.odb, NULL), ==, 0);
}

static void close_clone(struct clone *c)
{
	git_odb_free(c->from.odb);
	git_repository_free(c->git);
	promisor_free(c->promisor);
}

static err_t list_commit(struct missing *m, void *arg, struct error *error)
{
	struct oid id, tree, parent;
	bool any;
	(void)error;
	g_assert_true(oid_parse(&id, arg));
	g_assert_true(missing_commit(m, &id, &tree, &parent, &any));
	missing_below(m, &tree, MISSING_FILES);
	return 0;
}

static err_t fetch(struct clone *c, const char *commit, struct error *error)
{
	return missing_fetch(&c->from, commit, list_commit, (void *)commit, error);
}

/* ---- tests ---- */

static void test_files(void)
{
	struct clone c;
	open_clone(&c, "files.git", "store-files");
	g_assert_cmpint(fetch(&c, commits[3], NULL), ==, 0);
	g_assert_cmpuint(c.fetches, ==, 1);
	g_assert_cmpuint(c.objects, ==, 2); /* deep/new and same/file */
	g_assert_cmpint(fetch(&c, commits[3], NULL), ==, 0);
	g_assert_cmpuint(c.fetches, ==, 1);
	close_clone(&c);
	/* by another process, later */
	open_clone(&c, "files.git", "store-files");
	g_assert_cmpint(fetch(&c, commits[3], NULL), ==, 0);
	g_assert_cmpuint(c.fetches, ==, 0);
	close_clone(&c);
}

/* All trees in one fetch, then all files. */
static void test_trees(void)
{
	struct clone c;
	open_clone(&c, "trees.git", "store-trees");
	g_assert_cmpint(fetch(&c, commits[0], NULL), ==, 0);
	g_assert_cmpuint(c.fetches, ==, 2);
	g_assert_cmpuint(c.objects, ==, 1 + 3);
	close_clone(&c);
}

static void test_many(void)
{
	struct clone c;
	open_clone(&c, "files.git", "store-many");
	g_assert_cmpint(fetch(&c, commits[4], NULL), ==, 0);
	g_assert_cmpuint(c.objects, ==, 1);
	close_clone(&c);
}

/* One tree and the one that it is in: git gives the outer one alone. */
static err_t list_nested(struct missing *m, void *arg, struct error *error)
{
	(void)error;
	for (char **id = arg; *id && **id; id++) {
		struct oid oid;
		g_assert_true(oid_parse(&oid, *id));
		git_odb_object_free(missing_read_tree(m, &oid));
	}
	return 0;
}

static void test_nested(void)
{
	struct clone c;
	int status;
	g_autofree char *text =
		run("git -C whole rev-parse main~2: main~2:deep main~2:deep/er", &status);
	g_auto(GStrv) ids = g_strsplit(text, "\n", -1);
	open_clone(&c, "trees.git", "store-nested");
	c.from.below = false;
	g_assert_cmpint(missing_fetch(&c.from, commits[0], list_nested, ids, NULL), ==, 0);
	g_assert_cmpuint(c.fetches, >, 1);
	g_assert_cmpuint(c.fetches, <=, 3);
	close_clone(&c);
}

static err_t list_removed(struct missing *m, void *arg, struct error *error)
{
	struct oid id, old, new, unused;
	bool any;
	(void)arg;
	(void)error;
	g_assert_true(oid_parse(&id, commits[0]));
	g_assert_true(missing_commit(m, &id, &old, &unused, &any));
	g_assert_true(oid_parse(&id, commits[3]));
	g_assert_true(missing_commit(m, &id, &new, &unused, &any));
	missing_between(m, &old, &new, MISSING_REMOVED);
	return 0;
}

static void test_changes(void)
{
	struct clone c;
	struct oid commit, parent;
	open_clone(&c, "files.git", "store-changes");
	g_assert_true(oid_parse(&commit, commits[3]));
	g_assert_true(oid_parse(&parent, commits[2]));
	g_assert_cmpint(missing_fetch_changes(&c.from, &commit, &parent, NULL), ==, 0);
	g_assert_cmpuint(c.objects, ==, 2); /* same/file, twice */
	g_assert_cmpint(missing_fetch(&c.from, commits[0], list_removed, NULL, NULL), ==, 0);
	g_assert_cmpuint(c.objects, ==, 2 + 2); /* deep/er/old, gone */
	g_assert_cmpuint(c.fetches, ==, 2);
	g_assert_true(oid_parse(&commit, commits[0]));
	g_assert_cmpint(missing_fetch_changes(&c.from, &commit, NULL, NULL), ==, 0);
	g_assert_cmpuint(c.fetches, ==, 2);
	close_clone(&c);
}

static void test_stopped(void)
{
	struct clone c;
	struct cancel cancel;
	struct error why;
	open_clone(&c, "files.git", "store-stopped");
	cancel_init(&cancel, true);
	cancel_ask(&cancel);
	c.watch.cancel = &cancel;
	g_assert_cmpint(fetch(&c, commits[0], &why), ==, -ECANCELED);
	/* also while it waits for another one's */
	bool waited;
	g_assert_cmpint(promisor_take(c.promisor, NULL, &waited, NULL), ==, 0);
	g_assert_false(waited);
	g_assert_cmpint(promisor_take(c.promisor, &c.watch, &waited, &why), ==, -ECANCELED);
	promisor_give_back(c.promisor);
	cancel_clear(&cancel);
	c.watch.cancel = NULL;
	g_assert_cmpint(fetch(&c, commits[0], &why), ==, 0);
	close_clone(&c);
}

/* The remote is known by its present URL; another promisor remote is asked where it gives nothing.
 */
static void test_remotes(void)
{
	struct clone c;
	struct error why;
	int status;
	open_clone(&c, "trees.git", "store-remotes");
	g_free(run("git -C trees.git remote set-url origin https://me:secret@localhost:1/x",
		   &status));
	g_assert_cmpint(fetch(&c, commits[0], &why), ==, -EREMOTEIO);
	g_assert_true(g_str_has_prefix(why.text, "objects of "));
	g_assert_nonnull(strstr(why.text, "remote 'origin' (https://localhost:1/x) does not give"));
	g_assert_null(strstr(why.text, "secret"));
	g_free(run("git -C trees.git remote add other ../whole/.git;"
		   "git -C trees.git config remote.other.promisor true",
		   &status));
	g_assert_cmpint(fetch(&c, commits[0], &why), ==, 0);
	close_clone(&c);
	g_free(run("git -C trees.git remote remove other;"
		   "git -C trees.git remote set-url origin file://$PWD/whole",
		   &status));
}

/* Nothing that the repository's configuration names is run. */
static void test_programs(void)
{
	struct clone c;
	struct error why;
	int status;
	g_autofree char *ran = below("ran");
	g_free(run("cp -r trees.git hostile.git; cd hostile.git;"
		   "git config core.alternateRefsCommand 'touch ../ran; true';"
		   "git config remote.origin.uploadpack 'touch ../ran; git-upload-pack';"
		   "git config core.sshCommand 'touch ../ran; false';"
		   "git config remote.origin.url 'ext::sh -c touch% ../ran'",
		   &status));
	open_clone(&c, "hostile.git", "store-hostile");
	g_assert_cmpint(fetch(&c, commits[0], &why), ==, -EREMOTEIO);
	g_assert_nonnull(strstr(why.text, "not allowed"));
	g_free(run("git -C hostile.git config remote.origin.url file://$PWD/whole", &status));
	g_assert_cmpint(fetch(&c, commits[0], &why), ==, 0);
	g_assert_false(file_exists(ran));
	close_clone(&c);
}

static void test_whole(void)
{
	struct promisor *promisor;
	g_autofree char *gitdir = below("full.git");
	g_autofree char *store = below("store-none");
	g_assert_false(promisor_exists(gitdir));
	g_assert_cmpint(promisor_open(gitdir, store, &promisor, NULL), ==, 0);
	g_assert_null(promisor);
	g_assert_false(file_exists(store));
	struct missing_source none = { 0 };
	g_assert_cmpint(missing_fetch(&none, commits[0], list_commit, NULL, NULL), ==, 0);
}

/* What is checked out of a clone with a patch that has to follow a file to its new name. */
static char *patched(const char *clone, const char *slot_name)
{
	struct clone c = { 0 };
	g_autofree char *gitdir = below(clone);
	g_autofree char *store = g_strconcat(dir, "/store-", slot_name, NULL);
	g_autofree char *path = below(slot_name);
	g_autofree char *patch = g_strdup_printf("pick %s", commits[1]);
	g_autofree char *file = g_build_filename(path, "src/deep/new", NULL);
	g_autoptr(GString) notes = g_string_new(NULL);
	char *patches[] = { patch, NULL }, *conflict = NULL, *text = NULL;
	struct slot *slot = NULL;
	g_assert_cmpint(promisor_open(gitdir, store, &c.promisor, NULL), ==, 0);
	struct slot_objects from = { .gitdir = gitdir, .promisor = c.promisor };
	g_assert_cmpint(slot_open(&from, NULL, path, &slot, NULL), ==, 0);
	g_assert_cmpint(slot_checkout(slot, commits[3], patches, &conflict, notes, NULL), ==, 0);
	g_assert_null(conflict);
	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	slot_free(slot);
	promisor_free(c.promisor);
	return text;
}

static void test_patch(void)
{
	g_autofree char *want = patched("full.git", "slot-full");
	g_autofree char *files = patched("files.git", "slot-files");
	g_autofree char *trees = patched("trees.git", "slot-trees");
	g_assert_nonnull(strstr(want, "\nthree\n"));
	g_assert_nonnull(strstr(want, "\nforty\n"));
	g_assert_cmpstr(files, ==, want);
	g_assert_cmpstr(trees, ==, want);
}

static void test_texts(void)
{
	static const char *const urls[][2] = {
		{ "/srv/linux.git", "/srv/linux.git" },
		{ "host:linux.git", "host:linux.git" },
		{ "https://host/a@b", "https://host/a@b" },
		{ "https://token@host/x", "https://host/x" },
		{ "https://me:p@ss@host/x", "https://host/x" },
		{ "ssh://git@host/x", "ssh://git@host/x" },
		{ "ssh://git:secret@host:22/x", "ssh://git@host:22/x" },
	};
	static const char *const reasons[][2] = {
		{ "fatal: 'x' does not appear to be a git repository\nfatal: Could not read\n",
		  "'x' does not appear to be a git repository" },
		{ "Warning: Permanently added 'h'\n\nremote: error: not our ref\n",
		  "error: not our ref" },
		{ "warning: nothing else\n", "git fetch failed and did not say why" },
		{ "", "git fetch failed and did not say why" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autofree char *shown = promisor_shown_url(urls[i][0]);
		g_assert_cmpstr(shown, ==, urls[i][1]);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
		g_autofree char *reason = promisor_reason(reasons[i][0]);
		g_assert_cmpstr(reason, ==, reasons[i][1]);
	}
}

#define ID_A "aaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbb"

static void test_raw_tree(void)
{
	static const char bytes[] =
		"100644 a.c\0" ID_A "40000 a\0" ID_B "160000 sub\0" ID_A "100755 cut\0" ID_A;
	struct raw_tree t;
	raw_tree_begin(&t, bytes, sizeof(bytes) - 3);
	struct raw_tree_entry first = t.entry;
	g_assert_cmpstr(first.name, ==, "a.c");
	g_assert_false(raw_tree_is_tree(&first));
	raw_tree_next(&t);
	g_assert_cmpstr(t.entry.name, ==, "a");
	g_assert_true(raw_tree_is_tree(&t.entry));
	g_assert_cmpint(memcmp(t.entry.oid.b, ID_B, OID_BYTES), ==, 0);
	g_assert_cmpint(raw_tree_order(&first, &t.entry), <, 0); /* "a.c" before "a/" */
	g_assert_true(raw_tree_same(&first, &first));
	g_assert_false(raw_tree_same(&first, &t.entry));
	raw_tree_next(&t);
	g_assert_true(raw_tree_is_submodule(&t.entry));
	raw_tree_next(&t);
	g_assert_null(t.entry.name); /* cut off */
	raw_tree_begin(&t, NULL, 0);
	g_assert_null(t.entry.name);
}

int main(int argc, char **argv)
{
	int status = 0;
	g_test_init(&argc, &argv, NULL);
	g_setenv("GIT_CONFIG_GLOBAL", "/dev/null", TRUE);
	g_setenv("GIT_CONFIG_SYSTEM", "/dev/null", TRUE);
	git_libgit2_init();
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, (const char *[]){ "partialclone" }, 1);
	dir = g_dir_make_tmp("promisor-XXXXXX", NULL);
	g_autofree char *out = run(script, &status);
	g_assert_cmpint(status, ==, 0);
	g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
	for (gsize i = 0; i < G_N_ELEMENTS(commits); i++)
		commits[i] = lines[i];
	g_test_add_func("/promisor/files", test_files);
	g_test_add_func("/promisor/trees", test_trees);
	g_test_add_func("/promisor/many", test_many);
	g_test_add_func("/promisor/nested", test_nested);
	g_test_add_func("/promisor/changes", test_changes);
	g_test_add_func("/promisor/stopped", test_stopped);
	g_test_add_func("/promisor/remotes", test_remotes);
	g_test_add_func("/promisor/programs", test_programs);
	g_test_add_func("/promisor/whole", test_whole);
	g_test_add_func("/promisor/patch", test_patch);
	g_test_add_func("/promisor/texts", test_texts);
	g_test_add_func("/promisor/raw-tree", test_raw_tree);
	status = g_test_run();
	file_remove_tree(dir, NULL);
	g_free(dir);
	git_libgit2_shutdown();
	return status;
}
