/* git's choice on small graphs, where the right answer can be seen; whole sessions are compared
 * with git itself by tests/system/plan-vs-git. */
#include "engine/history/choose.h"
#include "engine/history/reach.h"

#include <errno.h>
#include <string.h>

/* "child:parent,parent" words; commit N has date 100 * N and the id NNNN... */
struct graph {
	int parents[64][4];
	bool there[64];
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
	if (!g->there[c])
		return error_set(error, ENOENT, "commit %d is missing", c);
	facts->date = 100 * c;
	for (int i = 0; i < 4 && g->parents[c][i]; i++) {
		struct oid p = oid_of(g->parents[c][i]);
		g_array_append_val(facts->parents, p);
	}
	return 0;
}

static struct graph make_graph(const char *text)
{
	struct graph g = { 0 };
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	for (char **w = words; *w; w++) {
		int c = atoi(*w);
		g_auto(GStrv) parents = g_strsplit(strchr(*w, ':') + 1, ",", -1);
		g.there[c] = true;
		for (int i = 0; parents[i] && *parents[i]; i++)
			g.parents[c][i] = atoi(parents[i]);
	}
	return g;
}

#define LINE "1: 2:1 3:2 4:3 5:4 6:5 7:6 8:7 9:8"
/* 2-3-4-8 and 2-5-6-7-8 */
#define DIAMOND "1: 2:1 3:2 4:3 5:2 6:5 7:6 8:4,7 9:8"
#define FORK "1: 2:1 3:2 4:3 5:2 6:5"

static const struct {
	const char *graph;
	int bad;
	int goods[4], skips[8];
	bool checked;
	enum choice_kind kind;
	int commit;
	int left, roughly; /* -1: not looked at */
	int candidates[6];
} cases[] = {
	{ LINE, 9, { 1 }, { 0 }, false, CHOICE_TEST, 5, 3, 2, { 0 } },
	{ LINE, 3, { 1 }, { 0 }, false, CHOICE_TEST, 2, 0, 0, { 0 } },
	{ LINE, 2, { 1 }, { 0 }, false, CHOICE_FOUND, 2, -1, -1, { 0 } },
	{ LINE, 9, { 1, 5 }, { 0 }, false, CHOICE_TEST, 7, 1, 1, { 0 } },
	/* the only one between is skipped: it or the bad */
	{ LINE, 4, { 2 }, { 3 }, false, CHOICE_ONLY_SKIPPED, 0, -1, -1, { 3, 4 } },
	/* a skip elsewhere does not spoil an answer */
	{ LINE, 4, { 3 }, { 7 }, false, CHOICE_FOUND, 4, -1, -1, { 0 } },
	{ DIAMOND, 9, { 1 }, { 0 }, false, CHOICE_TEST, 7, -1, -1, { 0 } },
	/* the good is on the other branch: where they meet is asked first */
	{ FORK, 4, { 6 }, { 0 }, false, CHOICE_MERGE_BASE, 2, -1, -1, { 0 } },
	{ FORK, 4, { 6 }, { 0 }, true, CHOICE_TEST, 3, 0, 0, { 0 } },
	{ FORK, 4, { 6, 2 }, { 0 }, false, CHOICE_TEST, 3, 0, 0, { 0 } },
	/* the bad is an ancestor of the good */
	{ FORK, 2, { 6 }, { 0 }, false, CHOICE_BASE_IS_BAD, 2, -1, -1, { 0 } },
};

static void test_case(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	struct graph g = make_graph(cases[i].graph);
	struct commit_source source = { .self = &g, .read = read_graph };
	struct history *h = history_new(&source);
	uint32_t goods[4], skips[8];
	struct choose_query q = { .goods = goods, .skips = skips, .checked = cases[i].checked };
	struct oid oid = oid_of(cases[i].bad);
	q.bad = history_number(h, &oid);
	for (; cases[i].goods[q.ngoods]; q.ngoods++) {
		oid = oid_of(cases[i].goods[q.ngoods]);
		goods[q.ngoods] = history_number(h, &oid);
	}
	for (; cases[i].skips[q.nskips]; q.nskips++) {
		oid = oid_of(cases[i].skips[q.nskips]);
		skips[q.nskips] = history_number(h, &oid);
	}
	struct choice choice;
	g_assert_cmpint(choose_next(h, &q, &choice, NULL), ==, 0);
	g_assert_cmpint(choice.kind, ==, cases[i].kind);
	if (cases[i].commit)
		g_assert_cmpint(history_oid(h, choice.commit)->b[0], ==, cases[i].commit);
	if (cases[i].left >= 0) {
		g_assert_cmpint(choice.left, ==, cases[i].left);
		g_assert_cmpint(choice.roughly, ==, cases[i].roughly);
	}
	for (guint k = 0; k < choice.candidates->len; k++)
		g_assert_cmpint(history_oid(h, g_array_index(choice.candidates, uint32_t, k))->b[0],
				==, cases[i].candidates[k]);
	choose_clear(&choice);
	history_free(h);
}

static void test_missing(void)
{
	struct graph g = make_graph("2:1 3:2 4:3");
	struct commit_source source = { .self = &g, .read = read_graph };
	struct history *h = history_new(&source);
	struct oid bad = oid_of(4), good = oid_of(1);
	uint32_t goods[] = { history_number(h, &good) };
	struct choose_query q = { .bad = history_number(h, &bad), .goods = goods, .ngoods = 1 };
	struct choice choice;
	struct error why = { 0 };
	g_assert_cmpint(choose_next(h, &q, &choice, &why), ==, -ENOENT);
	g_assert_cmpstr(why.text, ==, "commit 1 is missing");
	history_free(h);
}

static void test_reaches(void)
{
	struct graph g = make_graph(DIAMOND);
	struct commit_source source = { .self = &g, .read = read_graph };
	struct history *h = history_new(&source);
	struct oid a = oid_of(8), b = oid_of(3), c = oid_of(9);
	bool yes;
	uint32_t na = history_number(h, &a), nb = history_number(h, &b), nc = history_number(h, &c);
	g_assert_cmpint(reach_ancestor(h, na, nb, &yes, NULL), ==, 0);
	g_assert_true(yes);
	g_assert_cmpint(reach_ancestor(h, nb, na, &yes, NULL), ==, 0);
	g_assert_false(yes);
	g_assert_cmpint(reach_ancestor(h, nc, nc, &yes, NULL), ==, 0);
	g_assert_true(yes);
	history_free(h);
}

/* ---- by cost ---- */

/* What is on the other side of this commit is dear; `wall` 0: no price is known. */
struct prices {
	struct history *h;
	int wall;
};

static double price(void *arg, uint32_t commit)
{
	const struct prices *p = arg;
	int c = history_oid(p->h, commit)->b[0];
	return !p->wall ? -1 : c < p->wall ? 100 : 5;
}

/* Searches for `culprit` on the line; returns the commits tested, and adds up what they cost. */
static int search(int culprit, int wall, int *tests, double *cost)
{
	struct graph g = make_graph(LINE);
	struct commit_source source = { .self = &g, .read = read_graph };
	struct history *h = history_new(&source);
	struct prices prices = { .h = h, .wall = wall };
	struct oid bad = oid_of(9), good = oid_of(1);
	uint32_t goods[9] = { history_number(h, &good) };
	struct choose_query q = { .bad = history_number(h, &bad),
				  .goods = goods,
				  .ngoods = 1,
				  .cost = price,
				  .arg = &prices };
	int first = 0, found = 0;
	while (!found) {
		struct choice choice;
		g_assert_cmpint(choose_next(h, &q, &choice, NULL), ==, 0);
		int c = history_oid(h, choice.commit)->b[0];
		q.checked = choice.checked;
		if (choice.kind == CHOICE_FOUND) {
			found = c;
		} else {
			g_assert_cmpint(choice.kind, ==, CHOICE_TEST);
			first = first ? first : c;
			++*tests;
			*cost += price(&prices, choice.commit);
			if (c >= culprit)
				q.bad = choice.commit;
			else
				goods[q.ngoods++] = choice.commit;
		}
		choose_clear(&choice);
	}
	g_assert_cmpint(found, ==, culprit);
	history_free(h);
	return first;
}

static void test_cost(void)
{
	int tests = 0;
	double cost = 0;
	/* nothing is known: as git */
	g_assert_cmpint(search(6, 0, &tests, &cost), ==, 5);
	g_assert_cmpint(tests, ==, 3);
	/* behind the wall each test is dear: first all that can be learned on this side */
	tests = 0;
	cost = 0;
	g_assert_cmpint(search(8, 6, &tests, &cost), >=, 6);
	g_assert_cmpfloat(cost, <=, 5 * tests);
	for (int culprit = 2; culprit <= 9; culprit++) {
		for (int wall = 0; wall <= 9; wall++) {
			tests = 0;
			search(culprit, wall, &tests, &cost);
			g_assert_cmpint(tests, <=, 7);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/choose/%zu", i);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_case);
	}
	g_test_add_func("/choose/missing", test_missing);
	g_test_add_func("/choose/reaches", test_reaches);
	g_test_add_func("/choose/cost", test_cost);
	return g_test_run();
}
