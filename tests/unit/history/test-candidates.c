/* Long lists are weighed without git's passes; here they are compared with those passes, done
 * literally, on random histories with wrong dates. */
#include "engine/history/candidates.h"

#include <stdlib.h>
#include <string.h>

struct random_graph {
	int n;
	uint32_t (*parents)[2]; /* number + 1; 0: none */
	uint64_t *dates;
};

static struct oid oid_of(uint32_t c)
{
	struct oid oid = { 0 };
	memcpy(oid.b, &c, sizeof(c));
	return oid;
}

static err_t read_graph(void *self, const struct oid *oid, struct commit_facts *facts,
			struct error *error)
{
	const struct random_graph *g = self;
	uint32_t c;
	(void)error;
	memcpy(&c, oid->b, sizeof(c));
	facts->date = g->dates[c];
	for (int i = 0; i < 2 && g->parents[c][i]; i++) {
		struct oid p = oid_of(g->parents[c][i] - 1);
		g_array_append_val(facts->parents, p);
	}
	return 0;
}

/* A main line with branches; `wrong` of a thousand dates are off. Wide ones have many tips that
 * only meet late, so that nothing is near half. */
static void make_graph(struct random_graph *g, GRand *chance, int n, int wrong, bool wide)
{
	uint32_t tips[40];
	int open = 0;
	*g = (struct random_graph){ .n = n,
				    .parents = g_malloc0((gsize)n * sizeof(*g->parents)),
				    .dates = g_new(uint64_t, n) };
	for (int i = 0; i < n; i++) {
		g->dates[i] = 1000000000u + 100u * (unsigned)i;
		if (g_rand_int_range(chance, 0, 1000) < wrong)
			g->dates[i] +=
				(uint64_t)g_rand_int_range(chance, -100 * n / 4, 100 * n / 4);
		if (i == 0 || (wide && open < 3 && i < n / 2)) {
			tips[open++] = (uint32_t)i;
			continue;
		}
		int at = wide ? g_rand_int_range(chance, 0, open)
			      : g_rand_int_range(chance, 0, MAX(1, open - 2));
		g->parents[i][0] = tips[at] + 1;
		bool last = n - i <= open;
		if (open > 1 && (last || (!wide && g_rand_int_range(chance, 0, 4) == 0))) {
			int other = (at + 1) % open;
			g->parents[i][1] = tips[other] + 1;
			tips[at] = (uint32_t)i;
			tips[other] = tips[--open];
		} else if (!wide && !last && open < 40 && g_rand_int_range(chance, 0, 4) == 0) {
			tips[open++] = (uint32_t)i; /* the branch begins with it */
		} else {
			tips[at] = (uint32_t)i;
		}
	}
}

static bool near_half(int64_t w, int64_t all)
{
	int64_t d = llabs(2 * w - all);
	return d <= 1 || d < all / 1024;
}

static int64_t count(struct candidates *cs, guint from, GByteArray *seen)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(guint));
	int64_t n = 0;
	memset(seen->data, 0, seen->len);
	g_array_append_val(stack, from);
	seen->data[from] = 1;
	while (stack->len) {
		guint i = g_array_index(stack, guint, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		n++;
		uint32_t c = candidates_commit(cs, i);
		for (uint32_t k = 0; k < history_parent_count(cs->w->h, c); k++) {
			guint at = g_array_index(cs->at, uint32_t, history_parent(cs->w->h, c, k));
			if (at && !seen->data[at - 1]) {
				seen->data[--at] = 1;
				g_array_append_val(stack, at);
			}
		}
	}
	return n;
}

/* do_find_bisection of git, with its best_bisection. */
static guint literal(struct candidates *cs)
{
	guint n = cs->list->len;
	g_autofree int64_t *weight = g_new(int64_t, n);
	g_autofree guint *parent = g_new0(guint, n);
	g_autoptr(GByteArray) seen = g_byte_array_new();
	g_byte_array_set_size(seen, n);
	for (guint i = 0; i < n; i++) {
		uint32_t c = candidates_commit(cs, i);
		int parents = 0;
		for (uint32_t k = 0; k < history_parent_count(cs->w->h, c); k++) {
			guint at = g_array_index(cs->at, uint32_t, history_parent(cs->w->h, c, k));
			if (at && parents++ == 0)
				parent[i] = at - 1;
		}
		weight[i] = parents == 0 ? 1 : parents == 1 ? -1 : -2;
	}
	for (guint i = 0; i < n; i++) {
		if (weight[i] != -2)
			continue;
		weight[i] = count(cs, i, seen);
		if (near_half(weight[i], n))
			return i;
	}
	for (bool more = true; more;) {
		more = false;
		for (guint i = 0; i < n; i++) {
			if (weight[i] >= 0 || weight[parent[i]] < 0)
				continue;
			weight[i] = weight[parent[i]] + 1;
			more = true;
			if (near_half(weight[i], n))
				return i;
		}
	}
	guint best = 0;
	int64_t best_distance = -1;
	for (guint i = 0; i < n; i++) {
		int64_t d = MIN(weight[i], n - weight[i]);
		if (d > best_distance) {
			best = i;
			best_distance = d;
		}
	}
	return best;
}

static void compare(GRand *chance, int n, int wrong, bool wide)
{
	struct random_graph g;
	make_graph(&g, chance, n, wrong, wide);
	struct commit_source source = { .self = &g, .read = read_graph };
	struct history *h = history_new(&source);
	struct oid bad = oid_of((uint32_t)n - 1);
	struct walk w;
	struct candidates cs;
	walk_init(&w, h, false);
	candidates_init(&cs, &w);
	g_assert_cmpint(candidates_list(&cs, history_number(h, &bad), NULL, 0, NULL), ==, 0);
	g_assert_cmpuint(cs.list->len, >, 4096); /* longer than what is counted whole */
	int64_t i = candidates_weigh(&cs, true);
	if (i < 0)
		i = candidates_halving(&cs);
	guint want = literal(&cs);
	if (i != want)
		g_error("%d commits, %d wrong dates, %s: %d instead of %u", n, wrong,
			wide ? "wide" : "narrow", (int)i, want);
	candidates_clear(&cs);
	walk_clear(&w);
	history_free(h);
	g_free(g.parents);
	g_free(g.dates);
}

static void test_long(void)
{
	g_autoptr(GRand) chance = g_rand_new_with_seed(11);
	for (int k = 0; k < 24; k++)
		compare(chance, 6000 + 500 * (k % 5), (k % 4) * 15, k % 3 == 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/candidates/long", test_long);
	return g_test_run();
}
