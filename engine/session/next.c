/*
 * First the fixed commits, in the order of roles: what a user wants again, the start, a smaller
 * configuration, the other end; then the search between what is known; then the certificate.
 */
#include "next.h"

#include "borders.h"
#include "certify.h"
#include "inside.h"
#include "metric.h"
#include "metric_ends.h"
#include "minimize.h"
#include "range.h"

#include <string.h>

/* The first release, newest first, of which nothing is known, unless a newer one is good. -1: the
 * walk is over. */
static int next_release(const struct session *s, bool *good)
{
	*good = false;
	for (int i = 0; s->releases && s->releases[i]; i++) {
		g_autofree char *name = NULL;
		g_autofree char *commit = NULL;
		range_split(s->releases[i], &name, &commit);
		enum verdict v = session_verdict_of(s, commit);
		if (v == VERDICT_NONE)
			return i;
		if (v == VERDICT_GOOD) {
			*good = true;
			return -1;
		}
	}
	return -1;
}

static const char *last_good_judgement(const struct session *s)
{
	for (guint i = s->judgements->len; i-- > 0;) {
		const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
		if (j->verdict == VERDICT_GOOD)
			return j->commit;
	}
	return NULL;
}

/* What the starting commit is compared with, where a number is what counts. */
static const char *good_end(const struct session *s)
{
	return s->goods && s->goods[0] ? s->goods[0] : last_good_judgement(s);
}

static enum step_role next_end(const struct session *s)
{
	bool good;
	const char *given = good_end(s);
	if (!metric_start_measured(s))
		return ROLES;
	if (given)
		return session_find_step(s, ROLE_GOOD, given) ? ROLES : ROLE_GOOD;
	if (settings_is_fix(&s->settings))
		return s->releases && s->releases[0] && !session_find_step(s, ROLE_HEAD, NULL)
			       ? ROLE_HEAD
			       : ROLES;
	return next_release(s, &good) >= 0 ? ROLE_RELEASE : ROLES;
}

static enum step_role next_of_fix(const struct session *s)
{
	g_autofree char *name = NULL;
	g_autofree char *head = NULL;
	if (s->base) {
		enum verdict v = session_verdict_of(s, s->base);
		if (v != VERDICT_BAD)
			return v == VERDICT_NONE ? ROLE_BASE : ROLES;
	}
	if (s->goods && s->goods[0])
		return ROLE_SEARCH;
	if (!s->releases || !s->releases[0])
		return ROLES;
	range_split(s->releases[0], &name, &head);
	enum verdict v = session_verdict_of(s, head);
	return v == VERDICT_NONE ? ROLE_HEAD : v == VERDICT_GOOD ? ROLE_SEARCH : ROLES;
}

static enum step_role next_of_cause(const struct session *s)
{
	bool good;
	if (s->goods && s->goods[0])
		return ROLE_SEARCH;
	if (last_good_judgement(s))
		return ROLE_SEARCH;
	int i = next_release(s, &good);
	return i >= 0 ? ROLE_RELEASE : good ? ROLE_SEARCH : ROLES;
}

/* That which a run has made doubtful comes first. */
static const char *next_good(const struct session *s)
{
	if (s->doubted && session_verdict_of(s, s->doubted) == VERDICT_NONE)
		return s->doubted;
	return range_good_untested(s);
}

enum step_role next_role(const struct session *s)
{
	if (s->retests_begun < s->retests->len)
		return ROLE_RETEST;
	if (!session_find_step(s, ROLE_ORIGINAL, NULL))
		return ROLE_ORIGINAL;
	if (metric_ends_open(s))
		return next_end(s);
	if (session_verdict_of(s, s->bad) != VERDICT_BAD)
		return ROLES;
	g_auto(GStrv) smaller = minimize_next(s);
	if (smaller)
		return ROLE_MINIMIZE;
	if (s->verdict)
		return ROLES;
	if (range_good_that_is_bad(s) && !s->borders)
		return borders_may_be(s) && !s->found ? ROLE_SEARCH : ROLES;
	if (s->doubted && session_verdict_of(s, s->doubted) == VERDICT_NONE)
		return ROLE_GOOD;
	if (s->found && range_good_untested(s))
		return ROLE_GOOD;
	if (s->borders)
		return borders_next(s, NULL);
	if (s->found) {
		enum step_role role = certify_next(s, NULL);
		return role == ROLES && inside_is_wanted(s) ? ROLE_INSIDE : role;
	}
	g_autofree char *stuck = metric_stuck(s);
	if (stuck)
		return ROLES;
	return settings_is_fix(&s->settings) ? next_of_fix(s) : next_of_cause(s);
}

/* ---- the question ---- */

static GStrv one_patch(const char *word, const char *commit)
{
	GStrv list = g_new0(char *, 2);
	list[0] = g_strdup_printf("%s %s", word, commit);
	return list;
}

static void fixed_commit(const struct session *s, struct next_query *q)
{
	bool good;
	switch (q->role) {
	case ROLE_ORIGINAL:
		q->commit = g_strdup(s->bad);
		break;
	case ROLE_MINIMIZE:
		q->commit = g_strdup(s->bad);
		g_strfreev(q->options);
		q->options = minimize_next(s);
		break;
	case ROLE_RELEASE:
		range_split(s->releases[next_release(s, &good)], &q->release, &q->commit);
		break;
	case ROLE_BASE:
		q->commit = g_strdup(s->base);
		break;
	case ROLE_GOOD:
		q->commit = g_strdup(metric_ends_open(s) ? good_end(s) : next_good(s));
		break;
	case ROLE_HEAD:
		range_split(s->releases[0], &q->release, &q->commit);
		break;
	case ROLE_RETEST: {
		int n = g_array_index(s->retests, int, s->retests_begun);
		q->commit = g_strdup(session_step(s, n)->commit);
		break;
	}
	case ROLE_CULPRIT:
	case ROLE_PARENT:
	case ROLE_SIDE: {
		const char *commit = NULL;
		if (s->borders)
			borders_next(s, &q->commit);
		else if (certify_next(s, &commit) == q->role)
			q->commit = g_strdup(commit);
		break;
	}
	case ROLE_COMPILER: {
		struct certify_border border = { 0 };
		certify_border(s, &border);
		q->commit = g_strdup(s->parents[0]);
		q->cc = g_strdup(border.after ? border.after : "");
		break;
	}
	case ROLE_REVERT:
		q->commit = g_strdup(s->bad);
		q->patches =
			one_patch(settings_is_fix(&s->settings) ? "pick" : "revert", s->found[0]);
		break;
	default:
		break;
	}
}

void session_next_query(const struct session *s, struct next_query *q)
{
	*q = (struct next_query){ .role = next_role(s), .checked = s->checked };
	q->paths = g_strdupv(s->paths);
	q->first_parent = s->first_parent;
	range_now(s, &q->bad, &q->goods, &q->skips);
	q->options = minimize_in_use(s);
	if (session_tested(s))
		q->test_s = (double)s->test_ns / 1e9 / session_tested(s);
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	if (last && last->state != STEP_DONE)
		q->current = g_strdup(last->commit);
	bool fix = settings_is_fix(&s->settings), contradict = range_may_contradict(s);
	if (contradict) {
		g_auto(GStrv) goods = NULL;
		g_autofree char *bad = NULL;
		range_ends(s, &bad, &goods);
		q->top = g_strdup(bad ? bad : goods[0]);
		q->bottom = fix && bad ? g_strdup(goods[0]) : NULL;
		q->bad_good = g_strdup(range_good_that_is_bad(s));
	}
	if (fix)
		q->start = g_strdup(s->bad);
	if (fix || contradict) {
		q->crashed = range_tested(s, VERDICT_BAD);
		q->clean = contradict ? range_clean(s) : range_tested(s, VERDICT_GOOD);
		q->untestable = range_tested(s, VERDICT_SKIP);
	}
	fixed_commit(s, q);
	if (q->role == ROLE_INSIDE)
		inside_query(s, q);
}

void next_query_clear(struct next_query *q)
{
	g_free(q->commit);
	g_free(q->release);
	g_free(q->cc);
	g_free(q->bad);
	g_free(q->current);
	g_free(q->start);
	g_free(q->top);
	g_free(q->bottom);
	g_free(q->bad_good);
	g_free(q->merge_alone);
	g_strfreev(q->goods);
	g_strfreev(q->paths);
	g_strfreev(q->skips);
	g_strfreev(q->patches);
	g_strfreev(q->options);
	g_strfreev(q->crashed);
	g_strfreev(q->clean);
	g_strfreev(q->untestable);
	*q = (struct next_query){ 0 };
}
