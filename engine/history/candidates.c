/*
 * Longer than 500 lines: all of it works on one list and its ranks. The weight of a candidate is
 * the number of candidates that it reaches. git works the weights out in passes over the list and
 * stops at the first that is near enough to half. That one is found here without the passes:
 * weights are exact whatever the order, and where git would have found each is known from the list
 * (find_passes).
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
	cs->counted = 0;
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
	for (guint i = 0; i < cs->list->len; i++) {
		g_array_index(cs->at, uint32_t, candidate(cs, i)) = i + 1;
		cs->counted += candidates_counts(cs, i);
	}
	return 0;
}

bool candidates_counts(const struct candidates *cs, guint i)
{
	return !(*walk_marks(cs->w, candidate(cs, i)) & WALK_SAME);
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
	return MIN(w, cs->counted - w);
}

/* ---- weights ---- */

#define UNKNOWN ((int64_t)-1)

static bool near_half(int64_t w, int64_t all)
{
	int64_t d = llabs(2 * w - all);
	return d <= 1 || d < all / 1024;
}

static bool is_interesting(struct candidates *cs, uint32_t c)
{
	return !(*walk_marks(cs->w, c) & WALK_UNINTERESTING);
}

/* Kinds of candidates, by their parents that are candidates too. */
enum kind { ROOT, ONE_PARENT, MERGE };

/* A list while its weights are worked out. Ranks are another order of it, in which parents come
 * before their children whatever dates say. All by position, or by rank. */
struct weighing {
	struct candidates *cs;
	guint n;
	guint8 *kind;
	uint32_t *parent; /* position of the only one; of the first of a merge */
	uint32_t *rank;	  /* by position */
	uint32_t *order;  /* position by rank */
};

/* Calls it with the position of each parent that is a candidate. */
#define EACH_PARENT(cs, i, at, body)                                                            \
	do {                                                                                    \
		uint32_t n_;                                                                    \
		const uint32_t *parents_ = walk_parents((cs)->w, candidate(cs, i), &n_);        \
		if ((cs)->w->first_parent && n_ > 1)                                            \
			n_ = 1;                                                                 \
		for (uint32_t k_ = 0; k_ < n_; k_++) {                                          \
			if (is_interesting(cs, parents_[k_])) {                                 \
				guint at = g_array_index((cs)->at, uint32_t, parents_[k_]) - 1; \
				body;                                                           \
			}                                                                       \
		}                                                                               \
	} while (0)

/* With sane dates the list is an order by rank already. */
static bool parents_come_first(const struct weighing *w)
{
	for (guint i = 0; i < w->n; i++) {
		bool first = true;
		EACH_PARENT(w->cs, i, at, first = first && at < i);
		if (!first)
			return false;
	}
	return true;
}

/* Depth first: a position is ranked when all its parents are. */
static void rank(struct weighing *w)
{
	guint ranked = 0;
	if (parents_come_first(w)) {
		for (guint i = 0; i < w->n; i++)
			w->rank[i] = w->order[i] = i;
		return;
	}
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (guint i = 0; i < w->n; i++)
		w->rank[i] = NO_COMMIT;
	for (uint32_t i = 0; i < w->n; i++) {
		if (w->rank[i] == NO_COMMIT)
			g_array_append_val(stack, i);
		while (stack->len) {
			uint32_t top = g_array_index(stack, uint32_t, stack->len - 1);
			guint before = stack->len;
			if (w->rank[top] == NO_COMMIT)
				EACH_PARENT(w->cs, top, at, {
					uint32_t parent = at;
					if (w->rank[parent] == NO_COMMIT)
						g_array_append_val(stack, parent);
				});
			if (stack->len > before)
				continue;
			g_array_set_size(stack, before - 1);
			if (w->rank[top] != NO_COMMIT)
				continue;
			w->rank[top] = ranked;
			w->order[ranked++] = top;
		}
	}
}

static void weighing_init(struct weighing *w, struct candidates *cs)
{
	guint n = cs->list->len;
	*w = (struct weighing){ .cs = cs, .n = n };
	w->kind = g_new(guint8, n + 1);
	w->parent = g_new0(uint32_t, n + 1);
	w->rank = g_new(uint32_t, n + 1);
	w->order = g_new(uint32_t, n + 1);
	for (guint i = 0; i < n; i++) {
		guint parents = 0;
		EACH_PARENT(cs, i, at, {
			if (parents++ == 0)
				w->parent[i] = at;
		});
		w->kind[i] = parents == 0 ? ROOT : parents == 1 ? ONE_PARENT : MERGE;
		*weight(cs, i) = UNKNOWN;
	}
	rank(w);
}

static void weighing_clear(struct weighing *w)
{
	g_free(w->kind);
	g_free(w->parent);
	g_free(w->rank);
	g_free(w->order);
}

/* ---- exact weights ---- */

#define BLOCK_WORDS 8
#define BLOCK ((guint)BLOCK_WORDS * 64)

/* All at once: for each block of candidates that count, in the order of their ranks, which of them
 * every later one reaches, as bits that parents hand on. A sixty-fourth of the square, where a walk
 * for each merge is the square. */
static void count_all(struct weighing *w)
{
	guint64(*bits)[BLOCK_WORDS] = g_malloc(((gsize)w->n + 1) * sizeof(*bits));
	guint next = 0; /* rank where the next block begins */
	for (guint i = 0; i < w->n; i++)
		*weight(w->cs, i) = 0;
	for (guint from = 0; from < w->n; from = next) {
		guint in_block = 0;
		next = w->n;
		for (guint r = from; r < w->n; r++) {
			guint i = w->order[r];
			guint64 *mine = bits[r];
			memset(mine, 0, sizeof(*bits));
			if (in_block < BLOCK && candidates_counts(w->cs, i)) {
				mine[in_block / 64] = (guint64)1 << in_block % 64;
				if (++in_block == BLOCK)
					next = r + 1;
			}
			EACH_PARENT(w->cs, i, at, {
				if (w->rank[at] >= from) {
					for (int k = 0; k < BLOCK_WORDS; k++)
						mine[k] |= bits[w->rank[at]][k];
				}
			});
			int64_t reached = 0;
			for (int k = 0; k < BLOCK_WORDS; k++)
				reached += __builtin_popcountll(mine[k]);
			*weight(w->cs, i) += reached;
		}
	}
	g_free(bits);
}

#define BATCH 64
#define PLANES 32 /* bits of a count */

/* Of at most BATCH positions, in one pass from the highest rank down: who is reached by which of
 * them. The counts grow side by side, bit k of all of them in planes[k]. */
static void count_some(struct weighing *w, const uint32_t *positions, guint n)
{
	guint64 planes[PLANES] = { 0 };
	g_autofree guint64 *reached = g_new0(guint64, w->n + 1);
	guint highest = 0;
	for (guint k = 0; k < n; k++) {
		reached[w->rank[positions[k]]] |= (guint64)1 << k;
		highest = MAX(highest, w->rank[positions[k]]);
	}
	for (guint r = highest + 1; r-- > 0;) {
		guint64 by = reached[r], carry = by;
		if (!by)
			continue;
		for (int k = 0; carry; k++) {
			guint64 both = planes[k] & carry;
			planes[k] ^= carry;
			carry = both;
		}
		EACH_PARENT(w->cs, w->order[r], at, reached[w->rank[at]] |= by);
	}
	for (guint k = 0; k < n; k++) {
		int64_t sum = 0;
		for (int bit = 0; bit < PLANES; bit++)
			sum |= (int64_t)(planes[bit] >> k & 1) << bit;
		*weight(w->cs, positions[k]) = sum;
	}
}

/* Those of the list that are not known yet. */
static void count_unknown(struct weighing *w, const GArray *positions)
{
	uint32_t batch[BATCH];
	guint n = 0;
	for (guint i = 0; i < positions->len; i++) {
		uint32_t at = g_array_index(positions, uint32_t, i);
		if (*weight(w->cs, at) == UNKNOWN)
			batch[n++] = at;
		if (n == BATCH || (n && i == positions->len - 1)) {
			count_some(w, batch, n);
			n = 0;
		}
	}
}

/* ---- git's choice ---- */

/* Where git's passes over the list find a candidate with one parent: in the pass of its parent if
 * that comes before it, else in the next; merges and roots are known before the first. By position.
 */
static uint32_t *find_passes(const struct weighing *w)
{
	uint32_t *pass = g_new0(uint32_t, w->n + 1);
	for (guint r = 0; r < w->n; r++) {
		guint i = w->order[r], parent = w->parent[i];
		if (w->kind[i] == ONE_PARENT)
			pass[i] = MAX(1, pass[parent] + (pass[parent] && parent > i));
	}
	return pass;
}

/* The first that git finds near half among those with one parent; -1: none. */
static int64_t first_of_passes(const struct weighing *w)
{
	g_autofree uint32_t *pass = find_passes(w);
	int64_t found = -1;
	for (guint i = 0; i < w->n; i++) {
		if (w->kind[i] == ONE_PARENT && *weight(w->cs, i) != UNKNOWN &&
		    near_half(*weight(w->cs, i), w->n) && (found < 0 || pass[i] < pass[found]))
			found = i;
	}
	return found;
}

static int64_t weigh_all(struct weighing *w, bool stop_early)
{
	count_all(w);
	for (guint i = 0; i < w->n && stop_early; i++) {
		if (w->kind[i] == MERGE && near_half(*weight(w->cs, i), w->n))
			return i;
	}
	return stop_early ? first_of_passes(w) : -1;
}

/* Long lists: only a few weights can be near half. Down the first parents from the bad they fall,
 * so a heavy one and a light one are found there; all that reach the heavy one are heavier, all
 * that the light one reaches are lighter. What is left is a band that is counted exactly. */
struct band {
	uint32_t heavy, light; /* positions; NO_COMMIT: none */
	guint8 *outside;       /* by position */
};

static int side(int64_t w, int64_t all)
{
	return near_half(w, all) ? 0 : 2 * w > all ? 1 : -1;
}

static void find_sides(struct weighing *w, struct band *band)
{
	g_autoptr(GArray) chain = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (uint32_t i = w->n - 1;; i = w->parent[i]) {
		g_array_append_val(chain, i);
		if (w->kind[i] == ROOT)
			break;
	}
	guint low = 0, high = chain->len - 1; /* the heavy one, the light one */
	band->heavy = w->n - 1;
	band->light = NO_COMMIT;
	for (int round = 0; round < 4 && high - low > 1; round++) {
		guint from = low, step = MAX(1, (high - low) / (BATCH - 1));
		g_array_set_size(samples, 0);
		for (guint k = from + 1; k <= high && samples->len < BATCH; k += step)
			g_array_append_val(samples, g_array_index(chain, uint32_t, k));
		count_unknown(w, samples);
		for (guint k = from + 1, seen = 0; seen < samples->len; k += step, seen++) {
			uint32_t i = g_array_index(chain, uint32_t, k);
			int s = side(*weight(w->cs, i), w->n);
			if (s > 0) {
				low = k;
				band->heavy = i;
			} else if (s < 0) {
				high = k;
				band->light = i;
				break;
			}
		}
	}
}

static void mark_sides(struct weighing *w, struct band *band)
{
	guint8 *outside = band->outside;
	outside[band->heavy] = 1;
	for (guint r = w->rank[band->heavy]; r < w->n; r++) {
		guint i = w->order[r];
		EACH_PARENT(w->cs, i, at, outside[i] |= outside[at]);
	}
	if (band->light == NO_COMMIT)
		return;
	outside[band->light] = 2;
	for (guint r = w->rank[band->light] + 1; r-- > 0;) {
		guint i = w->order[r];
		if (outside[i] & 2)
			EACH_PARENT(w->cs, i, at, outside[at] |= 2);
	}
}

/* Merges in the order of the list; the rest cannot be near half. -1: none is. */
static int64_t first_merge(struct weighing *w, const struct band *band)
{
	g_autoptr(GArray) batch = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (uint32_t i = 0; i < w->n; i++) {
		if (w->kind[i] == MERGE && !band->outside[i])
			g_array_append_val(batch, i);
		if (batch->len < BATCH && i < w->n - 1)
			continue;
		count_unknown(w, batch);
		for (guint k = 0; k < batch->len; k++) {
			uint32_t at = g_array_index(batch, uint32_t, k);
			if (near_half(*weight(w->cs, at), w->n))
				return at;
		}
		g_array_set_size(batch, 0);
	}
	return -1;
}

/* One more than the parent: so only what such strands begin with is counted. */
static void count_strands(struct weighing *w, const struct band *band)
{
	g_autoptr(GArray) begins = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autofree uint32_t *begin = g_new(uint32_t, w->n + 1);
	g_autofree guint8 *listed = g_new0(guint8, w->n + 1);
	g_autofree uint32_t *length = g_new0(uint32_t, w->n + 1);
	for (guint r = 0; r < w->n; r++) {
		guint i = w->order[r];
		bool one = w->kind[i] == ONE_PARENT;
		begin[i] = one ? begin[w->parent[i]] : i;
		length[i] = one ? length[w->parent[i]] + 1 : 0;
		if (!band->outside[i] && !listed[begin[i]]) {
			g_array_append_val(begins, begin[i]);
			listed[begin[i]] = 1;
		}
	}
	count_unknown(w, begins);
	for (guint i = 0; i < w->n; i++) {
		if (!band->outside[i])
			*weight(w->cs, i) = *weight(w->cs, begin[i]) + length[i];
	}
}

static int64_t weigh_band(struct weighing *w)
{
	struct band band = { .outside = g_new0(guint8, w->n + 1) };
	*weight(w->cs, w->n - 1) = w->n; /* the bad reaches all */
	find_sides(w, &band);
	mark_sides(w, &band);
	int64_t found = first_merge(w, &band);
	if (found < 0) {
		count_strands(w, &band);
		found = first_of_passes(w);
	}
	g_free(band.outside);
	return found;
}

/* Limited lists, literally as git does it: commits that change nothing have weights too, and count
 * as known with the merges, so that git may stop before it has all. */
static int64_t weigh_limited(struct weighing *w, bool stop_early)
{
	int64_t all = w->cs->counted, known = 0, found = -1;
	count_all(w);
	for (guint i = 0; i < w->n; i++) {
		known += w->kind[i] == ROOT && candidates_counts(w->cs, i);
		if (w->kind[i] == ONE_PARENT)
			*weight(w->cs, i) = UNKNOWN;
	}
	for (guint i = 0; i < w->n && found < 0; i++) {
		known += w->kind[i] == MERGE;
		if (w->kind[i] == MERGE && stop_early && candidates_counts(w->cs, i) &&
		    near_half(*weight(w->cs, i), all))
			found = i;
	}
	for (bool more = true; more && known < all && found < 0;) {
		more = false;
		for (guint i = 0; i < w->n && found < 0; i++) {
			if (*weight(w->cs, i) != UNKNOWN || *weight(w->cs, w->parent[i]) == UNKNOWN)
				continue;
			bool counted = candidates_counts(w->cs, i);
			more = true;
			known += counted;
			*weight(w->cs, i) = *weight(w->cs, w->parent[i]) + counted;
			if (stop_early && counted && near_half(*weight(w->cs, i), all))
				found = i;
		}
	}
	return found;
}

#define SHORT 4096 /* candidates up to which counting all is as good as anything */

int64_t candidates_weigh(struct candidates *cs, bool stop_early)
{
	struct weighing w;
	if (!cs->list->len)
		return -1;
	weighing_init(&w, cs);
	int64_t found = cs->w->limit		     ? weigh_limited(&w, stop_early)
			: !stop_early || w.n < SHORT ? weigh_all(&w, stop_early)
						     : weigh_band(&w);
	weighing_clear(&w);
	return found;
}

int64_t candidates_halving(const struct candidates *cs)
{
	int64_t best = 0, best_distance = -1;
	for (guint i = 0; i < cs->list->len; i++) {
		int64_t d = candidates_distance(cs, i);
		if (candidates_counts(cs, i) && d > best_distance) {
			best_distance = d;
			best = i;
		}
	}
	return best;
}
