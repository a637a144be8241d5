/*
 * Verdicts of users and of steps in the order in which they became known, first all
 * (range_verdicts), then as the ends and the gaps of what is left to search (range_now).
 */
#include "range.h"

#include <string.h>

/* ---- what is known of a commit ---- */

/* Whether the step's verdict is one on its commit as it is. */
static bool judges_commit(const struct step *step)
{
	return step_is_of_commit(step) && step->state == STEP_DONE && step->verdict != VERDICT_NONE;
}

enum verdict range_users_word(const struct session *s, const char *commit)
{
	for (guint i = s->judgements->len; i-- > 0;) {
		const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
		if (strcmp(j->commit, commit) == 0)
			return j->verdict;
	}
	return VERDICT_NONE;
}

enum verdict session_verdict_of(const struct session *s, const char *commit)
{
	enum verdict word = range_users_word(s, commit);
	if (word != VERDICT_NONE)
		return word;
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (judges_commit(step) && strcmp(step->commit, commit) == 0)
			return step->verdict;
	}
	return VERDICT_NONE;
}

static const char *good_with(const struct session *s, enum verdict v)
{
	for (char **good = s->goods; good && *good; good++) {
		if (session_verdict_of(s, *good) == v)
			return *good;
	}
	return NULL;
}

const char *range_good_that_is_bad(const struct session *s)
{
	/* where the starting commit has not shown the bug there is none to have */
	return session_verdict_of(s, s->bad) == VERDICT_BAD ? good_with(s, VERDICT_BAD) : NULL;
}

const char *range_good_untested(const struct session *s)
{
	return good_with(s, VERDICT_NONE);
}

/* ---- the range ---- */

void range_split(const char *line, char **name, char **commit)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	*name = g_strdup(words[0]);
	*commit = g_strdup(words[0] && words[1] ? words[1] : "");
}

bool range_judgement(const char *line, enum verdict *v, char **commit, char **subject)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	guint n = g_strv_length(words);
	*commit = g_strdup(n > 1 ? words[1] : "");
	*subject = g_strdup(n > 2 ? words[2] : NULL);
	for (*v = VERDICT_GOOD; *v < VERDICTS; ++*v) {
		if (n && strcmp(words[0], verdict_name(*v)) == 0)
			return **commit != '\0';
	}
	return false;
}

bool range_sides_count(const struct session *s)
{
	return !s->first_parent && !settings_is_fix(&s->settings);
}

static bool narrows_range(const struct session *s, const struct step *step)
{
	/* one that does not change the paths is no candidate: below it none may be left */
	bool parent = step->role == ROLE_PARENT || step->role == ROLE_SIDE;
	if (parent && s->paths && !session_find_step(s, ROLE_SEARCH, step->commit))
		return false;
	if (step->role == ROLE_SIDE)
		return range_sides_count(s);
	return step->role == ROLE_SEARCH || step->role == ROLE_RELEASE ||
	       step->role == ROLE_RETEST || step->role == ROLE_PARENT;
}

/* Of each commit one fact stays, at the place from which on it has held: a test that only confirms
 * an old verdict must not come after those that have narrowed the range since. But what the search
 * asked for lay within the range, whatever was known of it: that test has narrowed it. */
static void keep_what_holds(const struct session *s, GArray *verdicts, guint ends)
{
	for (guint i = ends; i < verdicts->len;) {
		const struct range_verdict *f = &g_array_index(verdicts, struct range_verdict, i);
		bool holds = session_verdict_of(s, f->commit) == f->verdict;
		for (guint k = i + 1; k < verdicts->len && holds; k++) {
			const struct range_verdict *later =
				&g_array_index(verdicts, struct range_verdict, k);
			holds = (later->verdict == f->verdict && !later->chosen) ||
				strcmp(later->commit, f->commit) != 0;
		}
		for (guint k = 0; k < i && holds; k++) {
			const struct range_verdict *earlier =
				&g_array_index(verdicts, struct range_verdict, k);
			holds = earlier->verdict != f->verdict || f->chosen ||
				strcmp(earlier->commit, f->commit) != 0;
		}
		if (holds)
			i++;
		else
			g_array_remove_index(verdicts, i);
	}
}

/* The ends of the range are known by themselves. */
static guint add_ends(const struct session *s, const char *head, GArray *verdicts)
{
	struct range_verdict start = { .commit = s->bad, .verdict = VERDICT_BAD };
	struct range_verdict end = { .commit = head, .verdict = VERDICT_GOOD };
	g_array_append_val(verdicts, start);
	if (head)
		g_array_append_val(verdicts, end);
	return verdicts->len;
}

GArray *range_verdicts(const struct session *s)
{
	GArray *verdicts = g_array_new(FALSE, FALSE, sizeof(struct range_verdict));
	const struct step *head = session_find_step(s, ROLE_HEAD, NULL);
	guint j = 0, ends = add_ends(s, head ? head->commit : NULL, verdicts);
	for (guint i = 0; i <= s->steps->len; i++) {
		for (; j < s->judgements->len; j++) {
			const struct judgement *user =
				&g_array_index(s->judgements, struct judgement, j);
			if (user->after - user->during_step > i)
				break;
			struct range_verdict f = { .commit = user->commit,
						   .subject = user->subject,
						   .verdict = user->verdict };
			g_array_append_val(verdicts, f);
		}
		const struct step *step = session_step(s, (int)i);
		if (!step || !narrows_range(s, step) || !judges_commit(step))
			continue;
		if (step->role == ROLE_RELEASE && step->verdict == VERDICT_SKIP)
			continue; /* one that cannot be tested only lets the walk go on */
		struct range_verdict f = { .commit = step->commit,
					   .subject = step->subject,
					   .verdict = step->verdict,
					   .release = step->role == ROLE_RELEASE,
					   .chosen = step->role == ROLE_SEARCH };
		g_array_append_val(verdicts, f);
	}
	keep_what_holds(s, verdicts, ends);
	g_array_remove_range(verdicts, 0, ends);
	return verdicts;
}

static void ends_of_range(const struct session *s, GPtrArray *goods, char **bad)
{
	if (!settings_is_fix(&s->settings)) {
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

static GStrv list_of(GPtrArray *array)
{
	g_ptr_array_add(array, NULL);
	return (GStrv)g_ptr_array_free(array, FALSE);
}

void range_ends(const struct session *s, char **bad, GStrv *goods)
{
	GPtrArray *all = g_ptr_array_new();
	*bad = NULL;
	ends_of_range(s, all, bad);
	*goods = list_of(all);
}

void range_now(const struct session *s, char **bad, GStrv *goods, GStrv *skips)
{
	GPtrArray *good = g_ptr_array_new(), *skipped = g_ptr_array_new();
	ends_of_range(s, good, bad);
	g_autoptr(GArray) verdicts = range_verdicts(s);
	for (guint i = 0; i < verdicts->len; i++) {
		const struct range_verdict *f = &g_array_index(verdicts, struct range_verdict, i);
		if (f->verdict == VERDICT_SKIP) {
			g_ptr_array_add(skipped, g_strdup(f->commit));
		} else if ((f->verdict == VERDICT_BAD) == settings_is_fix(&s->settings)) {
			g_ptr_array_add(good, g_strdup(f->commit));
		} else {
			g_free(*bad);
			*bad = g_strdup(f->commit);
		}
	}
	*goods = list_of(good);
	*skips = list_of(skipped);
}

const char *session_git_term(const struct session *s, enum verdict v)
{
	if (v == VERDICT_SKIP)
		return "skip";
	return (v == VERDICT_BAD) != settings_is_fix(&s->settings) ? "bad" : "good";
}

bool range_may_contradict(const struct session *s)
{
	bool fix = settings_is_fix(&s->settings);
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (!judges_commit(step) || step->interrupted)
			continue;
		bool parent = step->role == ROLE_PARENT || step->role == ROLE_SIDE;
		if (session_verdict_of(s, step->commit) != step->verdict ||
		    (parent && narrows_range(s, step) &&
		     step->verdict == (fix ? VERDICT_GOOD : VERDICT_BAD)))
			return true;
	}
	return range_good_that_is_bad(s) != NULL;
}

static GPtrArray *tested_as(const struct session *s, enum verdict v)
{
	GPtrArray *out = g_ptr_array_new();
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (judges_commit(step) && step->presumed == VERDICT_NONE &&
		    session_verdict_of(s, step->commit) == v)
			g_ptr_array_add(out, g_strdup(step->commit));
	}
	return out;
}

GStrv range_tested(const struct session *s, enum verdict v)
{
	return list_of(tested_as(s, v));
}

GStrv range_clean(const struct session *s)
{
	GPtrArray *out = tested_as(s, VERDICT_GOOD);
	for (char **good = s->goods; good && *good; good++) {
		if (session_verdict_of(s, *good) == VERDICT_NONE)
			g_ptr_array_add(out, g_strdup(*good));
	}
	return list_of(out);
}
