/*
 * A best-first walk over what may come: a node is a chain of verdicts that the open step and those
 * after it may get, with its chance; a session that has them (struct hypothesis) is asked what it
 * would test next, and the history answers.
 */
#include "forecast.h"

#include "engine/base/digest.h"
#include "metric.h"
#include "metric_ends.h"
#include "next.h"
#include "range.h"
#include "tally.h"

#include <string.h>

#define DEPTH 6		/* steps ahead */
#define NEGLIGIBLE 0.04 /* a branch less probable than this is not followed */
#define ALMOST_SURE 0.95

/* ---- a session as it would be ---- */

/* One more step that it would have, or (first) the verdict of the open one. */
struct supposed {
	const struct event *ev; /* EV_STEP, EV_FOUND; NULL: the open step */
	enum verdict verdict;
};

struct node {
	struct supposed chain[DEPTH];
	int n;
	double chance;
};

/* A session with further steps. Shares all it can with the real one, which must outlive it. */
struct hypothesis {
	struct session s;
	struct step steps[DEPTH];
	struct step start; /* the first step, where it would be judged along with another end */
	GArray *no_runs;
};

static void suppose(const struct session *s, const struct node *node, struct hypothesis *h)
{
	h->s = *s;
	h->s.steps = g_ptr_array_sized_new(s->steps->len + DEPTH);
	h->s.replan = false;
	h->no_runs = g_array_new(FALSE, TRUE, sizeof(struct run));
	for (guint i = 0; i < s->steps->len; i++)
		g_ptr_array_add(h->s.steps, g_ptr_array_index(s->steps, i));
	int first = session_first(s);
	if ((int)s->steps->len > first + 1 && metric_ends_open(s) &&
	    node->chain[0].verdict == VERDICT_GOOD) {
		h->start = *session_step(s, first);
		h->start.state = STEP_DONE;
		h->start.verdict = VERDICT_BAD;
		h->s.steps->pdata[first] = &h->start;
	}
	for (int i = 0; i < node->n; i++) {
		const struct supposed *one = &node->chain[i];
		struct step *step = &h->steps[i];
		if (one->ev && one->ev->kind == EV_FOUND) {
			h->s.found = one->ev->found.candidates;
			h->s.parents = one->ev->found.parents;
			h->s.borders = one->ev->found.borders;
			h->s.found_at = h->s.steps->len;
			continue;
		}
		if (!one->ev) {
			*step = *session_step(s, (int)s->steps->len - 1);
			step->state = STEP_DONE;
			step->verdict = one->verdict;
			h->s.steps->pdata[h->s.steps->len - 1] = step;
			continue;
		}
		*step = (struct step){ .state = STEP_DONE,
				       .role = one->ev->step.role,
				       .verdict = one->verdict,
				       .presumed = one->ev->step.presumed,
				       .commit = one->ev->step.commit,
				       .cc = one->ev->step.cc,
				       .patches = one->ev->step.patches,
				       .options = one->ev->step.options,
				       .same_as = -1,
				       .runs = h->no_runs };
		h->s.checked = h->s.checked || one->ev->step.checked;
		h->s.retests_begun += step->role == ROLE_RETEST;
		g_ptr_array_add(h->s.steps, step);
	}
}

static void hypothesis_clear(struct hypothesis *h)
{
	g_ptr_array_free(h->s.steps, TRUE);
	g_array_free(h->no_runs, TRUE);
}

/* ---- chances ---- */

/* That a step of this role will be bad, before anything is known of it. */
static double prior(const struct session *s, enum step_role role)
{
	bool fix = settings_is_fix(&s->settings);
	switch (role) {
	case ROLE_ORIGINAL:
	case ROLE_BASE:
		return ALMOST_SURE;
	case ROLE_CULPRIT:
		return fix ? 1 - ALMOST_SURE : ALMOST_SURE;
	case ROLE_PARENT:
	case ROLE_SIDE:
	case ROLE_COMPILER:
		return fix ? ALMOST_SURE : 1 - ALMOST_SURE;
	case ROLE_REVERT:
	case ROLE_HEAD:
	case ROLE_GOOD:
		return 1 - ALMOST_SURE;
	default:
		return 0.5; /* the search halves what is left */
	}
}

/* How many of the crashes seen so far had come by then, of how many. */
static void crashes_by(const struct session *s, int64_t duration, int *by, int *all)
{
	*by = *all = 0;
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		for (guint k = 0; k < step->runs->len; k++) {
			const struct run *r = step_run(step, (int)k);
			if (!tally_shows_bug(s, r))
				continue;
			++*all;
			*by += r->duration <= duration;
		}
	}
}

/* How probable it is that runs of a bad step look as these do. */
static double likelihood(const struct session *s, const struct step *step, const struct tally *t,
			 int64_t now)
{
	struct rate rate = tally_rate(s);
	double p = verdict_miss_probability(&rate, t->good);
	double shows = (double)(1 + rate.bad) / (double)(2 + rate.bad + rate.good);
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		int by, all;
		if (r->outcome != OUTCOME_NONE || !r->started)
			continue;
		crashes_by(s, now - r->started, &by, &all);
		/* one of its own keeps the estimate from ever being sure */
		p *= 1 - shows * (double)by / (double)(all + 1);
	}
	return p;
}

double forecast_odds(const struct session *s, int64_t now)
{
	const struct step *step = session_step(s, (int)s->steps->len - 1);
	if (!step || step->state == STEP_DONE)
		return 0.5;
	struct tally t = tally_step(s, step);
	if (numbers_wanted(s)) {
		double odds = metric_odds(s, step);
		return odds < 0 ? prior(s, step->role) : odds;
	}
	if (t.bad)
		return ALMOST_SURE;
	double p = prior(s, step->role), seen = likelihood(s, step, &t, now);
	return p * seen / (p * seen + 1 - p);
}

/* ---- the tree ---- */

static void push(GArray *open, const struct node *from, const struct event *ev, enum verdict v,
		 double chance)
{
	struct node node = *from;
	if (node.n == DEPTH || chance < NEGLIGIBLE)
		return;
	node.chain[node.n++] = (struct supposed){ .ev = ev, .verdict = v };
	node.chance = chance;
	g_array_append_val(open, node);
}

static struct node take_most_probable(GArray *open)
{
	guint best = 0;
	for (guint i = 1; i < open->len; i++) {
		if (g_array_index(open, struct node, i).chance >
		    g_array_index(open, struct node, best).chance)
			best = i;
	}
	struct node node = g_array_index(open, struct node, best);
	g_array_remove_index(open, best); /* in order: what is equally probable keeps its turn */
	return node;
}

/* Runs that a step just begun would ask for. */
static int runs_of(const struct session *s, const struct event *ev)
{
	GArray *none = g_array_new(FALSE, TRUE, sizeof(struct run));
	struct step step = { .role = ev->step.role, .same_as = -1, .runs = none };
	struct tally t = { .total = session_runs_wanted(s, &step) };
	int n = tally_needed(s, &step, &t);
	g_array_free(none, TRUE);
	return n;
}

static void follow(const struct session *s, const struct node *node, const struct event *ev,
		   GArray *open, GArray *out, int *left)
{
	if (ev->kind == EV_FOUND) {
		push(open, node, ev, VERDICT_NONE, node->chance);
		return;
	}
	if (ev->kind != EV_STEP)
		return;
	enum verdict presumed = ev->step.presumed;
	if (presumed != VERDICT_NONE) {
		push(open, node, ev, presumed, node->chance);
		return;
	}
	struct forecast f = { .first = node->chain[0].verdict,
			      .chance = node->chance,
			      .runs = runs_of(s, ev),
			      .ev = ev };
	g_array_append_val(out, f);
	--*left;
	double bad = prior(s, ev->step.role);
	push(open, node, ev, VERDICT_BAD, node->chance * bad);
	push(open, node, ev, VERDICT_GOOD, node->chance * (1 - bad));
}

/* What follows on one verdict of the open step. */
static void grow(const struct session *s, enum verdict first, int limit, forecast_ask *ask,
		 void *arg, GArray *out)
{
	g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(struct node));
	struct node root = { 0 };
	push(open, &root, NULL, first, 1.0);
	while (open->len && limit > 0) {
		struct node node = take_most_probable(open);
		struct hypothesis h;
		suppose(s, &node, &h);
		if (next_role(&h.s) != ROLES) {
			struct next_query q;
			session_next_query(&h.s, &q);
			const struct event *ev = ask(&q, arg);
			next_query_clear(&q);
			if (ev)
				follow(s, &node, ev, open, out, &limit);
		}
		hypothesis_clear(&h);
	}
}

/* Not needed before the end; but should it have the bug, all that is searched until then is in
 * vain. So it is what an idle builder does, before work that is needed with less chance. */
#define CHANCE_OF_GOOD 0.2

static void add_untested_good(const struct session *s, forecast_ask *ask, void *arg, GArray *out)
{
	const char *good = range_good_untested(s);
	if (!good || s->found || s->doubted)
		return;
	struct next_query q = { .role = ROLE_GOOD, .commit = g_strdup(good) };
	const struct event *ev = ask(&q, arg);
	next_query_clear(&q);
	if (!ev || ev->kind != EV_STEP)
		return;
	for (enum verdict v = VERDICT_GOOD; v <= VERDICT_BAD; v++) {
		struct forecast f = {
			.first = v, .chance = CHANCE_OF_GOOD, .runs = runs_of(s, ev), .ev = ev
		};
		g_array_append_val(out, f);
	}
}

/* Its errors say which object the others have to make. */
static bool first_build(const struct session *s, const struct step *step)
{
	return step->role == ROLE_ORIGINAL && settings_test(&s->settings) == TEST_BUILD;
}

GArray *forecast_make(const struct session *s, int limit, forecast_ask *ask, void *arg)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(struct forecast));
	const struct step *step = session_step(s, (int)s->steps->len - 1);
	/* after a judgement, or in a minimisation, nothing tells what comes next */
	if (!step || step->state == STEP_DONE || s->replan || step->role == ROLE_MINIMIZE ||
	    first_build(s, step) || step->presumed != VERDICT_NONE)
		return out;
	grow(s, VERDICT_BAD, limit, ask, arg, out);
	grow(s, VERDICT_GOOD, limit, ask, arg, out);
	if (step->role != ROLE_GOOD)
		add_untested_good(s, ask, arg, out);
	return out;
}

/* ---- questions ---- */

char *forecast_key(const struct next_query *q)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 numbers[] = { (guint8)q->role, (guint8)q->checked, q->first_parent };
	g_checksum_update(sum, numbers, sizeof(numbers));
	digest_text(sum, q->commit);
	digest_text(sum, q->release);
	digest_text(sum, q->cc);
	digest_text(sum, q->bad);
	digest_text(sum, q->current);
	digest_text(sum, q->start);
	digest_list(sum, q->goods);
	digest_list(sum, q->paths);
	digest_list(sum, q->skips);
	digest_list(sum, q->patches);
	digest_list(sum, q->options);
	digest_list(sum, q->crashed);
	digest_list(sum, q->clean);
	digest_list(sum, q->untestable);
	digest_text(sum, q->top);
	digest_text(sum, q->bottom);
	digest_text(sum, q->bad_good);
	digest_text(sum, q->merge_alone);
	return g_strdup(g_checksum_get_string(sum));
}
