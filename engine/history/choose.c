/*
 * One step as one process of git does it: the merge bases have to be tested first; then the
 * candidates are listed and weighed, and the one that halves them is taken (once anything was
 * skipped, one of those near, by git's own random numbers). Where a caller knows what tests cost,
 * the candidate is taken that costs least for what its test tells.
 */
#include "choose.h"

#include "candidates.h"
#include "merge_base.h"

#include <errno.h>
#include <math.h>

struct chooser {
	struct walk w;
	struct candidates all;
	const struct choose_query *q;
};

static bool contains(const uint32_t *commits, uint32_t n, uint32_t c)
{
	for (uint32_t i = 0; i < n; i++) {
		if (commits[i] == c)
			return true;
	}
	return false;
}

/* ---- merge bases ---- */

/* Sets choice->kind to CHOICE_TEST when the bisection can go on. */
static err_t check_merge_bases(struct chooser *ch, struct choice *choice, struct error *error)
{
	const struct choose_query *q = ch->q;
	choice->kind = CHOICE_TEST;
	g_autoptr(GArray) outside = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	err_t err = walk_list(&ch->w, q->bad, true, q->goods, q->ngoods, outside, error);
	walk_restart(&ch->w);
	if (err || outside->len == 0)
		return err;
	g_autoptr(GArray) bases = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	err = merge_base_find(&ch->w, q->bad, q->goods, q->ngoods, bases, error);
	walk_restart(&ch->w);
	for (guint i = 0; i < bases->len && !err; i++) {
		uint32_t c = g_array_index(bases, uint32_t, i);
		if (c == q->bad) {
			choice->kind = CHOICE_BASE_IS_BAD;
			choice->commit = c;
			return 0;
		}
		if (contains(q->goods, q->ngoods, c))
			continue;
		if (contains(q->skips, q->nskips, c)) {
			g_array_append_val(choice->passed_over, c);
			continue;
		}
		choice->kind = CHOICE_MERGE_BASE;
		choice->commit = c;
		return 0;
	}
	return err;
}

/* ---- skips ---- */

/* Newton's iteration in single precision, as git does it: the result feeds its random numbers. */
static int newton_root(int value)
{
	if (value == 0)
		return 0;
	float x = (float)value, d;
	do {
		float y = (x + (float)value / x) / 2;
		d = y > x ? y - x : x - y;
		x = y;
	} while (d >= 0.5f);
	return (int)x;
}

/* git's draw among `count` candidates, in wrapping 32-bit arithmetic; seeded by `count` alone. */
static int32_t draw(uint32_t count)
{
	uint32_t r = (count * 1103515245u + 12345u) / 65536u % 32768u;
	int32_t scaled = (int32_t)(count * r) / 32768;
	return (int32_t)((uint32_t)scaled * (uint32_t)newton_root((int)r)) / newton_root(32768);
}

static int by_distance(const void *a, const void *b, void *data)
{
	const struct chooser *ch = data;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int64_t di = candidates_distance(&ch->all, i), dj = candidates_distance(&ch->all, j);
	if (di != dj)
		return di > dj ? -1 : 1;
	return oid_compare(history_oid(ch->w.h, candidates_commit(&ch->all, i)),
			   history_oid(ch->w.h, candidates_commit(&ch->all, j)));
}

static void choose_among_skipped(struct chooser *ch, struct choice *choice)
{
	const struct choose_query *q = ch->q;
	guint all = ch->all.list->len;
	for (uint32_t i = 0; i < q->nskips; i++)
		*walk_marks(&ch->w, q->skips[i]) |= WALK_SKIPPED;
	g_autofree uint32_t *order = g_new(uint32_t, all + 1);
	guint n = 0;
	for (guint i = 0; i < all; i++) {
		if (candidates_counts(&ch->all, i))
			order[n++] = i;
	}
	all = n;
	g_qsort_with_data(order, (gint)all, sizeof(*order), by_distance, ch);
	choice->left = all - (uint32_t)candidates_weight(&ch->all, order[0]) - 1;
	choice->commit = candidates_commit(&ch->all, order[0]);
	if (!(*walk_marks(&ch->w, choice->commit) & WALK_SKIPPED))
		return;
	g_autoptr(GArray) stay = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (guint i = 0; i < all; i++) {
		uint32_t c = candidates_commit(&ch->all, order[i]);
		bool tried = *walk_marks(&ch->w, c) & WALK_SKIPPED;
		g_array_append_val(tried ? choice->candidates : stay, c);
	}
	if (stay->len == 0) { /* the bad itself was skipped */
		choice->kind = CHOICE_ONLY_SKIPPED;
		return;
	}
	int32_t index = draw(stay->len);
	if (index < 0 || index >= (int32_t)stay->len)
		index = 0;
	if (g_array_index(stay, uint32_t, index) == q->bad)
		index = index > 0 ? index - 1 : 0;
	choice->commit = g_array_index(stay, uint32_t, index);
	if (choice->commit == q->bad) {
		choice->kind = CHOICE_ONLY_SKIPPED;
		g_array_append_val(choice->candidates, q->bad);
	}
}

/* ---- the cheapest for what it tells ---- */

#define LOOKED_AT 48 /* candidates whose cost is asked for */

/* What a test is expected to tell, in bits, of a candidate that reaches this part of all. */
static double entropy(double part)
{
	return part <= 0 || part >= 1 ? 0 : -part * log2(part) - (1 - part) * log2(1 - part);
}

static int by_part(const void *a, const void *b, void *data)
{
	const struct chooser *ch = data;
	int64_t i = candidates_weight(&ch->all, *(const uint32_t *)a),
		j = candidates_weight(&ch->all, *(const uint32_t *)b);
	return i < j ? -1 : i > j;
}

/* Position of the best one; -1: no cost is known, git's own choice is as good. Needs all weights.
 */
static int64_t cheapest(struct chooser *ch)
{
	const struct choose_query *q = ch->q;
	guint all = ch->all.list->len, n = 0;
	g_autofree uint32_t *order = g_new(uint32_t, all + 1);
	for (guint i = 0; i < all; i++) {
		if (candidates_commit(&ch->all, i) != q->bad && candidates_counts(&ch->all, i) &&
		    !contains(q->skips, q->nskips, candidates_commit(&ch->all, i)))
			order[n++] = i;
	}
	g_qsort_with_data(order, (gint)n, sizeof(*order), by_part, ch);
	int64_t best = -1;
	double best_price = 0;
	for (guint k = 0; k < MIN(n, LOOKED_AT); k++) {
		guint i = order[n <= LOOKED_AT ? k : (guint)((guint64)k * n / LOOKED_AT)];
		double bits = entropy((double)candidates_weight(&ch->all, i) / all);
		double seconds = q->cost(q->arg, candidates_commit(&ch->all, i));
		if (seconds < 0 || bits <= 0)
			continue;
		double price = seconds / bits;
		if (best < 0 || price < best_price) {
			best = i;
			best_price = price;
		}
	}
	return best;
}

/* ---- one step ---- */

static uint32_t roughly_steps(uint32_t all)
{
	if (all < 3)
		return 0;
	uint32_t n = 31 - (uint32_t)__builtin_clz(all);
	uint32_t e = 1u << n, x = all - e;
	return e < 3 * x ? n : n - 1;
}

static err_t choose_candidate(struct chooser *ch, struct choice *choice, struct error *error)
{
	const struct choose_query *q = ch->q;
	ch->w.limit = q->limit; /* git checks merge bases without it */
	err_t err = candidates_list(&ch->all, q->bad, q->goods, q->ngoods, error);
	if (err)
		return err;
	uint32_t all = (uint32_t)ch->all.counted;
	if (!ch->all.list->len)
		return error_set(
			error, EINVAL,
			"no commit is left to test: the bad commit is reachable from a good");
	if (!all)
		return error_set(error, EINVAL,
				 "no testable commit found: none between bad and good changes "
				 "these paths");
	choice->all = all;
	choice->roughly = roughly_steps(all);
	int64_t cheap = -1;
	if (q->cost && all > 2) {
		candidates_weigh(&ch->all, false);
		cheap = cheapest(ch);
	}
	if (cheap >= 0) {
		choice->commit = candidates_commit(&ch->all, (guint)cheap);
		choice->left = all - (uint32_t)candidates_weight(&ch->all, (guint)cheap) - 1;
	} else if (q->nskips) {
		candidates_weigh(&ch->all, false);
		choose_among_skipped(ch, choice);
	} else {
		int64_t i = candidates_weigh(&ch->all, true);
		if (i < 0)
			i = candidates_halving(&ch->all);
		choice->commit = candidates_commit(&ch->all, (guint)i);
		choice->left = all - (uint32_t)candidates_weight(&ch->all, (guint)i) - 1;
	}
	if (choice->kind == CHOICE_TEST && choice->commit == q->bad)
		choice->kind = CHOICE_FOUND;
	return 0;
}

err_t choose_next(struct history *h, const struct choose_query *q, struct choice *choice,
		  struct error *error)
{
	*choice = (struct choice){ .kind = CHOICE_TEST, .checked = q->checked };
	choice->candidates = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	choice->passed_over = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	struct chooser ch = { .q = q };
	walk_init(&ch.w, h, q->first_parent);
	candidates_init(&ch.all, &ch.w);
	err_t err = 0;
	if (!q->checked) {
		bool first_parent = ch.w.first_parent;
		ch.w.first_parent = false; /* git checks merge bases in the full graph */
		err = check_merge_bases(&ch, choice, error);
		ch.w.first_parent = first_parent;
		choice->checked = !err && choice->kind == CHOICE_TEST;
	}
	if (!err && choice->kind == CHOICE_TEST)
		err = choose_candidate(&ch, choice, error);
	candidates_clear(&ch.all);
	walk_clear(&ch.w);
	if (err)
		choose_clear(choice);
	return err;
}

void choose_clear(struct choice *choice)
{
	g_clear_pointer(&choice->candidates, g_array_unref);
	g_clear_pointer(&choice->passed_over, g_array_unref);
}
