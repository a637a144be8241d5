#include "range.h"

#include "certify.h"
#include "minimize.h"

#include <string.h>

bool range_is_fix(const struct session *s)
{
	return strcmp(settings_text(&s->settings, SET_MODE), "fix") == 0;
}

const struct step *range_step(const struct session *s, enum step_role role)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (step->role == role)
			return step;
	}
	return NULL;
}

/* ---- what is known of a commit ---- */

/* Whether a step says something about its commit as it is. */
static bool speaks_for_commit(const struct step *step)
{
	return step->role != ROLE_MINIMIZE && step->role != ROLE_REVERT &&
	       step->state == STEP_DONE && step->verdict != VERDICT_NONE;
}

enum verdict session_verdict_of(const struct session *s, const char *commit)
{
	for (guint i = s->judgements->len; i-- > 0;) {
		const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
		if (strcmp(j->commit, commit) == 0)
			return j->verdict;
	}
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (speaks_for_commit(step) && strcmp(step->commit, commit) == 0)
			return step->verdict;
	}
	return VERDICT_NONE;
}

int session_tested(const struct session *s)
{
	int n = 0;
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		n += step->presumed == VERDICT_NONE && !step->dropped;
	}
	return n;
}

guint session_said(const struct session *s)
{
	return s->judgements->len + s->retests->len;
}

/* ---- minimisation ---- */

static GStrv subset(const struct session *s, const GArray *kept)
{
	GPtrArray *out = g_ptr_array_new();
	for (guint i = 0; i < kept->len; i++)
		g_ptr_array_add(out, g_strdup(s->options[g_array_index(kept, guint, i)]));
	g_ptr_array_add(out, NULL);
	return (GStrv)g_ptr_array_free(out, FALSE);
}

/* Whether this set of options has been tested, and what came out. */
static enum minimize_answer ask_steps(const GArray *kept, void *arg)
{
	const struct session *s = arg;
	g_auto(GStrv) options = subset(s, kept);
	int tests = 0;
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (step->role != ROLE_MINIMIZE)
			continue;
		tests++;
		if (step->state == STEP_DONE && step->options &&
		    g_strv_equal((const char *const *)step->options, (const char *const *)options))
			return step->verdict == VERDICT_BAD ? MINIMIZE_CRASHES : MINIMIZE_CLEAN;
	}
	return tests < MINIMIZE_TESTS ? MINIMIZE_UNKNOWN : MINIMIZE_CLEAN;
}

static GArray *minimal(const struct session *s, bool *over)
{
	guint n = s->options ? g_strv_length(s->options) : 0;
	*over = true;
	return n && s->minimize ? minimize(n, ask_steps, (void *)s, over) : NULL;
}

GStrv range_smaller(const struct session *s)
{
	bool over;
	g_autoptr(GArray) kept = minimal(s, &over);
	return over ? NULL : subset(s, kept);
}

GStrv range_options(const struct session *s)
{
	bool over;
	g_autoptr(GArray) kept = minimal(s, &over);
	if (!kept || !over || kept->len == g_strv_length(s->options))
		return NULL;
	return subset(s, kept);
}

/* ---- what comes next ---- */

void range_split(const char *line, char **name, char **commit)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	*name = g_strdup(words[0]);
	*commit = g_strdup(words[0] && words[1] ? words[1] : "");
}

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

enum step_role range_next(const struct session *s)
{
	if (s->retested < s->retests->len)
		return ROLE_RETEST;
	if (!range_step(s, ROLE_ORIGINAL))
		return ROLE_ORIGINAL;
	if (session_verdict_of(s, s->bad) != VERDICT_BAD)
		return ROLES;
	g_auto(GStrv) smaller = range_smaller(s);
	if (smaller)
		return ROLE_MINIMIZE;
	if (s->verdict)
		return ROLES;
	if (s->found)
		return certify_next(s);
	return range_is_fix(s) ? next_of_fix(s) : next_of_cause(s);
}

/* ---- the range ---- */

static bool guides_search(const struct step *step)
{
	return step->role == ROLE_SEARCH || step->role == ROLE_RELEASE ||
	       step->role == ROLE_RETEST || step->role == ROLE_PARENT;
}

/* Of each commit one fact stays, at the place from which on it has held: a test that only confirms
 * an old verdict must not come after those that have narrowed the range since. But what the search
 * asked for lay within the range, whatever was known of it: that test has narrowed it. */
static void keep_what_holds(const struct session *s, GArray *facts, guint ends)
{
	for (guint i = ends; i < facts->len;) {
		const struct range_fact *f = &g_array_index(facts, struct range_fact, i);
		bool holds = session_verdict_of(s, f->commit) == f->verdict;
		for (guint k = i + 1; k < facts->len && holds; k++) {
			const struct range_fact *later =
				&g_array_index(facts, struct range_fact, k);
			holds = (later->verdict == f->verdict && !later->chosen) ||
				strcmp(later->commit, f->commit) != 0;
		}
		for (guint k = 0; k < i && holds; k++) {
			const struct range_fact *earlier =
				&g_array_index(facts, struct range_fact, k);
			holds = earlier->verdict != f->verdict || f->chosen ||
				strcmp(earlier->commit, f->commit) != 0;
		}
		if (holds)
			i++;
		else
			g_array_remove_index(facts, i);
	}
}

/* The ends of the range are known by themselves. */
static guint add_ends(const struct session *s, const char *head, GArray *facts)
{
	struct range_fact start = { .commit = s->bad, .verdict = VERDICT_BAD };
	struct range_fact end = { .commit = head, .verdict = VERDICT_GOOD };
	g_array_append_val(facts, start);
	if (head)
		g_array_append_val(facts, end);
	return facts->len;
}

GArray *range_facts(const struct session *s)
{
	GArray *facts = g_array_new(FALSE, FALSE, sizeof(struct range_fact));
	const struct step *head = range_step(s, ROLE_HEAD);
	guint j = 0, ends = add_ends(s, head ? head->commit : NULL, facts);
	for (guint i = 0; i <= s->steps->len; i++) {
		for (; j < s->judgements->len; j++) {
			const struct judgement *user =
				&g_array_index(s->judgements, struct judgement, j);
			if (user->after - user->meanwhile > i)
				break;
			struct range_fact f = { .commit = user->commit, .verdict = user->verdict };
			g_array_append_val(facts, f);
		}
		const struct step *step = session_step(s, (int)i);
		if (!step || !guides_search(step) || !speaks_for_commit(step))
			continue;
		if (step->role == ROLE_RELEASE && step->verdict == VERDICT_SKIP)
			continue; /* one that cannot be tested only lets the walk go on */
		struct range_fact f = { .commit = step->commit,
					.subject = step->subject,
					.verdict = step->verdict,
					.release = step->role == ROLE_RELEASE,
					.chosen = step->role == ROLE_SEARCH };
		g_array_append_val(facts, f);
	}
	keep_what_holds(s, facts, ends);
	g_array_remove_range(facts, 0, ends);
	return facts;
}

static void ends_of_range(const struct session *s, GPtrArray *goods, char **bad)
{
	if (!range_is_fix(s)) {
		*bad = g_strdup(s->bad);
		for (char **g = s->goods; g && *g; g++)
			g_ptr_array_add(goods, g_strdup(*g));
		return;
	}
	if (s->goods && s->goods[0]) {
		*bad = g_strdup(s->goods[0]);
	} else if (s->releases && s->releases[0]) {
		g_autofree char *name = NULL;
		range_split(s->releases[0], &name, bad);
	}
	g_ptr_array_add(goods, g_strdup(s->base ? s->base : s->bad));
}

static void search_range(const struct session *s, GPtrArray *goods, GPtrArray *skips, char **bad)
{
	ends_of_range(s, goods, bad);
	g_autoptr(GArray) facts = range_facts(s);
	for (guint i = 0; i < facts->len; i++) {
		const struct range_fact *f = &g_array_index(facts, struct range_fact, i);
		const char *term = session_git_term(s, f->verdict);
		if (strcmp(term, "bad") == 0) {
			g_free(*bad);
			*bad = g_strdup(f->commit);
		} else {
			g_ptr_array_add(strcmp(term, "good") == 0 ? goods : skips,
					g_strdup(f->commit));
		}
	}
}

const char *session_git_term(const struct session *s, enum verdict v)
{
	if (v == VERDICT_SKIP)
		return "skip";
	return (v == VERDICT_BAD) != range_is_fix(s) ? "bad" : "good";
}

void range_ends(const struct session *s, char **bad, GStrv *goods)
{
	GPtrArray *all = g_ptr_array_new();
	g_autoptr(GPtrArray) skips = g_ptr_array_new_with_free_func(g_free);
	search_range(s, all, skips, bad);
	g_ptr_array_add(all, NULL);
	*goods = (GStrv)g_ptr_array_free(all, FALSE);
}

static GStrv commits_with(const struct session *s, enum verdict v)
{
	GPtrArray *out = g_ptr_array_new();
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (speaks_for_commit(step) && step->presumed == VERDICT_NONE &&
		    session_verdict_of(s, step->commit) == v)
			g_ptr_array_add(out, g_strdup(step->commit));
	}
	g_ptr_array_add(out, NULL);
	return (GStrv)g_ptr_array_free(out, FALSE);
}

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
		q->options = range_smaller(s);
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
		int n = g_array_index(s->retests, int, s->retested);
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
		q->patches = one_patch(range_is_fix(s) ? "pick" : "revert", s->found[0]);
		break;
	default:
		break;
	}
}

void session_next_query(const struct session *s, struct next_query *q)
{
	*q = (struct next_query){ .role = range_next(s), .checked = s->checked };
	GPtrArray *goods = g_ptr_array_new();
	GPtrArray *skips = g_ptr_array_new();
	search_range(s, goods, skips, &q->bad);
	g_ptr_array_add(goods, NULL);
	g_ptr_array_add(skips, NULL);
	q->goods = (GStrv)g_ptr_array_free(goods, FALSE);
	q->skips = (GStrv)g_ptr_array_free(skips, FALSE);
	q->options = range_options(s);
	if (session_tested(s))
		q->test_s = (double)s->test_ns / 1e9 / session_tested(s);
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	if (last && last->state != STEP_DONE)
		q->current = g_strdup(last->commit);
	if (range_is_fix(s)) {
		q->start = g_strdup(s->bad);
		q->crashed = commits_with(s, VERDICT_BAD);
		q->clean = commits_with(s, VERDICT_GOOD);
		q->untestable = commits_with(s, VERDICT_SKIP);
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
	g_strfreev(q->skips);
	g_strfreev(q->patches);
	g_strfreev(q->options);
	g_strfreev(q->crashed);
	g_strfreev(q->clean);
	g_strfreev(q->untestable);
	*q = (struct next_query){ 0 };
}
