/*
 * Of all that was tested the longest chain is taken in which each commit contains the one before
 * and has the other verdict. Two of them with the bug are two stretches. Between neighbours of the
 * chain lies a border: the range is narrowed by whatever else was tested in it, then git's choice
 * halves it.
 *
 *     good ---- bad ---- good ---- bad = top
 *          broken   fixed     broken
 */
#include "stretches.h"

#include "marks.h"
#include "reach.h"

#include <errno.h>

/* One commit that was tested. */
struct tested {
	uint32_t commit;
	bool bad;
	guint length; /* of the longest chain that ends here */
	int before;   /* the one before it in that chain; -1: none */
};

struct search {
	struct history *h;
	const struct stretches_query *q;
	GArray *all;   /* struct tested */
	bool *reaches; /* [i * all->len + k]: k is an ancestor of i */
};

static struct tested *at(const struct search *s, guint i)
{
	return &g_array_index(s->all, struct tested, i);
}

static bool reaches(const struct search *s, guint i, guint ancestor)
{
	return s->reaches[i * s->all->len + ancestor];
}

/* ---- what contains what ---- */

static void add(GArray *all, uint32_t commit, bool bad)
{
	struct tested t = { .commit = commit, .bad = bad, .before = -1 };
	for (guint i = 0; i < all->len; i++) {
		if (g_array_index(all, struct tested, i).commit == commit)
			return;
	}
	g_array_append_val(all, t);
}

static err_t fill_reaches(struct search *s, struct error *error)
{
	guint n = s->all->len;
	s->reaches = g_new0(bool, (gsize)n *n + 1);
	for (guint i = 0; i < n; i++) {
		g_autoptr(GByteArray) seen = g_byte_array_new();
		err_t err = reach_all(s->h, at(s, i)->commit, seen, error);
		if (err)
			return err;
		for (guint k = 0; k < n; k++)
			s->reaches[i * n + k] = *marks_at(seen, s->h, at(s, k)->commit);
	}
	return 0;
}

static int find(const struct search *s, uint32_t commit)
{
	for (guint i = 0; i < s->all->len; i++) {
		if (at(s, i)->commit == commit)
			return (int)i;
	}
	return -1;
}

/* ---- the chain ---- */

/* Whether it lies on a line between the ends. */
static bool is_between(const struct search *s, guint i, int top, int bottom)
{
	bool below = top < 0 || (guint)top == i || reaches(s, (guint)top, i);
	bool above = bottom < 0 || (guint)bottom == i || reaches(s, i, (guint)bottom);
	return below && above;
}

/* Those with fewer ancestors among the tested come first: a commit's ancestors are done before it.
 */
static void fill_chain(struct search *s, const guint *order, guint n)
{
	for (guint k = 0; k < n; k++) {
		struct tested *t = at(s, order[k]);
		t->length = 1;
		for (guint j = 0; j < k; j++) {
			const struct tested *older = at(s, order[j]);
			if (older->bad == t->bad || !reaches(s, order[k], order[j]) ||
			    older->length < t->length)
				continue;
			t->length = older->length + 1;
			t->before = (int)order[j];
		}
	}
}

static int by_ancestors(const void *a, const void *b, void *data)
{
	const struct search *s = data;
	guint count[2] = { 0, 0 }, i = *(const guint *)a, k = *(const guint *)b;
	for (guint j = 0; j < s->all->len; j++) {
		count[0] += reaches(s, i, j);
		count[1] += reaches(s, k, j);
	}
	if (count[0] != count[1])
		return count[0] < count[1] ? -1 : 1;
	return i < k ? -1 : i > k;
}

/* The longest chain, oldest first; empty where the bug has one stretch. */
static GArray *chain_of(struct search *s)
{
	int top = find(s, s->q->top), bottom = find(s, s->q->bottom), last = -1;
	GArray *chain = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autofree guint *order = g_new(guint, s->all->len + 1);
	guint n = 0, bad = 0;
	if (bottom < 0 && s->q->bottom != NO_COMMIT)
		return chain;
	for (guint i = 0; i < s->all->len; i++) {
		if (is_between(s, i, top, bottom))
			order[n++] = i;
	}
	g_qsort_with_data(order, (gint)n, sizeof(*order), by_ancestors, s);
	fill_chain(s, order, n);
	for (guint k = 0; k < n; k++) {
		if (last < 0 || at(s, order[k])->length >= at(s, (guint)last)->length)
			last = (int)order[k];
	}
	for (int i = last; i >= 0; i = at(s, (guint)i)->before) {
		guint link = (guint)i;
		g_array_prepend_val(chain, link);
		bad += at(s, link)->bad;
	}
	if (bad < 2)
		g_array_set_size(chain, 0);
	return chain;
}

/* ---- a border ---- */

/* The oldest with the same verdict as `high` between the two. */
static guint oldest_between(const struct search *s, guint low, guint high)
{
	for (guint i = 0; i < s->all->len;) {
		bool older = at(s, i)->bad == at(s, high)->bad && reaches(s, high, i) &&
			     reaches(s, i, low);
		high = older ? i : high;
		i = older ? 0 : i + 1;
	}
	return high;
}

/* The next commit to test, or the border. What has the verdict of `high` and does not contain `low`
 * would say nothing new if it was tested once more. */
static err_t search_border(const struct search *s, guint low, guint high, struct stretches *out,
			   struct error *error)
{
	g_autoptr(GArray) goods = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GArray) skips = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	struct error why = { 0 };
	struct choose_query q = s->q->how;
	high = oldest_between(s, low, high);
	for (guint i = 0; i < s->all->len; i++) {
		if (reaches(s, high, i))
			g_array_append_val(at(s, i)->bad == at(s, high)->bad ? skips : goods,
					   at(s, i)->commit);
	}
	if (q.nskips)
		g_array_append_vals(skips, q.skips, q.nskips);
	q.bad = out->high = at(s, high)->commit;
	out->low = at(s, low)->commit;
	q.goods = (const uint32_t *)(void *)goods->data;
	q.ngoods = goods->len;
	q.skips = (const uint32_t *)(void *)skips->data;
	q.nskips = skips->len;
	q.checked = true;
	out->between = (struct stretches_border){ .fixed = !at(s, high)->bad, .commit = q.bad };
	err_t err = choose_next(s->h, &q, &out->choice, &why);
	if (err == -EINVAL) /* nothing between them changes what the search is limited to */
		return 0;
	if (err) {
		*error = why;
		return err;
	}
	if (out->choice.kind == CHOICE_TEST) {
		out->kind = STRETCHES_TEST;
		return 0;
	}
	if (out->choice.kind == CHOICE_ONLY_SKIPPED)
		out->between.skipped = out->choice.candidates->len - 1;
	choose_clear(&out->choice);
	return 0;
}

static err_t search_borders(const struct search *s, const GArray *chain, struct stretches *out,
			    struct error *error)
{
	for (guint i = 1; i < chain->len; i++) {
		err_t err = search_border(s, g_array_index(chain, guint, i - 1),
					  g_array_index(chain, guint, i), out, error);
		if (err || out->kind == STRETCHES_TEST)
			return err;
		g_array_append_val(out->borders, out->between);
	}
	if (chain->len)
		out->kind = STRETCHES_FOUND;
	return 0;
}

err_t stretches_next(struct history *h, const struct stretches_query *q, struct stretches *out,
		     struct error *error)
{
	struct search s = { .h = h, .q = q };
	*out = (struct stretches){ .kind = STRETCHES_NONE };
	out->borders = g_array_new(FALSE, FALSE, sizeof(struct stretches_border));
	s.all = g_array_new(FALSE, FALSE, sizeof(struct tested));
	for (uint32_t i = 0; i < q->nbad; i++)
		add(s.all, q->bad[i], true);
	for (uint32_t i = 0; i < q->ngood; i++)
		add(s.all, q->good[i], false);
	err_t err = fill_reaches(&s, error);
	if (!err) {
		g_autoptr(GArray) chain = chain_of(&s);
		err = search_borders(&s, chain, out, error);
	}
	g_array_unref(s.all);
	g_free(s.reaches);
	if (err)
		stretches_clear(out);
	return err;
}

void stretches_clear(struct stretches *s)
{
	if (s->kind == STRETCHES_TEST)
		choose_clear(&s->choice);
	g_clear_pointer(&s->borders, g_array_unref);
}
