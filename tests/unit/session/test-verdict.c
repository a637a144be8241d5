/* The arithmetic of verdicts, by syzbot's published examples. */
#include "engine/session/verdict.h"
#include "engine/session/releases.h"

#include <math.h>
#include <string.h>

static const struct {
	struct tally t;
	bool flaky;
	enum verdict verdict; /* VERDICT_NONE: the bisection has to stop */
} rules[] = {
	{ { 10, .good = 5, .infra = 3, .skip = 2 }, false, VERDICT_GOOD },
	{ { 10, .good = 4, .bad = 2, .infra = 2, .skip = 2 }, false, VERDICT_BAD },
	{ { 10, .good = 9, .bad = 1 }, false, VERDICT_SKIP },
	{ { 10, .bad = 1, .infra = 8, .skip = 1 }, false, VERDICT_NONE },
	{ { 20, .good = 10, .infra = 3, .skip = 7 }, true, VERDICT_SKIP },
	{ { 20, .good = 7, .bad = 3, .skip = 10 }, true, VERDICT_BAD },
	{ { 10, .good = 10 }, false, VERDICT_GOOD },
	{ { 10, .bad = 10 }, false, VERDICT_BAD },
	{ { 10, .skip = 10 }, false, VERDICT_SKIP },
	{ { 10, .good = 4, .skip = 6 }, false, VERDICT_SKIP },
	{ { 20, .good = 15, .skip = 5 }, true, VERDICT_GOOD },
};

static void test_rules(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
		g_assert_cmpint(verdict_rule(&rules[i].t, rules[i].flaky), ==, rules[i].verdict);
}

static void test_wanted(void)
{
	struct tally t = { .total = 20 };
	g_assert_cmpint(verdict_want_bad(&t), ==, 3);
	g_assert_cmpint(verdict_want_good(&t, false), ==, 10);
	g_assert_cmpint(verdict_want_good(&t, true), ==, 15);
	t.infra = 10;
	g_assert_cmpint(verdict_want_bad(&t), ==, 2);
}

static void test_confidence(void)
{
	struct rate sure = { .bad = 10 }, rare = { .bad = 2, .good = 18 };
	g_assert_cmpint(verdict_good_needed(&sure, 0.99, 20), ==, 3);
	/* the rarer the bug, the more clean runs are needed */
	g_assert_cmpint(verdict_good_needed(&rare, 0.99, 1000), >, 30);
	g_assert_cmpint(verdict_good_needed(&rare, 0.99, 20), ==, 20);
	g_assert_cmpint(verdict_good_needed(&sure, 1.0, 20), ==, 20);
	double last = 1;
	for (int n = 1; n < 20; n++) {
		double p = verdict_miss_probability(&rare, n);
		g_assert_true(p < last && p > 0);
		last = p;
	}
	g_assert_true(fabs(verdict_step_confidence(0.3, 10) - 0.9717) < 0.001);
	g_assert_true(verdict_step_confidence(1.0, 1) == 1.0);
}

static void check_pick(const char *all, const char *oldest, const char *want)
{
	g_auto(GStrv) names = g_strsplit(all, " ", -1);
	g_autoptr(GArray) picked =
		releases_pick((const char *const *)names, g_strv_length(names), oldest);
	g_autoptr(GString) got = g_string_new(NULL);
	for (guint i = 0; i < picked->len; i++)
		g_string_append_printf(got, "%s%s", i ? " " : "",
				       names[g_array_index(picked, guint, i)]);
	g_assert_cmpstr(got->str, ==, want);
}

static void test_releases(void)
{
	check_pick("v6.5 v6.4 v6.3 v6.2 v6.1 v6.0 v5.19 v5.18 v5.17 v5.16 v5.15 v5.14 v5.13 v5.12 "
		   "v5.11 v5.10 v5.9 v5.8 v5.7 v5.6 v5.5 v5.4",
		   "v4.19", "v6.5 v6.4 v6.3 v6.1 v5.19 v5.17 v5.15 v5.13 v5.10 v5.7 v5.4");
	check_pick("v5.15.10 v5.15.9 v5.15.8 v5.15.7 v5.15.6 v5.15.5 v5.15.4 v5.15.3 v5.15.2 "
		   "v5.15.1 v5.15 v5.14 v5.13 v5.12 v5.11 v5.10 v5.9 v5.8 v5.7 v5.6 v5.5 v5.4",
		   "v4.19", "v5.15.10 v5.15.9 v5.15.5 v5.15 v5.14 v5.13 v5.11 v5.9 v5.7 v5.5 v5.4");
	check_pick("v6.1 v6.0 v5.19 v5.18", "v6.0", "v6.1 v6.0");
	check_pick("v6.1", "v4.19", "v6.1");
	check_pick("v4.0", "v4.19", "");
}

static void test_names(void)
{
	struct release_version a, b;
	g_assert_true(release_parse("v6.1", &a) && !a.candidate);
	g_assert_true(release_parse("v6.1-rc3", &b) && b.candidate);
	g_assert_true(release_parse("v6.10", &a) && release_parse("v6.9.12", &b));
	g_assert_cmpint(release_compare(&a, &b), >, 0);
	static const char *const none[] = {
		"6.1",		 "v6", "v6.", "v6.1.", "v6.1-foo", "v6.1.2.3", "v99999999999.1",
		"next-20230101", ""
	};
	for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
		g_assert_false(release_parse(none[i], &a));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/verdict/rules", test_rules);
	g_test_add_func("/verdict/wanted", test_wanted);
	g_test_add_func("/verdict/confidence", test_confidence);
	g_test_add_func("/releases/pick", test_releases);
	g_test_add_func("/releases/names", test_names);
	return g_test_run();
}
