/* Suites as they are printed, and the case that failed first in them. */
#include "vmm/tap.h"

#include <glib.h>
#include <string.h>

static const struct {
	const char *name, *text;
	const char *failed, *skipped; /* NULL: none */
} suites[] = {
	{ "none", "hello\nnot ok 1 foo\n", NULL, NULL },
	{ "plan-first", "1..2\nok 1 a\nnot ok 2 b\n", "not ok 2 b", NULL },
	{ "plan-last", "ok 1 a\nnot ok 2 b\n1..2\n", "not ok 2 b", NULL },
	{ "version", "KTAP version 1\nnot ok 1 a\nnot ok 2 b\n", "not ok 1 a", NULL },
	{ "fine", "TAP version 13\n1..2\nok 1 - a\nok 2 - b\n", NULL, NULL },
	{ "no-number", "TAP version 14\nnot ok - a\n", "not ok - a", NULL },
	{ "other-words", "TAP version 13\n1..1\nnot okay\nnothing\nokay 3\nnot ok\n", "not ok",
	  NULL },
	{ "no-plan", "1..x\n1..\n1..2 cases\nnot ok 1 a\n", NULL, NULL },
	{ "diagnostic", "TAP version 13\n1..1\n# not ok so far\nok 1 a\n# not ok 2 b\n", NULL,
	  NULL },
	{ "comment", "1..1\nnot ok 1 a # after 3.2 s\n", "not ok 1 a", NULL },
	{ "escaped", "1..1\nnot ok 1 a \\# b\n", "not ok 1 a \\# b", NULL },
	{ "timeout", "1..1\nnot ok 1 a # TIMEOUT 45 seconds\n", "not ok 1 a # TIMEOUT", NULL },
	{ "error", "1..1\nnot ok 1 a # error: no memory\n", "not ok 1 a # ERROR", NULL },
	{ "todo", "1..1\nnot ok 1 a # TODO not yet\n", NULL, NULL },
	{ "xfail", "1..1\nnot ok 1 a # XFAIL known\n", NULL, NULL },
	{ "todo-in-a-name", "1..1\nnot ok 1 a # TODOS\n", "not ok 1 a", NULL },
	{ "skip-one", "1..2\nok 1 a # SKIP no device\nok 2 b\n", NULL, NULL },
	{ "skip-each", "1..2\nok 1 a # SKIP x\nok 2 b # skip\n", NULL,
	  "all test cases were skipped" },
	{ "skip-all", "TAP version 13\n1..0 # SKIP no device\n", NULL, "1..0 # SKIP no device" },
	{ "none-planned", "TAP version 13\n1..0\n", NULL, NULL },
	{ "skip-and-fail", "1..2\nok 1 a # SKIP x\nnot ok 2 b\n", "not ok 2 b", NULL },
	{ "bail-out", "1..2\nok 1 a\nBail out! no memory\n", "Bail out! no memory", NULL },
	{ "nested",
	  "KTAP version 1\n1..2\n    KTAP version 1\n    # Subtest: suite\n    1..3\n    ok 1 x\n"
	  "    not ok 2 y\n    not ok 3 z\nnot ok 1 suite\nnot ok 2 other\n",
	  "not ok 2 y", NULL },
	{ "nested-deep",
	  "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n    KTAP version 1\n    1..1\n"
	  "    not ok 1 deep\n  not ok 1 middle\nnot ok 1 top\n",
	  "not ok 1 deep", NULL },
	{ "nested-and-fine-after-all", "1..1\n    1..1\n    not ok 1 y\nok 1 suite\n", NULL, NULL },
	{ "nested-todo", "1..1\n    1..1\n    not ok 1 y\nnot ok 1 suite # TODO\n", NULL, NULL },
	{ "nested-without-end", "1..1\n    1..2\n    not ok 1 y\n", "not ok 1 y", NULL },
	{ "nested-after-a-failure", "1..2\nnot ok 1 a\n    1..1\n    not ok 1 y\n", "not ok 1 a",
	  NULL },
	{ "kselftest",
	  "TAP version 13\n1..2\n# timeout set to 45\n# selftests: proc: read\n# TAP version 13\n"
	  "# 1..2\n# ok 1 self\n# not ok 2 thread # errno 22\nnot ok 1 selftests: proc: read # "
	  "exit=1\n",
	  "not ok 2 thread", NULL },
	{ "kselftest-without-cases",
	  "TAP version 13\n1..1\n# selftests: proc: read\nnot ok 1 selftests: proc: read # "
	  "exit=1\n",
	  "not ok 1 selftests: proc: read", NULL },
	{ "kselftest-skip",
	  "TAP version 13\n1..1\n# selftests: proc: read\nok 1 selftests: proc: read # SKIP\n",
	  NULL, "all test cases were skipped" },
	{ "harness",
	  "TAP version 13\n1..2\n# Starting 2 tests from 1 test cases.\n#  RUN           global.a "
	  "...\n"
	  "# a.c:7:a:Expected 1 (1) == 2 (2)\n# a: Test failed at step #3\n#          FAIL  "
	  "global.a\n"
	  "not ok 1 global.a\n#  RUN           global.b ...\nok 2 global.b\n",
	  "not ok 1 global.a", NULL },
};

static void take(struct tap *t, const char *text)
{
	char title[TAP_TITLE];
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++)
		tap_line(t, *l, title);
}

static void test_suite(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	struct tap t = { 0 };
	take(&t, suites[i].text);
	g_assert_cmpstr(tap_failed(&t), ==, suites[i].failed);
	g_assert_cmpstr(tap_skipped(&t), ==, suites[i].skipped);
}

/* However far a line is indented, and however long it is. */
static void test_bounds(void)
{
	struct tap t = { 0 };
	g_autoptr(GString) text = g_string_new("1..1\n");
	for (int i = 0; i < 1000; i++)
		g_string_append(text, "# ");
	g_string_append(text, "1..1\n");
	for (int i = 0; i < 1000; i++)
		g_string_append(text, "# ");
	g_string_append(text, "not ok ");
	for (int i = 0; i < 1000; i++)
		g_string_append(text, "name");
	take(&t, text->str);
	g_assert_nonnull(tap_failed(&t));
	g_assert_cmpint(strlen(tap_failed(&t)), ==, TAP_TITLE - 1);
}

static void test_results(void)
{
	struct tap t = { 0 };
	char title[TAP_TITLE];
	g_assert_cmpint(tap_line(&t, "1..5", title), ==, TAP_NONE);
	g_assert_cmpint(tap_line(&t, "  ok 1 a # 3 ms", title), ==, TAP_OK);
	g_assert_cmpstr(title, ==, "ok 1 a");
	g_assert_cmpint(tap_line(&t, "ok 2 b # SKIP", title), ==, TAP_SKIPPED);
	g_assert_cmpint(tap_line(&t, "not ok 3 c # TODO", title), ==, TAP_EXPECTED);
	g_assert_cmpstr(title, ==, "not ok 3 c");
	g_assert_cmpint(tap_line(&t, "not ok 4 d", title), ==, TAP_FAILED);
	g_assert_cmpint(tap_line(&t, "ok: fine", title), ==, TAP_NONE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(suites); i++) {
		g_autofree char *path = g_strdup_printf("/tap/%s", suites[i].name);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_suite);
	}
	g_test_add_func("/tap/bounds", test_bounds);
	g_test_add_func("/tap/results", test_results);
	return g_test_run();
}
