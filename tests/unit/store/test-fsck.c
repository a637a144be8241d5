/* What is wrong with a state directory, told apart from what the next mount sees to. */
#include "engine/base/file.h"
#include "engine/store/fsck.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *state;
static int lock;

/* Journals of before there were checksums are read as well. */
#define CREATED "{\"event\":\"created\",\"time\":1,\"name\":\"x\",\"uid\":0,\"gid\":0}\n"
#define STARTED                                                                          \
	"{\"event\":\"started\",\"time\":2,\"text\":\"a\",\"commit\":\"a\",\"list\":[]," \
	"\"values\":{},\"host\":\"h\"}\n"
#define RUN                                                                             \
	"{\"event\":\"loaded\",\"time\":3,\"list\":[]}\n"                               \
	"{\"event\":\"step\",\"time\":4,\"step\":0,\"commit\":\"a\",\"subject\":\"s\"," \
	"\"role\":\"original\"}\n"                                                      \
	"{\"event\":\"built\",\"time\":5,\"step\":0,\"signature\":\"s\"}\n"             \
	"{\"event\":\"run_started\",\"time\":6,\"step\":0,\"run\":0}\n"                 \
	"{\"event\":\"run_done\",\"time\":7,\"step\":0,\"run\":0,\"outcome\":\"ok\"}\n"
#define ABORTED "{\"event\":\"aborted\",\"time\":8}\n"

static void set_up(void)
{
	state = g_dir_make_tmp("fsck-XXXXXX", NULL);
	g_assert_cmpint(state_dir_open(state, &lock, NULL), ==, 0);
	close(lock);
}

static void tear_down(void)
{
	file_remove_tree(state, NULL);
	g_free(state);
}

static void put(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(state, name, NULL);
	g_autofree char *dir = g_path_get_dirname(path);
	g_assert_cmpint(file_mkdir(dir, NULL), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void found(void *arg, bool harmless, const char *path, const char *what)
{
	g_assert_true(g_str_has_prefix(path, state));
	g_string_append_printf(arg, "%s%s: %s\n", harmless ? "note: " : "",
			       path + strlen(state) + 1, what);
}

static struct fsck look(GString *said)
{
	struct fsck f = { .found = found, .arg = said };
	struct error why = { 0 };
	if (fsck_state(&f, state, &why) != 0)
		g_error("%s", why.text);
	return f;
}

static void says(int problems, int notes, const char *pattern)
{
	g_autoptr(GString) said = g_string_new(NULL);
	struct fsck f = look(said);
	if (!g_pattern_match_simple(pattern, said->str))
		g_error("'%s' is not like '%s'", said->str, pattern);
	if (f.problems != problems || f.notes != notes)
		g_error("%d problems, %d notes: %s", f.problems, f.notes, said->str);
}

static void test_whole(void)
{
	set_up();
	put("b/x/journal", CREATED STARTED RUN);
	put("b/x/steps/0/runs/0.log", "");
	put("b/x/settings/reproducer", "#!/bin/sh\n");
	put("b/x/settings/runs", "3");
	put("b/x/settings/files/runs.tmp", "\xff");
	put("kernels/a/result", "{\"signature\":\"s\"}");
	put("kernels/a/kernel", "x");
	g_autoptr(GString) said = g_string_new(NULL);
	struct fsck f = look(said);
	g_assert_cmpstr(said->str, ==, "");
	g_assert_cmpint(f.bisections, ==, 1);
	g_assert_cmpint(f.runs, ==, 1);
	g_assert_cmpint(f.kernels, ==, 1);
	tear_down();
}

static void test_problems(void)
{
	set_up();
	put("b/x/journal", CREATED STARTED RUN);
	says(1, 0, "b/x/steps/0/runs/0.log: missing*");
	put("b/x/steps/0/runs/0.log", "");
	put("b/x/settings/runs", "many");
	says(1, 0, "b/x/settings/runs: *'many'*");
	put("b/x/settings/runs", "3");
	put("b/x/journal", CREATED "nonsense\n" STARTED);
	says(1, 0, "b/x/journal: 2: *put back a copy*");
	put("b/x/journal", CREATED CREATED);
	says(1, 0, "b/x/journal: 2: *");
	g_autofree char *right = g_build_filename(state, "b", "x", NULL);
	g_autofree char *wrong = g_build_filename(state, "b", "y", NULL);
	put("b/x/journal", CREATED);
	g_assert_cmpint(g_rename(right, wrong), ==, 0);
	says(1, 0, "b/y/journal: 1: this is the journal of 'x'*");
	tear_down();
}

static void test_notes(void)
{
	set_up();
	put("b/x/journal", "");
	says(0, 1, "note: b/x: made by a command that was never answered*");
	put("b/x/journal", CREATED "{\"event\":\"sta");
	says(0, 1, "note: b/x/journal: the last 13 bytes*");
	put("b/x/journal", CREATED STARTED ABORTED);
	put("b/x/ahead/k/runs/0.log", "");
	says(0, 1, "note: b/x/ahead: *");
	put("b/x/journal", CREATED STARTED);
	says(0, 0, "");
	put("trash/y/journal", "");
	says(0, 1, "note: trash/y: *");
	put("kernels/a.part/kernel", "");
	put("kernels/b/kernel", "");
	put("kernels/c/result", "{\"signature\":\"s\"}");
	says(0, 4,
	     "note: kernels/a.part: *cut short\nnote: kernels/b/result: *built again\n"
	     "note: kernels/c/kernel: missing*\nnote: trash/y: *");
	tear_down();
}

/* It changes nothing, and disturbs nobody. */
static void test_refused(void)
{
	set_up();
	struct fsck f = { .found = found };
	struct error why = { 0 };
	g_assert_cmpint(state_dir_open(state, &lock, NULL), ==, 0);
	g_assert_cmpint(fsck_state(&f, state, &why), ==, -EBUSY);
	close(lock);
	g_autofree char *b = g_build_filename(state, "b", NULL);
	g_assert_cmpint(fsck_state(&f, b, &why), ==, -ENOENT);
	g_assert_nonnull(strstr(why.text, "is no state directory"));
	g_autoptr(GPtrArray) names = file_names(b);
	g_assert_cmpuint(names->len, ==, 0);
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fsck/whole", test_whole);
	g_test_add_func("/fsck/problems", test_problems);
	g_test_add_func("/fsck/notes", test_notes);
	g_test_add_func("/fsck/refused", test_refused);
	return g_test_run();
}
