/*
 * git's choice, one step as one process of git does it: merge bases first, then the candidates,
 * their weights, and the one that halves them (or, once anything was skipped, one of those near).
 */
#include "choose.h"

#include "walk.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct chooser {
	struct walk w;
	const struct choose_query *q;
	GArray *list;	 /* uint32_t, oldest first */
	GArray *weights; /* int64_t by position in list, -1: not known */
	GArray *at;	 /* uint32_t by commit: position + 1 in list, 0: not in it */
};

err_t history_reaches(struct history *h, uint32_t c, uint32_t ancestor, bool *yes,
		      struct error *error)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GByteArray) seen = g_byte_array_new();
	*yes = false;
	g_array_append_val(stack, c);
	while (stack->len) {
		uint32_t at = g_array_index(stack, uint32_t, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		if (at == ancestor) {
			*yes = true;
			return 0;
		}
		err_t err = history_load(h, at, error);
		if (err)
			return err;
		guint old = seen->len;
		if (old < history_size(h)) {
			g_byte_array_set_size(seen, history_size(h) * 2);
			memset(seen->data + old, 0, seen->len - old);
		}
		for (uint32_t i = 0; i < history_parent_count(h, at); i++) {
			uint32_t p = history_parent(h, at, i);
			if (!seen->data[p]) {
				seen->data[p] = 1;
				g_array_append_val(stack, p);
			}
		}
	}
	return 0;
}

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
	err = walk_merge_bases(&ch->w, q->bad, q->goods, q->ngoods, bases, error);
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

/* ---- weights ---- */

static uint32_t candidate(const struct chooser *ch, guint i)
{
	return g_array_index(ch->list, uint32_t, i);
}

static int64_t *weight(const struct chooser *ch, guint i)
{
	return &g_array_index(ch->weights, int64_t, i);
}

static bool near_half(int64_t w, int64_t all)
{
	int64_t d = llabs(2 * w - all);
	return d <= 1 || d < all / 1024;
}

static int64_t distance(int64_t w, int64_t all)
{
	return MIN(w, all - w);
}

static bool is_interesting(struct chooser *ch, uint32_t c)
{
	return !(*walk_marks(&ch->w, c) & WALK_UNINTERESTING);
}

/* Interesting parents: the number, and the first of them. */
static uint32_t interesting_parents(struct chooser *ch, uint32_t c, uint32_t *first)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < history_parent_count(ch->w.h, c); i++) {
		uint32_t p = history_parent(ch->w.h, c, i);
		if (is_interesting(ch, p) && n++ == 0)
			*first = p;
		if (ch->q->first_parent)
			break;
	}
	return n;
}

static int64_t count_reached(struct chooser *ch, uint32_t from, GArray *stack, GByteArray *seen)
{
	int64_t n = 0;
	memset(seen->data, 0, seen->len);
	g_array_set_size(stack, 0);
	g_array_append_val(stack, from);
	seen->data[from] = 1;
	while (stack->len) {
		uint32_t c = g_array_index(stack, uint32_t, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		n++;
		for (uint32_t i = 0; i < history_parent_count(ch->w.h, c); i++) {
			uint32_t p = history_parent(ch->w.h, c, i);
			if (!seen->data[p] && is_interesting(ch, p)) {
				seen->data[p] = 1;
				g_array_append_val(stack, p);
			}
		}
	}
	return n;
}

/* Weights while they are worked out. */
enum { ONE_PARENT = -1, MERGE = -2 };

/* With sane dates every candidate comes after those that it reaches. */
static bool parents_come_first(struct chooser *ch)
{
	for (guint i = 0; i < ch->list->len; i++) {
		uint32_t c = candidate(ch, i);
		for (uint32_t k = 0; k < history_parent_count(ch->w.h, c); k++) {
			uint32_t p = history_parent(ch->w.h, c, k);
			/* uninteresting ones are no candidates: 0 */
			if (is_interesting(ch, p) && g_array_index(ch->at, uint32_t, p) > i)
				return false;
			if (is_interesting(ch, p) && !g_array_index(ch->at, uint32_t, p))
				return false;
			if (ch->q->first_parent)
				break;
		}
	}
	return true;
}

#define BLOCK_WORDS 8
#define BLOCK ((guint)BLOCK_WORDS * 64)

/* All weights at once, for lists in which parents come first: for each block of candidates, which
 * of them every later one reaches, as bits that parents hand on. A sixty-fourth of the square,
 * where a walk for each merge is the square. */
static void count_all(struct chooser *ch)
{
	guint all = ch->list->len;
	guint64(*bits)[BLOCK_WORDS] = g_malloc(((gsize)all + 1) * sizeof(*bits));
	for (guint i = 0; i < all; i++)
		*weight(ch, i) = 0;
	for (guint from = 0; from < all; from += BLOCK) {
		for (guint i = from; i < all; i++) {
			uint32_t c = candidate(ch, i);
			guint64 *mine = bits[i];
			memset(mine, 0, sizeof(*bits));
			if (i < from + BLOCK)
				mine[(i - from) / 64] = (guint64)1 << (i - from) % 64;
			for (uint32_t k = 0; k < history_parent_count(ch->w.h, c); k++) {
				uint32_t p = history_parent(ch->w.h, c, k);
				guint at = g_array_index(ch->at, uint32_t, p);
				if (at > from && is_interesting(ch, p)) {
					for (int w = 0; w < BLOCK_WORDS; w++)
						mine[w] |= bits[at - 1][w];
				}
				if (ch->q->first_parent)
					break;
			}
			for (int w = 0; w < BLOCK_WORDS; w++)
				*weight(ch, i) += __builtin_popcountll(mine[w]);
		}
	}
	g_free(bits);
}

/* The same choice as git's loop makes, where parents come first: then one pass over the list does,
 * and a candidate reaches no more than stand before it, so that those of the older half need not be
 * counted to know that they are not near half. */
static int64_t weigh_sane(struct chooser *ch, bool stop_early, const gint8 *kind, GArray *stack,
			  GByteArray *seen)
{
	int64_t all = ch->list->len, tolerance = MAX(1, all / 1024 - 1);
	bool exact = !stop_early;
	int64_t counted = 0;
	if (exact)
		count_all(ch);
	for (guint i = 0; i < all && stop_early; i++) {
		if (kind[i] != MERGE || 2 * ((int64_t)i + 1) < all - tolerance)
			continue;
		if (!exact && ++counted > all / 64) {
			count_all(ch);
			exact = true;
		}
		if (!exact)
			*weight(ch, i) = count_reached(ch, candidate(ch, i), stack, seen);
		if (near_half(*weight(ch, i), all))
			return i;
	}
	if (!exact)
		count_all(ch);
	for (guint i = 0; i < all && stop_early; i++) {
		if (kind[i] == ONE_PARENT && near_half(*weight(ch, i), all))
			return i;
	}
	return -1;
}

/* git's own loop, for lists with wrong dates. */
static int64_t weigh_in_passes(struct chooser *ch, bool stop_early, const uint32_t *only_parent,
			       int64_t unknown, GArray *stack, GByteArray *seen)
{
	int64_t all = ch->list->len, found = -1;
	for (guint i = 0; i < all && found < 0; i++) {
		if (*weight(ch, i) != MERGE)
			continue;
		*weight(ch, i) = count_reached(ch, candidate(ch, i), stack, seen);
		unknown--;
		if (stop_early && near_half(*weight(ch, i), all))
			found = i;
	}
	while (unknown && found < 0) {
		int64_t before = unknown;
		for (guint i = 0; i < all && found < 0; i++) {
			if (*weight(ch, i) >= 0)
				continue;
			uint32_t at = g_array_index(ch->at, uint32_t, only_parent[i]);
			if (!at || *weight(ch, at - 1) < 0)
				continue;
			*weight(ch, i) = *weight(ch, at - 1) + 1;
			unknown--;
			if (stop_early && near_half(*weight(ch, i), all))
				found = i;
		}
		if (unknown == before) /* a parent outside of the list: skewed clocks */
			break;
	}
	return found;
}

/* Works the weights out in git's order. Returns the position of the first that is near enough to
 * half, or -1 when all are known (always, where `stop_early` is not set). */
static int64_t weigh(struct chooser *ch, bool stop_early)
{
	int64_t all = ch->list->len, unknown = all;
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GByteArray) seen = g_byte_array_new();
	g_byte_array_set_size(seen, history_size(ch->w.h));
	g_autofree uint32_t *only_parent = g_new(uint32_t, all + 1);
	g_autofree gint8 *kind = g_new(gint8, all + 1);
	for (guint i = 0; i < all; i++) {
		uint32_t n = interesting_parents(ch, candidate(ch, i), &only_parent[i]);
		kind[i] = n == 0 ? 1 : n == 1 ? ONE_PARENT : MERGE;
		*weight(ch, i) = kind[i];
		unknown -= n == 0;
	}
	return parents_come_first(ch)
		       ? weigh_sane(ch, stop_early, kind, stack, seen)
		       : weigh_in_passes(ch, stop_early, only_parent, unknown, stack, seen);
}

static int64_t heaviest(const struct chooser *ch)
{
	int64_t all = ch->list->len, best = 0, best_distance = -1;
	for (guint i = 0; i < all; i++) {
		int64_t d = distance(*weight(ch, i), all);
		if (d > best_distance) {
			best_distance = d;
			best = i;
		}
	}
	return best;
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
	int64_t all = ch->list->len;
	int64_t di = distance(*weight(ch, i), all), dj = distance(*weight(ch, j), all);
	if (di != dj)
		return di > dj ? -1 : 1;
	return oid_compare(history_oid(ch->w.h, candidate(ch, i)),
			   history_oid(ch->w.h, candidate(ch, j)));
}

static void choose_among_skipped(struct chooser *ch, struct choice *choice)
{
	const struct choose_query *q = ch->q;
	guint all = ch->list->len;
	for (uint32_t i = 0; i < q->nskips; i++)
		*walk_marks(&ch->w, q->skips[i]) |= WALK_SKIPPED;
	g_autofree uint32_t *order = g_new(uint32_t, all + 1);
	for (guint i = 0; i < all; i++)
		order[i] = i;
	g_qsort_with_data(order, (gint)all, sizeof(*order), by_distance, ch);
	choice->left = all - (uint32_t)*weight(ch, order[0]) - 1;
	choice->commit = candidate(ch, order[0]);
	if (!(*walk_marks(&ch->w, choice->commit) & WALK_SKIPPED))
		return;
	g_autoptr(GArray) stay = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (guint i = 0; i < all; i++) {
		uint32_t c = candidate(ch, order[i]);
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

/* ---- one step ---- */

static uint32_t roughly_steps(uint32_t all)
{
	if (all < 3)
		return 0;
	uint32_t n = 31 - (uint32_t)__builtin_clz(all);
	uint32_t e = 1u << n, x = all - e;
	return e < 3 * x ? n : n - 1;
}

static err_t list_candidates(struct chooser *ch, struct error *error)
{
	const struct choose_query *q = ch->q;
	err_t err = walk_list(&ch->w, q->bad, false, q->goods, q->ngoods, ch->list, error);
	if (err)
		return err;
	for (guint i = 0; i < ch->list->len / 2; i++) {
		uint32_t *a = &g_array_index(ch->list, uint32_t, i);
		uint32_t *b = &g_array_index(ch->list, uint32_t, ch->list->len - 1 - i);
		uint32_t t = *a;
		*a = *b;
		*b = t;
	}
	g_array_set_size(ch->weights, ch->list->len);
	g_array_set_size(ch->at, history_size(ch->w.h));
	for (guint i = 0; i < ch->list->len; i++)
		g_array_index(ch->at, uint32_t, candidate(ch, i)) = i + 1;
	return 0;
}

/* ---- the cheapest for what it tells ---- */

#define LOOKED_AT 48 /* candidates whose cost is asked for */

/* What a test is expected to tell, in bits, of a candidate that reaches this part of all. */
static double entropy(double part)
{
	return part <= 0 || part >= 1 ? 0 : -part * log2(part) - (1 - part) * log2(1 - part);
}

static bool is_skipped(const struct choose_query *q, uint32_t c)
{
	for (uint32_t i = 0; i < q->nskips; i++) {
		if (q->skips[i] == c)
			return true;
	}
	return false;
}

static int by_part(const void *a, const void *b, void *data)
{
	const struct chooser *ch = data;
	int64_t i = *weight(ch, *(const uint32_t *)a), j = *weight(ch, *(const uint32_t *)b);
	return i < j ? -1 : i > j;
}

/* Position of the best one; -1: no cost is known, git's own choice is as good. Needs all weights.
 */
static int64_t cheapest(struct chooser *ch)
{
	const struct choose_query *q = ch->q;
	guint all = ch->list->len, n = 0;
	g_autofree uint32_t *order = g_new(uint32_t, all + 1);
	for (guint i = 0; i < all; i++) {
		if (candidate(ch, i) != q->bad && !is_skipped(q, candidate(ch, i)))
			order[n++] = i;
	}
	g_qsort_with_data(order, (gint)n, sizeof(*order), by_part, ch);
	int64_t best = -1;
	double best_price = 0;
	for (guint k = 0; k < MIN(n, LOOKED_AT); k++) {
		guint i = order[n <= LOOKED_AT ? k : (guint)((guint64)k * n / LOOKED_AT)];
		double bits = entropy((double)*weight(ch, i) / all);
		double seconds = q->cost(q->arg, candidate(ch, i));
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

static err_t choose_candidate(struct chooser *ch, struct choice *choice, struct error *error)
{
	err_t err = list_candidates(ch, error);
	if (err)
		return err;
	uint32_t all = ch->list->len;
	if (!all)
		return error_set(
			error, EINVAL,
			"no commit is left to test: the bad commit is reachable from a good");
	choice->all = all;
	choice->roughly = roughly_steps(all);
	int64_t cheap = -1;
	if (ch->q->cost && all > 2) {
		weigh(ch, false);
		cheap = cheapest(ch);
	}
	if (cheap >= 0) {
		choice->commit = candidate(ch, (guint)cheap);
		choice->left = all - (uint32_t)*weight(ch, (guint)cheap) - 1;
	} else if (ch->q->nskips) {
		weigh(ch, false);
		choose_among_skipped(ch, choice);
	} else {
		int64_t i = weigh(ch, true);
		if (i < 0)
			i = heaviest(ch);
		choice->commit = candidate(ch, (guint)i);
		choice->left = all - (uint32_t)*weight(ch, (guint)i) - 1;
	}
	if (choice->kind == CHOICE_TEST && choice->commit == ch->q->bad)
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
	ch.list = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	ch.weights = g_array_new(FALSE, TRUE, sizeof(int64_t));
	ch.at = g_array_new(FALSE, TRUE, sizeof(uint32_t));
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
	walk_clear(&ch.w);
	g_array_free(ch.list, TRUE);
	g_array_free(ch.weights, TRUE);
	g_array_free(ch.at, TRUE);
	if (err)
		choice_clear(choice);
	return err;
}

void choice_clear(struct choice *choice)
{
	g_clear_pointer(&choice->candidates, g_array_unref);
	g_clear_pointer(&choice->passed_over, g_array_unref);
}
