/* What is deleted is out of the way at once, and gone in the end, after a restart too. */
#include "engine/base/file.h"
#include "engine/store/trash.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

static char *state;

static void set_up(void)
{
	state = g_dir_make_tmp("trash-XXXXXX", NULL);
}

static void tear_down(void)
{
	file_remove_tree(state, NULL);
	g_free(state);
}

static struct trash *open_trash(void)
{
	struct trash *trash;
	struct error why = { 0 };
	if (trash_open(state, &trash, &why) != 0)
		g_error("%s", why.text);
	return trash;
}

/* A tree of some directories. */
static char *make_tree(const char *name)
{
	char *top = g_build_filename(state, name, NULL);
	for (int i = 0; i < 20; i++) {
		g_autofree char *dir = g_strdup_printf("%s/%d/below", top, i);
		g_autofree char *file = g_build_filename(dir, "file", NULL);
		g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
		g_assert_true(g_file_set_contents(file, "x", 1, NULL));
	}
	return top;
}

static guint count(const char *name)
{
	g_autofree char *dir = g_build_filename(state, name, NULL);
	g_autoptr(GPtrArray) names = file_names(dir);
	return names->len;
}

static void test_put(void)
{
	set_up();
	struct trash *trash = open_trash();
	for (int i = 0; i < 3; i++) { /* the name is free again each time */
		g_autofree char *tree = make_tree("x");
		g_assert_cmpint(trash_put(trash, tree, NULL), ==, 0);
		g_assert_false(file_exists(tree));
	}
	g_autofree char *file = g_build_filename(state, "file", NULL);
	g_assert_true(g_file_set_contents(file, "x", 1, NULL));
	g_assert_cmpint(trash_put(trash, file, NULL), ==, 0);
	g_assert_false(file_exists(file));
	trash_wait(trash);
	g_assert_cmpuint(count("trash"), ==, 0);
	trash_close(trash);
	tear_down();
}

static void test_nothing(void)
{
	set_up();
	struct trash *trash = open_trash();
	g_autofree char *path = g_build_filename(state, "nowhere", NULL);
	g_assert_cmpint(trash_put(trash, path, NULL), ==, 0);
	trash_wait(trash);
	trash_close(trash);
	tear_down();
}

/* Left by a daemon that was killed: deleted, and in nobody's way. */
static void test_left_over(void)
{
	set_up();
	for (int i = 1; i < 4; i++) {
		g_autofree char *name = g_strdup_printf("trash/%d", i);
		g_autofree char *left = make_tree(name);
	}
	struct trash *trash = open_trash();
	g_autofree char *tree = make_tree("x");
	g_assert_cmpint(trash_put(trash, tree, NULL), ==, 0);
	trash_close(trash); /* waits as well */
	g_assert_cmpuint(count("trash"), ==, 0);
	g_assert_false(file_exists(tree));
	tear_down();
}

/* A link is deleted, not what it leads to. */
static void test_link(void)
{
	set_up();
	struct trash *trash = open_trash();
	g_autofree char *kept = make_tree("kept");
	g_autofree char *tree = make_tree("x");
	g_autofree char *link = g_build_filename(tree, "link", NULL);
	g_assert_cmpint(symlink(kept, link), ==, 0);
	g_assert_cmpint(trash_put(trash, tree, NULL), ==, 0);
	trash_close(trash);
	g_assert_cmpuint(count("kept"), ==, 20);
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trash/put", test_put);
	g_test_add_func("/trash/nothing", test_nothing);
	g_test_add_func("/trash/left-over", test_left_over);
	g_test_add_func("/trash/link", test_link);
	return g_test_run();
}
