/*
 * A step is good when its numbers stand too high above the bad end's for chance and not too low
 * below the good end's, and bad the other way round; see docs/design.md for what bounds the error.
 */
#include "metric.h"

#include "looks.h"
#include "metric_ends.h"
#include "rank.h"

#include <string.h>

#define FIRST_LEAST 3	 /* no step is judged by fewer numbers */
#define FITS 0.005	 /* a chance above this is no reason to say that the end is another */
#define STEPS_UNKNOWN 12 /* expected, before git has said how many */
#define STEPS_LEAST 4
#define CERTIFICATE_NUMBERS 20 /* as many as of the ends, at least */
#define UNDECIDED_MOST 3       /* steps in a row */

/* ---- what one look may err ---- */

static bool certifies(const struct step *step)
{
	return step->role == ROLE_CULPRIT || step->role == ROLE_PARENT;
}

static bool is_measured_step(const struct session *s, guint i, const struct step *good)
{
	const struct step *step = session_step(s, (int)i);
	return i > 0 && step != good && step->runs->len && !certifies(step);
}

/* Steps that were measured before this one, and it. */
static int rank_of_step(const struct session *s, const struct step *step)
{
	const struct step *good = metric_good_end(s);
	int n = 1;
	for (guint i = 0; i < s->steps->len && session_step(s, (int)i) != step; i++)
		n += is_measured_step(s, i, good);
	return n;
}

/* git's estimate at the beginning of the search, and two more: skips, a merge base. */
static int steps_expected(const struct session *s)
{
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (step->role == ROLE_SEARCH && step->roughly >= 0)
			return MAX(step->roughly + 2, STEPS_LEAST);
	}
	return STEPS_UNKNOWN;
}

/* The shares of all steps, however many they become, make three quarters of what is allowed. */
static double error_of_step(const struct session *s, const struct step *step)
{
	int n = rank_of_step(s, step), expected = steps_expected(s), more = n - expected;
	if (more <= 0)
		return metric_error(s) / 2 / expected;
	return metric_error(s) / 4 / ((double)more * (more + 1));
}

/* ---- one step ---- */

struct measure {
	struct numbers bad, good, mine;
	struct looks looks;
	double error; /* of one look */
};

/* The first look is where the numbers can say anything at all. */
static void plan_looks(const struct session *s, double error, struct measure *m)
{
	int smaller = (int)MIN(m->bad.values->len, m->good.values->len), most = metric_most(s);
	int first = settings_number(&s->settings, SET_CONFIDENCE) < 1.0 ? FIRST_LEAST : most;
	m->looks = looks_make(first, most);
	while (first < most && rank_least_chance(first, smaller) > error / m->looks.count)
		m->looks = looks_make(++first, most);
	m->error = error / m->looks.count;
}

static void measure_make(const struct session *s, const struct step *step, struct measure *m)
{
	const struct step *good = metric_good_end(s);
	numbers_of_step(s, session_first_step(s), 0, &m->bad);
	if (good)
		numbers_of_step(s, good, 0, &m->good);
	else
		m->good = (struct numbers){ .values = g_array_new(FALSE, FALSE, sizeof(double)) };
	if (certifies(step))
		numbers_of_kernel(s, step->signature, &m->mine);
	else
		numbers_of_step(s, step, 0, &m->mine);
	plan_looks(s, error_of_step(s, step), m);
}

static void measure_clear(struct measure *m)
{
	numbers_clear(&m->bad);
	numbers_clear(&m->good);
	numbers_clear(&m->mine);
}

static double higher(const GArray *x, int n, const GArray *y, int m)
{
	return rank_chance_higher((const double *)(const void *)x->data, n,
				  (const double *)(const void *)y->data, m);
}

/* How well its first n numbers fit each end. */
struct fit {
	double bad, good;
};

static struct fit fit_of(const struct measure *m, int n)
{
	return (struct fit){
		.bad = higher(m->mine.values, n, m->bad.values, (int)m->bad.values->len),
		.good = higher(m->good.values, (int)m->good.values->len, m->mine.values, n),
	};
}

static enum verdict look(const struct measure *m)
{
	int n = looks_last(&m->looks, (int)m->mine.values->len);
	if (!n)
		return VERDICT_NONE;
	struct fit fit = fit_of(m, n);
	if (fit.bad <= m->error && fit.good > FITS)
		return VERDICT_GOOD;
	if (fit.good <= m->error && fit.bad > FITS)
		return VERDICT_BAD;
	bool neither = fit.bad <= m->error && fit.good <= m->error;
	return neither || n == m->looks.most ? VERDICT_SKIP : VERDICT_NONE;
}

/* Most numbers are close to one end or to the other, and many to each. */
static bool is_bimodal(const struct measure *m)
{
	double bad = numbers_quantile(m->bad.values, 0.5);
	double gap = numbers_quantile(m->good.values, 0.5) - bad;
	guint near_bad = 0, near_good = 0, all = m->mine.values->len;
	for (guint i = 0; i < all; i++) {
		double v = g_array_index(m->mine.values, double, i);
		near_bad += v < bad + gap / 4;
		near_good += v > bad + gap * 3 / 4;
	}
	return near_bad * 4 >= all && near_good * 4 >= all && (near_bad + near_good) * 4 >= all * 3;
}

static char *reason_text(const struct session *s, const struct measure *m, enum verdict v)
{
	g_autofree char *mine = numbers_text(s, m->mine.values);
	if (v == VERDICT_GOOD || v == VERDICT_BAD)
		return g_strdup_printf("metric: %s, like the %s end", mine, verdict_name(v));
	double good = numbers_quantile(m->good.values, 0.5);
	double bad = numbers_quantile(m->bad.values, 0.5);
	double own = numbers_quantile(m->mine.values, 0.5);
	return g_strdup_printf("metric: %s, %s: good %.5g, bad %.5g", mine,
			       is_bimodal(m)		 ? "two kinds of numbers, like both ends'"
			       : own < good && own > bad ? "between the ends"
							 : "like neither end's",
			       numbers_shown(s, good), numbers_shown(s, bad));
}

static enum verdict judge(const struct session *s, const struct measure *m, char **reason)
{
	char *lost = metric_lost(&m->mine);
	enum verdict v = lost ? VERDICT_SKIP : VERDICT_NONE;
	if (!lost && (!m->bad.values->len || !m->good.values->len)) {
		v = VERDICT_SKIP;
		lost = g_strdup("metric: an end has no numbers to compare with");
	}
	if (!lost)
		v = look(m);
	if (reason && v != VERDICT_NONE)
		*reason = lost ? g_steal_pointer(&lost) : reason_text(s, m, v);
	g_free(lost);
	return v;
}

/* ---- the certificate ---- */

double metric_same_chance(const struct session *s, const char *culprit, const char *parent)
{
	struct numbers a, b;
	bool fix = settings_is_fix(&s->settings);
	numbers_of_kernel(s, culprit, &a);
	numbers_of_kernel(s, parent, &b);
	const GArray *better = fix ? a.values : b.values, *worse = fix ? b.values : a.values;
	double chance = a.values->len && b.values->len
				? higher(better, (int)better->len, worse, (int)worse->len)
				: -1;
	numbers_clear(&a);
	numbers_clear(&b);
	return chance;
}

bool metric_differs(const struct session *s, double same_chance)
{
	return same_chance >= 0 && same_chance <= metric_error(s) / 4;
}

/* The kernel of what was found; NULL: it was never built. */
static const char *signature_of(const struct session *s, const char *commit)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (step->signature && step->role != ROLE_REVERT &&
		    strcmp(step->commit, commit) == 0)
			return step->signature;
	}
	return NULL;
}

/* Numbers that the culprit, or its parent, still needs: the parent goes on until both differ. */
static int certificate_needs(const struct session *s, const char *commit, const char *signature)
{
	struct numbers n;
	int most = metric_most(s), least = MIN(CERTIFICATE_NUMBERS, most);
	struct looks looks = looks_make(least, most);
	numbers_of_kernel(s, signature, &n);
	int have = (int)n.values->len, want = least;
	bool is_parent = s->found && strcmp(commit, s->found[0]) != 0;
	if (is_parent && have >= least) {
		const char *culprit = signature_of(s, s->found[0]);
		double same = culprit ? metric_same_chance(s, culprit, signature) : -1;
		if (same >= 0 && !metric_differs(s, same))
			want = looks_next(&looks, have);
	}
	g_autofree char *lost = metric_lost(&n);
	int needs = lost ? 0 : want - have - n.beyond;
	numbers_clear(&n);
	return MAX(needs, 0);
}

bool metric_is_sure(const struct session *s, const char *commit, const char *signature)
{
	return certificate_needs(s, commit, signature) <= 0;
}

/* All there are, in one look: they were made to be sure, not to decide when to stop. */
static enum verdict judge_certificate(const struct session *s, const struct step *step,
				      struct measure *m, char **reason)
{
	if (certificate_needs(s, step->commit, step->signature) > 0 || m->mine.beyond)
		return VERDICT_NONE;
	int n = (int)m->mine.values->len;
	m->looks = looks_make(MAX(n, 1), MAX(n, 1));
	m->error = metric_error(s) / 8;
	return judge(s, m, reason);
}

/* ---- all steps ---- */

static bool is_end(const struct session *s, const struct step *step)
{
	if (!metric_ends_open(s))
		return false;
	for (guint i = 0; i < s->steps->len; i++) {
		if (session_step(s, (int)i) == step)
			return true;
	}
	return false;
}

int metric_needed(const struct session *s, const struct step *step)
{
	struct measure m;
	if (metric_judge(s, step, NULL) != VERDICT_NONE)
		return 0;
	if (is_end(s, step))
		return metric_ends_needed(s, step);
	if (certifies(step) && step->signature)
		return certificate_needs(s, step->commit, step->signature);
	measure_make(s, step, &m);
	int have = (int)m.mine.values->len;
	int needed = looks_next(&m.looks, have) - have - m.mine.beyond;
	measure_clear(&m);
	return MAX(needed, 0);
}

enum verdict metric_judge(const struct session *s, const struct step *step, char **reason)
{
	struct measure m;
	if (is_end(s, step)) {
		char *why = NULL;
		enum verdict v = metric_ends_judge(s, step, &why);
		if (reason)
			*reason = g_steal_pointer(&why);
		g_free(why);
		return v;
	}
	measure_make(s, step, &m);
	enum verdict v = certifies(step) && step->signature ? judge_certificate(s, step, &m, reason)
							    : judge(s, &m, reason);
	measure_clear(&m);
	return v;
}

bool metric_is_fault(const struct session *s, const struct step *step)
{
	struct numbers n;
	numbers_of_step(s, step, 0, &n);
	int most = settings_int(&s->settings, SET_RUNS);
	bool fault = n.infra >= most && n.infra > n.lost + (int)n.values->len;
	numbers_clear(&n);
	return fault;
}

double metric_odds(const struct session *s, const struct step *step)
{
	struct measure m;
	double odds = -1;
	if (is_end(s, step))
		return odds;
	measure_make(s, step, &m);
	if (m.mine.values->len && m.bad.values->len && m.good.values->len) {
		struct fit fit = fit_of(&m, (int)m.mine.values->len);
		odds = CLAMP(fit.bad / (fit.bad + fit.good), 0.02, 0.98);
	}
	measure_clear(&m);
	return odds;
}

/* ---- a search that leads nowhere ---- */

/* Not one that crashed, does not build, or that its user skips. */
static bool is_undecided(const struct session *s, const struct step *step)
{
	struct numbers n;
	if (step->verdict != VERDICT_SKIP || step->by_user || step->build_failed)
		return false;
	numbers_of_step(s, step, 0, &n);
	g_autofree char *lost = metric_lost(&n);
	bool undecided = !lost && n.values->len >= FIRST_LEAST;
	numbers_clear(&n);
	return undecided;
}

char *metric_stuck(const struct session *s)
{
	g_autoptr(GString) medians = g_string_new(NULL);
	int n = 0;
	if (!numbers_wanted(s))
		return NULL;
	for (guint i = s->steps->len; i-- > 0 && n < UNDECIDED_MOST;) {
		const struct step *step = session_step(s, (int)i);
		if (step->role != ROLE_SEARCH || step->dropped || step->build_failed)
			continue;
		if (!is_undecided(s, step))
			return NULL;
		struct numbers own;
		numbers_of_step(s, step, 0, &own);
		g_string_append_printf(medians, "%s%.5g", n++ ? ", " : "",
				       numbers_shown(s, numbers_quantile(own.values, 0.5)));
		numbers_clear(&own);
	}
	const struct step *good = metric_good_end(s);
	if (n < UNDECIDED_MOST || !good)
		return NULL;
	struct numbers ends[2];
	numbers_of_step(s, session_first_step(s), 0, &ends[0]);
	numbers_of_step(s, good, 0, &ends[1]);
	char *text = g_strdup_printf(
		"inconclusive: %d commits in a row are like neither end (medians %s; good %.5g, "
		"bad %.5g)",
		n, medians->str, numbers_shown(s, numbers_quantile(ends[1].values, 0.5)),
		numbers_shown(s, numbers_quantile(ends[0].values, 0.5)));
	numbers_clear(&ends[0]);
	numbers_clear(&ends[1]);
	return text;
}
