/*
 * Both ends are looked at together, with equally many numbers of each: at 20, 25, 32 ... The
 * numbers of the better end are made worse by `metric_change` first, so what is asked is whether
 * the other one is worse still.
 */
#include "metric_ends.h"

#include "looks.h"
#include "rank.h"

#include <math.h>
#include <string.h>

#define PILOT_RUNS 3  /* of the starting commit, before there is another end */
#define FIRST_LOOK 20 /* the ends are what all steps are compared with */
#define MOST_NUMBERS 60
#define FULL_CONFIDENCE_ERROR                                                      \
	1e-4	     /* `confidence` 1 asks for all runs, and no test is ever sure \
		      */
#define LOST_LEAST 5 /* runs without a number that say that there is none */

static bool is_sequential(const struct session *s)
{
	return settings_number(&s->settings, SET_CONFIDENCE) < 1.0;
}

double metric_error(const struct session *s)
{
	double error = 1.0 - settings_number(&s->settings, SET_CONFIDENCE);
	return MAX(error, FULL_CONFIDENCE_ERROR);
}

int metric_most(const struct session *s)
{
	return settings_is_default(&s->settings, SET_RUNS) ? MOST_NUMBERS
							   : settings_int(&s->settings, SET_RUNS);
}

/* ---- which they are ---- */

bool metric_ends_open(const struct session *s)
{
	const struct step *start = session_first_step(s);
	return numbers_wanted(s) && start && start->state != STEP_DONE;
}

bool metric_start_measured(const struct session *s)
{
	struct numbers n;
	numbers_of_step(s, session_first_step(s), 0, &n);
	bool any = n.values->len > 0;
	numbers_clear(&n);
	return any;
}

static bool is_end_role(enum step_role role)
{
	return role == ROLE_GOOD || role == ROLE_RELEASE || role == ROLE_HEAD;
}

bool metric_may_join(const struct session *s, enum step_role role)
{
	return metric_ends_open(s) && (int)s->steps->len == session_first(s) + 1 &&
	       is_end_role(role);
}

/* The other end that is measured now, or was last; NULL: there is none yet. */
static const struct step *other_end(const struct session *s)
{
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	return (int)s->steps->len > session_first(s) + 1 ? last : NULL;
}

const struct step *metric_good_end(const struct session *s)
{
	for (int i = session_first(s) + 1; i < (int)s->steps->len; i++) {
		const struct step *step = session_step(s, i);
		if (is_end_role(step->role) && step->runs->len && step->state == STEP_DONE &&
		    !step->dropped && step->verdict == VERDICT_GOOD)
			return step;
	}
	return NULL;
}

/* ---- their numbers ---- */

struct pair {
	struct numbers start, other;
	int m; /* both have so many */
};

/* For a second release the starting commit is measured again: the machine may not be what it was
 * when the first one was tested. */
static void pair_make(const struct session *s, const struct step *other, struct pair *pair)
{
	int64_t since =
		other && other != session_step(s, session_first(s) + 1) ? other->started : 0;
	numbers_of_step(s, session_first_step(s), since, &pair->start);
	if (other)
		numbers_of_step(s, other, 0, &pair->other);
	else
		pair->other = (struct numbers){ .values = g_array_new(FALSE, FALSE, 8) };
	pair->m = (int)MIN(pair->start.values->len, pair->other.values->len);
}

static void pair_clear(struct pair *pair)
{
	numbers_clear(&pair->start);
	numbers_clear(&pair->other);
}

static struct looks looks_of(const struct session *s)
{
	int most = metric_most(s);
	return looks_make(is_sequential(s) ? FIRST_LOOK : most, most);
}

char *metric_lost(const struct numbers *n)
{
	if (n->lost < LOST_LEAST || n->lost <= (int)n->values->len)
		return NULL;
	char last[400];
	outcome_print(n->last_lost->outcome, n->last_lost->title, n->last_lost->status, last,
		      sizeof(last));
	return g_strdup_printf("metric: %d of %d runs gave no number, the last one: %s", n->lost,
			       n->lost + (int)n->values->len, last);
}

int metric_ends_needed(const struct session *s, const struct step *step)
{
	const struct step *other = other_end(s);
	bool alone = !other || other->state != STEP_TESTING;
	struct looks looks = looks_of(s);
	struct pair pair;
	pair_make(s, other, &pair);
	const struct numbers *mine = step == session_first_step(s) ? &pair.start : &pair.other;
	int have = (int)mine->values->len + mine->beyond;
	int want = alone ? MIN(PILOT_RUNS, looks.most) : looks_next(&looks, pair.m);
	g_autofree char *lost = metric_lost(mine);
	pair_clear(&pair);
	return lost ? 0 : MAX(want - have, 0);
}

/* ---- their verdicts ---- */

/* Made worse by the change that matters: numbers stand so that more is better. */
static GArray *shifted(const struct session *s, const GArray *values, int n)
{
	double change = settings_number(&s->settings, SET_METRIC_CHANGE) / 100;
	GArray *out = g_array_sized_new(FALSE, FALSE, sizeof(double), (guint)n);
	for (int i = 0; i < n; i++) {
		double v = g_array_index(values, double, i);
		v -= change * fabs(v);
		g_array_append_val(out, v);
	}
	return out;
}

/* What one look may err in one direction: releases share what the ends have, the first a half. */
static double error_of_look(const struct session *s, const struct looks *looks)
{
	double tried = s->steps->len - 1;
	return metric_error(s) / 4 / (tried * (tried + 1)) / 2 / looks->count;
}

static enum verdict compare(const struct session *s, const struct pair *pair)
{
	struct looks looks = looks_of(s);
	double error = error_of_look(s, &looks);
	int m = looks_last(&looks, pair->m);
	if (!m)
		return VERDICT_NONE;
	g_autoptr(GArray) better = shifted(s, pair->other.values, m);
	const double *good = (const double *)(void *)better->data;
	const double *bad = (const double *)(void *)pair->start.values->data;
	if (rank_chance_higher(good, m, bad, m) <= error)
		return VERDICT_GOOD;
	if (rank_chance_higher(bad, m, good, m) <= error || m >= looks.most)
		return VERDICT_BAD;
	return VERDICT_NONE;
}

static char *both_texts(const struct session *s, const struct pair *pair, const char *how)
{
	g_autofree char *mine = numbers_text(s, pair->other.values);
	g_autofree char *start = numbers_text(s, pair->start.values);
	return g_strdup_printf("metric: %s, %s the starting commit's by at least %s %%: %s", mine,
			       how, settings_text(&s->settings, SET_METRIC_CHANGE), start);
}

static enum verdict judge_other(const struct session *s, const struct step *other, char **reason)
{
	struct pair pair;
	pair_make(s, other, &pair);
	enum verdict v = VERDICT_SKIP;
	*reason = metric_lost(&pair.other);
	if (!*reason && other->signature &&
	    g_strcmp0(other->signature, session_first_step(s)->signature) == 0) {
		v = VERDICT_BAD;
		*reason = g_strdup("metric: the starting commit's kernel, bit by bit");
	}
	if (!*reason) {
		v = compare(s, &pair);
		*reason = both_texts(s, &pair,
				     v == VERDICT_GOOD ? "better than"
						       : "not shown to be better than");
	}
	pair_clear(&pair);
	return v;
}

static char *start_text(const struct session *s, const char *how)
{
	struct numbers mine;
	numbers_of_step(s, session_first_step(s), 0, &mine);
	g_autofree char *text = numbers_text(s, mine.values);
	numbers_clear(&mine);
	return g_strdup_printf("metric: %s, %s", text, how);
}

static enum verdict judge_start(const struct session *s, char **reason)
{
	const struct step *other = other_end(s);
	if (other && other->state == STEP_DONE && other->verdict == VERDICT_GOOD) {
		g_autofree char *how = g_strdup_printf("worse than step %u", s->steps->len - 1);
		*reason = start_text(s, how);
		return VERDICT_BAD;
	}
	struct numbers mine;
	numbers_of_step(s, session_first_step(s), 0, &mine);
	*reason = metric_lost(&mine);
	numbers_clear(&mine);
	return *reason ? VERDICT_SKIP : VERDICT_NONE;
}

enum verdict metric_ends_judge(const struct session *s, const struct step *step, char **reason)
{
	*reason = NULL;
	enum verdict v = step == session_first_step(s) ? judge_start(s, reason)
						       : judge_other(s, step, reason);
	if (v == VERDICT_NONE)
		g_clear_pointer(reason, g_free);
	return v;
}

/* What its user may have meant otherwise; empty where nothing suggests it. */
static char *hint_of(const struct session *s, const struct step *good)
{
	struct looks looks = looks_of(s);
	double error = error_of_look(s, &looks);
	struct pair pair;
	pair_make(s, good, &pair);
	bool reversed = rank_chance_higher((const double *)(void *)pair.start.values->data, pair.m,
					   (const double *)(void *)pair.other.values->data,
					   pair.m) <= error;
	pair_clear(&pair);
	const char *worse = settings_text(&s->settings, SET_METRIC_WORSE);
	if (rank_least_chance(looks.most, looks.most) > error)
		return g_strdup_printf("; %d runs can show no difference that surely: give more "
				       "'runs', or less 'confidence'",
				       looks.most);
	if (reversed)
		return g_strdup_printf("; it is better: should 'metric_worse' be %s?",
				       strcmp(worse, "lower") == 0 ? "higher" : "lower");
	return g_strdup("");
}

enum verdict metric_ends_close(const struct session *s, char **reason)
{
	const struct step *other = other_end(s);
	if (!other || other->verdict == VERDICT_SKIP || other->verdict == VERDICT_NONE) {
		*reason = start_text(s, "and no other commit to compare it with");
		return VERDICT_SKIP;
	}
	if (other->role == ROLE_GOOD) {
		g_autofree char *hint = hint_of(s, other);
		g_autofree char *how =
			g_strdup_printf("not shown to be worse than the good commit's by at "
					"least %s %%%s",
					settings_text(&s->settings, SET_METRIC_CHANGE), hint);
		*reason = start_text(s, how);
		return VERDICT_GOOD;
	}
	*reason = start_text(s, "no commit that is better was found");
	return VERDICT_BAD;
}

bool metric_measures_anyway(const struct session *s, const struct step *step, enum verdict user)
{
	if (!metric_ends_open(s))
		return false;
	return user == (step == session_first_step(s) ? VERDICT_BAD : VERDICT_GOOD);
}
