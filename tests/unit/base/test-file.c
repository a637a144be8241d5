/* Files that are written whole or not at all, and never through a link. */
#include "engine/base/file.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir;

static void set_up(void)
{
	dir = g_dir_make_tmp("file-XXXXXX", NULL);
}

static void tear_down(void)
{
	g_assert_cmpint(file_remove_tree(dir, NULL), ==, 0);
	g_assert_false(file_exists(dir));
	g_free(dir);
}

static char *in_dir(const char *name)
{
	return g_build_filename(dir, name, NULL);
}

static void put(const char *name, const char *text)
{
	g_autofree char *path = in_dir(name);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void holds(const char *name, const char *wanted)
{
	g_autofree char *path = in_dir(name);
	g_autofree char *text = NULL;
	g_file_get_contents(path, &text, NULL, NULL);
	g_assert_cmpstr(text, ==, wanted);
}

/* All names in the directory, in one line. */
static void names_are(const char *wanted)
{
	g_autoptr(GPtrArray) names = file_names(dir);
	g_ptr_array_add(names, NULL);
	g_autofree char *line = g_strjoinv(" ", (char **)names->pdata);
	g_assert_cmpstr(line, ==, wanted);
}

static mode_t mode_of(const char *name)
{
	g_autofree char *path = in_dir(name);
	struct stat st;
	g_assert_cmpint(lstat(path, &st), ==, 0);
	return st.st_mode & 07777;
}

static void test_write(void)
{
	set_up();
	g_autofree char *path = in_dir("a");
	mode_t old = umask(077);
	g_assert_cmpint(file_write(path, "one", 3, 0644, NULL), ==, 0);
	umask(old);
	g_assert_cmpint(mode_of("a"), ==, 0644);
	g_assert_cmpint(file_write(path, "two!", 4, 0600, NULL), ==, 0);
	g_assert_cmpint(mode_of("a"), ==, 0600);
	holds("a", "two!");
	names_are("a");
	tear_down();
}

/* A write that does not come to its end leaves what was there, and nothing else. */
static void test_failed_write(void)
{
	set_up();
	g_autofree char *path = in_dir("a");
	struct rlimit old, limit;
	struct error why = { 0 };
	put("a", "old");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){ .rlim_cur = 4, .rlim_max = old.rlim_max };
	setrlimit(RLIMIT_FSIZE, &limit);
	err_t err = file_write(path, "too long", 8, 0644, &why);
	setrlimit(RLIMIT_FSIZE, &old);
	g_assert_cmpint(err, ==, -EFBIG);
	g_assert_nonnull(strstr(why.text, path));
	holds("a", "old");
	names_are("a");
	tear_down();
}

/* Neighbours that users could have made are not ours to use. */
static void test_neighbours(void)
{
	set_up();
	g_autofree char *path = in_dir("a");
	put("a.tmp", "mine");
	put("a.part", "mine");
	put("a~", "mine");
	g_assert_cmpint(file_write(path, "x", 1, 0644, NULL), ==, 0);
	holds("a.tmp", "mine");
	names_are("a a.part a.tmp a~");
	tear_down();
}

static void test_links(void)
{
	set_up();
	g_autofree char *path = in_dir("a");
	g_autofree char *temporary = in_dir(".a.tmp");
	g_autofree char *secret = in_dir("secret");
	put("secret", "secret");
	g_assert_cmpint(symlink(secret, path), ==, 0);
	g_assert_cmpint(symlink(secret, temporary), ==, 0);
	g_assert_cmpint(file_write(path, "x", 1, 0644, NULL), ==, 0);
	holds("a", "x");
	holds("secret", "secret");
	g_assert_false(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
	names_are("a secret");
	tear_down();
}

static void test_remove_temporary(void)
{
	set_up();
	put(".a.tmp", "half");
	put("..config.tmp", "half");
	put("a", "whole");
	put("a.tmp", "a user's");
	put(".config", "kbuild's");
	file_remove_temporary(dir);
	names_are(".config a a.tmp");
	g_autofree char *missing = in_dir("missing");
	file_remove_temporary(missing);
	tear_down();
}

static void test_mkdir(void)
{
	set_up();
	g_autofree char *deep = in_dir("x/y");
	mode_t old = umask(022);
	g_assert_cmpint(file_mkdir(deep, NULL), ==, 0);
	g_assert_cmpint(file_mkdir(deep, NULL), ==, 0);
	umask(old);
	put("file", "");
	g_autofree char *below = in_dir("file/z");
	struct error why = { 0 };
	g_assert_cmpint(file_mkdir(below, &why), ==, -ENOTDIR);
	g_assert_nonnull(strstr(why.text, below));
	tear_down();
}

/* What is private stays with its owner, links are not followed, all other names come along. */
static void test_copy_tree(void)
{
	set_up();
	g_autofree char *from = in_dir("from");
	g_autofree char *files = in_dir("from/files");
	g_autofree char *to = in_dir("to");
	g_autofree char *secret = in_dir("from/private");
	g_autofree char *link = in_dir("from/link");
	g_assert_cmpint(file_mkdir(files, NULL), ==, 0);
	put("from/a", "a");
	put("from/a.tmp", "a.tmp");
	put("from/files/b.tmp", "b");
	put("from/.c.tmp", "half");
	put("from/private", "secret");
	g_assert_cmpint(g_chmod(secret, 0640), ==, 0);
	g_assert_cmpint(symlink("private", link), ==, 0);
	g_assert_cmpint(file_copy_tree(from, to, S_IROTH, NULL), ==, 0);
	holds("to/a", "a");
	holds("to/a.tmp", "a.tmp");
	holds("to/files/b.tmp", "b");
	holds("to/.c.tmp", NULL);
	holds("to/private", NULL);
	holds("to/link", NULL);
	g_assert_cmpint(file_copy_tree(from, to, 0, NULL), ==, 0);
	g_assert_cmpint(mode_of("to/private"), ==, 0640);
	g_autofree char *missing = in_dir("missing");
	g_autofree char *empty = in_dir("empty");
	g_assert_cmpint(file_copy_tree(missing, empty, 0, NULL), ==, 0);
	g_assert_true(file_exists(empty));
	tear_down();
}

static void test_below(void)
{
	set_up();
	g_autofree char *tree = in_dir("tree");
	g_autofree char *out = in_dir("tree/out");
	g_autofree char *in = in_dir("tree/in");
	g_autofree char *fifo = in_dir("tree/fifo");
	g_assert_cmpint(file_mkdir(tree, NULL), ==, 0);
	put("secret", "secret");
	put("tree/plain", "plain");
	g_assert_cmpint(symlink("../secret", out), ==, 0);
	g_assert_cmpint(symlink("plain", in), ==, 0);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(file_open_below(tree, "out"), ==, -1);
	g_assert_cmpint(file_open_below(tree, "../secret"), ==, -1);
	g_assert_cmpint(file_open_below(tree, "fifo"), ==, -1);
	g_assert_cmpint(errno, ==, EINVAL);
	gsize len = 0;
	g_autofree char *plain = file_read_below(tree, "in", 5, &len);
	g_assert_cmpstr(plain, ==, "plain");
	g_assert_cmpuint(len, ==, 5);
	g_assert_null(file_read_below(tree, "plain", 4, &len));
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/file/write", test_write);
	g_test_add_func("/file/failed-write", test_failed_write);
	g_test_add_func("/file/neighbours", test_neighbours);
	g_test_add_func("/file/links", test_links);
	g_test_add_func("/file/remove-temporary", test_remove_temporary);
	g_test_add_func("/file/mkdir", test_mkdir);
	g_test_add_func("/file/copy-tree", test_copy_tree);
	g_test_add_func("/file/below", test_below);
	return g_test_run();
}
