/*
 * Nothing is kept but the answer: the steps since the merge was found say how far the search is.
 * The second parent comes first. If it does not break as git merges it, what breaks is in the
 * merge's own changes.
 */
#include "inside.h"

#include "certify.h"
#include "numbers.h"

#include <string.h>

/* Of the search inside what was found last. */
static const struct step *inside_step(const struct session *s, guint i)
{
	const struct step *step = session_step(s, (int)i);
	bool counts = step->role == ROLE_INSIDE && step->state == STEP_DONE && !step->dropped;
	return counts ? step : NULL;
}

static const struct step *step_of(const struct session *s, const char *commit)
{
	for (guint i = s->steps->len; i-- > s->found_at;) {
		const struct step *step = inside_step(s, i);
		if (step && strcmp(step->commit, commit) == 0)
			return step;
	}
	return NULL;
}

/* A number may lie anywhere between those of the sides, and a fix may come with one of them. */
bool inside_is_wanted(const struct session *s)
{
	return !s->inside && certify_is_wanted(s) && certify_only_together(s) &&
	       settings_need_guest(&s->settings) && !settings_is_fix(&s->settings) &&
	       !numbers_wanted(s) && !s->parents[2];
}

void inside_query(const struct session *s, struct next_query *q)
{
	g_autoptr(GStrvBuilder) goods = g_strv_builder_new();
	g_autoptr(GStrvBuilder) skips = g_strv_builder_new();
	const struct step *whole = step_of(s, s->parents[1]);
	const char *bad = s->parents[1];
	g_strv_builder_add(goods, s->parents[0]);
	for (guint i = s->found_at; i < s->steps->len; i++) {
		const struct step *step = inside_step(s, i);
		if (!step || step == whole)
			continue;
		if (step->verdict == VERDICT_BAD)
			bad = step->commit;
		else
			g_strv_builder_add(step->verdict == VERDICT_GOOD ? goods : skips,
					   step->commit);
	}
	g_free(q->bad);
	g_strfreev(q->goods);
	g_strfreev(q->skips);
	g_clear_pointer(&q->paths, g_strfreev);
	g_clear_pointer(&q->top, g_free);
	q->bad = g_strdup(bad);
	q->goods = g_strv_builder_end(goods);
	q->skips = g_strv_builder_end(skips);
	q->checked = 1;
	q->first_parent = false;
	q->patches = g_new0(char *, 2);
	q->patches[0] = g_strdup_printf("merge %s", s->parents[0]);
	if (!whole)
		q->commit = g_strdup(s->parents[1]);
	if (whole && whole->verdict == VERDICT_GOOD)
		q->merge_alone = g_strdup(s->found[0]);
}

GPtrArray *inside_lines(const struct session *s)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	if (!s->inside || !s->found || !s->parents)
		return lines;
	if (strcmp(s->inside[0], s->found[0]) == 0) {
		g_ptr_array_add(lines, g_strdup("inside the merge: merged without conflicts, the "
						"two sides are good; what breaks is in the "
						"merge's own changes"));
		return lines;
	}
	if (!s->inside[1]) {
		g_ptr_array_add(lines, g_strdup_printf("inside the merge: %s is the first commit "
						       "of the second side that breaks when it is "
						       "merged onto %s",
						       s->inside[0], s->parents[0]));
		return lines;
	}
	g_ptr_array_add(lines, g_strdup_printf("inside the merge: the first commit of the second "
					       "side that breaks when it is merged onto %s could "
					       "be any of:",
					       s->parents[0]));
	for (char **c = s->inside; *c; c++)
		g_ptr_array_add(lines, g_strdup_printf("inside the merge: %s", *c));
	return lines;
}
