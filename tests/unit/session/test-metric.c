/*
 * Searches by numbers without any I/O: ranks against the orders counted one by one, and whole
 * sessions on a line of commits, each with what its runs give.
 */
#include "bisectfs/session.h"
#include "engine/session/looks.h"
#include "engine/session/metric.h"
#include "engine/session/rank.h"
#include "engine/text/bisection_log.h"
#include "engine/text/metric_report.h"

#include <math.h>
#include <string.h>

/* ---- ranks ---- */

/* Of all choices of n among n + m, those with at least as high a sum of places. */
static double counted(int n, int m, int places)
{
	int all = 0, higher = 0;
	for (guint chosen = 0; chosen < 1u << (n + m); chosen++) {
		int sum = 0, ones = 0;
		for (int i = 0; i < n + m; i++) {
			ones += chosen >> i & 1;
			sum += chosen >> i & 1 ? i : 0;
		}
		all += ones == n;
		higher += ones == n && sum >= places;
	}
	return (double)higher / all;
}

static void test_rank(void)
{
	g_autoptr(GRand) chance = g_rand_new_with_seed(1);
	for (int t = 0; t < 200; t++) {
		int n = g_rand_int_range(chance, 1, 7), m = g_rand_int_range(chance, 1, 7);
		double all[12], x[6], y[6];
		int places = 0;
		for (int i = 0; i < n + m; i++)
			all[i] = g_rand_double(chance);
		memcpy(x, all, sizeof(double) * (gsize)n);
		memcpy(y, all + n, sizeof(double) * (gsize)m);
		for (int i = 0; i < n; i++) {
			for (int k = 0; k < n + m; k++)
				places += all[k] < x[i];
		}
		double p = rank_chance_higher(x, n, y, m);
		g_assert_cmpfloat_with_epsilon(p, counted(n, m, places), 1e-12);
	}
	double low[60], high[60];
	for (int i = 0; i < 60; i++) {
		low[i] = i;
		high[i] = 100 + i;
	}
	/* exact where doubles have long lost the sum of all orders */
	g_assert_cmpfloat(rank_chance_higher(high, 60, low, 60), ==, rank_least_chance(60, 60));
	g_assert_cmpfloat_with_epsilon(rank_chance_higher(low, 60, high, 60), 1, 1e-9);
	/* equal numbers say nothing, in either direction */
	g_assert_cmpfloat(rank_chance_higher(low, 60, low, 60), >, 0.4);
	double same[3] = { 5, 5, 5 };
	g_assert_cmpfloat(rank_chance_higher(same, 3, same, 3), ==, 1);
	g_assert_cmpfloat(rank_chance_higher(same, 0, same, 3), ==, 1);
}

static void test_looks(void)
{
	struct looks looks = looks_make(4, 20);
	static const int sizes[] = { 4, 5, 7, 9, 12, 15, 19, 20 };
	g_assert_cmpint(looks.count, ==, G_N_ELEMENTS(sizes));
	g_assert_cmpint(looks_last(&looks, 3), ==, 0);
	g_assert_cmpint(looks_next(&looks, 0), ==, 4);
	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_assert_cmpint(looks_last(&looks, sizes[i]), ==, sizes[i]);
		g_assert_cmpint(looks_next(&looks, sizes[i]), ==,
				i + 1 < G_N_ELEMENTS(sizes) ? sizes[i + 1] : 0);
	}
	g_assert_cmpint(looks_last(&looks, 6), ==, 5);
	g_assert_cmpint(looks_last(&looks, 99), ==, 20);
	looks = looks_make(9, 5);
	g_assert_cmpint(looks.count, ==, 1);
	g_assert_cmpint(looks_next(&looks, 0), ==, 5);
}

/* ---- whole searches ---- */

#define COMMITS 64

/* What a run of this commit prints; NULL: nothing. To be freed. */
typedef char *gives(GRand *chance, int commit, bool reverted);

struct search {
	const char *settings[8]; /* NAME, VALUE ...; NULL ends them */
	const char *good;	 /* NULL: releases 48, 32, 16 */
	gives *gives;
	const char *verdict; /* how it begins */
	const char *log;     /* a line that the log has */
};

static GPtrArray *recorded; /* struct event * */
static int64_t now_ns;

static void apply(struct session *s, GString *log, struct event ev)
{
	struct error why = { 0 };
	struct event *copy = g_new0(struct event, 1);
	ev.time = now_ns += 1000000000;
	if (bisection_log_apply(s, log, &ev, &why) != 0)
		g_error("%s: %s", event_kind_name(ev.kind), why.text);
	event_copy(copy, &ev);
	copy->time = ev.time;
	g_ptr_array_add(recorded, copy);
	event_clear(&ev);
}

static char *hash(int i)
{
	return g_strdup_printf("%040d", i);
}

static int number(const char *hash)
{
	return (int)g_ascii_strtoll(hash, NULL, 10);
}

static struct session *begin(const struct search *what, GString *log)
{
	struct session *s = session_new("test");
	struct event ev = event_make(EV_CREATED);
	ev.created = (struct event_created){ .name = g_strdup("test") };
	apply(s, log, ev);
	struct settings set;
	settings_init(&set);
	settings_set(&set, SET_METRIC, "speed: ([0-9.]+)", 16, NULL);
	for (const char *const *w = what->settings; *w; w += 2)
		g_assert_cmpint(settings_set(&set, (enum setting)setting_find(w[0]), w[1],
					     strlen(w[1]), NULL),
				==, 0);
	ev = event_make(EV_STARTED);
	ev.started.text = g_strdup("BAD");
	ev.started.commit = hash(settings_is_fix(&set) ? 0 : COMMITS - 1);
	ev.started.goods = g_strsplit(what->good ? what->good : "", " ", -1);
	ev.started.host = g_strdup("host");
	ev.started.values = settings_to_json(&set);
	apply(s, log, ev);
	settings_clear(&set);
	ev = event_make(EV_LOADED);
	ev.loaded.releases = g_strsplit(settings_is_fix(&s->settings)
						? "HEAD 0000000000000000000000000000000000000063"
						: "v3 0000000000000000000000000000000000000048\n"
						  "v2 0000000000000000000000000000000000000032\n"
						  "v1 0000000000000000000000000000000000000016",
					"\n", -1);
	apply(s, log, ev);
	return s;
}

/* The middle of what is left, as git does on a line; those skipped are passed over. */
static void choose(const struct next_query *q, struct event *ev)
{
	int bad = number(q->bad), good = -1, left = 0;
	GPtrArray *candidates = g_ptr_array_new();
	for (char **g = q->goods; *g; g++)
		good = MAX(good, number(*g));
	int best = -1;
	for (int i = good + 1; i < bad; i++) {
		g_autofree char *h = hash(i);
		if (g_strv_contains((const char *const *)q->skips, h)) {
			g_ptr_array_add(candidates, g_strdup(h));
			continue;
		}
		left++;
		if (best < 0 || ABS(2 * i - good - bad) < ABS(2 * best - good - bad))
			best = i;
	}
	if (best >= 0) {
		ev->step.commit = hash(best);
		ev->step.left = left / 2;
		for (ev->step.roughly = 0; left > 1; left /= 2)
			ev->step.roughly++;
		g_ptr_array_add(candidates, NULL);
		g_strfreev((GStrv)g_ptr_array_free(candidates, FALSE));
		return;
	}
	*ev = event_make(EV_FOUND);
	g_ptr_array_add(candidates, g_strdup(q->bad));
	g_ptr_array_add(candidates, NULL);
	ev->found.candidates = (GStrv)g_ptr_array_free(candidates, FALSE);
	ev->found.text = g_strdup("commit x\n\n    subject\n");
	ev->found.parents = g_new0(char *, 2);
	ev->found.parents[0] = hash(number(q->bad) - 1);
}

static void answer_next(struct session *s, GString *log, int n)
{
	struct next_query q;
	struct event ev = event_make(EV_STEP);
	session_next_query(s, &q);
	ev.step.left = ev.step.roughly = -1;
	if (q.commit)
		ev.step.commit = g_strdup(q.commit);
	else
		choose(&q, &ev);
	if (ev.kind == EV_STEP) {
		ev.step.step = n;
		ev.step.role = q.role;
		ev.step.subject = g_strdup("subject");
		ev.step.release = g_strdup(q.release ? q.release : "");
		ev.step.patches = g_strdupv(q.patches);
	}
	next_query_clear(&q);
	apply(s, log, ev);
}

static void answer(struct session *s, GString *log, const struct search *what, GRand *chance,
		   const struct wish *w)
{
	const struct step *step = session_step(s, w->step);
	struct event ev;
	switch (w->kind) {
	case WISH_NEXT:
		answer_next(s, log, w->step);
		break;
	case WISH_BUILD:
		ev = event_make(EV_BUILT);
		ev.built.step = w->step;
		ev.built.signature =
			g_strdup_printf("kernel %s%s", step->commit, step->patches ? "-" : "");
		apply(s, log, ev);
		break;
	case WISH_RUN:
		ev = event_make(EV_RUN_STARTED);
		ev.run_started.step = w->step;
		ev.run_started.run = w->run;
		apply(s, log, ev);
		ev = event_make(EV_RUN_DONE);
		ev.run_done.step = w->step;
		ev.run_done.run = w->run;
		ev.run_done.outcome = OUTCOME_OK;
		ev.run_done.value =
			what->gives(chance, number(step->commit), step->patches != NULL);
		apply(s, log, ev);
		break;
	case WISH_REPORT:
		ev = event_make(EV_REPORTED);
		ev.reported.maintainers = g_new0(char *, 1);
		apply(s, log, ev);
		break;
	default:
		g_error("a wish %d", w->kind);
	}
}

static void check_turns(const struct session *s)
{
	if (s->steps->len != 2 || session_step(s, 0)->state == STEP_DONE)
		return;
	int a = (int)session_step(s, 0)->runs->len, b = (int)session_step(s, 1)->runs->len;
	if (b > 3)
		g_assert_cmpint(ABS(a - b), <=, 1);
}

/* One run at a time, so that the turns of the ends show. */
static struct session *search(const struct search *what, guint32 seed, GString *log)
{
	g_autoptr(GRand) chance = g_rand_new_with_seed(seed);
	recorded = g_ptr_array_new();
	struct session *s = begin(what, log);
	for (int turns = 0; !session_over(s); turns++) {
		struct event ev;
		g_assert_cmpint(turns, <, 5000);
		if (session_decide(s, &ev)) {
			apply(s, log, ev);
			continue;
		}
		g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
		session_wishes(s, wishes);
		g_assert_cmpuint(wishes->len, >, 0);
		struct wish w = g_array_index(wishes, struct wish, 0);
		answer(s, log, what, chance, &w);
		check_turns(s);
	}
	return s;
}

/* What is on disk says all. */
static void check_replay(const struct session *live, const GString *log)
{
	struct session *s = session_new("test");
	g_autoptr(GString) again = g_string_new(NULL);
	for (guint i = 0; i < recorded->len; i++)
		g_assert_cmpint(bisection_log_apply(s, again, g_ptr_array_index(recorded, i), NULL),
				==, 0);
	g_assert_cmpstr(again->str, ==, log->str);
	g_assert_cmpstr(s->verdict, ==, live->verdict);
	session_free(s);
}

static double scattered(GRand *chance, double mean)
{
	double sum = -6;
	for (int i = 0; i < 12; i++)
		sum += g_rand_double(chance);
	return mean * (1 + 0.05 * sum);
}

static char *printed(double v)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	return g_strdup(g_ascii_formatd(text, sizeof(text), "%.3f", v));
}

static char *falls_at_40(GRand *chance, int commit, bool reverted)
{
	return printed(scattered(chance, commit >= 40 && !reverted ? 85 : 100));
}

static char *rises_at_40(GRand *chance, int commit, bool reverted)
{
	return printed(scattered(chance, commit >= 40 && !reverted ? 12 : 10));
}

static char *mended_at_40(GRand *chance, int commit, bool picked)
{
	return printed(scattered(chance, commit >= 40 || picked ? 100 : 85));
}

static char *never_falls(GRand *chance, int commit, bool reverted)
{
	(void)reverted;
	return printed(scattered(chance, commit ? 99 : 100));
}

static char *falls_in_two_steps(GRand *chance, int commit, bool reverted)
{
	(void)reverted;
	return printed(scattered(chance, commit < 8 ? 100 : commit < 56 ? 85 : 70));
}

static char *is_now_this_now_that(GRand *chance, int commit, bool reverted)
{
	bool low = commit == COMMITS - 1 || (commit > 8 && g_rand_boolean(chance));
	(void)reverted;
	return printed(scattered(chance, low ? 60 : 100));
}

static char *says_nothing(GRand *chance, int commit, bool reverted)
{
	(void)chance;
	(void)commit;
	(void)reverted;
	return NULL;
}

static char *says_no_number(GRand *chance, int commit, bool reverted)
{
	(void)chance;
	(void)commit;
	(void)reverted;
	return g_strdup("1.2.3");
}

#define GOOD "0000000000000000000000000000000000000000"
#define FOUND "culprit 0000000000000000000000000000000000000040 (confidence 0.99)"

static const struct {
	const char *name;
	struct search what;
} searches[] = {
	{ "found",
	  { { NULL }, GOOD, falls_at_40, FOUND, "testing a commit that was given as good" } },
	{ "releases", { { NULL }, NULL, falls_at_40, FOUND, "testing release v2" } },
	{ "higher",
	  { { "metric_worse", "higher", NULL }, GOOD, rises_at_40, FOUND, "like the bad end" } },
	{ "fix", { { "mode", "fix", NULL }, NULL, mended_at_40, FOUND, "testing current HEAD" } },
	{ "not-reproduced",
	  { { NULL },
	    GOOD,
	    never_falls,
	    "not reproduced",
	    "not shown to be better than the starting" } },
	{ "wrong-direction",
	  { { "metric_worse", "higher", NULL },
	    GOOD,
	    falls_at_40,
	    "not reproduced",
	    "it is better: should 'metric_worse' be lower?" } },
	{ "too-few-runs",
	  { { "runs", "4", NULL },
	    GOOD,
	    falls_at_40,
	    "not reproduced",
	    "4 runs can show no difference that surely: give more 'runs'" } },
	{ "too-little",
	  { { "metric_change", "25", NULL },
	    GOOD,
	    falls_at_40,
	    "not reproduced",
	    "by at least 25 %" } },
	{ "older",
	  { { NULL }, NULL, never_falls, "older than v1", "no commit that is better was found" } },
	{ "between",
	  { { NULL }, GOOD, falls_in_two_steps, "inconclusive: 3 commits", "between the ends" } },
	{ "bimodal",
	  { { NULL }, GOOD, is_now_this_now_that, "inconclusive: ", "two kinds of numbers" } },
	{ "nothing", { { NULL }, GOOD, says_nothing, "failed: ", "all runs: skipped: no number" } },
	{ "no-number",
	  { { NULL }, GOOD, says_no_number, "failed: ", "skipped: no number: '1.2.3'" } },
	{ "all-runs",
	  { { "confidence", "1", "runs", "30", NULL }, GOOD, falls_at_40, FOUND, "of 30, like" } },
};

static void test_search(const void *arg)
{
	const struct search *what = arg;
	for (guint32 seed = 1; seed <= 5; seed++) {
		g_autoptr(GString) log = g_string_new(NULL);
		struct session *s = search(what, seed, log);
		if (!g_str_has_prefix(s->verdict, what->verdict) || !strstr(log->str, what->log))
			g_error("seed %u: %s, not %s, or no '%s' in:\n%s", seed, s->verdict,
				what->verdict, what->log, log->str);
		check_replay(s, log);
		session_free(s);
		for (guint i = 0; i < recorded->len; i++)
			event_free(g_ptr_array_index(recorded, i));
		g_ptr_array_free(recorded, TRUE);
	}
}

static void test_report(void)
{
	g_autoptr(GString) log = g_string_new(NULL);
	g_autoptr(GString) out = g_string_new(NULL);
	struct session *s = search(&searches[0].what, 1, log);
	metric_report_print(s, out);
	g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);
	g_assert_cmpstr(lines[0], ==, "# step commit run value");
	g_assert_true(g_str_has_prefix(lines[1],
				       "0 " /* step */ "0000000000000000000000000000000000"
				       "000063 0 "));
	int numbers = 0, steps = 0;
	for (char **l = lines + 1; *l; l++) {
		numbers += g_ascii_isdigit(**l);
		steps += g_str_has_prefix(*l, "# step ") && strstr(*l, ": median ") != NULL;
	}
	int runs = 0;
	for (guint i = 0; i < s->steps->len; i++)
		runs += (int)session_step(s, (int)i)->runs->len;
	g_assert_cmpint(numbers, ==, runs);
	g_assert_cmpint(steps, ==, s->steps->len);
	session_free(s);
	for (guint i = 0; i < recorded->len; i++)
		event_free(g_ptr_array_index(recorded, i));
	g_ptr_array_free(recorded, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/metric/rank", test_rank);
	g_test_add_func("/metric/looks", test_looks);
	for (gsize i = 0; i < G_N_ELEMENTS(searches); i++) {
		g_autofree char *path = g_strdup_printf("/metric/search/%s", searches[i].name);
		g_test_add_data_func(path, &searches[i].what, test_search);
	}
	g_test_add_func("/metric/report", test_report);
	return g_test_run();
}
