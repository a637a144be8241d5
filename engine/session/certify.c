/*
 * All runs of a kernel count, in whichever step they were made, so culprit and parent are found by
 * their kernels' signatures.
 */
#include "certify.h"

#include "build_verdict.h"
#include "metric.h"
#include "range.h"
#include "tally.h"

#include <string.h>

/* Kernels that a person tests are not tested once more for it. */
bool certify_is_wanted(const struct session *s)
{
	return settings_on(&s->settings, SET_CERTIFY) && settings_test(&s->settings) != TEST_MANUAL;
}

const char *certify_parent(const struct session *s)
{
	return s->parents && s->parents[0] && !s->parents[1] ? s->parents[0] : NULL;
}

static bool same_options(const struct step *a, const struct step *b)
{
	if (!a->options || !b->options)
		return a->options == b->options;
	return g_strv_equal((const char *const *)a->options, (const char *const *)b->options);
}

/* A kernel of the first step has the whole configuration, those of a search that was minimised have
 * not: they cannot be compared. */
int certify_step_of(const struct session *s, const char *commit)
{
	const struct step *search = session_find_step(s, ROLE_SEARCH, NULL);
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		bool counts = step->signature && step_is_of_commit(step) &&
			      (!search || same_options(step, search));
		if (counts && strcmp(step->commit, commit) == 0)
			return (int)i;
	}
	return -1;
}

const char *certify_signature(const struct session *s, const char *commit)
{
	const struct step *step = session_step(s, certify_step_of(s, commit));
	return step ? step->signature : NULL;
}

/* ---- the compiler ---- */

static const struct step *tried(const struct session *s, const char *commit)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (step_is_of_commit(step) && strcmp(step->commit, commit) == 0)
			return step;
	}
	return NULL;
}

bool certify_border(const struct session *s, struct certify_border *border)
{
	const char *parent = s->found ? certify_parent(s) : NULL;
	const struct step *before = parent ? tried(s, parent) : NULL;
	const struct step *after = parent ? tried(s, s->found[0]) : NULL;
	if (!before || !after || g_strcmp0(before->cc, after->cc) == 0)
		return false;
	*border = (struct certify_border){ .before = before->cc, .after = after->cc };
	return true;
}

const struct step *certify_compiler_step(const struct session *s,
					 const struct certify_border *border)
{
	const struct step *step = session_find_step(s, ROLE_COMPILER, certify_parent(s));
	return step && g_strcmp0(step->cc, border->after) == 0 ? step : NULL;
}

const struct step *certify_revert_step(const struct session *s)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		for (char **p = step->patches; step->role == ROLE_REVERT && p && *p; p++) {
			if (!step->interrupted && g_str_has_suffix(*p, s->found[0]))
				return step;
		}
	}
	return NULL;
}

bool certify_is_no_op(const struct session *s)
{
	const char *parent = certify_parent(s);
	if (!parent)
		return false;
	const char *a = certify_signature(s, s->found[0]), *b = certify_signature(s, parent);
	return a && b && strcmp(a, b) == 0;
}

/* ---- parents ---- */

bool certify_is_merge(const struct session *s)
{
	return s->parents && s->parents[0] && s->parents[1];
}

static enum step_role role_of_parent(guint i)
{
	return i ? ROLE_SIDE : ROLE_PARENT;
}

/* In fix mode: one that counts as not fixed because it never had the bug. */
static bool is_presumed(const struct session *s, const char *commit)
{
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (step->presumed != VERDICT_NONE && strcmp(step->commit, commit) == 0)
			return true;
	}
	return false;
}

static bool was_built(const struct session *s, const char *commit)
{
	return certify_signature(s, commit) != NULL;
}

static bool was_made_whole(const struct session *s, const char *commit)
{
	return build_verdict_whole(s, commit) >= 0;
}

/* What is to be tested next, and on which commit (of the session). */
static enum step_role ask(const char **commit, enum step_role role, const char *of)
{
	if (commit)
		*commit = of;
	return role;
}

/* The first parent that is not known well enough, and has no step that tried; ROLES: none. */
static enum step_role next_parent(const struct session *s,
				  bool (*enough)(const struct session *, const char *),
				  const char **commit)
{
	if (certify_is_merge(s) &&
	    numbers_wanted(s)) /* its numbers may lie between those of its sides */
		return ROLES;
	for (guint i = 0; s->parents && s->parents[i]; i++) {
		const char *parent = s->parents[i];
		if (!enough(s, parent) && !is_presumed(s, parent) &&
		    !session_find_step(s, role_of_parent(i), parent))
			return ask(commit, role_of_parent(i), parent);
	}
	return ROLES;
}

/* The same of the culprit, and then of its parents. */
static enum step_role next_side(const struct session *s,
				bool (*enough)(const struct session *, const char *),
				const char **commit)
{
	const char *culprit = s->found[0];
	if (!enough(s, culprit) && !session_find_step(s, ROLE_CULPRIT, culprit))
		return ask(commit, ROLE_CULPRIT, culprit);
	return next_parent(s, enough, commit);
}

static enum verdict with_culprit(const struct session *s)
{
	return settings_is_fix(&s->settings) ? VERDICT_GOOD : VERDICT_BAD;
}

const char *certify_side_alone(const struct session *s)
{
	if (!s->first_parent || !s->found || s->borders || !certify_is_merge(s))
		return NULL;
	for (guint i = 1; s->parents[i]; i++) {
		if (session_verdict_of(s, s->parents[i]) == with_culprit(s))
			return s->parents[i];
	}
	return NULL;
}

bool certify_only_together(const struct session *s)
{
	enum verdict wanted = settings_is_fix(&s->settings) ? VERDICT_BAD : VERDICT_GOOD;
	if (!s->found || s->borders || !certify_is_merge(s))
		return false;
	for (guint i = 0; s->parents[i]; i++) {
		if (session_verdict_of(s, s->parents[i]) != wanted || is_presumed(s, s->parents[i]))
			return false;
	}
	return true;
}

bool certify_is_sure(const struct session *s, const char *commit)
{
	const char *signature = certify_signature(s, commit);
	if (!signature)
		return false;
	if (numbers_wanted(s))
		return metric_is_sure(s, commit, signature);
	struct tally t = tally_kernel(s, signature);
	return tally_certificate_needs(s, &t) <= 0;
}

/* Reverting the culprit on itself gives its first parent. */
bool certify_revert_tells_more(const struct session *s)
{
	return s->parents && s->parents[0] && strcmp(s->found[0], s->bad) != 0;
}

static enum step_role next_revert(const struct session *s)
{
	return certify_revert_tells_more(s) && !certify_revert_step(s) ? ROLE_REVERT : ROLES;
}

/* A build is not repeated, and of two kernels that are equal one may have been made with the
 * warning that is looked for. */
static enum step_role next_build(const struct session *s, const char **commit)
{
	if (!certify_is_wanted(s))
		return ROLES;
	enum step_role role = next_side(s, was_made_whole, commit);
	return role == ROLES ? next_revert(s) : role;
}

enum step_role certify_next(const struct session *s, const char **commit)
{
	struct certify_border border;
	enum step_role role = ROLES;
	if (!s->found || !s->found[0] || s->found[1])
		return ROLES;
	if (settings_test(&s->settings) == TEST_BUILD)
		return next_build(s, commit);
	/* its kernel and its parent's are compared in any case; a merge's parents are tested for
	 * the certificate alone */
	if (certify_parent(s))
		role = next_side(s, was_built, commit);
	if (role != ROLES || !certify_is_wanted(s) || certify_is_no_op(s))
		return role;
	role = next_side(s, certify_is_sure, commit);
	if (role != ROLES)
		return role;
	if (certify_border(s, &border) && !certify_compiler_step(s, &border))
		return ROLE_COMPILER;
	return next_revert(s);
}

static enum verdict verdict_before(const struct session *s, const struct step *step)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *other = session_step(s, (int)i);
		if (other != step && other->verdict != VERDICT_NONE &&
		    (other->role == ROLE_SEARCH || other->role == ROLE_RELEASE) &&
		    strcmp(other->commit, step->commit) == 0)
			return other->verdict;
	}
	return VERDICT_NONE;
}

static char *contradiction_of_parent(const struct session *s, guint i)
{
	const char *parent = s->parents[i];
	const struct step *step = session_find_step(s, role_of_parent(i), parent);
	if (!step || step->verdict != with_culprit(s) || certify_is_no_op(s))
		return NULL;
	if (session_verdict_of(s, parent) != step->verdict)
		return NULL; /* its user knows better */
	enum verdict before = verdict_before(s, step);
	if (before == VERDICT_NONE || before == step->verdict)
		return NULL; /* it was never tested: nothing to take back, only less sure */
	return g_strdup_printf("the parent %s was %s at first, with more runs it is %s: the "
			       "search goes on",
			       parent, verdict_name(before), verdict_name(step->verdict));
}

/* Of the parents of what was found: all, or the first alone where sides say nothing. */
static guint parents_that_count(const struct session *s)
{
	guint n = s->parents ? g_strv_length(s->parents) : 0;
	return range_sides_count(s) ? n : MIN(n, 1);
}

char *certify_contradiction(const struct session *s)
{
	char *why =
		settings_test(&s->settings) == TEST_BUILD ? build_verdict_contradiction(s) : NULL;
	if (why)
		return why;
	for (guint i = 0; i < parents_that_count(s) && !why; i++)
		why = contradiction_of_parent(s, i);
	return why;
}

const char *certify_outside_paths(const struct session *s)
{
	for (guint i = 0; s->paths && i < parents_that_count(s); i++) {
		if (session_verdict_of(s, s->parents[i]) == with_culprit(s))
			return s->parents[i];
	}
	return NULL;
}

/* Chance that a kernel shown clean has the bug all the same. */
double certify_miss_probability(const struct session *s, const struct tally *t)
{
	struct rate rate = tally_rate(s);
	return verdict_miss_probability(&rate, t->good);
}

struct side {
	const char *commit;
	bool known; /* tested enough to say something */
	bool crashes;
	struct tally t;
};

static struct side side_of(const struct session *s, const char *commit)
{
	struct side side = { .commit = commit };
	const char *signature = commit ? certify_signature(s, commit) : NULL;
	if (!signature)
		return side;
	side.t = tally_kernel(s, signature);
	side.known = side.t.bad || side.t.good;
	side.crashes = side.t.bad > 0;
	return side;
}

#define METRIC_SUREST 0.9999 /* numbers never show more than that these two kernels differ */

static double metric_confidence(const struct session *s)
{
	const char *parent = certify_parent(s);
	const char *a = s->found ? certify_signature(s, s->found[0]) : NULL;
	const char *b = parent ? certify_signature(s, parent) : NULL;
	double same = a && b && certify_is_wanted(s) ? metric_same_chance(s, a, b) : -1;
	/* without a certificate it is as sure as was asked for */
	return MIN(same >= 0 ? 1 - same : settings_number(&s->settings, SET_CONFIDENCE),
		   METRIC_SUREST);
}

bool certify_tells_apart(const struct session *s)
{
	const char *parent = certify_parent(s);
	if (!numbers_wanted(s) || !certify_is_wanted(s) || !parent || certify_is_no_op(s))
		return true;
	const char *a = certify_signature(s, s->found[0]), *b = certify_signature(s, parent);
	return !a || !b || metric_differs(s, metric_same_chance(s, a, b));
}

/* That a merge's sides, which count, are clean is as sure as the least sure of them. A fix that is
 * a merge has mended at least one that has the bug. */
static double kernels_confidence(const struct session *s)
{
	struct side culprit = side_of(s, s->found ? s->found[0] : NULL);
	bool fix = settings_is_fix(&s->settings), broken = false;
	guint n = !s->parents ? 0 : s->first_parent && !fix ? 1 : g_strv_length(s->parents);
	double sure = 1.0;
	if (!certify_is_wanted(s) || !culprit.known || !n || !s->parents[0])
		return s->confidence;
	for (guint i = 0; i < n; i++) {
		struct side parent = side_of(s, s->parents[i]);
		if (!parent.known && !(fix && is_presumed(s, s->parents[i])))
			return s->confidence;
		broken = broken || parent.crashes;
		sure = MIN(sure, 1.0 - certify_miss_probability(s, &parent.t));
	}
	if (fix)
		return culprit.crashes || !broken ? 0
						  : 1.0 - certify_miss_probability(s, &culprit.t);
	return broken || !culprit.crashes ? 0 : sure;
}

double certify_confidence(const struct session *s)
{
	return numbers_wanted(s) ? metric_confidence(s) : kernels_confidence(s);
}
