/*
 * Whole bisections on the virtual clock, over random histories: the answer is the truth, it is the
 * same with and without work ahead, and time is what the machine's parameters say.
 */
#include "engine/simulate/simulate.h"
#include "tests/random-history.h"

#include <git2.h>
#include <string.h>

#define COMMITS 300

static struct random_history *history;

static char *hash(int i)
{
	return history->commits[i].hash;
}

/* What does not depend on the order in which things ended. */
static char *plain(const char *log)
{
	g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
	GString *out = g_string_new(NULL);
	for (char **l = lines; *l; l++) {
		if (strstr(*l, "starts bisection"))
			continue;
		char *time = strstr(*l, "total time");
		if (time)
			*time = '\0';
		g_string_append_printf(out, "%s\n", *l);
	}
	return g_string_free(out, FALSE);
}

static struct simulated run(struct simulation *what, bool ahead)
{
	struct simulator *sim;
	struct simulated out;
	struct error why = { 0 };
	what->ahead = ahead;
	err_t err = simulator_new(history->dir, what, &sim, &why);
	if (!err)
		err = simulator_run(sim, what, &out, &why);
	if (err)
		g_error("%s", why.text);
	simulator_free(sim);
	return out;
}

/* With any bug, on any machine. `full`: no run is stopped early. */
static struct simulation random_search(GRand *chance, struct settings *settings, bool full)
{
	static char *good[2], *skip[2];
	int culprit;
	good[0] = hash(0);
	settings_init(settings);
	settings_set(settings, SET_CONFIDENCE, full ? "1" : "0.99", strlen(full ? "1" : "0.99"),
		     NULL);
	do
		culprit = g_rand_int_range(chance, 1, COMMITS - 1);
	while (!random_history_reaches(history, COMMITS - 1, culprit));
	skip[0] = hash(g_rand_int_range(chance, 1, COMMITS - 1));
	return (struct simulation){ .bad = hash(COMMITS - 1),
				    .culprit = hash(culprit),
				    .goods = good,
				    .skips = g_rand_int_range(chance, 0, 4) ? NULL : skip,
				    .builders = g_rand_int_range(chance, 1, 4),
				    .vms = g_rand_int_range(chance, 1, 14),
				    .build_s = g_rand_int_range(chance, 1, 500),
				    .test_s = g_rand_int_range(chance, 1, 500),
				    .crash_s = g_rand_int_range(chance, 0, 2) ? 20 : 0,
				    .reproducibility = 1,
				    .settings = settings,
				    .seed = g_rand_int(chance) };
}

struct score {
	int faster, slower;
};

static void compare(struct simulation *what, struct score *score)
{
	struct simulated without = run(what, false), ahead = run(what, true);
	g_autofree char *a = plain(without.log);
	g_autofree char *b = plain(ahead.log);
	/* what was given as good and crashes (here by other bugs) is found out earlier, and only
	 * then the order is another one */
	bool doubted = strstr(b, " was given as good, but: ") != NULL;
	if (!doubted) {
		g_assert_cmpstr(a, ==, b);
		g_assert_cmpint(without.runs, ==, ahead.runs);
	}
	g_assert_cmpstr(without.verdict, ==, ahead.verdict);
	g_assert_true(!doubted || what->noise > 0);
	score->faster += ahead.total_ns < without.total_ns;
	score->slower += ahead.total_ns > without.total_ns + (int64_t)30 * 1000000000;
	if (what->reproducibility == 1) {
		/* where the culprit itself does not build there are several candidates */
		g_assert_nonnull(ahead.found);
		g_assert_true(g_strv_contains((const char *const *)ahead.found, what->culprit));
	}
	simulated_clear(&without);
	simulated_clear(&ahead);
}

#define SEARCHES 120

static void test_same_answer(void)
{
	struct score score = { 0 };
	for (guint32 i = 0; i < SEARCHES; i++) {
		GRand *chance = g_rand_new_with_seed(i);
		struct settings settings;
		struct simulation what = random_search(chance, &settings, i % 3 == 0);
		if (i % 4 == 1)
			settings_set(&settings, SET_TEST, "boot", 4, NULL);
		compare(&what, &score);
		settings_clear(&settings);
		g_rand_free(chance);
	}
	/* a stopped build or guest takes a moment to go, so a few may lose that; most must win */
	g_assert_cmpint(score.faster, >=, SEARCHES * 3 / 4);
	g_assert_cmpint(score.slower, ==, 0);
}

/* Where nothing is stopped early (a certificate is, once it is sure) even a reproducer that works
 * now and then shows the same. */
static void test_flaky(void)
{
	struct score score = { 0 };
	for (guint32 i = 0; i < SEARCHES; i++) {
		GRand *chance = g_rand_new_with_seed(i);
		struct settings settings;
		struct simulation what = random_search(chance, &settings, true);
		settings_set(&settings, SET_CERTIFY, "off", 3, NULL);
		what.reproducibility = g_rand_double_range(chance, 0.2, 1);
		what.noise = i % 2 ? 0.05 : 0;
		compare(&what, &score);
		settings_clear(&settings);
		g_rand_free(chance);
	}
	g_assert_cmpint(score.slower, ==, 0);
}

static struct simulation simple(const struct settings *settings)
{
	static char *good[2];
	good[0] = hash(0);
	return (struct simulation){ .bad = hash(COMMITS - 1),
				    .culprit = hash(0),
				    .goods = good,
				    .builders = 1,
				    .vms = 10,
				    .build_s = 100,
				    .test_s = 10,
				    .reproducibility = 1,
				    .settings = settings,
				    .seed = 1 };
}

static void test_time(void)
{
	struct settings settings;
	settings_init(&settings);
	settings_set(&settings, SET_CONFIDENCE, "1", 1, NULL);
	settings_set(&settings, SET_CERTIFY, "off", 3, NULL);
	struct simulation what = simple(&settings);
	int c = 40;
	while (!random_history_reaches(history, COMMITS - 1, c))
		c++;
	what.culprit = hash(c);
	struct simulated out = run(&what, false);
	/* one after the other: a build and ten runs at once; the first step has twenty runs */
	g_assert_cmpint(out.total_ns / 1000000000, ==, 110 * out.tested + 10);
	g_assert_cmpint(out.runs, ==, 10 * out.tested + 10);
	g_assert_cmpint(out.build_ns / 1000000000, ==, 100 * out.tested);
	simulated_clear(&out);
	what.vms = 5;
	out = run(&what, false);
	g_assert_cmpint(out.total_ns / 1000000000, ==, 120 * out.tested + 20);
	simulated_clear(&out);
	settings_clear(&settings);
}

/* With a builder and guests to spare it is known soon, else at the end. */
static void test_good_is_bad(void)
{
	struct settings settings;
	settings_init(&settings);
	struct simulation what = simple(&settings);
	static char *goods[2];
	int culprit = 20, good = 120;
	while (!random_history_reaches(history, COMMITS - 1, good))
		good++;
	while (!random_history_reaches(history, good, culprit))
		culprit++;
	goods[0] = hash(good);
	what.goods = goods;
	what.culprit = hash(culprit);
	what.builders = 3;
	what.vms = 30;
	struct simulated late = run(&what, false), soon = run(&what, true);
	g_autofree char *verdict = g_strdup_printf("good is bad: %s", goods[0]);
	g_assert_cmpstr(late.verdict, ==, verdict);
	g_assert_cmpstr(soon.verdict, ==, verdict);
	g_assert_nonnull(strstr(soon.log, " was given as good, but: crashed: "));
	g_assert_cmpint(soon.tested, <, late.tested);
	simulated_clear(&late);
	simulated_clear(&soon);
	settings_clear(&settings);
}

/* Where it is the build that is judged nothing is run, and only objects are made once the first
 * step has said which: its own build, and all of culprit and parent for the certificate. */
static void test_builds(void)
{
	struct settings settings;
	settings_init(&settings);
	settings_set(&settings, SET_TEST, "build", 5, NULL);
	struct simulation what = simple(&settings);
	int c = 40;
	while (!random_history_reaches(history, COMMITS - 1, c) ||
	       history->commits[c].parents[1] != HISTORY_NONE)
		c++;
	what.culprit = hash(c);
	what.object_s = 1;
	struct simulated out = run(&what, false);
	g_autofree char *verdict = g_strdup_printf("culprit %s (confidence 1.00)", what.culprit);
	g_assert_cmpstr(out.verdict, ==, verdict);
	g_assert_cmpint(out.runs, ==, 0);
	g_assert_cmpint(out.build_ns / 1000000000, ==, 3 * 100 + out.tested - 3);
	g_assert_nonnull(strstr(out.log, "\nfailed: simulated.c: error: the simulated bug\n"));
	g_assert_nonnull(strstr(out.log, "\nOK: simulated.o compiles, nothing else was made\n"));
	simulated_clear(&out);
	settings_clear(&settings);
	struct score score = { 0 };
	for (guint32 i = 0; i < SEARCHES / 4; i++) {
		GRand *chance = g_rand_new_with_seed(i);
		what = random_search(chance, &settings, false);
		settings_set(&settings, SET_TEST, "build", 5, NULL);
		what.object_s = 5;
		compare(&what, &score);
		settings_clear(&settings);
		g_rand_free(chance);
	}
}

static void test_seed(void)
{
	struct settings settings;
	settings_init(&settings);
	struct simulation what = simple(&settings);
	what.culprit = hash(COMMITS - 1);
	what.reproducibility = 0.5;
	what.noise = 0.02;
	what.crash_s = 3;
	struct simulated a = run(&what, true), b = run(&what, true);
	g_assert_cmpstr(a.log, ==, b.log);
	g_assert_cmpint(a.total_ns, ==, b.total_ns);
	bool differs = false;
	for (int i = 2; i < 10 && !differs; i++) {
		simulated_clear(&b);
		what.seed = (guint64)i;
		b = run(&what, true);
		differs = strcmp(a.log, b.log) != 0;
	}
	g_assert_true(differs);
	simulated_clear(&a);
	simulated_clear(&b);
	settings_clear(&settings);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	git_libgit2_init();
	history = random_history_make(7, COMMITS);
	g_test_add_func("/simulate/same-answer", test_same_answer);
	g_test_add_func("/simulate/flaky", test_flaky);
	g_test_add_func("/simulate/time", test_time);
	g_test_add_func("/simulate/good-is-bad", test_good_is_bad);
	g_test_add_func("/simulate/builds", test_builds);
	g_test_add_func("/simulate/seed", test_seed);
	int status = g_test_run();
	random_history_free(history);
	git_libgit2_shutdown();
	return status;
}
