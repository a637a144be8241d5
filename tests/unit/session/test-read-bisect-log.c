/*
 * Texts that `git bisect log` prints, and some that it does not.
 */
#include "engine/session/bisect_log.h"

#include <string.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"

/* What is read, as "LINE SIDE REVISION" with a * for words of the start; or what is refused. */
static const struct {
	const char *what, *text, *read;
} cases[] = {
	{ "nothing", "", "" },
	{ "the words of the start", "git bisect start 'v6.2' 'v6.1' \"v6.0\"\n",
	  "1* new v6.2\n1* old v6.1\n1* old v6.0\n" },
	{ "comments say which commits they were",
	  "# bad: [" A "] sub: a [b] c\n# good: [" B "] Linux 6.1\n"
	  "git bisect start 'HEAD' 'v6.1'\n# good: [" C "] x\ngit bisect good " C "\n",
	  "3* new " A "\n3* old " B "\n5 old " C "\n" },
	{ "a comment is missing: the words count", "# bad: [" A "] x\ngit bisect start HEAD v6.1\n",
	  "2* new HEAD\n2* old v6.1\n" },
	{ "a start alone, with what git says of its state",
	  "git bisect start\n# status: waiting for both good and bad commits\n"
	  "# bad: [" A "] x\ngit bisect bad " A "\n"
	  "# status: waiting for good commit(s), bad commit known\n"
	  "# good: [" B "] x\ngit bisect good " B "\n"
	  "# first bad commit: [" A "] x\n",
	  "4 new " A "\n7 old " B "\n" },
	{ "CRLF, indented, an editor's mark",
	  "\xef\xbb\xbfgit bisect start\r\n  git bisect new v2\r\n\r\n\tgit bisect old v1\r\n",
	  "2 new v2\n4 old v1\n" },
	{ "terms of its own",
	  "git bisect start '--term-new=fixed' '--term-old' 'broken' v2 v1\n"
	  "git bisect broken x\ngit bisect fixed y\ngit bisect skip z\n",
	  "1* new v2\n1* old v1\n2 old x\n3 new y\n4 skip z\n" },
	{ "one term of its own",
	  "git bisect start --term-old=slow\ngit bisect slow x\ngit bisect bad y\n",
	  "2 old x\n3 new y\n" },
	{ "several commits and a range",
	  "git bisect start\ngit bisect good a b\ngit bisect skip v1..v2 c\n",
	  "2 old a\n2 old b\n3 skip v1..v2\n3 skip c\n" },
	{ "the last start counts",
	  "git bisect start --term-new=x v9 v8\ngit bisect start\ngit bisect bad v2\n",
	  "3 new v2\n" },
	{ "git-bisect, a quote in a quote", "git-bisect start 'it'\\''s' # as before 1.6\n",
	  "1* new it's\n" },
	{ "without the start", "git bisect bad v2\n", "1 new v2\n" },
	{ "an unknown word", "git bisect start\n\ngit bisect god v2\n",
	  "!line 3: 'git bisect god' is none of start, bad, good, skip" },
	{ "by itself", "git bisect\n", "!line 1: 'git bisect' without a command" },
	{ "good and bad", "git bisect start v2 v1\ngit bisect good v2\n",
	  "!line 2: 'v2' is good, and by line 1 bad" },
	{ "an option without its value", "git bisect start --term-new\n",
	  "!line 1: '--term-new' is no option of 'git bisect start'" },
};

static char *printed(const struct bisect_log *log)
{
	static const char *const sides[] = { "old", "new", "skip" };
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < log->entries->len; i++) {
		const struct bisect_log_entry *entry =
			&g_array_index(log->entries, struct bisect_log_entry, i);
		g_string_append_printf(out, "%d%s %s %s\n", entry->line, entry->at_start ? "*" : "",
				       sides[entry->side], entry->revision);
	}
	return g_string_free(out, FALSE);
}

static void test_case(gconstpointer arg)
{
	gsize i = GPOINTER_TO_SIZE(arg);
	struct bisect_log log;
	struct error why = { 0 };
	err_t err = bisect_log_parse(cases[i].text, &log, &why);
	if (*cases[i].read == '!') {
		g_autofree char *want = g_strdup_printf("bisect-log: %s", cases[i].read + 1);
		g_assert_cmpstr(why.text, ==, want);
		g_assert_cmpint(err, <, 0);
	} else {
		g_autofree char *text = printed(&log);
		g_assert_cmpstr(why.text, ==, "");
		g_assert_cmpstr(text, ==, cases[i].read);
	}
	bisect_log_clear(&log);
}

static void test_narrowed(void)
{
	struct bisect_log log;
	g_assert_cmpint(
		bisect_log_parse("\ngit bisect start --first-parent v2 v1 -- 'a b'\n", &log, NULL),
		==, 0);
	g_assert_cmpint(log.first_parent, ==, 2);
	g_assert_cmpint(log.paths, ==, 2);
	g_assert_cmpuint(log.entries->len, ==, 2);
	bisect_log_clear(&log);
	g_assert_cmpint(bisect_log_parse("git bisect start v2 v1 --\n", &log, NULL), ==, 0);
	g_assert_cmpint(log.paths, ==, 0);
	bisect_log_clear(&log);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/bisect-log/%s", cases[i].what);
		g_strdelimit(path + 12, "/", '-');
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_case);
	}
	g_test_add_func("/bisect-log/narrowed", test_narrowed);
	return g_test_run();
}
