/*
 * The session without any I/O: a driver answers its wishes from a table (a line of commits, which
 * of them crash, build, boot ...) and looks at what it concludes.
 */
#include "bisectfs/session.h"

#include <errno.h>
#include <string.h>

/* A line of commits 0..n-1, newest last; the hash of commit i is its number in 40 digits. */
struct world {
	int commits;
	int culprit; /* first that crashes; in fix mode: first that does not */
	int unbuildable[4], unbootable[4];
	int releases[4]; /* numbers of release commits, newest first */
	int crash_every; /* of a bad commit: one run in this many crashes; 0: each */
	int infra_from;	 /* runs of steps from this one on are lost; 0: none */
	const char *title;
};

static struct event daemon_log(enum event_kind kind)
{
	static int64_t now = 1000000000;
	struct event ev = event_make(kind);
	ev.time = now += 1000000000;
	return ev;
}

static void apply(struct session *s, struct event ev)
{
	struct error why = { 0 };
	if (session_apply(s, &ev, &why) != 0)
		g_error("%s: %s", event_kind_name(ev.kind), why.text);
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

static bool in(const int *list, int n)
{
	for (int i = 0; i < 4; i++) {
		if (list[i] && list[i] == n)
			return true;
	}
	return false;
}

static bool crashes(const struct session *s, const struct world *w, int commit)
{
	bool fix = settings_is_fix(&s->settings);
	return fix ? commit < w->culprit : commit >= w->culprit;
}

static struct session *start(const struct world *w, const char *good, const char *const *settings)
{
	struct session *s = session_new("test");
	struct event ev = daemon_log(EV_CREATED);
	ev.created = (struct event_created){ .name = g_strdup("test") };
	apply(s, ev);
	struct settings set;
	settings_init(&set);
	for (; settings && *settings; settings += 2)
		g_assert_cmpint(settings_set(&set, (enum setting)setting_find(settings[0]),
					     settings[1], strlen(settings[1]), NULL),
				==, 0);
	bool fix = settings_is_fix(&set);
	ev = daemon_log(EV_STARTED);
	ev.started.text = g_strdup("BAD");
	ev.started.commit = hash(fix ? 0 : w->commits - 1);
	ev.started.goods = g_strsplit(good ? good : "", " ", -1);
	ev.started.host = g_strdup("host");
	ev.started.values = settings_to_json(&set);
	apply(s, ev);
	settings_clear(&set);
	return s;
}

static void answer_load(struct session *s, const struct world *w)
{
	GPtrArray *list = g_ptr_array_new();
	bool fix = settings_is_fix(&s->settings);
	if (fix)
		g_ptr_array_add(list, g_strdup_printf("HEAD %040d", w->commits - 1));
	for (int i = 0; !fix && i < 4 && w->releases[i]; i++)
		g_ptr_array_add(list,
				g_strdup_printf("v%d.0 %040d", w->releases[i], w->releases[i]));
	g_ptr_array_add(list, NULL);
	struct event ev = daemon_log(EV_LOADED);
	ev.loaded.releases = (GStrv)g_ptr_array_free(list, FALSE);
	apply(s, ev);
}

/* The middle of what is left; skipped ones are passed over. */
static struct event choose(const struct next_query *q)
{
	int bad = number(q->bad), good = -1;
	for (char **g = q->goods; *g; g++)
		good = MAX(good, number(*g));
	GArray *stay = g_array_new(FALSE, FALSE, sizeof(int));
	GPtrArray *left = g_ptr_array_new();
	for (int i = good + 1; i < bad; i++) {
		g_autofree char *h = hash(i);
		if (g_strv_contains((const char *const *)q->skips, h))
			g_ptr_array_add(left, g_strdup(h));
		else
			g_array_append_val(stay, i);
	}
	struct event ev;
	if (stay->len) {
		ev = daemon_log(EV_STEP);
		ev.step.commit = hash(g_array_index(stay, int, stay->len / 2));
		ev.step.left = (int)stay->len / 2;
		ev.step.roughly = 1;
		g_ptr_array_set_free_func(left, g_free);
		g_ptr_array_unref(left);
	} else {
		ev = daemon_log(EV_FOUND);
		g_ptr_array_add(left, g_strdup(q->bad));
		g_ptr_array_add(left, NULL);
		ev.found.candidates = (GStrv)g_ptr_array_free(left, FALSE);
		ev.found.text = g_strdup("commit x\n\n    subject\n");
	}
	g_array_unref(stay);
	return ev;
}

static void answer_next(struct session *s, int step)
{
	struct next_query q;
	session_next_query(s, &q);
	struct event ev;
	if (q.commit) {
		ev = daemon_log(EV_STEP);
		ev.step.commit = g_strdup(q.commit);
	} else {
		ev = choose(&q);
	}
	if (ev.kind == EV_STEP) {
		ev.step.step = step;
		ev.step.role = q.role;
		ev.step.subject = g_strdup("subject");
		ev.step.release = g_strdup(q.release ? q.release : "");
	}
	next_query_clear(&q);
	apply(s, ev);
}

static void answer_build(struct session *s, const struct world *w, int step)
{
	int commit = number(session_step(s, step)->commit);
	struct event ev = daemon_log(in(w->unbuildable, commit) ? EV_BUILD_FAILED : EV_BUILT);
	if (ev.kind == EV_BUILT)
		ev.built = (struct event_built){ .step = step,
						 .duration = 1000000000,
						 .compiler = g_strdup("cc"),
						 .signature = g_strdup_printf("%064d", commit) };
	else
		ev.build_failed = (struct event_build_failed){ .step = step,
							       .duration = 1000000000,
							       .compiler = g_strdup("cc"),
							       .reason = g_strdup("error: no") };
	apply(s, ev);
}

static void answer_run(struct session *s, const struct world *w, int step, int run)
{
	int commit = number(session_step(s, step)->commit);
	struct event ev = daemon_log(EV_RUN_STARTED);
	ev.run_started.step = step;
	ev.run_started.run = run;
	if (!step_run(session_step(s, step), run) || !step_run(session_step(s, step), run)->started)
		apply(s, ev);
	ev = daemon_log(EV_RUN_DONE);
	struct event_run_done *done = &ev.run_done;
	done->step = step;
	done->run = run;
	done->duration = 1000000000;
	done->outcome = OUTCOME_OK;
	if (w->infra_from && step >= w->infra_from) {
		done->outcome = OUTCOME_INFRA;
		done->title = g_strdup("lost");
	} else if (in(w->unbootable, commit)) {
		done->outcome = OUTCOME_BOOT_FAILED;
		done->title = g_strdup("no output");
	} else if (crashes(s, w, commit) && (!w->crash_every || run % w->crash_every == 0)) {
		done->outcome = OUTCOME_CRASHED;
		done->type = CRASH_OOPS;
		done->title = g_strdup(w->title ? w->title : "BUG: it");
	}
	apply(s, ev);
}

static void answer_report(struct session *s)
{
	struct event ev = daemon_log(EV_REPORTED);
	ev.reported.maintainers = g_new0(char *, 1);
	apply(s, ev);
}

/* Grants one wish at a time until nothing is wished. */
static void run(struct session *s, const struct world *w)
{
	for (int i = 0; i < 10000; i++) {
		struct event ev;
		if (session_decide(s, &ev)) {
			ev.time = s->changed + 1;
			apply(s, ev);
			continue;
		}
		g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
		session_wishes(s, wishes);
		if (!wishes->len)
			return;
		const struct wish *wish = &g_array_index(wishes, struct wish, 0);
		if (wish->kind == WISH_LOAD)
			answer_load(s, w);
		else if (wish->kind == WISH_NEXT)
			answer_next(s, wish->step);
		else if (wish->kind == WISH_BUILD)
			answer_build(s, w, wish->step);
		else if (wish->kind == WISH_REPORT)
			answer_report(s);
		else
			answer_run(s, w, wish->step, wish->run);
	}
	g_error("the session does not end");
}

static const struct scenario {
	const char *name;
	struct world world;
	const char *good; /* hashes, NULL: release walk */
	const char *settings[9];
	enum session_state state;
	const char *verdict; /* "%" stands for the culprit's hash */
} scenarios[] = {
	{ "range",
	  { 100, 37 },
	  "0000000000000000000000000000000000000000",
	  { NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
	{ "culprit-is-the-start",
	  { 10, 9 },
	  "0000000000000000000000000000000000000000",
	  { NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
	{ "all-runs",
	  { 50, 20 },
	  "0000000000000000000000000000000000000000",
	  { "confidence", "1", "runs", "6", NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
	{ "walk",
	  { 100, 37, .releases = { 90, 60, 30, 10 } },
	  NULL,
	  { NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
	{ "walk-over-broken-release",
	  { 100, 37, .releases = { 90, 60, 30, 10 }, .unbuildable = { 90 } },
	  NULL,
	  { NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
	{ "older",
	  { 100, 5, .releases = { 90, 60, 30 } },
	  NULL,
	  { NULL },
	  STATE_DONE,
	  "older than v30.0" },
	{ "oldest-release-broken",
	  { 100, 5, .releases = { 90, 60 }, .unbuildable = { 60 } },
	  NULL,
	  { NULL },
	  STATE_FAILED,
	  "failed: the kernel of the oldest release *" },
	{ "no-release", { 100, 5 }, NULL, { NULL }, STATE_FAILED, "failed: no release since *" },
	{ "not-reproduced",
	  { 100, 1000 },
	  "0000000000000000000000000000000000000000",
	  { NULL },
	  STATE_DONE,
	  "not reproduced" },
	{ "start-does-not-build",
	  { 100, 5, .unbuildable = { 99 } },
	  "0000000000000000000000000000000000000000",
	  { NULL },
	  STATE_FAILED,
	  "failed: the kernel of the starting commit *" },
	{ "skip-beside",
	  { 100, 37, .unbuildable = { 50, 24 } },
	  "0000000000000000000000000000000000000000",
	  { NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
	{ "only-skipped",
	  { 100, 37, .unbuildable = { 36, 37 }, .unbootable = { 38 } },
	  "0000000000000000000000000000000000000000",
	  { NULL },
	  STATE_DONE,
	  "inconclusive: 4 candidates" },
	{ "flaky",
	  { 100, 37, .crash_every = 3 },
	  "0000000000000000000000000000000000000000",
	  { NULL },
	  STATE_DONE,
	  "culprit % (confidence 0.*" },
	{ "infrastructure",
	  { 100, 37, .infra_from = 2 },
	  "0000000000000000000000000000000000000000",
	  { NULL },
	  STATE_FAILED,
	  "failed: step 2: too many runs were lost: lost" },
	{ "no-match",
	  { 100, 37, .title = "WARNING in other" },
	  "0000000000000000000000000000000000000000",
	  { "match", "^BUG", NULL },
	  STATE_DONE,
	  "not reproduced" },
	{ "match",
	  { 100, 37, .title = "BUG: that" },
	  "0000000000000000000000000000000000000000",
	  { "match", "^BUG", NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
	{ "fix",
	  { 100, 61 },
	  NULL,
	  { "mode", "fix", NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
	{ "not-fixed", { 100, 1000 }, NULL, { "mode", "fix", NULL }, STATE_DONE, "not fixed" },
	{ "single-run",
	  { 100, 37 },
	  "0000000000000000000000000000000000000000",
	  { "runs", "1", "first_runs", "1", NULL },
	  STATE_DONE,
	  "culprit % (confidence 1.00)" },
};

static void test_scenario(gconstpointer data)
{
	const struct scenario *sc = data;
	struct session *s = start(&sc->world, sc->good, sc->settings);
	run(s, &sc->world);
	g_autofree char *culprit = hash(sc->world.culprit);
	g_auto(GStrv) parts = g_strsplit(sc->verdict, "%", -1);
	g_autofree char *want = g_strjoinv(culprit, parts);
	g_assert_cmpstr(session_state_name(s->state), ==, session_state_name(sc->state));
	if (!g_pattern_match_simple(want, s->verdict))
		g_error("verdict '%s', wanted '%s'", s->verdict, want);
	session_free(s);
}

/* Runs of a step, by outcome. */
static int runs_of(const struct session *s, int step)
{
	return (int)session_step(s, step)->runs->len;
}

static void test_early_stop(void)
{
	struct world w = { 100, 37 };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", NULL);
	run(s, &w);
	g_assert_cmpint(runs_of(s, 0), ==, 5); /* the first step measures */
	for (guint i = 1; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		/* two crashes are enough; so are four clean runs after five crashes in five */
		g_assert_cmpint(runs_of(s, (int)i), ==, step->verdict == VERDICT_BAD ? 2 : 4);
		g_assert_nonnull(strstr(step->reason, "stopped early"));
	}
	session_free(s);
}

static void test_all_runs(void)
{
	const char *settings[] = { "confidence", "1", "runs", "6", "first_runs", "8", NULL };
	struct world w = { 100, 37 };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", settings);
	run(s, &w);
	g_assert_cmpint(runs_of(s, 0), ==, 8);
	for (guint i = 1; i < s->steps->len; i++)
		g_assert_cmpint(runs_of(s, (int)i), ==, 6);
	session_free(s);
}

static void test_infra_is_not_counted(void)
{
	struct world w = { 100, 37 };
	const char *settings[] = { "confidence", "1", "runs", "4", "first_runs", "4", NULL };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", settings);
	answer_load(s, &w);
	answer_next(s, 0);
	answer_build(s, &w, 0);
	apply(s, daemon_log(EV_RUN_STARTED)); /* of the first run of the first step */
	struct event ev = daemon_log(EV_RUN_DONE);
	ev.run_done.outcome = OUTCOME_INFRA;
	ev.run_done.title = g_strdup("lost");
	apply(s, ev);
	run(s, &w);
	g_assert_cmpint(runs_of(s, 0), ==, 5); /* one was tried again */
	g_assert_cmpint(session_step(s, 0)->verdict, ==, VERDICT_BAD);
	session_free(s);
}

static void end_run(struct session *s, int step, int run, enum outcome_kind outcome)
{
	struct event ev = daemon_log(EV_RUN_DONE);
	ev.run_done = (struct event_run_done){ .step = step,
					       .run = run,
					       .outcome = outcome,
					       .type = outcome == OUTCOME_CRASHED ? CRASH_OOPS
										  : CRASH_NONE,
					       .status = -1,
					       .title = g_strdup("x") };
	apply(s, ev);
}

static void conclude_all(struct session *s)
{
	struct event ev;
	while (session_decide(s, &ev)) {
		ev.time = s->changed + 1;
		apply(s, ev);
	}
}

/* A lost run that was made again says nothing any more: 4 good, 1 bad of 5 is a skip, and no
 * reason to stop or to wait for ever. */
static void test_infra_made_again(void)
{
	struct world w = { 100, 37 };
	const char *settings[] = { "confidence", "1", "runs", "5", "first_runs", "2", NULL };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", settings);
	answer_load(s, &w);
	answer_next(s, 0);
	answer_build(s, &w, 0);
	answer_run(s, &w, 0, 0);
	answer_run(s, &w, 0, 1);
	conclude_all(s);
	answer_next(s, 1);
	answer_build(s, &w, 1);
	end_run(s, 1, 0, OUTCOME_INFRA);
	end_run(s, 1, 1, OUTCOME_CRASHED);
	for (int k = 2; k < 6; k++)
		end_run(s, 1, k, OUTCOME_OK);
	conclude_all(s);
	g_assert_cmpint(session_step(s, 1)->verdict, ==, VERDICT_SKIP);
	session_free(s);
}

static void test_failure_has_no_crash(void)
{
	struct world w = { 100, 37 };
	const char *settings[] = { "runs", "5", "first_runs", "5", NULL };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", settings);
	const struct step *step;
	answer_load(s, &w);
	answer_next(s, 0);
	answer_build(s, &w, 0);
	step = session_step(s, 0);
	end_run(s, 0, 0, OUTCOME_OK);
	g_assert_cmpint(step_representative(s, step), ==, -1);
	end_run(s, 0, 1, OUTCOME_BOOT_FAILED);
	g_assert_cmpint(step_representative(s, step), ==, -1); /* it is no test of booting */
	end_run(s, 0, 2, OUTCOME_EXIT);
	g_assert_cmpint(step_representative(s, step), ==, 2);
	end_run(s, 0, 3, OUTCOME_CRASHED); /* says more */
	g_assert_cmpint(step_representative(s, step), ==, 3);
	session_free(s);
}

static void judge(struct session *s, int commit, enum verdict verdict)
{
	struct event ev = daemon_log(EV_JUDGED);
	ev.judged.commit = hash(commit);
	ev.judged.verdict = verdict;
	apply(s, ev);
}

/* A user's word that comes while a step is tested is older than that step's verdict. */
static void test_word_meanwhile(void)
{
	struct world w = { 100, 37 };
	struct next_query q;
	struct session *s = start(&w, "0000000000000000000000000000000000000000", NULL);
	answer_load(s, &w);
	answer_next(s, 0);
	answer_build(s, &w, 0);
	for (int k = 0; session_step(s, 0)->verdict == VERDICT_NONE; k++) {
		answer_run(s, &w, 0, k);
		conclude_all(s);
	}
	answer_next(s, 1);
	int tested = number(session_step(s, 1)->commit);
	judge(s, 80, VERDICT_BAD); /* later in the history than what is tested */
	struct event ev = daemon_log(EV_KEPT);
	ev.kept.step = 1;
	apply(s, ev);
	answer_build(s, &w, 1);
	for (int k = 0; session_step(s, 1)->verdict == VERDICT_NONE; k++) {
		answer_run(s, &w, 1, k);
		conclude_all(s);
	}
	g_assert_cmpint(session_step(s, 1)->verdict, ==, VERDICT_BAD);
	session_next_query(s, &q);
	g_assert_cmpint(number(q.bad), ==, tested);
	next_query_clear(&q);
	/* and what the search then finds out about a commit that a user had named narrows it too */
	run(s, &w);
	g_assert_cmpint(number(s->found[0]), ==, 37);
	session_free(s);
}

/* Two bad commits of a user's: the search asks for one of them and goes on from there. */
static void test_named_and_chosen(void)
{
	struct world w = { 100, 37 };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", NULL);
	judge(s, 50, VERDICT_BAD);
	judge(s, 90, VERDICT_BAD);
	run(s, &w);
	g_assert_cmpint(s->state, ==, STATE_DONE);
	g_assert_cmpint(number(s->found[0]), ==, 37);
	g_assert_cmpint(s->steps->len, <, 20);
	session_free(s);
}

/* The oldest release is the user's to skip, but then nothing is known of before. */
static void test_untold_release(void)
{
	struct world w = { 100, 1, .releases = { 60, 20 } };
	struct session *s = start(&w, NULL, NULL);
	judge(s, 20, VERDICT_SKIP);
	run(s, &w);
	g_assert_cmpint(s->state, ==, STATE_FAILED);
	g_assert_nonnull(strstr(s->error, "the oldest release v20.0 cannot be tested"));
	session_free(s);
}

static void test_pause_and_restart(void)
{
	struct world w = { 100, 37 };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", NULL);
	answer_load(s, &w);
	answer_next(s, 0);
	answer_build(s, &w, 0);
	apply(s, daemon_log(EV_RUN_STARTED)); /* of the first run of the first step */
	struct event ev = daemon_log(EV_PAUSED);
	ev.paused.reason = g_strdup("test");
	apply(s, ev);
	g_assert_cmpint(s->state, ==, STATE_PAUSED);
	g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
	session_wishes(s, wishes);
	g_assert_cmpint(wishes->len, ==, 1); /* what runs may go on, nothing new */
	apply(s, daemon_log(EV_RESTARTED));
	g_array_set_size(wishes, 0);
	session_wishes(s, wishes);
	g_assert_cmpint(wishes->len, ==, 0);
	apply(s, daemon_log(EV_RESUMED));
	run(s, &w);
	g_assert_cmpint(s->state, ==, STATE_DONE);
	g_assert_cmpint(runs_of(s, 0), ==, 5); /* run 0 was done again, under its number */
	session_free(s);
}

static void test_abort(void)
{
	struct world w = { 100, 37 };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", NULL);
	answer_load(s, &w);
	apply(s, daemon_log(EV_ABORTED));
	g_assert_cmpstr(s->verdict, ==, "aborted");
	g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
	session_wishes(s, wishes);
	g_assert_cmpint(wishes->len, ==, 0);
	/* nothing that comes late is taken */
	struct event ev = daemon_log(EV_RESUMED);
	g_assert_cmpint(session_apply(s, &ev, NULL), <, 0);
	session_free(s);
}

/* Events that do not fit are refused and change nothing. */
static void test_misfits(void)
{
	struct world w = { 100, 37 };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", NULL);
	answer_load(s, &w);
	answer_next(s, 0);
	struct event bad[] = { daemon_log(EV_RUN_DONE), daemon_log(EV_BUILT),
			       daemon_log(EV_STEP),	daemon_log(EV_LOADED),
			       daemon_log(EV_VERDICT),	daemon_log(EV_RUN_STARTED) };
	bad[0].run_done.run = 7, bad[0].run_done.outcome = OUTCOME_OK;
	bad[1].built.step = 3, bad[1].built.signature = g_strdup("x");
	bad[2].step.step = 5, bad[2].step.commit = hash(1), bad[2].step.subject = g_strdup("x");
	bad[3].loaded.releases = g_new0(char *, 1);
	bad[4].verdict.step = 9, bad[4].verdict.verdict = VERDICT_GOOD;
	bad[4].verdict.reason = g_strdup("x");
	bad[5].run_started.run = -1;
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct error why = { 0 };
		g_assert_cmpint(session_apply(s, &bad[i], &why), ==, -EINVAL);
		g_assert_cmpint(strlen(why.text), >, 0);
		event_clear(&bad[i]);
	}
	g_assert_cmpint(s->steps->len, ==, 1);
	session_free(s);
}

static void must_not_fit(struct session *s, struct event ev, const char *why)
{
	struct error error = { 0 };
	g_assert_cmpint(session_fits(s, &ev, &error), ==, -EINVAL);
	g_assert_cmpstr(error.text, ==, why);
	g_assert_cmpint(session_apply(s, &ev, NULL), ==, -EINVAL);
	event_clear(&ev);
}

/* What is right in each field may be wrong beside the others. */
static void test_fields_together(void)
{
	struct world w = { 100, 37 };
	struct session *s = start(&w, "0000000000000000000000000000000000000000", NULL);
	answer_load(s, &w);
	struct event ev = daemon_log(EV_STEP);
	ev.step = (struct event_step){ .role = ROLE_MINIMIZE,
				       .commit = hash(1),
				       .subject = g_strdup("x"),
				       .left = -1,
				       .roughly = -1 };
	must_not_fit(s, ev, "step 0: there are no options to minimize");
	answer_next(s, 0);
	s->build_ns = INT64_MAX - 10;
	ev = daemon_log(EV_BUILT);
	ev.built.duration = 11;
	ev.built.signature = g_strdup("x");
	must_not_fit(s, ev, "the builds up to step 0 take too long");
	s->build_ns = 0;
	ev = daemon_log(EV_VERDICT);
	ev.verdict.verdict = VERDICT_GOOD;
	ev.verdict.same = 0;
	ev.verdict.reason = g_strdup("x");
	must_not_fit(s, ev, "verdict 'good' does not fit step 0");
	ev = daemon_log(EV_RUN_DONE);
	ev.run_done.run = 1;
	ev.run_done.outcome = OUTCOME_OK;
	must_not_fit(s, ev, "run 1 of step 0 does not exist");
	ev = daemon_log(EV_FOUND);
	ev.found.candidates = g_new0(char *, 1);
	must_not_fit(s, ev, "'found' names no commit");
	must_not_fit(s, daemon_log(EV_FAILED), "a 'failed' event without 'reason'");
	session_free(s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(scenarios); i++) {
		g_autofree char *path = g_strdup_printf("/session/%s", scenarios[i].name);
		g_test_add_data_func(path, &scenarios[i], test_scenario);
	}
	g_test_add_func("/session/early-stop", test_early_stop);
	g_test_add_func("/session/confidence-1", test_all_runs);
	g_test_add_func("/session/infra-is-not-counted", test_infra_is_not_counted);
	g_test_add_func("/session/infra-made-again", test_infra_made_again);
	g_test_add_func("/session/failure-has-no-crash", test_failure_has_no_crash);
	g_test_add_func("/session/word-meanwhile", test_word_meanwhile);
	g_test_add_func("/session/named-and-chosen", test_named_and_chosen);
	g_test_add_func("/session/untold-release", test_untold_release);
	g_test_add_func("/session/pause-and-restart", test_pause_and_restart);
	g_test_add_func("/session/abort", test_abort);
	g_test_add_func("/session/misfits", test_misfits);
	g_test_add_func("/session/fields-together", test_fields_together);
	return g_test_run();
}
