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
