/*
 * Logs of searches taken over in a repository with releases and merges: what becomes an end, what a
 * verdict, and what is refused.
 */
#include "engine/history/take_over.h"
#include "tests/random-history.h"

#include <string.h>

static struct random_history *history;
static struct repo *repo;

/* The commits of the line of first parents, the newest first. */
static const char *main_line(int back)
{
	int c = history->n - 1;
	while (back-- > 0)
		c = history->commits[c].parents[0];
	return history->commits[c].hash;
}

struct result {
	struct take_over all;
	err_t err;
	struct error why;
};

/* `words`: what the user wrote. */
static struct result take(bool fix, const char *words, const char *format, ...) G_GNUC_PRINTF(3, 4);
static struct result take(bool fix, const char *words, const char *format, ...)
{
	struct result r = { .all = { .goods = g_ptr_array_new_with_free_func(g_free),
				     .judged = g_ptr_array_new_with_free_func(g_free) } };
	g_auto(GStrv) list = g_strsplit(words, " ", -1);
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	r.all.commit = g_strdup(list[0]);
	for (char **w = list; *w && w[1]; w++)
		g_ptr_array_add(r.all.goods, g_strdup(w[1]));
	r.err = take_over_log(repo, text, fix, &r.all, &r.why);
	return r;
}

static char *join(const GPtrArray *list)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < list->len; i++)
		g_string_append_printf(out, "%s%s", i ? "\n" : "", (char *)list->pdata[i]);
	return g_string_free(out, FALSE);
}

static void result_clear(struct result *r)
{
	g_free(r->all.commit);
	g_ptr_array_unref(r->all.goods);
	g_ptr_array_unref(r->all.judged);
}

static void expect(struct result r, const char *commit, const char *goods, const char *judged)
{
	g_autofree char *has_goods = join(r.all.goods);
	g_autofree char *has_judged = join(r.all.judged);
	g_assert_cmpstr(r.why.text, ==, "");
	g_assert_cmpstr(r.all.commit, ==, commit);
	g_assert_cmpstr(has_goods, ==, goods);
	g_assert_cmpstr(has_judged, ==, judged);
	result_clear(&r);
}

static void refuse(struct result r, const char *pattern)
{
	if (!r.err || !g_pattern_match_simple(pattern, r.why.text))
		g_error("'%s' is not like '%s'", r.why.text, pattern);
	result_clear(&r);
}

static void test_half_way(void)
{
	g_autofree char *judged = g_strdup_printf("good %s\nbad %s", main_line(12), main_line(8));
	g_autofree char *two = g_strdup_printf("%s\n%s", main_line(20), main_line(18));
	expect(take(false, "",
		    "git bisect start master %s %s\ngit bisect good %s\n"
		    "git bisect bad %s\ngit bisect bad %s\n",
		    main_line(20), main_line(18), main_line(12), main_line(8), main_line(8)),
	       main_line(0), two, judged);
	/* ends that are told one by one */
	g_autofree char *later = g_strdup_printf("good %s", main_line(12));
	expect(take(false, "",
		    "git bisect start\ngit bisect old %s\ngit bisect new master\n"
		    "git bisect old %s\n",
		    main_line(20), main_line(12)),
	       main_line(0), main_line(20), later);
	expect(take(false, "", "git bisect start master\n"), main_line(0), "", "");
}

static void test_skips(void)
{
	/* a range, without what is known of its commits */
	g_autofree char *skipped = g_strdup_printf("%s..%s", main_line(6), main_line(5));
	struct result r = take(false, "", "git bisect start master %s\ngit bisect skip %s\n",
			       main_line(20), skipped);
	g_autofree char *first = g_strdup_printf("skip %s", main_line(5));
	g_assert_cmpint(r.err, ==, 0);
	g_assert_cmpuint(r.all.judged->len, >=, 1);
	g_assert_cmpstr(r.all.judged->pdata[0], ==, first);
	for (guint i = 0; i < r.all.judged->len; i++) {
		int c = random_history_find(history, (char *)r.all.judged->pdata[i] + 5);
		g_assert_false(random_history_reaches(
			history, random_history_find(history, main_line(6)), c));
	}
	result_clear(&r);
	g_autofree char *good = g_strdup_printf("good %s", main_line(9));
	expect(take(false, "",
		    "git bisect start master %s\ngit bisect skip %s\ngit bisect good %s\n"
		    "git bisect skip %s\n",
		    main_line(20), main_line(0), main_line(9), main_line(9)),
	       main_line(0), main_line(20), good);
}

/* The older side has the bug, the newer one is fixed. */
static void test_fix(void)
{
	g_autofree char *judged = g_strdup_printf("bad %s\ngood %s", main_line(12), main_line(8));
	expect(take(true, "",
		    "git bisect start --term-old=broken --term-new=fixed master %s\n"
		    "git bisect broken %s\ngit bisect fixed %s\n",
		    main_line(20), main_line(12), main_line(8)),
	       main_line(20), main_line(0), judged);
	refuse(take(true, "", "git bisect start\ngit bisect fixed master\n"), "*none of*");
	refuse(take(true, "", "git bisect start\ngit bisect new master\n"), "*'BAD' to start*");
}

/* What is written to `start` wins. */
static void test_words(void)
{
	g_autofree char *ends = g_strdup_printf("%s %s", main_line(5), main_line(15));
	g_autofree char *judged = g_strdup_printf("good %s\ngood %s", main_line(20), main_line(12));
	/* master is bad anyhow, main_line(17) is good by the user's word */
	expect(take(false, ends,
		    "git bisect start master %s\ngit bisect good %s\n"
		    "git bisect bad %s\n",
		    main_line(20), main_line(12), main_line(17)),
	       main_line(5), main_line(15), judged);
	/* good ones that descend from the user's bad one */
	expect(take(false, main_line(10), "git bisect start master %s\n", main_line(3)),
	       main_line(10), "", "");
	/* goods of the log where the user names none */
	expect(take(false, main_line(5), "git bisect start master %s\n", main_line(20)),
	       main_line(5), main_line(20), "");
}

static void test_refused(void)
{
	refuse(take(false, "", "git bisect start\n\ngit bisect bad nowhere\n"),
	       "bisect-log: line 3: unknown revision 'nowhere'");
	refuse(take(false, "", "git bisect start\ngit bisect good master\n"), "*'BAD' to start*");
	refuse(take(false, "",
		    "git bisect start master %s\ngit bisect bad %s\ngit bisect good %s\n",
		    main_line(20), main_line(9), main_line(4)),
	       "bisect-log: line 3: *contradicts line 2*");
	refuse(take(false, "", "git bisect start %s %s\ngit bisect bad %s\n", main_line(8),
		    main_line(20), main_line(4)),
	       "bisect-log: line 2: *is no ancestor of the commit in line 1*");
	refuse(take(false, "", "git bisect start --first-parent master %s\n", main_line(9)),
	       "bisect-log: line 1: --first-parent*");
	refuse(take(false, "", "git bisect start master %s -- fs\n", main_line(9)),
	       "bisect-log: line 1: *paths*");
	refuse(take(false, "", "git bisect start\ngit bisect skip master..nowhere\n"),
	       "bisect-log: line 2: unknown revision 'nowhere'");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	repo_library_start();
	history = random_history_make(7, 80);
	g_assert_cmpint(repo_open(history->dir, &repo, NULL), ==, 0);
	g_test_add_func("/take-over/half-way", test_half_way);
	g_test_add_func("/take-over/skips", test_skips);
	g_test_add_func("/take-over/fix", test_fix);
	g_test_add_func("/take-over/words", test_words);
	g_test_add_func("/take-over/refused", test_refused);
	int status = g_test_run();
	repo_free(repo);
	random_history_free(history);
	repo_library_stop();
	return status;
}
