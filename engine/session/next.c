/*
 * First the fixed commits, in the order of roles: what a user wants again, the start, a smaller
 * configuration, the other end; then the search between what is known; then the certificate.
 */
#include "next.h"

#include "certify.h"
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

static bool user_knows_good(const struct session *s)
{
	for (guint i = 0; i < s->judgements->len; i++) {
		const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
		if (j->verdict == VERDICT_GOOD)
			return true;
	}
	return false;
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
	if (user_knows_good(s))
		return ROLE_SEARCH;
	int i = next_release(s, &good);
	return i >= 0 ? ROLE_RELEASE : good ? ROLE_SEARCH : ROLES;
}

enum step_role next_role(const struct session *s)
{
	if (s->retests_begun < s->retests->len)
		return ROLE_RETEST;
	if (!session_find_step(s, ROLE_ORIGINAL, NULL))
		return ROLE_ORIGINAL;
	if (session_verdict_of(s, s->bad) != VERDICT_BAD)
		return ROLES;
	g_auto(GStrv) smaller = minimize_next(s);
	if (smaller)
		return ROLE_MINIMIZE;
	if (s->verdict)
		return ROLES;
	if (s->found)
		return certify_next(s);
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
	case ROLE_HEAD:
		range_split(s->releases[0], &q->release, &q->commit);
		break;
	case ROLE_RETEST: {
		int n = g_array_index(s->retests, int, s->retests_begun);
		q->commit = g_strdup(session_step(s, n)->commit);
		break;
	}
	case ROLE_CULPRIT:
		q->commit = g_strdup(s->found[0]);
		break;
	case ROLE_PARENT:
		q->commit = g_strdup(s->parents[0]);
		break;
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
	if (settings_is_fix(&s->settings)) {
		q->start = g_strdup(s->bad);
		q->crashed = range_tested(s, VERDICT_BAD);
		q->clean = range_tested(s, VERDICT_GOOD);
		q->untestable = range_tested(s, VERDICT_SKIP);
	}
	fixed_commit(s, q);
}

void next_query_clear(struct next_query *q)
{
	g_free(q->commit);
	g_free(q->release);
	g_free(q->bad);
	g_free(q->current);
	g_free(q->start);
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
