/*
 * The first bad step says what the bug is: its first error, or what `fail` matched. A later build
 * that fails has the bug when that error is among its own; the settings `match` and `fail` may ask
 * for something else. Where an object is known that shows the bug, steps of the search make only
 * that; the certificate, and whoever doubts, makes all.
 */
#include "build_verdict.h"

#include "build_error.h"
#include "engine/base/pattern.h"

#include <string.h>

static bool is_judged_by_build(const struct step *step)
{
	return (step->build_error || step->state != STEP_BUILDING) && !step->by_user &&
	       step->presumed == VERDICT_NONE && !step->dropped;
}

/* The step before `n` that says what the bug is; NULL: none. */
static const struct step *defining_step(const struct session *s, int n)
{
	for (int i = 0; i < n; i++) {
		const struct step *step = session_step(s, i);
		if (step->title && step->verdict == VERDICT_BAD && !step->by_user)
			return step;
	}
	return NULL;
}

int build_verdict_bug(const struct session *s)
{
	for (int i = (int)s->steps->len - 1; i >= 0; i--) {
		const struct step *step = session_step(s, i);
		if (step->title && step->verdict == VERDICT_BAD && !step->by_user)
			return i;
	}
	return -1;
}

/* ---- errors ---- */

/* Whether an error of step `n` is the bug. */
static bool is_bug(const struct session *s, int n, const char *error)
{
	const char *match = settings_text(&s->settings, SET_MATCH);
	const struct step *first = defining_step(s, n);
	bool any = strcmp(match, "any") == 0;
	/* a patch that does not apply is no error of the compiler's */
	if (any && session_step(s, n)->role != ROLE_REVERT)
		return true;
	g_autofree char *normal = build_error_normal(error);
	if (!any && !settings_match_is_auto(&s->settings))
		return pattern_matches(match, normal);
	return !first || strcmp(first->title, normal) == 0;
}

guint build_verdict_pick(const struct session *s, int n, char *const *errors)
{
	for (guint i = 0; errors && errors[i]; i++) {
		if (is_bug(s, n, errors[i]))
			return i;
	}
	return 0;
}

/* ---- the verdict ---- */

static enum verdict judge_failure(const struct session *s, int n, char **reason)
{
	const struct step *step = session_step(s, n);
	bool automatic = settings_match_is_auto(&s->settings);
	if (step->no_tree) {
		*reason = g_strdup(step->build_error);
		return VERDICT_SKIP;
	}
	if (*settings_text(&s->settings, SET_FAIL) && automatic) {
		*reason = g_strdup_printf("no line of build.log matches 'fail', but it does not "
					  "compile: %s",
					  step->build_error);
		return VERDICT_SKIP;
	}
	if (is_bug(s, n, step->build_error)) {
		*reason = g_strdup_printf("failed: %s", step->title);
		return VERDICT_BAD;
	}
	*reason = g_strdup_printf("another error than %s: %s",
				  automatic || step->role == ROLE_REVERT ? "the starting commit's"
									 : "'match' asks for",
				  step->build_error);
	return VERDICT_SKIP;
}

static char *why_good(const struct session *s, int n)
{
	const struct step *step = session_step(s, n);
	const char *object = step->alone ? build_verdict_object(s, n, step->role) : NULL;
	bool fail = *settings_text(&s->settings, SET_FAIL);
	if (object)
		return g_strdup_printf("OK: %s %s, nothing else was made", object,
				       fail ? "compiles without a match of 'fail'" : "compiles");
	return g_strdup(fail ? "OK: it compiles, no line of build.log matches 'fail'"
			     : "OK: it compiles");
}

enum verdict build_verdict(const struct session *s, int n, char **reason)
{
	const struct step *step = session_step(s, n);
	if (step->matched) {
		*reason = g_strdup_printf("failed: %s", step->title);
		return VERDICT_BAD;
	}
	if (step->build_failed)
		return judge_failure(s, n, reason);
	if (step->state == STEP_BUILDING)
		return VERDICT_NONE;
	*reason = why_good(s, n);
	return VERDICT_GOOD;
}

/* ---- one object, or all ---- */

/* Whether before `n` a whole build of a commit has said otherwise than the object alone: old trees
 * compile an object that is asked for although their configuration leaves it out. */
static bool is_contradicted(const struct session *s, int n)
{
	for (int i = 0; i < n; i++) {
		const struct step *whole = session_step(s, i);
		if (whole->alone || whole->patches || !is_judged_by_build(whole) ||
		    whole->verdict == VERDICT_SKIP)
			continue;
		for (int k = 0; k < i; k++) {
			const struct step *step = session_step(s, k);
			if (step->alone && step->verdict != VERDICT_SKIP &&
			    step->verdict != whole->verdict &&
			    strcmp(step->commit, whole->commit) == 0)
				return true;
		}
	}
	return false;
}

/* With `match` = `any`, or an expression, what fails elsewhere counts as well; `fail` names what it
 * is about itself. */
bool build_verdict_may_guess(const struct session *s)
{
	return settings_match_is_auto(&s->settings) || *settings_text(&s->settings, SET_FAIL);
}

bool build_verdict_makes_all(enum step_role role)
{
	return role == ROLE_CULPRIT || role == ROLE_PARENT || role == ROLE_SIDE ||
	       role == ROLE_RETEST;
}

const char *build_verdict_object(const struct session *s, int n, enum step_role role)
{
	const struct step *first = defining_step(s, n);
	return first && first->object && !build_verdict_makes_all(role) &&
			       build_verdict_may_guess(s) && !is_contradicted(s, n)
		       ? first->object
		       : NULL;
}

/* ---- the certificate ---- */

int build_verdict_whole(const struct session *s, const char *commit)
{
	for (int i = (int)s->steps->len - 1; i >= 0; i--) {
		const struct step *step = session_step(s, i);
		if (!step->alone && step->role != ROLE_REVERT && is_judged_by_build(step) &&
		    step->verdict != VERDICT_NONE && strcmp(step->commit, commit) == 0)
			return i;
	}
	return -1;
}

char *build_verdict_contradiction(const struct session *s)
{
	const char *culprit = s->found && s->found[0] && !s->found[1] ? s->found[0] : NULL;
	const struct step *whole = session_step(s, culprit ? build_verdict_whole(s, culprit) : -1);
	enum verdict wanted = settings_is_fix(&s->settings) ? VERDICT_GOOD : VERDICT_BAD;
	if (!whole || whole->verdict == wanted || whole->verdict == VERDICT_SKIP ||
	    session_verdict_of(s, culprit) != whole->verdict)
		return NULL;
	return g_strdup_printf("%s is %s when all of it is made: the search goes on, with whole "
			       "builds",
			       culprit, verdict_name(whole->verdict));
}
