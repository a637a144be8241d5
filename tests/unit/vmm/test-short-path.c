/*
 * The state directory's short name: where the link is made, that nobody else's directory is used,
 * and what happens to it when it is removed, or points elsewhere.
 */
#include "engine/base/file.h"
#include "vmm/short_path.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char *dir, *state; /* what XDG_RUNTIME_DIR is, and a state directory with a long path */
};

static void set_up(struct fixture *f, gconstpointer unused)
{
	g_autofree char *name = g_strnfill(200, 'x');
	(void)unused;
	f->dir = g_dir_make_tmp("sp-XXXXXX", NULL);
	f->state = g_build_filename(f->dir, name, NULL);
	g_mkdir(f->state, 0700);
	g_setenv("XDG_RUNTIME_DIR", f->dir, TRUE);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	file_remove_tree(f->dir, NULL);
	g_free(f->state);
	g_free(f->dir);
}

static char *make(const struct fixture *f)
{
	struct error why = { 0 };
	char *path = NULL;
	if (short_path_make(f->state, &path, &why) != 0)
		g_error("%s", why.text);
	return path;
}

static void assert_leads_there(const char *path, const struct fixture *f)
{
	g_autofree char *real = realpath(path, NULL);
	g_assert_cmpstr(real, ==, f->state);
	g_assert_cmpuint(strlen(path), <=, 41);
}

static void test_made(struct fixture *f, gconstpointer unused)
{
	g_autofree char *path = make(f), *again = make(f);
	(void)unused;
	g_assert_true(g_str_has_prefix(path, f->dir));
	assert_leads_there(path, f);
	g_assert_cmpstr(path, ==, again);
	short_path_remove(path, f->state);
	g_assert_false(file_exists(path));
	g_assert_true(file_exists(f->state));
}

static void test_dangling(struct fixture *f, gconstpointer unused)
{
	g_autofree char *path = make(f), *dir = g_path_get_dirname(path);
	g_autofree char *dead = g_build_filename(dir, "0123456789", NULL);
	(void)unused;
	g_assert_cmpint(symlink("/nonexistent/state", dead), ==, 0);
	unlink(path);
	g_free(make(f));
	assert_leads_there(path, f);
	g_autofree char *target = g_file_read_link(dead, NULL);
	g_assert_null(target);
}

static void test_kept(struct fixture *f, gconstpointer unused)
{
	g_autofree char *path = make(f), *dir = g_path_get_dirname(path);
	struct error why = { 0 };
	(void)unused;
	file_remove_tree(dir, NULL);
	g_assert_cmpint(short_path_keep(path, f->state, &why), ==, 0);
	assert_leads_there(path, f);
	unlink(path);
	g_assert_cmpint(symlink("/", path), ==, 0);
	g_assert_cmpint(short_path_keep(path, f->state, &why), ==, 0);
	assert_leads_there(path, f);
	file_remove_tree(dir, NULL);
	g_assert_true(g_file_set_contents(dir, "", 0, NULL)); /* no directory can be made */
	g_assert_cmpint(short_path_keep(path, f->state, &why), ==, -EIO);
}

/* One whose link points elsewhere by now is another's: it stays. */
static void test_not_removed(struct fixture *f, gconstpointer unused)
{
	g_autofree char *path = make(f);
	(void)unused;
	unlink(path);
	g_assert_cmpint(symlink("/", path), ==, 0);
	short_path_remove(path, f->state);
	g_autofree char *target = g_file_read_link(path, NULL);
	g_assert_cmpstr(target, ==, "/");
}

/* Where others may write they could put a link of their own in place of ours. */
static void test_open_to_others(struct fixture *f, gconstpointer unused)
{
	g_autofree char *dir = g_build_filename(f->dir, "bisectfs", NULL);
	(void)unused;
	g_mkdir(dir, 0755);
	g_assert_cmpint(chmod(dir, 0777), ==, 0);
	g_autofree char *path = make(f);
	g_assert_false(g_str_has_prefix(path, f->dir));
	assert_leads_there(path, f);
	short_path_remove(path, f->state);
}

static void test_long_or_odd_directory(struct fixture *f, gconstpointer unused)
{
	const char *const dirs[] = { "/tmp/a-directory-that-is-too-long-by-itself-already",
				     "relative", "" };
	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(dirs); i++) {
		g_setenv("XDG_RUNTIME_DIR", dirs[i], TRUE);
		g_autofree char *path = make(f);
		assert_leads_there(path, f);
		short_path_remove(path, f->state);
	}
}

/* Whoever looks for what an earlier daemon left finds its name among these. */
static void test_all(struct fixture *f, gconstpointer unused)
{
	g_autofree char *path = make(f);
	g_autoptr(GPtrArray) all = short_path_all(f->state);
	(void)unused;
	g_assert_cmpstr(g_ptr_array_index(all, 0), ==, f->state);
	g_assert_true(g_ptr_array_find_with_equal_func(all, path, g_str_equal, NULL));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct fixture *, gconstpointer);
	} tests[] = {
		{ "/short-path/made", test_made },
		{ "/short-path/dangling", test_dangling },
		{ "/short-path/kept", test_kept },
		{ "/short-path/not-removed", test_not_removed },
		{ "/short-path/open-to-others", test_open_to_others },
		{ "/short-path/long-or-odd-directory", test_long_or_odd_directory },
		{ "/short-path/all", test_all },
	};
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, struct fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
