/* Borders of a bug that comes and goes, on random lines with branches: whatever was tested before,
 * each border that is named has to be one, and no commit is tested twice. */
#include "engine/history/stretches.h"

#include <string.h>

#define MOST 120

/* Commit N has the id NNNN... and the parents that stand here, which have lower numbers. */
struct graph {
	int n;
	int parents[MOST][2]; /* -1: none */
	bool bug[MOST], tested[MOST], untestable[MOST];
};

static struct oid oid_of(int c)
{
	struct oid oid;
	memset(oid.b, c, OID_BYTES);
	return oid;
}

static err_t read_graph(void *self, const struct oid *oid, struct commit_facts *facts,
			struct error *error)
{
	const struct graph *g = self;
	int c = oid->b[0];
	(void)error;
	facts->date = 100 * (uint64_t)c;
	for (int i = 0; i < 2 && g->parents[c][i] >= 0; i++) {
		struct oid p = oid_of(g->parents[c][i]);
		g_array_append_val(facts->parents, p);
	}
	return 0;
}

static uint32_t number(struct history *h, int c)
{
	struct oid oid = oid_of(c);
	return history_number(h, &oid);
}

/* A line in which the bug changes sides at random; with branches, side commits are as what they
 * left. */
static void make_graph(GRand *random, bool branches, struct graph *g)
{
	*g = (struct graph){ .n = g_rand_int_range(random, 8, MOST) };
	for (int c = 0; c < g->n; c++) {
		g->parents[c][0] = c - 1;
		g->parents[c][1] = -1;
		g->bug[c] = c > 0 && g->bug[c - 1];
		if (c > 0 && g_rand_int_range(random, 0, 12) == 0)
			g->bug[c] = !g->bug[c];
		g->untestable[c] = g_rand_int_range(random, 0, 20) == 0;
	}
	for (int c = 4; branches && c < g->n; c += 5) { /* c - 1 leaves the line, c merges it */
		g->parents[c - 1][0] = c - 3;
		g->bug[c - 1] = g->bug[c - 3];
		g->parents[c][0] = c - 2;
		g->parents[c][1] = c - 1;
	}
	g->bug[g->n - 1] = true;
	g->untestable[g->n - 1] = false;
}

static GArray *list(struct history *h, const struct graph *g, bool bug)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (int c = g->n; c-- > 0;) {
		uint32_t at = number(h, c);
		if (g->tested[c] && !g->untestable[c] && g->bug[c] == bug)
			g_array_append_val(out, at);
	}
	return out;
}

static GArray *skips(struct history *h, const struct graph *g)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (int c = 0; c < g->n; c++) {
		uint32_t at = number(h, c);
		if (g->tested[c] && g->untestable[c])
			g_array_append_val(out, at);
	}
	return out;
}

static void ask(struct history *h, const struct graph *g, struct stretches *s)
{
	g_autoptr(GArray) bad = list(h, g, true);
	g_autoptr(GArray) good = list(h, g, false);
	g_autoptr(GArray) skip = skips(h, g);
	struct stretches_query q = { .top = number(h, g->n - 1), .bottom = NO_COMMIT };
	q.bad = (const uint32_t *)(void *)bad->data;
	q.nbad = bad->len;
	q.good = (const uint32_t *)(void *)good->data;
	q.ngood = good->len;
	q.how.skips = (const uint32_t *)(void *)skip->data;
	q.how.nskips = skip->len;
	g_assert_cmpint(stretches_next(h, &q, s, NULL), ==, 0);
}

/* Each names a side that was tested, in turns, the last one in front of the top; in a line what
 * stands before it is on the other side. */
static void check_borders(struct history *h, const struct graph *g, const GArray *borders,
			  bool branches)
{
	bool fixed = false;
	g_assert_cmpuint(borders->len, >=, 2);
	for (guint i = borders->len; i-- > 0; fixed = !fixed) {
		const struct stretches_border *b =
			&g_array_index(borders, struct stretches_border, i);
		int c = history_oid(h, b->commit)->b[0];
		g_assert_true(g->tested[c] && !g->untestable[c]);
		g_assert_true(b->fixed == fixed);
		g_assert_true(g->bug[c] == !fixed);
		if (branches)
			continue;
		for (guint k = 1; k <= b->skipped; k++)
			g_assert_true(g->untestable[c - (int)k]);
		g_assert_true(g->bug[c - (int)b->skipped - 1] == fixed);
	}
}

static bool has_two_stretches(const struct graph *g)
{
	bool bad = false, good_after = false;
	for (int c = 0; c < g->n; c++) {
		if (!g->tested[c] || g->untestable[c])
			continue;
		if (g->bug[c] && good_after)
			return true;
		bad = bad || g->bug[c];
		good_after = good_after || (bad && !g->bug[c]);
	}
	return false;
}

static void search(guint32 seed, bool branches, int *found)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(seed);
	struct graph g;
	make_graph(random, branches, &g);
	struct commit_source source = { .self = &g, .read = read_graph };
	struct history *h = history_new(&source);
	for (int i = 0; i < 6; i++)
		g.tested[g_rand_int_range(random, 0, g.n)] = true;
	g.tested[g.n - 1] = true;
	for (int left = g.n + 1;; left--) {
		struct stretches s;
		g_assert_cmpint(left, >, 0);
		ask(h, &g, &s);
		if (!branches)
			g_assert_true((s.kind != STRETCHES_NONE) == has_two_stretches(&g));
		if (s.kind == STRETCHES_TEST) {
			int c = history_oid(h, s.choice.commit)->b[0];
			g_assert_false(g.tested[c]);
			g.tested[c] = true;
			stretches_clear(&s);
			continue;
		}
		if (s.kind == STRETCHES_FOUND) {
			check_borders(h, &g, s.borders, branches);
			++*found;
		}
		stretches_clear(&s);
		break;
	}
	history_free(h);
}

static void test_lines(void)
{
	int found = 0;
	for (guint32 seed = 1; seed <= 500; seed++)
		search(seed, false, &found);
	g_assert_cmpint(found, >, 100);
}

static void test_branches(void)
{
	int found = 0;
	for (guint32 seed = 1; seed <= 500; seed++)
		search(seed, true, &found);
	g_assert_cmpint(found, >, 100);
}

/* In fix mode what lies beside the starting commit may never have had the bug. */
static void test_bottom(void)
{
	struct graph g = { .n = 4 };
	static const int parents[][2] = { { -1, -1 }, { 0, -1 }, { 0, -1 }, { 1, 2 } };
	memcpy(g.parents, parents, sizeof(parents));
	struct commit_source source = { .self = &g, .read = read_graph };
	struct history *h = history_new(&source);
	uint32_t bad[] = { number(h, 1), number(h, 3) }, good[] = { number(h, 2) };
	struct stretches_query q = {
		.top = bad[1], .bottom = bad[0], .bad = bad, .nbad = 2, .good = good, .ngood = 1
	};
	struct stretches s;
	g_assert_cmpint(stretches_next(h, &q, &s, NULL), ==, 0);
	g_assert_cmpint(s.kind, ==, STRETCHES_NONE);
	stretches_clear(&s);
	history_free(h);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stretches/lines", test_lines);
	g_test_add_func("/stretches/branches", test_branches);
	g_test_add_func("/stretches/bottom", test_bottom);
	return g_test_run();
}
