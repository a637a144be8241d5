/*
 * A step that is open is decided first: by its user, by what was known of it, by its build, by its
 * kernel, by its runs. When none is open and nothing comes next, the bisection is.
 */
#include "conclude.h"

#include "borders.h"
#include "build_verdict.h"
#include "certify.h"
#include "metric.h"
#include "metric_ends.h"
#include "next.h"
#include "range.h"
#include "recipients.h"
#include "tally.h"

#include <string.h>

/* ---- a step ---- */

static const char *last_infra_title(const struct step *step)
{
	for (guint k = step->runs->len; k-- > 0;) {
		if (step_run(step, (int)k)->outcome == OUTCOME_INFRA)
			return step_run(step, (int)k)->title;
	}
	return "?";
}

/* What was asked for did not happen at all: a failure that any commit shows is no bug. */
static const struct run *not_executed(const struct session *s, const struct step *step)
{
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (tally_not_executed(s, step, r))
			return r;
	}
	return NULL;
}

static void fail_not_executed(const struct run *r, struct event *ev)
{
	g_autofree char *status = g_strdup_printf("exit status %d", r->status);
	*ev = event_make(EV_FAILED);
	ev->failed.reason = g_strdup_printf("the reproducer cannot be executed in the guest: %s",
					    *r->title ? r->title : status);
}

static void verdict_event(struct event *ev, int n, enum verdict v, char *reason)
{
	*ev = event_make(EV_VERDICT);
	ev->verdict.step = n;
	ev->verdict.verdict = v;
	ev->verdict.reason = reason;
}

static void drop(struct event *ev, int n, const char *reason)
{
	*ev = event_make(EV_DROPPED);
	ev->dropped.step = n;
	ev->dropped.reason = g_strdup(reason);
}

/* A user's judgement of what is tested now. The search may ask for a commit that was judged long
 * before, when the range was wider: that judgement holds, and the commit is not tested. */
static const struct judgement *judgement_on(const struct session *s, int n)
{
	const struct step *step = session_step(s, n);
	bool any_time = step->role == ROLE_SEARCH;
	if (step->role == ROLE_INSIDE)
		return NULL; /* that is about another kernel */
	for (guint i = s->judgements->len; i-- > 0;) {
		const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
		if (strcmp(j->commit, step->commit) == 0 && (any_time || (int)j->after > n))
			return j;
	}
	return NULL;
}

/* Only these may take over what another step showed: the first step measures, a retest doubts, and
 * a certificate counts all runs of a kernel together anyway. */
static bool may_take_over(const struct step *step)
{
	switch (step->role) {
	case ROLE_MINIMIZE:
	case ROLE_RELEASE:
	case ROLE_BASE:
	case ROLE_HEAD:
	case ROLE_SEARCH:
	case ROLE_CONTAINS:
	case ROLE_GOOD:
	case ROLE_INSIDE:
		return true;
	default:
		return false;
	}
}

bool session_may_take_over(const struct session *s, int n)
{
	const struct step *step = session_step(s, n);
	return step && step->state == STEP_TESTING && step->signature && !step->runs->len &&
	       step->known == VERDICT_NONE && may_take_over(step);
}

static bool decide_by_kernel(const struct session *s, int n, struct event *ev)
{
	const struct step *step = session_step(s, n);
	if (step->known != VERDICT_NONE) {
		verdict_event(ev, n, step->known, g_strdup(step->reason));
		return true;
	}
	bool no_op = step->role == ROLE_PARENT && certify_is_no_op(s);
	int same = step->runs->len || !step->signature ? -1 : tally_same_kernel(s, n);
	if (same >= 0 && (no_op || may_take_over(step))) {
		verdict_event(ev, n, session_step(s, same)->verdict,
			      g_strdup_printf("same kernel as step %d", same));
		ev->verdict.same = same;
		return true;
	}
	if (tally_certifies(step) && (no_op || !certify_is_wanted(s))) {
		drop(ev, n, "built for its signature alone");
		return true;
	}
	return false;
}

static bool decide_by_build(const struct session *s, int n, struct event *ev)
{
	char *reason = NULL;
	enum verdict v = build_verdict(s, n, &reason);
	if (v != VERDICT_NONE)
		verdict_event(ev, n, v, reason);
	return v != VERDICT_NONE;
}

static bool decide_step(const struct session *s, int n, struct event *ev)
{
	const struct step *step = session_step(s, n);
	const struct judgement *user = judgement_on(s, n);
	if (user && !metric_measures_anyway(s, step, user->verdict)) {
		verdict_event(ev, n, user->verdict, g_strdup("by its user"));
		ev->verdict.by_user = true;
		return true;
	}
	if (step->presumed != VERDICT_NONE) {
		verdict_event(ev, n, step->presumed, g_strdup(step->reason));
		return true;
	}
	if (settings_test(&s->settings) == TEST_BUILD)
		return decide_by_build(s, n, ev);
	if (step->state == STEP_BUILDING && !step->build_failed)
		return false;
	if (step->build_failed) {
		verdict_event(ev, n, VERDICT_SKIP, g_strdup(step->reason));
		return true;
	}
	if (decide_by_kernel(s, n, ev))
		return true;
	const struct run *no_test = not_executed(s, step);
	if (no_test) {
		fail_not_executed(no_test, ev);
		return true;
	}
	if (tally_is_fault(s, step)) {
		*ev = event_make(EV_FAILED);
		ev->failed.reason = g_strdup_printf("step %d: too many runs were lost: %s", n,
						    last_infra_title(step));
		return true;
	}
	struct tally t;
	enum verdict v = tally_judge(s, step, &t);
	if (v == VERDICT_NONE)
		return false;
	verdict_event(ev, n, v, tally_reason(s, step, &t, v));
	return true;
}

/* ---- the end ---- */

static void conclude(struct event *ev, const char *verdict)
{
	*ev = event_make(EV_CONCLUDED);
	ev->concluded.verdict = g_strdup(verdict);
}

static void fail(struct event *ev, char *reason)
{
	*ev = event_make(EV_FAILED);
	ev->failed.reason = reason;
}

static const char *name_of(const struct step *step)
{
	switch (step->role) {
	case ROLE_ORIGINAL:
		return "the starting commit";
	case ROLE_HEAD:
		return "the branch's head";
	case ROLE_BASE:
		return "the merge base with the branch";
	case ROLE_GOOD:
		return "the good commit";
	default:
		return "the oldest release";
	}
}

/* The last step that the way to here was decided by; a retest repeats an earlier one. */
static const struct step *last_decisive_step(const struct session *s)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (step->role != ROLE_RETEST && step->role != ROLE_MINIMIZE)
			return step;
	}
	return NULL;
}

/* The name of the oldest release, where its user skips it: nothing is known then of the time before
 * the one tested last. */
static char *skipped_oldest_release(const struct session *s)
{
	guint n = s->releases ? g_strv_length(s->releases) : 0;
	g_autofree char *name = NULL;
	g_autofree char *commit = NULL;
	if (!n)
		return NULL;
	range_split(s->releases[n - 1], &name, &commit);
	if (session_verdict_of(s, commit) != VERDICT_SKIP)
		return NULL;
	return g_steal_pointer(&name);
}

/* Numbers say more than that there are none which help. */
static bool decide_numbers(const struct session *s, struct event *ev)
{
	const struct step *last = last_decisive_step(s), *start = session_first_step(s);
	struct numbers n;
	numbers_of_step(s, start, 0, &n);
	g_autofree char *lost = metric_lost(&n);
	numbers_clear(&n);
	if (lost) /* the other end had nothing to be compared with */
		last = start;
	g_autofree char *stuck = metric_stuck(s);
	bool unmeasured = numbers_wanted(s) && start->verdict == VERDICT_SKIP && !start->by_user;
	if (stuck)
		conclude(ev, stuck);
	else if (unmeasured && last->verdict == VERDICT_SKIP)
		fail(ev, g_strdup_printf("%s %s cannot be measured: %s", name_of(last),
					 last->commit, last->reason));
	return stuck || ev->kind == EV_FAILED;
}

static void decide_dead_end(const struct session *s, struct event *ev)
{
	const struct step *last = last_decisive_step(s);
	g_autofree char *skipped = skipped_oldest_release(s);
	enum verdict v = session_verdict_of(s, last->commit);
	*ev = event_make(EV_NONE);
	if (!last->build_failed && decide_numbers(s, ev))
		return;
	if (last->build_failed && v == VERDICT_SKIP) {
		fail(ev, g_strdup_printf("the kernel of %s %s does not build: %s", name_of(last),
					 last->commit, last->reason));
	} else if (range_users_word(s, s->bad) == VERDICT_SKIP) {
		fail(ev, g_strdup_printf("the starting commit %s cannot be tested: its user skips "
					 "it",
					 s->bad));
	} else if (session_verdict_of(s, s->bad) != VERDICT_BAD) {
		conclude(ev, "not reproduced");
	} else if (last->role == ROLE_ORIGINAL && s->shallow) {
		conclude(ev, "older than the history in this shallow clone");
	} else if (last->role == ROLE_ORIGINAL) {
		fail(ev, g_strdup_printf("no release since %s is reachable from %s: give a good "
					 "commit, or an older 'oldest'",
					 settings_text(&s->settings, SET_OLDEST), s->bad));
	} else if (last->role == ROLE_BASE && v == VERDICT_GOOD) {
		fail(ev, g_strdup_printf("the starting commit is of another tree, and its merge "
					 "base %s with the branch does not have the bug: the "
					 "branch cannot hold its fix",
					 last->commit));
	} else if (last->role == ROLE_HEAD && v == VERDICT_BAD) {
		conclude(ev, "not fixed");
	} else if (last->role == ROLE_RELEASE && v == VERDICT_BAD && skipped) {
		fail(ev, g_strdup_printf("the oldest release %s cannot be tested: its user skips "
					 "it; %s has the bug already",
					 skipped, last->release));
	} else if (last->role == ROLE_RELEASE && v == VERDICT_BAD) {
		g_autofree char *text = g_strdup_printf("older than %s", last->release);
		conclude(ev, text);
	} else {
		fail(ev, g_strdup_printf("%s %s cannot be tested: %s", name_of(last),
					 last->role == ROLE_RELEASE ? last->release : last->commit,
					 last->reason));
	}
}

static void reopen(struct event *ev, char *reason)
{
	*ev = event_make(EV_REOPENED);
	ev->reopened.reason = reason;
}

static char *outside_paths(const struct session *s)
{
	const char *commit = s->found[0], *parent = certify_outside_paths(s);
	if (settings_is_fix(&s->settings))
		return g_strdup_printf("inconclusive: what removed the bug is outside of these "
				       "paths: %s is without it, its parent %s is too",
				       commit, parent);
	return g_strdup_printf("inconclusive: what brought the bug in is outside of these paths: "
			       "%s has it, its parent %s has it too",
			       commit, parent);
}

static void decide_found(const struct session *s, struct event *ev)
{
	guint n = g_strv_length(s->found);
	g_autofree char *text = NULL;
	char *why = s->borders ? borders_contradiction(s) : certify_contradiction(s);
	if (why) {
		reopen(ev, why);
		return;
	}
	bool no_op = n == 1 && certify_is_no_op(s);
	if (s->borders) {
		text = borders_verdict(s);
	} else if (n > 1) {
		text = g_strdup_printf("inconclusive: %u candidates", n);
	} else if (!certify_tells_apart(s)) {
		text = g_strdup_printf("inconclusive: %s and its parent have the same numbers: see "
				       "report/metric",
				       s->found[0]);
	} else if (!no_op && certify_outside_paths(s)) {
		text = outside_paths(s);
	} else if (no_op) {
		text = g_strdup_printf("no-op: %s does not change the kernel", s->found[0]);
	} else {
		/* never rounded up: 0.999 is shown as 0.99 */
		int percent = (int)(certify_confidence(s) * 100.0 + 1e-9);
		text = g_strdup_printf("culprit %s (confidence %d.%02d)", s->found[0],
				       percent / 100, percent % 100);
	}
	conclude(ev, text);
	ev->concluded.no_op = no_op;
	if (n == 1)
		ev->concluded.subject = recipients_subject(s);
}

/* What was found says nothing then, unless a commit without the bug lies above the good one: that
 * is asked of the history once. */
static void decide_good_is_bad(const struct session *s, struct event *ev)
{
	const char *good = range_good_that_is_bad(s);
	if (s->found && borders_may_be(s) && strcmp(s->found[0], good) != 0) {
		reopen(ev, g_strdup_printf("%s was given as good and has the bug, others do not: "
					   "the search goes on",
					   good));
		return;
	}
	g_autofree char *text = g_strdup_printf("good is bad: %s", good);
	conclude(ev, text);
}

static bool is_contradicted(const struct session *s)
{
	g_autofree char *why = certify_contradiction(s);
	return why != NULL;
}

/* Then their configurations are compared. */
static bool has_both_kernels(const struct session *s)
{
	const char *parent = certify_parent(s);
	return parent && certify_signature(s, parent) && certify_signature(s, s->found[0]);
}

bool conclude_needs_maintainers(const struct session *s)
{
	return s->found && s->found[0] && !s->found[1] && !s->reported && !s->verdict &&
	       (recipients_need_maintainers(s) || has_both_kernels(s)) && !is_contradicted(s);
}

/* The first step, where it is measured along with the last one: once that is judged, or on its own
 * when it cannot be measured. */
static bool decide_start(const struct session *s, int n, struct event *ev)
{
	char *reason;
	int first = session_first(s);
	if (n == first || !metric_ends_open(s))
		return false;
	if (decide_step(s, first, ev))
		return true;
	if (session_step(s, n)->state != STEP_DONE || next_role(s) != ROLES)
		return false;
	enum verdict v = metric_ends_close(s, &reason);
	verdict_event(ev, first, v, reason);
	return true;
}

bool session_decide(const struct session *s, struct event *ev)
{
	if (s->state != STATE_RUNNING && s->state != STATE_PAUSED)
		return false;
	int n = (int)s->steps->len - 1;
	if (!s->loaded || n < 0)
		return false;
	if (session_step(s, n)->state != STEP_DONE) {
		/* a user's judgement may have moved the range away from it: its runs must not speak
		 * before it is known whether it stays */
		bool waits = s->replan && next_role(s) != ROLES && !judgement_on(s, n);
		return !waits && (decide_step(s, n, ev) || decide_start(s, n, ev));
	}
	if (metric_ends_open(s))
		return decide_start(s, n, ev);
	if (next_role(s) != ROLES)
		return false;
	if (s->verdict) { /* it was over, and was minimised after that */
		conclude(ev, s->verdict);
		ev->concluded.no_op = s->no_op;
		return true;
	}
	if (range_good_that_is_bad(s) && !s->borders) {
		decide_good_is_bad(s, ev);
		return true;
	}
	if (s->found) {
		if (conclude_needs_maintainers(s))
			return false;
		decide_found(s, ev);
		return true;
	}
	decide_dead_end(s, ev);
	return true;
}
