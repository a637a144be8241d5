/*
 * What building a commit costs, in a slot whose object files were made by hand.
 */
#include "engine/build/cost.h"
#include "engine/base/file.h"

#include <git2.h>
#include <string.h>
#include <unistd.h>

static char *dir;
static git_repository *git;

/* A commit with these files ("PATH=CONTENT", NULL at the end); its hash. */
static char *commit(const char *const *files)
{
	git_index *index = NULL;
	git_oid id;
	git_tree *tree = NULL;
	git_signature *who = NULL;
	g_assert_cmpint(git_index_new(&index), ==, 0);
	for (; *files; files++) {
		g_auto(GStrv) pair = g_strsplit(*files, "=", 2);
		git_index_entry entry = { .path = pair[0], .mode = GIT_FILEMODE_BLOB };
		g_assert_cmpint(
			git_blob_create_from_buffer(&entry.id, git, pair[1], strlen(pair[1])), ==,
			0);
		g_assert_cmpint(git_index_add(index, &entry), ==, 0);
	}
	g_assert_cmpint(git_index_write_tree_to(&id, index, git), ==, 0);
	g_assert_cmpint(git_tree_lookup(&tree, git, &id), ==, 0);
	g_assert_cmpint(git_signature_new(&who, "A", "a@example.org", 1, 0), ==, 0);
	g_assert_cmpint(git_commit_create(&id, git, NULL, who, who, NULL, "x", tree, 0, NULL), ==,
			0);
	git_signature_free(who);
	git_tree_free(tree);
	git_index_free(index);
	return g_strdup(git_oid_tostr_s(&id));
}

static void put(const char *path, const char *text)
{
	g_autofree char *full = g_build_filename(dir, "slots/0", path, NULL);
	g_autofree char *parent = g_path_get_dirname(full);
	g_assert_cmpint(file_mkdir(parent, NULL), ==, 0);
	g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

/* What kbuild writes beside an object file. */
static void put_cmd(const char *name, const char *includes)
{
	g_autofree char *path = g_strdup_printf("obj/fs/.%s.o.cmd", name);
	g_autofree char *text = g_strdup_printf(
		"cmd_fs/%s.o := gcc -c -o fs/%s.o %s/slots/0/src/fs/%s.c\n\n"
		"source_fs/%s.o := %s/slots/0/src/fs/%s.c\n\n"
		"deps_fs/%s.o := \\\n"
		"  $(wildcard include/config/SMP) \\\n%s\n"
		"fs/%s.o: $(deps_fs/%s.o)\n\n$(deps_fs/%s.o):\n",
		name, name, dir, name, name, dir, name, name, includes, name, name, name);
	put(path, text);
}

/* The first bytes of a file are as they should be, and then it has a gibibyte of nothing. */
static void put_huge(const char *path)
{
	g_autofree char *full = g_build_filename(dir, "slots/0", path, NULL);
	put(path, "source_x := ../src/huge.h\n\ndeps_x := \\\n  ../src/wide.h \\\n");
	g_assert_cmpint(truncate(full, (off_t)1 << 30), ==, 0);
}

static void head(const char *hash)
{
	git_oid id;
	git_oid_fromstr(&id, hash);
	g_assert_cmpint(git_repository_set_head_detached(git, &id), ==, 0);
}

static double seconds(const char *hash)
{
	struct cost *c = cost_open(dir, 1);
	g_assert_nonnull(c);
	double s = cost_of(c, hash);
	g_assert_cmpint(cost_nearest(c, hash, NULL), ==, 0);
	g_assert_cmpint(cost_nearest(c, hash, (bool[]){ true }), ==, -1);
	cost_free(c);
	return s;
}

static void test_cost(void)
{
	g_assert_null(cost_open(dir, 2));
	g_autofree char *gitdir = g_build_filename(dir, "slots/0/git", NULL);
	g_assert_cmpint(git_repository_init(&git, gitdir, 1), ==, 0);
	g_autofree char *old = commit((const char *[]){ "fs/a.c=1", "fs/b.c=1", "wide.h=1", NULL });
	g_autofree char *one = commit((const char *[]){ "fs/a.c=2", "fs/b.c=1", "wide.h=1", NULL });
	g_autofree char *all = commit((const char *[]){ "fs/a.c=1", "fs/b.c=1", "wide.h=2", NULL });
	g_autofree char *doc = commit(
		(const char *[]){ "fs/a.c=1", "fs/b.c=1", "wide.h=1", "Documentation/x=1", NULL });
	head(old);
	/* nothing has been noted: no price, but the tree is there */
	g_assert_cmpfloat(seconds(one), <, 0);
	g_autofree char *wide = g_strdup_printf("  %s/slots/0/src/wide.h \\\n", dir);
	put_cmd("a", wide);
	for (int i = 0; i < 99; i++) {
		g_autofree char *name = g_strdup_printf("b%d", i);
		put_cmd(name, i % 2 ? wide : "  ../src/wide.h \\\n");
	}
	g_autofree char *slot = g_build_filename(dir, "slots/0", NULL);
	put_huge("obj/fs/.huge.o.cmd");
	/* all hundred were made in 24 s, of which 4 are taken to be the rest */
	g_assert_cmpint(cost_note(slot, 0, (int64_t)24000000000, NULL), ==, 0);
	g_assert_cmpfloat_with_epsilon(seconds(doc), 4, 0.01);
	g_assert_cmpfloat_with_epsilon(seconds(one), 4.2, 0.01);
	g_assert_cmpfloat_with_epsilon(seconds(all), 24, 0.01);
	g_assert_cmpfloat_with_epsilon(seconds(old), 4, 0.01);
	/* one in which nothing was compiled shows what the rest takes */
	g_assert_cmpint(cost_note(slot, G_MAXINT64, (int64_t)2000000000, NULL), ==, 0);
	g_assert_cmpfloat_with_epsilon(seconds(doc), 2, 0.01);
	g_assert_cmpfloat_with_epsilon(seconds(all), 22, 0.01);
	g_autofree char *fanout = g_build_filename(slot, "fanout", NULL);
	g_autofree char *noted = NULL;
	g_assert_true(g_file_get_contents(fanout, &noted, NULL, NULL));
	g_assert_true(g_str_has_prefix(noted, "objects 100, "));
	g_assert_null(strstr(noted, "huge.h"));
	/* a damaged note is none */
	put("fanout", "objects many\n");
	g_assert_cmpfloat(seconds(one), <, 0);
	g_assert_cmpfloat(seconds("no hash"), <, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	git_libgit2_init();
	dir = g_dir_make_tmp("bisectfs-cost-XXXXXX", NULL);
	g_test_add_func("/cost", test_cost);
	int status = g_test_run();
	git_repository_free(git);
	git_libgit2_shutdown();
	file_remove_tree(dir, NULL);
	g_free(dir);
	return status;
}
