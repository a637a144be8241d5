/*
 * Ends that are not final, starts that take verdicts over, and the compiler at the border: a
 * session is led through by its facts alone.
 */
#include "engine/session/certify.h"
#include "engine/session/labels.h"
#include "engine/session/range.h"
#include "engine/session/tally.h"

#include <string.h>

static int64_t now;

static void apply(struct session *s, struct event ev)
{
	struct error why = { 0 };
	ev.time = now += 1000000000;
	if (session_apply(s, &ev, &why) != 0)
		g_error("%s: %s", event_kind_name(ev.kind), why.text);
	event_clear(&ev);
}

/* From commit "bad" down to "good"; NULL: not limited to a path. */
static struct session *begun_in(const char *path, const char *const *judged)
{
	struct session *s = session_new("x");
	struct event ev = event_make(EV_CREATED);
	ev.created.name = g_strdup("x");
	apply(s, ev);
	struct settings set;
	settings_init(&set);
	settings_set(&set, SET_RUNS, "2", 1, NULL);
	settings_set(&set, SET_FIRST_RUNS, "2", 1, NULL);
	ev = event_make(EV_STARTED);
	ev.started.text = g_strdup("");
	ev.started.commit = g_strdup("bad");
	ev.started.goods = g_strsplit("good", " ", -1);
	ev.started.judged = g_strdupv((GStrv)judged);
	ev.started.paths = path ? g_strsplit(path, " ", -1) : NULL;
	ev.started.host = g_strdup("h");
	ev.started.values = settings_to_json(&set);
	settings_clear(&set);
	apply(s, ev);
	ev = event_make(EV_LOADED);
	ev.loaded.releases = g_new0(char *, 1);
	apply(s, ev);
	return s;
}

static struct session *begun(const char *const *judged)
{
	return begun_in(NULL, judged);
}

static void step(struct session *s, enum step_role role, const char *commit, const char *cc)
{
	struct event ev = event_make(EV_STEP);
	ev.step.step = (int)s->steps->len;
	ev.step.role = role;
	ev.step.commit = g_strdup(commit);
	ev.step.subject = g_strdup("x");
	ev.step.cc = g_strdup(cc);
	apply(s, ev);
}

static void decide(struct session *s)
{
	struct event ev;
	while (session_decide(s, &ev))
		apply(s, ev);
}

static void built(struct session *s, const char *signature)
{
	struct event ev = event_make(EV_BUILT);
	ev.built.step = (int)s->steps->len - 1;
	ev.built.signature = g_strdup(signature);
	apply(s, ev);
}

/* Builds and runs the last step until it is decided. */
static void test(struct session *s, const char *signature, bool crashes)
{
	int n = (int)s->steps->len - 1;
	struct event ev;
	built(s, signature);
	decide(s);
	for (int k = 0; k < 50 && session_step(s, n)->state != STEP_DONE; k++) {
		ev = event_make(EV_RUN_DONE);
		ev.run_done.step = n;
		ev.run_done.run = k;
		ev.run_done.outcome = crashes ? OUTCOME_CRASHED : OUTCOME_OK;
		ev.run_done.type = crashes ? CRASH_BUG : CRASH_NONE;
		apply(s, ev);
		decide(s);
	}
	g_assert_cmpint(session_step(s, n)->state, ==, STEP_DONE);
}

static void find(struct session *s, const char *culprit, const char *parent)
{
	struct event ev = event_make(EV_FOUND);
	ev.found.candidates = g_strsplit(culprit, " ", -1);
	ev.found.parents = g_strsplit(parent, " ", -1);
	apply(s, ev);
	if (session_verdict_of(s, "good") == VERDICT_NONE) { /* what was given is tested too */
		step(s, ROLE_GOOD, "good", NULL);
		test(s, "of the good", false);
	}
}

static void report(struct session *s)
{
	struct event ev = event_make(EV_REPORTED);
	ev.reported.maintainers = g_new0(char *, 1);
	apply(s, ev);
	decide(s);
}

static void judge(struct session *s, const char *commit, enum verdict v)
{
	struct event ev = event_make(EV_JUDGED);
	ev.judged.commit = g_strdup(commit);
	ev.judged.verdict = v;
	apply(s, ev);
}

static void expect_next(const struct session *s, enum step_role role, const char *commit)
{
	struct next_query q;
	session_next_query(s, &q);
	g_assert_cmpstr(step_role_name(q.role), ==, step_role_name(role));
	g_assert_cmpstr(q.commit, ==, commit);
	next_query_clear(&q);
}

static void test_taken_over(void)
{
	const char *const judged[] = { "bad c8", "good c2", "skip c5", NULL };
	struct session *s = begun(judged);
	struct next_query q;
	expect_next(s, ROLE_ORIGINAL, "bad"); /* it is measured here */
	session_next_query(s, &q);
	g_assert_cmpstr(q.bad, ==, "c8");
	g_assert_cmpstr(q.goods[1], ==, "c2");
	g_assert_cmpstr(q.skips[0], ==, "c5");
	next_query_clear(&q);
	session_free(s);
}

/* Both ends of the compilers' border, with what the parent shows under the other one. */
static void test_border(gconstpointer parent_crashes)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", "new");
	test(s, "s0", true);
	step(s, ROLE_SEARCH, "p", "old");
	test(s, "s1", false);
	find(s, "bad", "p");
	expect_next(s, ROLE_PARENT, "p"); /* until it is sure */
	step(s, ROLE_PARENT, "p", "old");
	test(s, "s1", false);
	struct next_query q;
	session_next_query(s, &q);
	g_assert_cmpint(q.role, ==, ROLE_COMPILER);
	g_assert_cmpstr(q.commit, ==, "p");
	g_assert_cmpstr(q.cc, ==, "new");
	next_query_clear(&q);
	step(s, ROLE_COMPILER, "p", "new");
	test(s, "s2", parent_crashes != NULL);
	g_assert_cmpint(session_verdict_of(s, "p"), ==, VERDICT_GOOD); /* as it is */
	report(s);
	g_assert_cmpint(s->state, ==, STATE_DONE);
	g_autoptr(GPtrArray) labels = labels_of(s);
	g_assert_cmpuint(labels->len, ==, parent_crashes ? 1 : 0);
	if (parent_crashes)
		g_assert_cmpstr(labels->pdata[0], ==,
				"the border is where the compiler changes, from old to new: built "
				"with the latter, the parent has the bug too");
	session_free(s);
}

static void test_done(void)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	test(s, "s0", true);
	step(s, ROLE_SEARCH, "p", NULL);
	test(s, "s1", false);
	find(s, "bad", "p");
	step(s, ROLE_PARENT, "p", NULL);
	test(s, "s1", false);
	report(s);
	g_assert_true(g_str_has_prefix(s->verdict, "culprit bad "));
	int64_t ended = s->ended;
	now += (int64_t)3600 * 1000000000;
	judge(s, "p", VERDICT_BAD);
	g_assert_cmpint(s->state, ==, STATE_RUNNING);
	g_assert_null(s->verdict);
	g_assert_null(s->found);
	g_assert_false(session_has_answer(s));
	g_assert_cmpint(session_duration(s, now), ==, ended - s->started);
	expect_next(s, ROLE_SEARCH, NULL);
	struct next_query q;
	session_next_query(s, &q);
	g_assert_cmpstr(q.bad, ==, "p");
	next_query_clear(&q);
	session_free(s);
}

/* What was open at the end is asked for again, and its runs do not speak for the first step. */
static void test_interrupted(void)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	apply(s, event_make(EV_ABORTED));
	judge(s, "c3", VERDICT_GOOD);
	g_assert_true(session_step(s, 0)->interrupted);
	g_assert_cmpint(session_step(s, 0)->state, ==, STEP_DONE);
	expect_next(s, ROLE_ORIGINAL, "bad");
	step(s, ROLE_ORIGINAL, "bad", NULL);
	test(s, "s0", true);
	g_assert_true(session_first_step(s) == session_step(s, 1));
	expect_next(s, ROLE_SEARCH, NULL);
	session_free(s);
}

/* What its runs had shown until then is known of the bug, whichever step asks for it again. */
static void test_interrupted_runs(void)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	built(s, "s0");
	struct event ev = event_make(EV_RUN_DONE);
	ev.run_done.outcome = OUTCOME_CRASHED;
	ev.run_done.type = CRASH_BUG;
	apply(s, ev);
	apply(s, event_make(EV_ABORTED));
	ev = event_make(EV_RETEST);
	ev.retest.step = 0;
	apply(s, ev);
	expect_next(s, ROLE_ORIGINAL, "bad");
	step(s, ROLE_ORIGINAL, "bad", NULL);
	test(s, "s0", true);
	g_assert_cmpint(tally_rate(s).bad, ==, 2);
	g_assert_cmpint(tally_rate(s).good, ==, 0);
	session_free(s);
}

/* One that failed is helped by a test of the step that was open. */
static void test_failed(void)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	struct event ev = event_make(EV_FAILED);
	ev.failed.reason = g_strdup("lost");
	apply(s, ev);
	ev = event_make(EV_RETEST);
	ev.retest.step = 0;
	apply(s, ev);
	g_assert_null(s->error);
	expect_next(s, ROLE_ORIGINAL, "bad");
	session_free(s);
}

/* A run of the newest step finds nothing to execute. */
static void run_nothing(struct session *s, const char *signature)
{
	struct event ev;
	built(s, signature);
	g_assert_false(session_decide(s, &ev));
	ev = event_make(EV_RUN_DONE);
	ev.run_done.step = (int)s->steps->len - 1;
	ev.run_done.outcome = OUTCOME_EXIT;
	ev.run_done.status = OUTCOME_NOT_FOUND;
	apply(s, ev);
	decide(s);
}

/* What the user says of the starting commit does not show that there is a test. */
static void test_first_tested_executes_nothing(void)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	judge(s, "bad", VERDICT_BAD);
	decide(s);
	step(s, ROLE_SEARCH, "middle", NULL);
	run_nothing(s, "s1");
	g_assert_cmpint(s->state, ==, STATE_FAILED);
	session_free(s);
}

/* One that crashed was executed: a later status of 127 is bad, as for `git bisect run`. */
static void test_later_step_executes_nothing(void)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	test(s, "s0", true);
	step(s, ROLE_SEARCH, "middle", NULL);
	run_nothing(s, "s1");
	g_assert_cmpint(s->state, !=, STATE_FAILED);
	g_assert_cmpint(tally_step(s, session_step(s, 1)).bad, ==, 1);
	session_free(s);
}

/* Asked for again and again, a test that never began does not become a bug. */
static void test_not_executed(void)
{
	struct session *s = begun(NULL);
	for (int n = 0; n < 4; n++) {
		step(s, ROLE_ORIGINAL, "bad", NULL);
		run_nothing(s, "s0");
		g_assert_cmpint(s->state, ==, STATE_FAILED);
		struct event ev = event_make(EV_RETEST);
		ev.retest.step = n;
		apply(s, ev);
	}
	session_free(s);
}

/* A starting commit that its user skipped may be tested after all, or said to be bad. */
static void test_skipped_start(void)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	judge(s, "bad", VERDICT_SKIP);
	decide(s);
	g_assert_cmpint(s->state, ==, STATE_FAILED);
	judge(s, "bad", VERDICT_BAD);
	decide(s);
	g_assert_cmpint(s->state, ==, STATE_RUNNING);
	expect_next(s, ROLE_SEARCH, NULL);
	session_free(s);
}

/* The first of the commits that change a path has the bug, and its parent, which does not, too. */
static void test_outside_paths(void)
{
	struct session *s = begun_in("dir", NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	test(s, "s0", true);
	step(s, ROLE_SEARCH, "found", NULL);
	test(s, "s1", true);
	find(s, "found", "parent");
	step(s, ROLE_PARENT, "parent", NULL);
	test(s, "s2", true);
	expect_next(s, ROLE_REVERT, "bad");
	struct event ev = event_make(EV_STEP);
	ev.step.step = (int)s->steps->len;
	ev.step.role = ROLE_REVERT;
	ev.step.commit = g_strdup("bad");
	ev.step.subject = g_strdup("x");
	ev.step.patches = g_strsplit("revert found", "\n", -1);
	apply(s, ev);
	test(s, "s3", true);
	report(s);
	g_assert_cmpstr(
		s->verdict, ==,
		"inconclusive: what brought the bug in is outside of these paths: found has "
		"it, its parent parent has it too");
	/* a word that changes nothing: the same commits are left */
	struct next_query q;
	judge(s, "older", VERDICT_GOOD);
	session_next_query(s, &q);
	g_assert_cmpstr(step_role_name(q.role), ==, step_role_name(ROLE_SEARCH));
	g_assert_cmpstr(q.bad, ==, "found");
	next_query_clear(&q);
	session_free(s);
}

/* A full disk paused it, and it ended all the same: what is taken up again is not paused. */
static void test_ended_in_pause(void)
{
	struct session *s = begun(NULL);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	struct event ev = event_make(EV_PAUSED);
	ev.paused.by_disk = true;
	ev.paused.reason = g_strdup("no room");
	apply(s, ev);
	ev = event_make(EV_CONCLUDED);
	ev.concluded.verdict = g_strdup("not reproduced");
	apply(s, ev);
	ev = event_make(EV_RETEST);
	apply(s, ev);
	step(s, ROLE_ORIGINAL, "bad", NULL);
	g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
	session_wishes(s, wishes);
	g_assert_cmpuint(wishes->len, ==, 1);
	g_assert_cmpint(g_array_index(wishes, struct wish, 0).kind, ==, WISH_BUILD);
	session_free(s);
}

/* Nothing is known of a history that was never read. */
static void test_never_read(void)
{
	struct session *s = session_new("x");
	struct event ev = event_make(EV_JUDGED);
	s->state = STATE_FAILED;
	ev.judged.commit = g_strdup("c1");
	ev.judged.verdict = VERDICT_GOOD;
	g_assert_cmpint(session_fits(s, &ev, NULL), !=, 0);
	event_clear(&ev);
	session_free(s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/taken-up/taken-over", test_taken_over);
	g_test_add_data_func("/taken-up/border/compiler", "", test_border);
	g_test_add_data_func("/taken-up/border/commit", NULL, test_border);
	g_test_add_func("/taken-up/done", test_done);
	g_test_add_func("/taken-up/interrupted", test_interrupted);
	g_test_add_func("/taken-up/interrupted-runs", test_interrupted_runs);
	g_test_add_func("/taken-up/failed", test_failed);
	g_test_add_func("/taken-up/not-executed", test_not_executed);
	g_test_add_func("/taken-up/first-tested-executes-nothing",
			test_first_tested_executes_nothing);
	g_test_add_func("/taken-up/later-step-executes-nothing", test_later_step_executes_nothing);
	g_test_add_func("/taken-up/outside-paths", test_outside_paths);
	g_test_add_func("/taken-up/skipped-start", test_skipped_start);
	g_test_add_func("/taken-up/ended-in-pause", test_ended_in_pause);
	g_test_add_func("/taken-up/never-read", test_never_read);
	return g_test_run();
}
