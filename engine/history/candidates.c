/*
 * The weight of a candidate is the number of candidates that it reaches. git works the weights out
 * in passes over the list and stops at the first that is near enough to half; with the dates of a
 * sane history one pass does (weigh_sane), and all weights at once are cheap as bits that parents
 * hand on (count_all). Lists in which a parent comes after its child go through git's own passes,
 * since there the order decides what is found first.
 */
#include "candidates.h"

#include <stdlib.h>
#include <string.h>

static uint32_t candidate(const struct candidates *cs, guint i)
{
	return g_array_index(cs->list, uint32_t, i);
}

static int64_t *weight(const struct candidates *cs, guint i)
{
	return &g_array_index(cs->weights, int64_t, i);
}

void candidates_init(struct candidates *cs, struct walk *w)
{
	cs->w = w;
	cs->list = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	cs->weights = g_array_new(FALSE, TRUE, sizeof(int64_t));
	cs->at = g_array_new(FALSE, TRUE, sizeof(uint32_t));
}

void candidates_clear(struct candidates *cs)
{
	g_array_free(cs->list, TRUE);
	g_array_free(cs->weights, TRUE);
	g_array_free(cs->at, TRUE);
}

err_t candidates_list(struct candidates *cs, uint32_t bad, const uint32_t *goods, uint32_t n,
		      struct error *error)
{
	err_t err = walk_list(cs->w, bad, false, goods, n, cs->list, error);
	if (err)
		return err;
	for (guint i = 0; i < cs->list->len / 2; i++) {
		uint32_t *a = &g_array_index(cs->list, uint32_t, i);
		uint32_t *b = &g_array_index(cs->list, uint32_t, cs->list->len - 1 - i);
		uint32_t t = *a;
		*a = *b;
		*b = t;
	}
	g_array_set_size(cs->weights, cs->list->len);
	g_array_set_size(cs->at, history_size(cs->w->h));
	for (guint i = 0; i < cs->list->len; i++)
		g_array_index(cs->at, uint32_t, candidate(cs, i)) = i + 1;
	return 0;
}

uint32_t candidates_commit(const struct candidates *cs, guint i)
{
	return candidate(cs, i);
}

int64_t candidates_weight(const struct candidates *cs, guint i)
{
	return *weight(cs, i);
}

int64_t candidates_distance(const struct candidates *cs, guint i)
{
	int64_t w = *weight(cs, i);
	return MIN(w, cs->list->len - w);
}

/* ---- weights ---- */

static bool near_half(int64_t w, int64_t all)
{
	int64_t d = llabs(2 * w - all);
	return d <= 1 || d < all / 1024;
}

static bool is_interesting(struct candidates *cs, uint32_t c)
{
	return !(*walk_marks(cs->w, c) & WALK_UNINTERESTING);
}

/* Interesting parents: the number, and the first of them. */
static uint32_t interesting_parents(struct candidates *cs, uint32_t c, uint32_t *first)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < history_parent_count(cs->w->h, c); i++) {
		uint32_t p = history_parent(cs->w->h, c, i);
		if (is_interesting(cs, p) && n++ == 0)
			*first = p;
		if (cs->w->first_parent)
			break;
	}
	return n;
}

static int64_t count_reached(struct candidates *cs, uint32_t from, GArray *stack, GByteArray *seen)
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
		for (uint32_t i = 0; i < history_parent_count(cs->w->h, c); i++) {
			uint32_t p = history_parent(cs->w->h, c, i);
			if (!seen->data[p] && is_interesting(cs, p)) {
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
static bool parents_come_first(struct candidates *cs)
{
	for (guint i = 0; i < cs->list->len; i++) {
		uint32_t c = candidate(cs, i);
		for (uint32_t k = 0; k < history_parent_count(cs->w->h, c); k++) {
			uint32_t p = history_parent(cs->w->h, c, k);
			/* uninteresting ones are no candidates: 0 */
			if (is_interesting(cs, p) && g_array_index(cs->at, uint32_t, p) > i)
				return false;
			if (is_interesting(cs, p) && !g_array_index(cs->at, uint32_t, p))
				return false;
			if (cs->w->first_parent)
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
static void count_all(struct candidates *cs)
{
	guint all = cs->list->len;
	guint64(*bits)[BLOCK_WORDS] = g_malloc(((gsize)all + 1) * sizeof(*bits));
	for (guint i = 0; i < all; i++)
		*weight(cs, i) = 0;
	for (guint from = 0; from < all; from += BLOCK) {
		for (guint i = from; i < all; i++) {
			uint32_t c = candidate(cs, i);
			guint64 *mine = bits[i];
			memset(mine, 0, sizeof(*bits));
			if (i < from + BLOCK)
				mine[(i - from) / 64] = (guint64)1 << (i - from) % 64;
			for (uint32_t k = 0; k < history_parent_count(cs->w->h, c); k++) {
				uint32_t p = history_parent(cs->w->h, c, k);
				guint at = g_array_index(cs->at, uint32_t, p);
				if (at > from && is_interesting(cs, p)) {
					for (int w = 0; w < BLOCK_WORDS; w++)
						mine[w] |= bits[at - 1][w];
				}
				if (cs->w->first_parent)
					break;
			}
			for (int w = 0; w < BLOCK_WORDS; w++)
				*weight(cs, i) += __builtin_popcountll(mine[w]);
		}
	}
	g_free(bits);
}

/* The same choice as git's loop makes, where parents come first: then one pass over the list does,
 * and a candidate reaches no more than stand before it, so that those of the older half need not be
 * counted to know that they are not near half. */
static int64_t weigh_sane(struct candidates *cs, bool stop_early, const gint8 *kind, GArray *stack,
			  GByteArray *seen)
{
	int64_t all = cs->list->len, tolerance = MAX(1, all / 1024 - 1);
	bool exact = !stop_early;
	int64_t counted = 0;
	if (exact)
		count_all(cs);
	for (guint i = 0; i < all && stop_early; i++) {
		if (kind[i] != MERGE || 2 * ((int64_t)i + 1) < all - tolerance)
			continue;
		if (!exact && ++counted > all / 64) {
			count_all(cs);
			exact = true;
		}
		if (!exact)
			*weight(cs, i) = count_reached(cs, candidate(cs, i), stack, seen);
		if (near_half(*weight(cs, i), all))
			return i;
	}
	if (!exact)
		count_all(cs);
	for (guint i = 0; i < all && stop_early; i++) {
		if (kind[i] == ONE_PARENT && near_half(*weight(cs, i), all))
			return i;
	}
	return -1;
}

/* git's own loop, for lists with wrong dates. */
static int64_t weigh_in_passes(struct candidates *cs, bool stop_early, const uint32_t *only_parent,
			       int64_t unknown, GArray *stack, GByteArray *seen)
{
	int64_t all = cs->list->len, found = -1;
	for (guint i = 0; i < all && found < 0; i++) {
		if (*weight(cs, i) != MERGE)
			continue;
		*weight(cs, i) = count_reached(cs, candidate(cs, i), stack, seen);
		unknown--;
		if (stop_early && near_half(*weight(cs, i), all))
			found = i;
	}
	while (unknown && found < 0) {
		int64_t before = unknown;
		for (guint i = 0; i < all && found < 0; i++) {
			if (*weight(cs, i) >= 0)
				continue;
			uint32_t at = g_array_index(cs->at, uint32_t, only_parent[i]);
			if (!at || *weight(cs, at - 1) < 0)
				continue;
			*weight(cs, i) = *weight(cs, at - 1) + 1;
			unknown--;
			if (stop_early && near_half(*weight(cs, i), all))
				found = i;
		}
		if (unknown == before) /* a parent outside of the list: skewed clocks */
			break;
	}
	return found;
}

int64_t candidates_weigh(struct candidates *cs, bool stop_early)
{
	int64_t all = cs->list->len, unknown = all;
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GByteArray) seen = g_byte_array_new();
	g_byte_array_set_size(seen, history_size(cs->w->h));
	g_autofree uint32_t *only_parent = g_new(uint32_t, all + 1);
	g_autofree gint8 *kind = g_new(gint8, all + 1);
	for (guint i = 0; i < all; i++) {
		uint32_t n = interesting_parents(cs, candidate(cs, i), &only_parent[i]);
		kind[i] = n == 0 ? 1 : n == 1 ? ONE_PARENT : MERGE;
		*weight(cs, i) = kind[i];
		unknown -= n == 0;
	}
	return parents_come_first(cs)
		       ? weigh_sane(cs, stop_early, kind, stack, seen)
		       : weigh_in_passes(cs, stop_early, only_parent, unknown, stack, seen);
}

int64_t candidates_halving(const struct candidates *cs)
{
	int64_t all = cs->list->len, best = 0, best_distance = -1;
	for (guint i = 0; i < all; i++) {
		int64_t d = candidates_distance(cs, i);
		if (d > best_distance) {
			best_distance = d;
			best = i;
		}
	}
	return best;
}
