/*
 * Runs are counted by their outcomes; how many more are needed follows from how often the bug has
 * shown where it is (verdict.c), and is asked again after each run.
 */
#include "tally.h"

#include "metric.h"
#include "metric_ends.h"

#include "engine/base/pattern.h"

#include <string.h>

/* Whether it is by crashing that the test fails: where coming up is all of it, not to come up. */
static bool crashed(const struct session *s, const struct run *r)
{
	return r->outcome == OUTCOME_CRASHED ||
	       (r->outcome == OUTCOME_BOOT_FAILED && settings_test(&s->settings) == TEST_BOOT);
}

bool tally_shows_bug(const struct session *s, const struct run *r)
{
	return crashed(s, r) || r->outcome == OUTCOME_EXIT;
}

/* A failure with a name, where nothing crashed. */
static int first_failure(const struct step *step)
{
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome == OUTCOME_EXIT && *r->title)
			return (int)k;
	}
	return -1;
}

int step_representative(const struct session *s, const struct step *step)
{
	/* syzbot: types by frequency; the first run of the most frequent type. A hang counts only
	 * when it is at least half of all, a lost connection only when it is alone. */
	int count[CRASH_TYPES] = { 0 }, all = 0, kinds = 0;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (crashed(s, r)) {
			kinds += count[r->type]++ == 0;
			all++;
		}
	}
	if (kinds > 1) {
		count[CRASH_LOST_CONNECTION] = 0;
		if (count[CRASH_HANG] * 2 < all)
			count[CRASH_HANG] = 0;
	}
	int best = -1;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (crashed(s, r) && count[r->type] &&
		    (best < 0 || count[r->type] > count[step_run(step, best)->type]))
			best = (int)k;
	}
	return best < 0 ? first_failure(step) : best;
}

const struct run *session_crash(const struct session *s, int *n, int *k)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		int run = step->verdict == VERDICT_BAD ? step_representative(s, step) : -1;
		if (run < 0)
			continue;
		if (n)
			*n = (int)i;
		if (k)
			*k = run;
		return step_run(step, run);
	}
	return NULL;
}

static enum crash_type type_of_bug(const struct session *s)
{
	const struct step *first = session_first_step(s);
	int k = first ? step_representative(s, first) : -1;
	return k < 0 ? CRASH_NONE : step_run(first, k)->type;
}

static bool crash_counts(const struct session *s, const struct step *step, const struct run *r)
{
	const char *match = settings_text(&s->settings, SET_MATCH);
	bool first = step == session_first_step(s);
	if (r->type == CRASH_LOST_CONNECTION && !first && type_of_bug(s) != CRASH_LOST_CONNECTION)
		return false;
	if (settings_match_is_auto(&s->settings) || strcmp(match, "any") == 0)
		return true;
	if (strcmp(match, "type") == 0)
		return first || r->type == type_of_bug(s);
	return pattern_matches(match, r->title);
}

bool session_outcome_is_bad(const struct session *s, const struct event_run_done *done)
{
	if (numbers_wanted(s))
		return false; /* its number says it, beside others */
	struct run r = { .outcome = done->outcome,
			 .type = done->type,
			 .status = done->status,
			 .title = done->title ? done->title : (char *)"" };
	return r.outcome == OUTCOME_EXIT || (crashed(s, &r) && crash_counts(s, NULL, &r));
}

static bool says_not_executed(const struct run *r)
{
	return r->outcome == OUTCOME_EXIT &&
	       (r->status == OUTCOME_NOT_EXECUTABLE || r->status == OUTCOME_NOT_FOUND);
}

static bool ran_something(const struct step *step)
{
	if (step->known_good || step->known_bad)
		return true;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome == OUTCOME_OK || r->outcome == OUTCOME_CRASHED ||
		    (r->outcome == OUTCOME_EXIT && !says_not_executed(r)))
			return true;
	}
	return false;
}

/* Where the user judged the starting commit, a later step is the first that is tested. */
static bool is_first_tested(const struct session *s, const struct step *step)
{
	if (step->role == ROLE_ORIGINAL)
		return true;
	for (guint i = 0; i < s->steps->len && session_step(s, (int)i) != step; i++) {
		if (ran_something(session_step(s, (int)i)))
			return false;
	}
	return true;
}

bool tally_not_executed(const struct session *s, const struct step *step, const struct run *r)
{
	return says_not_executed(r) && is_first_tested(s, step);
}

static void count_runs(const struct session *s, const struct step *step, struct tally *t)
{
	t->good += step->known_good;
	t->bad += step->known_bad;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome == OUTCOME_NONE || run_was_stopped(r) ||
		    tally_not_executed(s, step, r))
			continue;
		if (r->outcome == OUTCOME_OK)
			t->good++;
		else if (r->outcome == OUTCOME_EXIT)
			t->bad++;
		else if (crashed(s, r) && crash_counts(s, step, r))
			t->bad++;
		else if (r->outcome == OUTCOME_INFRA)
			t->infra++;
		else
			t->skip++;
	}
}

bool tally_certifies(const struct step *step)
{
	return step->role == ROLE_CULPRIT || step->role == ROLE_PARENT || step->role == ROLE_SIDE ||
	       step->role == ROLE_REVERT || step->role == ROLE_COMPILER;
}

/* A certificate goes on until it is sure; this is where it gives up on a reproducer that hardly
 * ever works. */
#define CERTIFICATE_LIMIT 100

static int certificate_limit(const struct session *s)
{
	int first = settings_int(&s->settings, SET_FIRST_RUNS);
	bool all = settings_number(&s->settings, SET_CONFIDENCE) >= 1.0;
	return all || first > CERTIFICATE_LIMIT ? first : CERTIFICATE_LIMIT;
}

int session_runs_wanted(const struct session *s, const struct step *step)
{
	int runs = settings_int(&s->settings, SET_RUNS);
	if (numbers_wanted(s))
		return metric_most(s);
	if (tally_certifies(step))
		return certificate_limit(s);
	if (step->role == ROLE_ORIGINAL)
		return settings_int(&s->settings, SET_FIRST_RUNS);
	return s->flaky ? 2 * runs : runs;
}

static bool adds_to(const struct step *other, const struct step *step)
{
	if (other == step || !step->signature || !other->signature ||
	    strcmp(other->signature, step->signature) != 0)
		return false;
	return other->dropped || tally_certifies(step);
}

struct tally tally_step(const struct session *s, const struct step *step)
{
	struct tally t = { .total = session_runs_wanted(s, step) };
	const struct step *same = session_step(s, step->same_as);
	count_runs(s, same ? same : step, &t);
	for (guint i = 0; i < s->steps->len && !same; i++) {
		if (adds_to(session_step(s, (int)i), step))
			count_runs(s, session_step(s, (int)i), &t);
	}
	return t;
}

struct tally tally_kernel(const struct session *s, const char *signature)
{
	struct tally t = { .total = certificate_limit(s) };
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (g_strcmp0(step->signature, signature) == 0)
			count_runs(s, step, &t);
	}
	return t;
}

static bool own_result(const struct session *s, const struct step *step, const char *signature)
{
	/* where its user is the test, the user's word is the result */
	bool tested =
		settings_test(&s->settings) == TEST_MANUAL ? step->by_user : step->runs->len > 0;
	return step->signature && step->verdict != VERDICT_NONE && step->same_as < 0 &&
	       step->presumed == VERDICT_NONE && tested && strcmp(step->signature, signature) == 0;
}

int tally_same_kernel(const struct session *s, int n)
{
	const char *signature = session_step(s, n)->signature;
	for (int i = n - 1; i >= 0; i--) { /* the latest: a retest may have corrected the others */
		if (own_result(s, session_step(s, i), signature))
			return i;
	}
	return -1;
}

int session_step_with_kernel(const struct session *s, const char *signature)
{
	for (int i = (int)s->steps->len - 1; i >= 0; i--) {
		const struct step *step = session_step(s, i);
		/* a user's verdict, or a smaller configuration's, is no measurement of this kind */
		if (own_result(s, step, signature) && step->role != ROLE_MINIMIZE && !step->by_user)
			return i;
	}
	return -1;
}

void session_counts(const struct session *s, int n, int *good, int *bad)
{
	struct tally t = { 0 };
	count_runs(s, session_step(s, n), &t);
	*good = t.good;
	*bad = t.bad;
}

struct rate tally_rate(const struct session *s)
{
	const struct step *first = session_first_step(s);
	struct tally t = { 0 };
	if (first) /* with the runs of an interrupted one, which it did not have to make again */
		t = tally_step(s, first);
	struct rate rate = { .bad = t.bad, .good = t.good };
	int all = rate.bad + rate.good;
	int corrected = (int)(s->reproducibility * all);
	if (s->reproducibility >= 0 && corrected < rate.bad)
		rate = (struct rate){ .bad = corrected, .good = all - corrected };
	return rate;
}

/* syzbot's rule knows lost runs as a part of all; ours are made again, until that is given up. */
static struct tally as_counted(const struct tally *t)
{
	struct tally counts = *t;
	if (t->infra < t->total || t->good + t->bad + t->skip >= t->total)
		counts.infra = 0;
	return counts;
}

/* syzbot's sixth is of a step's runs; a certificate's limit is no such number. And with fewer runs
 * than two "at least two bad" could never be met. */
static int want_bad(const struct step *step, const struct tally *t)
{
	struct tally counts = as_counted(t);
	int n = tally_certifies(step) ? 2 : verdict_want_bad(&counts);
	return n > t->total ? t->total : n;
}

int tally_certificate_needs(const struct session *s, const struct tally *t)
{
	double confidence = settings_number(&s->settings, SET_CONFIDENCE);
	int left = t->total - t->good - t->bad - t->skip, need;
	struct rate rate = tally_rate(s);
	if (left <= 0)
		return 0;
	if (t->bad)
		need = (t->total < 2 ? 1 : 2) - t->bad;
	else if (confidence >= 1.0)
		need = left;
	else
		need = verdict_good_needed(&rate, confidence, t->total) - t->good;
	return CLAMP(need, 0, left);
}

int session_bad_runs_wanted(const struct session *s)
{
	struct step step = { .role = ROLE_SEARCH };
	struct tally t = { .total = session_runs_wanted(s, &step) };
	return want_bad(&step, &t);
}

#define FIRST_STEP_MEASURES 5 /* it also measures how often the bug shows */

int tally_needed(const struct session *s, const struct step *step, const struct tally *t)
{
	double confidence = settings_number(&s->settings, SET_CONFIDENCE);
	int left = t->total - t->good - t->bad - t->skip;
	if (!settings_need_guest(&s->settings))
		return 0;
	if (numbers_wanted(s))
		return metric_needed(s, step);
	if (tally_certifies(step))
		return tally_certificate_needs(s, t);
	if (confidence >= 1.0 || left <= 0)
		return left;
	int need;
	if (step->role == ROLE_ORIGINAL) {
		if (t->good || t->skip)
			return left;
		need = FIRST_STEP_MEASURES - t->bad;
		if (need < want_bad(step, t) - t->bad)
			need = want_bad(step, t) - t->bad;
	} else if (step->role == ROLE_MINIMIZE && t->bad && t->good) {
		need = left; /* the rate decides */
	} else if (t->bad) {
		need = want_bad(step, t) - t->bad;
	} else {
		struct rate rate = tally_rate(s);
		need = verdict_good_needed(&rate, confidence, t->total) - t->good;
	}
	return need < left ? need : left;
}

/* syzbot: a smaller configuration is taken when the bug shows in more than a third of the runs, or
 * no less often than it did. */
static enum verdict judge_smaller(const struct session *s, const struct tally *t)
{
	double rate = t->bad ? (double)t->bad / (double)(t->bad + t->good) : 0;
	return t->bad && (rate > 1.0 / 3 || rate >= s->reproducibility) ? VERDICT_BAD
									: VERDICT_GOOD;
}

enum verdict tally_judge(const struct session *s, const struct step *step, struct tally *t)
{
	*t = tally_step(s, step);
	if (!settings_need_guest(&s->settings))
		return VERDICT_NONE;
	if (numbers_wanted(s))
		return metric_judge(s, step, NULL);
	int counted = t->good + t->bad + t->skip;
	bool gave_up = t->infra >= t->total; /* as many faults as runs: no more is tried */
	if (tally_needed(s, step, t) > 0 && !gave_up)
		return VERDICT_NONE;
	if (step->role == ROLE_MINIMIZE)
		return judge_smaller(s, t);
	if (counted < t->total && !gave_up)
		return t->bad ? VERDICT_BAD : VERDICT_GOOD; /* sure enough, stopped early */
	if (t->total == 1)
		return t->bad ? VERDICT_BAD : t->good ? VERDICT_GOOD : VERDICT_SKIP;
	struct tally counts = as_counted(t);
	return verdict_rule(&counts, s->flaky);
}

bool tally_is_fault(const struct session *s, const struct step *step)
{
	if (numbers_wanted(s))
		return metric_is_fault(s, step);
	struct tally t = tally_step(s, step);
	struct tally counts = as_counted(&t);
	return t.infra >= t.total && verdict_rule(&counts, s->flaky) == VERDICT_NONE;
}

const char *tally_bad_word(const struct session *s)
{
	const struct step *first = session_first_step(s);
	if (settings_test(&s->settings) == TEST_BOOT)
		return "did not boot";
	for (guint k = 0; first && k < first->runs->len; k++) {
		if (step_run(first, (int)k)->outcome == OUTCOME_CRASHED)
			return "crashed";
		if (step_run(first, (int)k)->outcome == OUTCOME_EXIT)
			return "failed";
	}
	return "crashed";
}

char *tally_reason(const struct session *s, const struct step *step, const struct tally *t,
		   enum verdict v)
{
	char *text = NULL;
	if (numbers_wanted(s)) {
		metric_judge(s, step, &text);
		return text;
	}
	GString *why = g_string_new(NULL);
	int counted = t->good + t->bad + t->skip;
	if (v == VERDICT_BAD)
		g_string_printf(why, "%d of %d runs %s", t->bad, counted, tally_bad_word(s));
	else if (v == VERDICT_GOOD)
		g_string_printf(why, "%d of %d runs were OK", t->good, counted);
	else
		g_string_printf(why,
				"unable to determine the verdict: %d good runs (wanted %d), "
				"%d bad (wanted %d), %d could not tell",
				t->good, verdict_want_good(t, s->flaky), t->bad, want_bad(step, t),
				t->skip);
	if (t->infra)
		g_string_append_printf(why, ", %d lost to infrastructure", t->infra);
	if (v != VERDICT_SKIP && counted < t->total && !tally_certifies(step))
		g_string_append_printf(why, ", stopped early: %d would be the most", t->total);
	return g_string_free(why, FALSE);
}
