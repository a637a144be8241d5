/*
 * Played from its beginning at each call, with the answers known so far: so it needs no state.
 */
#include "minimize.h"

static GArray *all_of(guint n)
{
	GArray *set = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < n; i++)
		g_array_append_val(set, i);
	return set;
}

/* Part `k` of `parts` of the set; or, inverted, all but that part. */
static GArray *part_of(const GArray *set, guint k, guint parts, bool inverted)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(guint));
	guint from = set->len * k / parts, to = set->len * (k + 1) / parts;
	for (guint i = 0; i < set->len; i++) {
		if ((i >= from && i < to) != inverted)
			g_array_append_val(out, g_array_index(set, guint, i));
	}
	return out;
}

GArray *minimize(guint n, enum minimize_answer (*ask)(const GArray *kept, void *arg), void *arg,
		 bool *over)
{
	GArray *set = g_array_new(FALSE, FALSE, sizeof(guint));
	guint parts = 2;
	/* nothing at all first: often the baseline crashes by itself */
	enum minimize_answer a = ask(set, arg);
	*over = a != MINIMIZE_UNKNOWN;
	if (a != MINIMIZE_CLEAN)
		return set;
	g_array_unref(set);
	set = all_of(n);
	while (set->len > 1 && parts <= set->len) {
		GArray *smaller = NULL;
		/* each part alone, then all but each part (of two parts that is the same) */
		for (guint k = 0; k < 2 * parts && !smaller; k++) {
			if (k >= parts && parts == 2)
				break;
			GArray *trial = part_of(set, k % parts, parts, k >= parts);
			a = ask(trial, arg);
			if (a == MINIMIZE_UNKNOWN) {
				g_array_unref(set);
				*over = false;
				return trial;
			}
			if (a == MINIMIZE_CRASHES) {
				smaller = g_array_ref(trial);
				parts = k < parts ? 2 : MAX(parts - 1, 2);
			}
			g_array_unref(trial);
		}
		if (smaller) {
			g_array_unref(set);
			set = smaller;
		} else if (parts == set->len) {
			break;
		} else {
			parts = MIN(parts * 2, set->len);
		}
	}
	*over = true;
	return set;
}

/* ---- of a session ---- */

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
		if (step->role != ROLE_MINIMIZE || step->interrupted)
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

GStrv minimize_next(const struct session *s)
{
	bool over;
	g_autoptr(GArray) kept = minimal(s, &over);
	return over ? NULL : subset(s, kept);
}

GStrv minimize_in_use(const struct session *s)
{
	bool over;
	g_autoptr(GArray) kept = minimal(s, &over);
	if (!kept || !over || kept->len == g_strv_length(s->options))
		return NULL;
	return subset(s, kept);
}
