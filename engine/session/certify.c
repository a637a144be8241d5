#include "certify.h"

#include "range.h"
#include "tally.h"

#include <string.h>

static bool wanted(const struct session *s)
{
	return settings_on(&s->settings, SET_CERTIFY);
}

/* A merge is not compared with its parents: each of them lacks what the other brings. */
static const char *only_parent(const struct session *s)
{
	return s->parents && s->parents[0] && !s->parents[1] ? s->parents[0] : NULL;
}

static const struct step *tried(const struct session *s, enum step_role role, const char *commit)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (step->role == role && (!commit || strcmp(step->commit, commit) == 0))
			return step;
	}
	return NULL;
}

static bool same_options(const struct step *a, const struct step *b)
{
	if (!a->options || !b->options)
		return a->options == b->options;
	return g_strv_equal((const char *const *)a->options, (const char *const *)b->options);
}

/* A kernel of the first step has the whole configuration, those of a search that was minimised have
 * not: they cannot be compared. */
const char *certify_signature(const struct session *s, const char *commit)
{
	const struct step *search = path_step(s, ROLE_SEARCH);
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		bool counts = step->signature && step->role != ROLE_REVERT &&
			      step->role != ROLE_MINIMIZE &&
			      (!search || same_options(step, search));
		if (counts && strcmp(step->commit, commit) == 0)
			return step->signature;
	}
	return NULL;
}

bool certify_is_no_op(const struct session *s)
{
	const char *parent = only_parent(s);
	if (!parent)
		return false;
	const char *a = certify_signature(s, s->found[0]), *b = certify_signature(s, parent);
	return a && b && strcmp(a, b) == 0;
}

static bool is_sure(const struct session *s, const char *commit)
{
	const char *signature = certify_signature(s, commit);
	if (!signature)
		return false;
	struct tally t = tally_kernel(s, signature);
	return tally_certificate_needs(s, &t) <= 0;
}

/* Reverting the culprit on itself gives its parent; and the text of a revert says nothing of a
 * merge. */
static bool revert_says_more(const struct session *s)
{
	return only_parent(s) && strcmp(s->found[0], s->bad) != 0;
}

enum step_role certify_next(const struct session *s)
{
	if (!s->found || !s->found[0] || s->found[1])
		return ROLES;
	const char *culprit = s->found[0], *parent = only_parent(s);
	if (parent && !certify_signature(s, culprit) && !tried(s, ROLE_CULPRIT, culprit))
		return ROLE_CULPRIT;
	if (parent && !certify_signature(s, parent) && !tried(s, ROLE_PARENT, parent))
		return ROLE_PARENT;
	if (!wanted(s) || certify_is_no_op(s))
		return ROLES;
	if (!is_sure(s, culprit) && !tried(s, ROLE_CULPRIT, culprit))
		return ROLE_CULPRIT;
	if (parent && !is_sure(s, parent) && !tried(s, ROLE_PARENT, parent))
		return ROLE_PARENT;
	if (revert_says_more(s) && !tried(s, ROLE_REVERT, NULL))
		return ROLE_REVERT;
	return ROLES;
}

static enum verdict with_culprit(const struct session *s)
{
	return path_is_fix(s) ? VERDICT_GOOD : VERDICT_BAD;
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

char *certify_contradiction(const struct session *s)
{
	const char *parent = only_parent(s);
	const struct step *step = parent ? tried(s, ROLE_PARENT, parent) : NULL;
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

/* ---- how sure ---- */

/* Chance that a kernel shown clean has the bug all the same. */
static double missed(const struct session *s, const struct tally *t)
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

double certify_confidence(const struct session *s)
{
	struct side culprit = side_of(s, s->found ? s->found[0] : NULL);
	struct side parent = side_of(s, only_parent(s));
	bool fix = path_is_fix(s);
	if (!wanted(s) || !culprit.known || !parent.known)
		return s->confidence;
	const struct side *clean = fix ? &culprit : &parent, *broken = fix ? &parent : &culprit;
	if (clean->crashes || !broken->crashes)
		return 0;
	return 1.0 - missed(s, &clean->t);
}

/* ---- the text ---- */

static void steps_of(const struct session *s, const char *signature, GString *out)
{
	bool first = true;
	for (guint i = 0; signature && i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		bool ran = step->runs->len || step->known_good || step->known_bad;
		if (!ran || g_strcmp0(step->signature, signature) != 0)
			continue;
		g_string_append_printf(out, "%s %u", first ? " (step" : ",", i);
		first = false;
	}
	if (!first)
		g_string_append_c(out, ')');
}

static void print_counts(const struct session *s, const struct tally *t, const char *signature,
			 GString *out)
{
	g_string_append_printf(out, "%d of %d runs crashed", t->bad, t->bad + t->good + t->skip);
	steps_of(s, signature, out);
	if (!t->bad && t->good)
		g_string_append_printf(out, ", %.4f that it is clean", 1.0 - missed(s, t));
	g_string_append_c(out, '\n');
}

static void print_side(const struct session *s, const char *what, const char *commit, GString *out)
{
	const char *signature = certify_signature(s, commit);
	const struct step *step =
		tried(s, strcmp(what, "culprit") == 0 ? ROLE_CULPRIT : ROLE_PARENT, commit);
	g_string_append_printf(out, "%-8s %s: ", what, commit);
	if (!signature) {
		g_string_append_printf(out, "not tested%s%s\n", step && step->reason ? ": " : "",
				       step && step->reason ? step->reason : "");
		return;
	}
	struct tally t = tally_kernel(s, signature);
	if (t.good || t.bad || t.skip)
		print_counts(s, &t, signature, out);
	else
		g_string_append(out, "built, never run\n");
}

static void print_revert(const struct session *s, GString *out)
{
	const struct step *step = tried(s, ROLE_REVERT, NULL);
	g_string_append_printf(out, "%-8s ", path_is_fix(s) ? "applied" : "revert");
	if (!revert_says_more(s)) {
		g_string_append(out, only_parent(s) ? "would give the parent again: the culprit is "
						      "the starting commit\n"
						    : "not tried: the culprit is a merge\n");
	} else if (!step) {
		g_string_append(out, "not tested\n");
	} else {
		g_string_append_printf(out, "on %s: ", step->commit);
		if (step->build_failed) {
			g_string_append_printf(out, "not tested: %s\n", step->reason);
		} else {
			struct tally t = tally_step(s, step);
			print_counts(s, &t, step->signature, out);
		}
	}
}

void certify_text(const struct session *s, GString *out)
{
	if (!session_has_answer(s) || !s->found || !s->found[0] || s->found[1])
		return;
	print_side(s, "culprit", s->found[0], out);
	for (char **p = s->parents; p && *p; p++)
		print_side(s, "parent", *p, out);
	if (certify_is_no_op(s)) {
		g_string_append(out, "The culprit's kernel is its parent's, bit by bit: the commit "
				     "cannot have changed anything.\n");
		return;
	}
	if (wanted(s))
		print_revert(s, out);
	else
		g_string_append(out, "No runs were made for this certificate (certify is off).\n");
	struct rate rate = tally_rate(s);
	g_string_append_printf(out,
			       "The bug shows in %d of %d runs where it is (first step, corrected "
			       "by later ones).\n"
			       "Confidence: %.4f\n",
			       rate.bad, rate.bad + rate.good, certify_confidence(s));
}
