/*
 * A slot in which a daemon was killed, and trees whose names are meant to be misunderstood.
 */
#include "engine/build/maintainers.h"
#include "engine/build/slot.h"
#include "engine/base/file.h"

#include <errno.h>
#include <git2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir, *gitdir;
static struct slot_objects objects;
static git_repository *git;

static char *below(const char *path)
{
	return g_build_filename(dir, path, NULL);
}

static void put(const char *path, const char *text)
{
	g_autofree char *full = below(path);
	g_autofree char *parent = g_path_get_dirname(full);
	g_assert_cmpint(file_mkdir(parent, NULL), ==, 0);
	g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

static bool is_there(const char *path)
{
	g_autofree char *full = below(path);
	struct stat st;
	return lstat(full, &st) == 0;
}

/* A commit whose tree is this; its hash. */
static char *commit_tree(const git_oid *tree_id)
{
	git_oid id;
	git_tree *tree = NULL;
	git_signature *who = NULL;
	g_assert_cmpint(git_tree_lookup(&tree, git, tree_id), ==, 0);
	g_assert_cmpint(git_signature_new(&who, "A", "a@example.org", 1, 0), ==, 0);
	g_assert_cmpint(git_commit_create(&id, git, NULL, who, who, NULL, "x", tree, 0, NULL), ==,
			0);
	git_signature_free(who);
	git_tree_free(tree);
	return g_strdup(git_oid_tostr_s(&id));
}

/* A commit that has one file. */
static char *commit(const char *path, const char *text)
{
	git_index *index = NULL;
	git_oid id;
	git_index_entry entry = { .path = path, .mode = GIT_FILEMODE_BLOB };
	g_assert_cmpint(git_index_new(&index), ==, 0);
	g_assert_cmpint(git_blob_create_from_buffer(&entry.id, git, text, strlen(text)), ==, 0);
	g_assert_cmpint(git_index_add(index, &entry), ==, 0);
	g_assert_cmpint(git_index_write_tree_to(&id, index, git), ==, 0);
	git_index_free(index);
	return commit_tree(&id);
}

static err_t checkout(const char *hash, struct error *why)
{
	g_autofree char *slot_path = below("slot");
	g_autoptr(GString) notes = g_string_new(NULL);
	struct slot *slot = NULL;
	char *conflict = NULL;
	err_t err = slot_open(&objects, NULL, slot_path, &slot, why);
	if (!err)
		err = slot_checkout(slot, hash, NULL, &conflict, notes, why);
	slot_free(slot);
	g_assert_null(conflict);
	return err;
}

static const char *const leftovers[] = { "slot/src/.git",	"slot/src/.git.tmp",
					 "slot/patch",		"slot/patch.tmp",
					 "slot/git/index.lock", "slot/git/HEAD.lock" };

static void leave_all(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(leftovers); i++)
		put(leftovers[i], "gitdir: elsewhere\n");
}

static void check_none_left(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(leftovers); i++) {
		if (is_there(leftovers[i]))
			g_error("%s is left", leftovers[i]);
	}
}

static void test_killed(void)
{
	struct error why;
	g_autofree char *hash = commit("a", "1");
	g_assert_cmpint(checkout(hash, &why), ==, 0);
	check_none_left(); /* libgit2 itself, in a new slot */
	leave_all();
	g_assert_cmpint(checkout(hash, &why), ==, 0);
	check_none_left();
	g_assert_true(is_there("slot/src/a"));
	/* without a cage a build may put a directory there */
	put("slot/src/.git/objects/x", "x");
	g_assert_cmpint(checkout(hash, &why), ==, 0);
	check_none_left();
}

/* Whoever asks for maintainers comes after one that was killed, and leaves nothing. */
static void test_maintainers(void)
{
	g_autofree char *slot_path = below("slot");
	g_autofree char *hash = commit("scripts/get_maintainer.pl",
				       "die 'no .git' unless -e '.git';\n"
				       "print qq(A <a\\@example.org> (maintainer:X)\\n);\n");
	struct confinement confine = { 0 };
	struct cancel cancel;
	struct error why;
	char **list = NULL;
	cancel_init(&cancel, true);
	leave_all();
	g_assert_cmpint(maintainers_ask(&objects, slot_path, hash, &confine, &cancel, &list, &why),
			==, 0);
	cancel_clear(&cancel);
	check_none_left();
	g_assert_cmpstr(list[0], ==, "to: a@example.org");
	g_assert_null(list[1]);
	g_strfreev(list);
}

/* A script that prints without end has no answer, and takes no memory for it. */
static void test_endless(void)
{
	g_autofree char *slot_path = below("slot");
	g_autofree char *hash = commit("scripts/get_maintainer.pl", "print qq(\\n) while 1;\n");
	struct confinement confine = { 0 };
	struct error why;
	char **list = NULL;
	g_assert_cmpint(maintainers_ask(&objects, slot_path, hash, &confine, NULL, &list, &why), ==,
			0);
	g_assert_null(list[0]);
	g_strfreev(list);
}

/* libgit2's message has the name in it, and the disk is not full. */
static void test_name_lies(void)
{
	static const char name[] = "100644 .git\0", full[] = "40000 No space left on device\0";
	git_odb *odb = NULL;
	git_oid blob, inner, outer;
	struct error why;
	char tree[100];
	g_assert_cmpint(git_repository_odb(&odb, git), ==, 0);
	g_assert_cmpint(git_blob_create_from_buffer(&blob, git, "x", 1), ==, 0);
	memcpy(tree, name, sizeof(name) - 1);
	memcpy(tree + sizeof(name) - 1, blob.id, GIT_OID_RAWSZ);
	g_assert_cmpint(
		git_odb_write(&inner, odb, tree, sizeof(name) - 1 + GIT_OID_RAWSZ, GIT_OBJECT_TREE),
		==, 0);
	memcpy(tree, full, sizeof(full) - 1);
	memcpy(tree + sizeof(full) - 1, inner.id, GIT_OID_RAWSZ);
	g_assert_cmpint(
		git_odb_write(&outer, odb, tree, sizeof(full) - 1 + GIT_OID_RAWSZ, GIT_OBJECT_TREE),
		==, 0);
	git_odb_free(odb);
	g_autofree char *hash = commit_tree(&outer);
	g_assert_cmpint(checkout(hash, &why), ==, -EIO);
	g_assert_nonnull(strstr(why.text, "No space left on device"));
}

static void test_patch(void)
{
	g_autofree char *slot_path = below("slot");
	g_autofree char *small = commit("a", "line\n");
	gsize len = (gsize)20 << 20;
	g_autofree char *much = g_malloc(len + 1);
	memset(much, 'x', len);
	much[len] = '\0';
	g_autofree char *large = commit("large", much);
	g_autofree char *text = NULL;
	g_autofree char *names = NULL;
	struct slot *slot = NULL;
	g_assert_cmpint(slot_open(&objects, NULL, slot_path, &slot, NULL), ==, 0);
	g_assert_cmpint(slot_patch(slot, small, &text, NULL), ==, 0);
	g_assert_nonnull(strstr(text, "\n+++ b/a\n@@ -0,0 +1 @@\n+line\n"));
	g_assert_cmpint(slot_patch(slot, large, &names, NULL), ==, 0);
	g_assert_nonnull(strstr(names, "b/large"));
	g_assert_cmpuint(strlen(names), <, 1000);
	slot_free(slot);
}

/* A commit on these parents (the second may be NULL) whose tree has the files a, b with these
 * lines. */
static char *commit_on(const char *a, const char *b, const char *parent, const char *second)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	git_index *index = NULL;
	git_oid id;
	const char *const texts[] = { a, b };
	g_assert_cmpint(git_index_new(&index), ==, 0);
	for (int i = 0; i < 2; i++) {
		git_index_entry entry = { .path = i ? "b" : "a", .mode = GIT_FILEMODE_BLOB };
		g_assert_cmpint(
			git_blob_create_from_buffer(&entry.id, git, texts[i], strlen(texts[i])), ==,
			0);
		g_assert_cmpint(git_index_add(index, &entry), ==, 0);
	}
	g_assert_cmpint(git_index_write_tree_to(&id, index, git), ==, 0);
	git_index_free(index);
	g_string_append_printf(bytes, "tree %s\n", git_oid_tostr_s(&id));
	if (parent)
		g_string_append_printf(bytes, "parent %s\n", parent);
	if (second)
		g_string_append_printf(bytes, "parent %s\n", second);
	g_string_append(bytes, "author A <a@example.org> 1 +0000\n"
			       "committer A <a@example.org> 1 +0000\n\nx\n");
	git_odb *odb = NULL;
	g_assert_cmpint(git_repository_odb(&odb, git), ==, 0);
	g_assert_cmpint(git_odb_write(&id, odb, bytes->str, bytes->len, GIT_OBJECT_COMMIT), ==, 0);
	git_odb_free(odb);
	return g_strdup(git_oid_tostr_s(&id));
}

/* "A/B", what the files hold with this patch; "-": it does not apply. */
static char *patched(const char *hash, const char *word, const char *patch)
{
	g_autofree char *slot_path = below("slot");
	g_autofree char *line = g_strdup_printf("%s %s", word, patch);
	char *patches[] = { line, NULL };
	g_autoptr(GString) notes = g_string_new(NULL);
	g_autofree char *conflict = NULL;
	struct slot *slot = NULL;
	g_autofree char *path_a = below("slot/src/a");
	g_autofree char *path_b = below("slot/src/b");
	g_autofree char *a = NULL;
	g_autofree char *b = NULL;
	struct error why = { 0 };
	g_assert_cmpint(
		slot_open(&(struct slot_objects){ .gitdir = gitdir }, NULL, slot_path, &slot, NULL),
		==, 0);
	g_assert_cmpint(slot_checkout(slot, hash, patches, &conflict, notes, &why), ==, 0);
	slot_free(slot);
	if (conflict)
		return g_strdup("-");
	g_assert_true(g_file_get_contents(path_a, &a, NULL, NULL));
	g_assert_true(g_file_get_contents(path_b, &b, NULL, NULL));
	return g_strdup_printf("%s/%s", a, b);
}

/* One side changes a, the other one b. */
static void test_merge(void)
{
	g_autofree char *base = commit_on("1", "1", NULL, NULL);
	g_autofree char *left = commit_on("2", "1", base, NULL);
	g_autofree char *right = commit_on("1", "2", base, NULL);
	g_autofree char *merge = commit_on("2", "2", left, right);
	g_autofree char *later = commit_on("3", "2", merge, NULL);
	static const struct {
		const char *word, *files;
		int on, patch;
	} cases[] = {
		{ "revert", "3/1", 4, 3 }, /* as against its first parent */
		{ "revert", "2/1", 3, 3 },   { "pick", "2/2", 1, 3 },  { "pick", "1/2", 0, 3 },
		{ "backport", "1/1", 0, 3 }, /* left out, as ever */
		{ "revert", "-", 4, 1 },     { "merge", "2/2", 2, 1 }, { "merge", "-", 5, 1 },
	};
	g_autofree char *clash = commit_on("4", "2", right, NULL);
	const char *const hashes[] = { base, left, right, merge, later, clash };
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			patched(hashes[cases[i].on], cases[i].word, hashes[cases[i].patch]);
		g_assert_cmpstr(got, ==, cases[i].files);
	}
}

/* A commit as bytes that libgit2 would not write. */
static char *commit_bytes(const char *after_tree, const char *tree)
{
	git_odb *odb = NULL;
	git_oid id;
	g_autofree char *bytes = g_strdup_printf("tree %s\n%s", tree, after_tree);
	g_assert_cmpint(git_repository_odb(&odb, git), ==, 0);
	g_assert_cmpint(git_odb_write(&id, odb, bytes, strlen(bytes), GIT_OBJECT_COMMIT), ==, 0);
	git_odb_free(odb);
	return g_strdup(git_oid_tostr_s(&id));
}

static char *tree_of_commit(const char *hash)
{
	git_oid id;
	git_commit *c = NULL;
	g_assert_cmpint(git_oid_fromstr(&id, hash), ==, 0);
	g_assert_cmpint(git_commit_lookup(&c, git, &id), ==, 0);
	char *tree = g_strdup(git_oid_tostr_s(git_commit_tree_id(c)));
	git_commit_free(c);
	return tree;
}

/* What git checks out is checked out. */
static void test_bent_author(void)
{
	struct error why;
	g_autofree char *plain = commit("bent", "1");
	g_autofree char *other = commit("straight", "1");
	g_autofree char *tree = tree_of_commit(plain);
	g_autofree char *bent =
		commit_bytes("author A a@b> 1 +0000\ncommitter C <c@d> 1 +0000\n\nx\n", tree);
	g_autofree char *none = commit_bytes("\nx\n", tree);
	const char *const each[] = { bent, other, none };
	for (gsize i = 0; i < G_N_ELEMENTS(each); i++) {
		g_assert_cmpint(checkout(each[i], &why), ==, 0);
		g_assert_true(is_there("slot/src/bent") == (i != 1));
		g_assert_true(is_there("slot/src/straight") == (i == 1));
	}
}

/* A commit that cannot be checked out whole cannot be tested; the next one can. */
static void test_missing_blob(void)
{
	struct error why;
	g_autofree char *slot_path = below("slot");
	g_autofree char *lost = commit("lost", "what will be lost");
	g_autofree char *whole = commit("whole", "1");
	git_oid blob;
	g_assert_cmpint(git_odb_hash(&blob, "what will be lost", 17, GIT_OBJECT_BLOB), ==, 0);
	g_autofree char *hex = g_strdup(git_oid_tostr_s(&blob));
	g_autofree char *path = g_strdup_printf("%s/objects/%.2s/%s", gitdir, hex, hex + 2);
	g_assert_cmpint(unlink(path), ==, 0);
	g_autoptr(GString) notes = g_string_new(NULL);
	struct slot *slot = NULL;
	char *conflict = NULL;
	g_assert_cmpint(slot_open(&objects, NULL, slot_path, &slot, &why), ==, 0);
	g_assert_cmpint(slot_checkout(slot, lost, NULL, &conflict, notes, &why), ==, 0);
	g_assert_nonnull(conflict);
	g_assert_nonnull(strstr(conflict, "missing from the repository"));
	g_free(conflict);
	slot_free(slot);
	g_assert_cmpint(checkout(whole, &why), ==, 0);
	g_assert_true(is_there("slot/src/whole"));
	g_assert_false(is_there("slot/src/lost"));
}

/* The slot sees the user's replacements. */
static void test_replaced(void)
{
	struct error why;
	g_autofree char *from = commit("from", "1");
	g_autofree char *to = commit("to", "1");
	g_autofree char *ref = g_strdup_printf("refs/replace/%s", from);
	git_oid id;
	git_reference *r = NULL;
	g_assert_cmpint(git_oid_fromstr(&id, to), ==, 0);
	g_assert_cmpint(git_reference_create(&r, git, ref, &id, 0, NULL), ==, 0);
	if (checkout(from, &why) != 0)
		g_error("%s", why.text);
	g_assert_true(is_there("slot/src/to"));
	g_assert_false(is_there("slot/src/from"));
	g_assert_cmpint(git_reference_delete(r), ==, 0);
	git_reference_free(r);
	g_assert_cmpint(checkout(from, &why), ==, 0);
	g_assert_true(is_there("slot/src/from"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	git_libgit2_init();
	/* as repo_library_start does */
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	dir = g_dir_make_tmp("bisectfs-slot-XXXXXX", NULL);
	gitdir = below("repository");
	objects.gitdir = gitdir;
	g_assert_cmpint(git_repository_init(&git, gitdir, 1), ==, 0);
	g_test_add_func("/slot/killed", test_killed);
	g_test_add_func("/slot/maintainers", test_maintainers);
	g_test_add_func("/slot/endless", test_endless);
	g_test_add_func("/slot/name-lies", test_name_lies);
	g_test_add_func("/slot/patch", test_patch);
	g_test_add_func("/slot/merge", test_merge);
	g_test_add_func("/slot/bent-author", test_bent_author);
	g_test_add_func("/slot/missing-blob", test_missing_blob);
	g_test_add_func("/slot/replaced", test_replaced);
	int status = g_test_run();
	git_repository_free(git);
	git_libgit2_shutdown();
	file_remove_tree(dir, NULL);
	g_free(gitdir);
	g_free(dir);
	return status;
}
