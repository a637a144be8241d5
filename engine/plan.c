#include "plan.h"

#include "report.h"

#include <regex.h>
#include <string.h>

/* ---- a step's runs ---- */

static bool mode_is_fix(const struct session *s)
{
	return strcmp(settings_text(&s->settings, SET_MODE), "fix") == 0;
}

int step_representative(const struct step *step)
{
	/* syzbot: types by frequency; the first run of the most frequent type. A hang counts only
	 * when it is at least half of all, a lost connection only when it is alone. */
	int count[CRASH_TYPES] = { 0 }, all = 0, kinds = 0;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome == OUTCOME_CRASHED) {
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
		if (r->outcome == OUTCOME_CRASHED && count[r->type] &&
		    (best < 0 || count[r->type] > count[step_run(step, best)->type]))
			best = (int)k;
	}
	return best;
}

const struct run *session_crash(const struct session *s, int *n, int *k)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		int run = step->verdict == VERDICT_BAD ? step_representative(step) : -1;
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
	const struct step *first = session_step(s, 0);
	int k = first ? step_representative(first) : -1;
	return k < 0 ? CRASH_NONE : step_run(first, k)->type;
}

static bool title_matches(const char *pattern, const char *title)
{
	regex_t re;
	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	bool yes = regexec(&re, title, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

static bool crash_counts(const struct session *s, const struct step *step, const struct run *r)
{
	const char *match = settings_text(&s->settings, SET_MATCH);
	bool first = step == session_step(s, 0);
	if (r->type == CRASH_LOST_CONNECTION && !first && type_of_bug(s) != CRASH_LOST_CONNECTION)
		return false;
	if (!*match || strcmp(match, "any") == 0)
		return true;
	if (strcmp(match, "type") == 0)
		return first || r->type == type_of_bug(s);
	return title_matches(match, r->title);
}

/* A run that was stopped because nothing depended on it any more says nothing. */
static bool was_stopped(const struct run *r)
{
	return r->outcome == OUTCOME_SKIPPED && r->status != 125;
}

struct tally plan_tally(const struct session *s, const struct step *step)
{
	struct tally t = { .total = session_runs_wanted(s, step) };
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome == OUTCOME_NONE || was_stopped(r))
			continue;
		if (r->outcome == OUTCOME_OK)
			t.good++;
		else if (r->outcome == OUTCOME_EXIT)
			t.bad++;
		else if (r->outcome == OUTCOME_CRASHED && crash_counts(s, step, r))
			t.bad++;
		else if (r->outcome == OUTCOME_INFRA)
			t.infra++;
		else
			t.skip++;
	}
	return t;
}

int session_runs_wanted(const struct session *s, const struct step *step)
{
	int runs = settings_int(&s->settings, SET_RUNS);
	if (step == session_step(s, 0))
		return settings_int(&s->settings, SET_FIRST_RUNS);
	return s->flaky ? 2 * runs : runs;
}

static struct rate first_rate(const struct session *s)
{
	struct tally t = plan_tally(s, session_step(s, 0));
	return (struct rate){ .bad = t.bad, .good = t.good };
}

/* With fewer runs than two, the rule's "at least two bad" could never be met. */
static int want_bad(const struct tally *t)
{
	int n = verdict_want_bad(t);
	return n > t->total ? t->total : n;
}

/* Runs still needed before the verdict can be as sure as `confidence` asks, should all go on as
 * they do: the first step also has to measure how often the bug shows. */
#define FIRST_STEP_MEASURES 5
static int runs_needed(const struct session *s, const struct step *step, const struct tally *t)
{
	double confidence = settings_number(&s->settings, SET_CONFIDENCE);
	int left = t->total - t->good - t->bad - t->skip;
	if (confidence >= 1.0 || left <= 0)
		return left;
	int need;
	if (step == session_step(s, 0)) {
		if (t->good || t->skip)
			return left;
		need = FIRST_STEP_MEASURES - t->bad;
		if (need < want_bad(t) - t->bad)
			need = want_bad(t) - t->bad;
	} else if (t->bad) {
		need = want_bad(t) - t->bad;
	} else {
		struct rate rate = first_rate(s);
		need = verdict_good_needed(&rate, confidence, t->total) - t->good;
	}
	return need < left ? need : left;
}

static enum verdict judge(const struct session *s, const struct step *step, struct tally *t)
{
	*t = plan_tally(s, step);
	int counted = t->good + t->bad + t->skip;
	bool gave_up = t->infra >= t->total; /* as many faults as runs: no more is tried */
	if (runs_needed(s, step, t) > 0 && !gave_up)
		return VERDICT_NONE;
	if (counted < t->total && !gave_up)
		return t->bad ? VERDICT_BAD : VERDICT_GOOD; /* sure enough, stopped early */
	if (t->total == 1)
		return t->bad ? VERDICT_BAD : t->good ? VERDICT_GOOD : VERDICT_SKIP;
	return verdict_rule(t, s->flaky);
}

static bool judge_is_fault(const struct session *s, const struct step *step)
{
	struct tally t = plan_tally(s, step);
	return t.infra >= t.total && verdict_rule(&t, s->flaky) == VERDICT_NONE;
}

static const char *last_infra_title(const struct step *step)
{
	for (guint k = step->runs->len; k-- > 0;) {
		if (step_run(step, (int)k)->outcome == OUTCOME_INFRA)
			return step_run(step, (int)k)->title;
	}
	return "?";
}

static char *counts_reason(const struct session *s, const struct tally *t, enum verdict v)
{
	GString *why = g_string_new(NULL);
	int counted = t->good + t->bad + t->skip;
	if (v == VERDICT_BAD)
		g_string_printf(why, "%d of %d runs crashed", t->bad, counted);
	else if (v == VERDICT_GOOD)
		g_string_printf(why, "%d of %d runs were OK", t->good, counted);
	else
		g_string_printf(why,
				"unable to determine the verdict: %d good runs (wanted %d), "
				"%d bad (wanted %d), %d could not tell",
				t->good, verdict_want_good(t, s->flaky), t->bad, want_bad(t),
				t->skip);
	if (t->infra)
		g_string_append_printf(why, ", %d lost to infrastructure", t->infra);
	if (v != VERDICT_SKIP && counted < t->total)
		g_string_append_printf(why, ", stopped early: %d would be the most", t->total);
	return g_string_free(why, FALSE);
}

static bool decide_step(const struct session *s, int n, struct event *ev)
{
	const struct step *step = session_step(s, n);
	if (step->state == STEP_BUILDING && !step->build_failed)
		return false;
	if (step->build_failed) {
		*ev = event_make(EV_VERDICT);
		ev->step = n;
		ev->verdict = g_strdup("skip");
		ev->reason = g_strdup(step->reason);
		return true;
	}
	if (judge_is_fault(s, step)) {
		*ev = event_make(EV_FAILED);
		ev->reason = g_strdup_printf("step %d: too many runs were lost: %s", n,
					     last_infra_title(step));
		return true;
	}
	struct tally t;
	enum verdict v = judge(s, step, &t);
	if (v == VERDICT_NONE)
		return false;
	*ev = event_make(EV_VERDICT);
	ev->step = n;
	ev->verdict = g_strdup(verdict_name(v));
	ev->reason = counts_reason(s, &t, v);
	return true;
}

/* ---- the way through the history ---- */

/* What comes after the steps so far; ROLES: nothing, the bisection can be concluded. */
static enum step_role next_role(const struct session *s)
{
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	if (!last)
		return ROLE_ORIGINAL;
	switch (last->role) {
	case ROLE_ORIGINAL:
		if (last->verdict != VERDICT_BAD)
			return ROLES;
		if (s->goods && s->goods[0])
			return ROLE_SEARCH;
		if (mode_is_fix(s))
			return ROLE_HEAD;
		return s->releases && s->releases[0] ? ROLE_RELEASE : ROLES;
	case ROLE_RELEASE:
		if (last->verdict == VERDICT_GOOD)
			return ROLE_SEARCH;
		return s->releases[s->steps->len - 1] ? ROLE_RELEASE : ROLES;
	case ROLE_HEAD:
		return last->verdict == VERDICT_GOOD ? ROLE_SEARCH : ROLES;
	default:
		return ROLE_SEARCH;
	}
}

static const struct step *oldest_bad_release(const struct session *s)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (step->role == ROLE_RELEASE && step->verdict == VERDICT_BAD)
			return step;
	}
	return NULL;
}

static void conclude(struct event *ev, const char *verdict)
{
	*ev = event_make(EV_CONCLUDED);
	ev->verdict = g_strdup(verdict);
}

static void fail(struct event *ev, char *reason)
{
	*ev = event_make(EV_FAILED);
	ev->reason = reason;
}

static void decide_dead_end(const struct session *s, struct event *ev)
{
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	if (last->build_failed) {
		fail(ev, g_strdup_printf("the kernel of %s %s does not build: %s",
					 last->role == ROLE_ORIGINAL ? "the starting commit"
					 : last->role == ROLE_HEAD   ? "the branch's head"
								     : "the oldest release",
					 last->commit, last->reason));
	} else if (last->role == ROLE_ORIGINAL && last->verdict != VERDICT_BAD) {
		conclude(ev, "not reproduced");
	} else if (last->role == ROLE_ORIGINAL) {
		fail(ev, g_strdup_printf("no release since %s is reachable from %s: give a good "
					 "commit, or an older 'oldest'",
					 settings_text(&s->settings, SET_OLDEST), s->bad));
	} else if (last->role == ROLE_HEAD && last->verdict == VERDICT_BAD) {
		conclude(ev, "not fixed");
	} else if (last->role == ROLE_RELEASE && last->verdict == VERDICT_BAD) {
		g_autofree char *text = g_strdup_printf("older than %s", last->release);
		conclude(ev, text);
	} else {
		fail(ev, g_strdup_printf("%s %s cannot be tested: %s",
					 last->role == ROLE_HEAD ? "the branch's head"
								 : "the oldest release",
					 last->role == ROLE_HEAD ? last->commit : last->release,
					 last->reason));
	}
}

static void decide_found(const struct session *s, struct event *ev)
{
	guint n = g_strv_length(s->found);
	g_autofree char *text = NULL;
	if (n > 1) {
		text = g_strdup_printf("inconclusive: %u candidates", n);
	} else {
		/* never rounded up: 0.999 is shown as 0.99 */
		int percent = (int)(s->confidence * 100.0 + 1e-9);
		text = g_strdup_printf("culprit %s (confidence %d.%02d)", s->found[0],
				       percent / 100, percent % 100);
	}
	conclude(ev, text);
	if (n == 1)
		ev->subject = report_subject(s);
}

bool session_decide(const struct session *s, struct event *ev)
{
	if (s->state != STATE_RUNNING && s->state != STATE_PAUSED)
		return false;
	if (!s->loaded)
		return false;
	if (s->found) {
		decide_found(s, ev);
		return true;
	}
	int n = (int)s->steps->len - 1;
	if (n < 0)
		return false;
	if (session_step(s, n)->state != STEP_DONE)
		return decide_step(s, n, ev);
	if (next_role(s) == ROLES) {
		decide_dead_end(s, ev);
		return true;
	}
	return false;
}

/* ---- wishes ---- */

static void wish(GArray *wishes, enum wish_kind kind, int step, int run)
{
	struct wish w = { .kind = kind, .step = step, .run = run };
	g_array_append_val(wishes, w);
}

static void wish_runs(const struct session *s, int n, GArray *wishes)
{
	const struct step *step = session_step(s, n);
	bool fresh = s->state == STATE_RUNNING;
	struct tally t = plan_tally(s, step);
	int in_flight = 0;
	int needed = runs_needed(s, step, &t);
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome != OUTCOME_NONE)
			continue;
		if (r->started || (fresh && in_flight < needed))
			wish(wishes, WISH_RUN, n, (int)k);
		in_flight++;
	}
	for (int k = (int)step->runs->len; fresh && in_flight < needed; k++, in_flight++)
		wish(wishes, WISH_RUN, n, k);
}

void session_wishes(const struct session *s, GArray *wishes)
{
	bool fresh = s->state == STATE_QUEUED || s->state == STATE_RUNNING;
	if (!session_in_progress(s) || s->found)
		return;
	if (!s->loaded) {
		if (fresh)
			wish(wishes, WISH_LOAD, -1, -1);
		return;
	}
	int n = (int)s->steps->len - 1;
	const struct step *last = session_step(s, n);
	if (!last || last->state == STEP_DONE) {
		if (fresh && next_role(s) != ROLES)
			wish(wishes, WISH_NEXT, n + 1, -1);
		return;
	}
	if (last->state == STEP_BUILDING) {
		/* a pause lets a build that runs go on: stopping it would throw work away */
		if (!last->build_failed && !s->paused_by_disk)
			wish(wishes, WISH_BUILD, n, -1);
		return;
	}
	wish_runs(s, n, wishes);
}

static void split_release(const char *line, char **name, char **commit)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	*name = g_strdup(words[0]);
	*commit = g_strdup(words[0] && words[1] ? words[1] : "");
}

const char *session_git_term(const struct session *s, enum verdict v)
{
	if (v == VERDICT_SKIP)
		return "skip";
	return (v == VERDICT_BAD) != mode_is_fix(s) ? "bad" : "good";
}

static void search_range(const struct session *s, GPtrArray *goods, GPtrArray *skips, char **bad)
{
	const struct step *release = oldest_bad_release(s);
	if (mode_is_fix(s)) {
		const char *head = s->goods && s->goods[0] ? s->goods[0] : NULL;
		g_autofree char *name = NULL;
		g_autofree char *commit = NULL;
		if (!head && s->releases && s->releases[0]) {
			split_release(s->releases[0], &name, &commit);
			head = commit;
		}
		*bad = g_strdup(head);
		g_ptr_array_add(goods, g_strdup(s->bad));
	} else {
		*bad = g_strdup(release ? release->commit : s->bad);
		for (char **g = s->goods; g && *g; g++)
			g_ptr_array_add(goods, g_strdup(*g));
	}
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (step->role == ROLE_RELEASE && step->verdict == VERDICT_GOOD)
			g_ptr_array_add(goods, g_strdup(step->commit));
		if (step->role != ROLE_SEARCH || step->verdict == VERDICT_NONE)
			continue;
		const char *term = session_git_term(s, step->verdict);
		if (strcmp(term, "bad") == 0) {
			g_free(*bad);
			*bad = g_strdup(step->commit);
		} else {
			g_ptr_array_add(strcmp(term, "good") == 0 ? goods : skips,
					g_strdup(step->commit));
		}
	}
}

void session_next_query(const struct session *s, struct next_query *q)
{
	*q = (struct next_query){ .role = next_role(s), .checked = s->checked };
	GPtrArray *goods = g_ptr_array_new();
	GPtrArray *skips = g_ptr_array_new();
	search_range(s, goods, skips, &q->bad);
	g_ptr_array_add(goods, NULL);
	g_ptr_array_add(skips, NULL);
	q->goods = (GStrv)g_ptr_array_free(goods, FALSE);
	q->skips = (GStrv)g_ptr_array_free(skips, FALSE);
	if (q->role == ROLE_ORIGINAL)
		q->commit = g_strdup(s->bad);
	else if (q->role == ROLE_RELEASE)
		split_release(s->releases[s->steps->len - 1], &q->release, &q->commit);
	else if (q->role == ROLE_HEAD && s->releases && s->releases[0])
		split_release(s->releases[0], &q->release, &q->commit);
}

void next_query_clear(struct next_query *q)
{
	g_free(q->commit);
	g_free(q->release);
	g_free(q->bad);
	g_strfreev(q->goods);
	g_strfreev(q->skips);
	*q = (struct next_query){ 0 };
}
