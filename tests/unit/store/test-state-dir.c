/* The state directory: one daemon's, closed to others, swept, and removed from at one moment. */
#include "engine/base/file.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *top, *state;

static void set_up(void)
{
	top = g_dir_make_tmp("state-XXXXXX", NULL);
	state = g_build_filename(top, "state", NULL);
}

static void tear_down(void)
{
	file_remove_tree(top, NULL);
	g_free(top);
	g_free(state);
}

static void open_and_close(void)
{
	struct error why = { 0 };
	int fd;
	if (state_dir_open(state, &fd, &why) != 0)
		g_error("%s", why.text);
	close(fd);
}

static mode_t mode_of(const char *name)
{
	g_autofree char *path = g_build_filename(state, name, NULL);
	struct stat st;
	g_assert_cmpint(g_stat(path, &st), ==, 0);
	return st.st_mode & 07777;
}

static void put(const char *name)
{
	g_autofree char *path = g_build_filename(state, name, NULL);
	g_autofree char *dir = g_path_get_dirname(path);
	g_assert_cmpint(file_mkdir(dir, NULL), ==, 0);
	g_assert_true(g_file_set_contents(path, "x", 1, NULL));
}

static bool is_there(const char *name)
{
	g_autofree char *path = g_build_filename(state, name, NULL);
	return file_exists(path);
}

static void test_lock(void)
{
	set_up();
	struct error why = { 0 };
	int one, two;
	g_assert_cmpint(state_dir_open(state, &one, &why), ==, 0);
	put("new/settings/files/.a.tmp"); /* the first one is writing it */
	g_assert_cmpint(state_dir_open(state, &two, &why), ==, -EBUSY);
	g_assert_nonnull(strstr(why.text, state));
	g_assert_true(is_there("new/settings/files/.a.tmp"));
	close(one);
	open_and_close();
	tear_down();
}

static const char *const parts[] = { "b", "kernels", "libvirt", "new", "slots", "trash", "users" };

static void test_closed(void)
{
	set_up();
	mode_t old = umask(0);
	open_and_close();
	umask(old);
	g_assert_cmpint(mode_of("."), ==, 0700);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(state, parts[i], NULL);
		g_assert_cmpint(mode_of(parts[i]), ==, 0700);
		g_assert_cmpint(g_chmod(path, 0755), ==, 0);
	}
	g_assert_cmpint(g_chmod(state, 0755), ==, 0);
	open_and_close();
	g_assert_cmpint(mode_of("."), ==, 0700);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		g_assert_cmpint(mode_of(parts[i]), ==, 0700);
	g_assert_cmpint(state_dir_let_through(state, NULL), ==, 0);
	g_assert_cmpint(mode_of("."), ==, 0711);
	tear_down();
}

/* Somebody's home, /srv, /tmp: not ours to close. */
static void test_others_things(void)
{
	set_up();
	put("letter");
	g_assert_cmpint(g_chmod(state, 0755), ==, 0);
	open_and_close();
	g_assert_cmpint(mode_of("."), ==, 0755);
	g_assert_cmpint(mode_of("b"), ==, 0700);
	g_autofree char *letter = g_build_filename(state, "letter", NULL);
	g_unlink(letter);
	g_assert_cmpint(g_chmod(state, 01777), ==, 0);
	open_and_close();
	g_assert_cmpint(mode_of("."), ==, 01777);
	tear_down();
}

static void test_settings(void)
{
	set_up();
	open_and_close();
	g_assert_cmpint(state_dir_make_settings(state, "x", NULL), ==, 0);
	g_assert_cmpint(mode_of("b/x"), ==, 0700);
	g_assert_cmpint(mode_of("b/x/settings"), ==, 0755);
	g_assert_cmpint(mode_of("b/x/settings/files"), ==, 0755);
	tear_down();
}

static void test_sweep(void)
{
	static const char *const ours[] = {
		"new/settings/.build.tmp",	"new/settings/build.tmp",
		"new/settings/files/.a.tmp",	"b/x/.guest-reproducer.tmp",
		"b/x/settings/files/.a.tmp",	"b/x/settings/reproducer.tmp",
		"b/x/settings/.reproducer.tmp",
	};
	static const char *const users[] = { "new/settings/files/a.tmp", "b/x/settings/files/a",
					     "b/x/settings/files/build.tmp",
					     "b/x/settings/reproducer", "b/x/journal" };
	set_up();
	for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
		put(ours[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(users); i++)
		put(users[i]);
	open_and_close();
	for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
		g_assert_false(is_there(ours[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(users); i++)
		g_assert_true(is_there(users[i]));
	tear_down();
}

static void test_paths(void)
{
	g_autofree char *step = state_dir_step("/s", "x", 3);
	g_autofree char *run = state_dir_run("/s", "x", 3, 7, "log");
	g_autofree char *setting = state_dir_setting("/s", "x", "build");
	g_autofree char *value = state_dir_setting("/s", NULL, "build");
	g_autofree char *all = state_dir_setting("/s", "x", NULL);
	g_assert_cmpstr(step, ==, "/s/b/x/steps/3");
	g_assert_cmpstr(run, ==, "/s/b/x/steps/3/runs/7.log");
	g_assert_cmpstr(setting, ==, "/s/b/x/settings/build");
	g_assert_cmpstr(value, ==, "/s/new/settings/build");
	g_assert_cmpstr(all, ==, "/s/b/x/settings");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/state-dir/lock", test_lock);
	g_test_add_func("/state-dir/closed", test_closed);
	g_test_add_func("/state-dir/others-things", test_others_things);
	g_test_add_func("/state-dir/settings", test_settings);
	g_test_add_func("/state-dir/sweep", test_sweep);
	g_test_add_func("/state-dir/paths", test_paths);
	return g_test_run();
}
