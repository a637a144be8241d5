#include "walk.h"

#include "choose.h"

#include <string.h>

/* ---- the queue ---- */

struct queue_entry {
	int64_t date;
	uint64_t entered;
	uint32_t commit;
};

static bool before(const struct queue_entry *a, const struct queue_entry *b)
{
	return a->date != b->date ? a->date > b->date : a->entered < b->entered;
}

void queue_init(struct queue *q)
{
	q->heap = g_array_new(FALSE, FALSE, sizeof(struct queue_entry));
	q->entered = 0;
}

void queue_clear(struct queue *q)
{
	g_array_free(q->heap, TRUE);
}

bool queue_is_empty(const struct queue *q)
{
	return q->heap->len == 0;
}

uint32_t queue_head(const struct queue *q)
{
	return g_array_index(q->heap, struct queue_entry, 0).commit;
}

void queue_push(struct queue *q, int64_t date, uint32_t commit)
{
	struct queue_entry e = { .date = date, .entered = q->entered++, .commit = commit };
	g_array_append_val(q->heap, e);
	struct queue_entry *heap = (struct queue_entry *)(void *)q->heap->data;
	guint i = q->heap->len - 1;
	for (; i > 0 && before(&e, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = e;
}

uint32_t queue_pop(struct queue *q)
{
	struct queue_entry *heap = (struct queue_entry *)(void *)q->heap->data;
	uint32_t commit = heap[0].commit;
	struct queue_entry last = heap[q->heap->len - 1];
	g_array_set_size(q->heap, q->heap->len - 1);
	guint n = q->heap->len, i = 0;
	while (2 * i + 1 < n) {
		guint child = 2 * i + 1;
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	if (n)
		heap[i] = last;
	return commit;
}

/* ---- marks ---- */

void walk_init(struct walk *w, struct history *h, bool first_parent)
{
	*w = (struct walk){ .h = h, .first_parent = first_parent };
	w->marks = g_byte_array_new();
	w->paint = g_byte_array_new();
}

void walk_clear(struct walk *w)
{
	g_byte_array_free(w->marks, TRUE);
	g_byte_array_free(w->paint, TRUE);
}

static guint8 *mark_at(GByteArray *marks, const struct walk *w, uint32_t c)
{
	if (c >= marks->len) {
		guint old = marks->len;
		guint size = MAX(history_size(w->h), c + 1);
		g_byte_array_set_size(marks, size + size / 2);
		memset(marks->data + old, 0, marks->len - old);
	}
	return &marks->data[c];
}

guint8 *walk_marks(struct walk *w, uint32_t c)
{
	return mark_at(w->marks, w, c);
}

guint8 *walk_paint(struct walk *w, uint32_t c)
{
	return mark_at(w->paint, w, c);
}

err_t walk_parse(struct walk *w, uint32_t c, struct error *error)
{
	err_t err = history_load(w->h, c, error);
	if (!err)
		*walk_marks(w, c) |= WALK_PARSED;
	return err;
}

void walk_restart(struct walk *w)
{
	for (guint i = 0; i < w->marks->len; i++)
		w->marks->data[i] &= WALK_PARSED;
}

/* ---- candidates ---- */

struct listing {
	struct walk *w;
	struct queue queue;
	uint32_t interesting; /* queued and not marked uninteresting */
	GArray *pending;      /* uint32_t: a stack for marks that travel */
};

static void set_uninteresting(struct listing *l, uint32_t c)
{
	guint8 *m = walk_marks(l->w, c);
	if ((*m & WALK_QUEUED) && !(*m & WALK_UNINTERESTING))
		l->interesting--;
	*m |= WALK_UNINTERESTING;
}

/* The mark goes on through what this process has parsed and stops at what it has not. */
static void mark_ancestors(struct listing *l, uint32_t c)
{
	g_array_set_size(l->pending, 0);
	g_array_append_val(l->pending, c);
	while (l->pending->len) {
		uint32_t at = g_array_index(l->pending, uint32_t, l->pending->len - 1);
		g_array_set_size(l->pending, l->pending->len - 1);
		if (!(*walk_marks(l->w, at) & WALK_PARSED))
			continue;
		for (uint32_t i = 0; i < history_parent_count(l->w->h, at); i++) {
			uint32_t p = history_parent(l->w->h, at, i);
			if (*walk_marks(l->w, p) & WALK_UNINTERESTING)
				continue;
			set_uninteresting(l, p);
			g_array_append_val(l->pending, p);
		}
	}
}

static void enqueue(struct listing *l, uint32_t c)
{
	guint8 *m = walk_marks(l->w, c);
	if (*m & WALK_SEEN)
		return;
	*m |= WALK_SEEN | WALK_QUEUED;
	if (!(*m & WALK_UNINTERESTING))
		l->interesting++;
	queue_push(&l->queue, history_date(l->w->h, c), c);
}

static err_t enqueue_parents(struct listing *l, uint32_t c, struct error *error)
{
	bool uninteresting = *walk_marks(l->w, c) & WALK_UNINTERESTING;
	for (uint32_t i = 0; i < history_parent_count(l->w->h, c); i++) {
		uint32_t p = history_parent(l->w->h, c, i);
		err_t err = walk_parse(l->w, p, error);
		if (err)
			return err;
		if (uninteresting) {
			set_uninteresting(l, p);
			mark_ancestors(l, p);
		}
		enqueue(l, p);
		if (!uninteresting && l->w->first_parent)
			break;
	}
	return 0;
}

#define PATIENCE 5 /* uninteresting commits in a row before git believes that nothing follows */

static err_t list_loop(struct listing *l, GArray *list, struct error *error)
{
	int patience = PATIENCE;
	int64_t last_date = INT64_MAX; /* of the commit appended last */
	while (!queue_is_empty(&l->queue)) {
		uint32_t c = queue_pop(&l->queue);
		guint8 *m = walk_marks(l->w, c);
		*m &= (guint8)~WALK_QUEUED;
		if (!(*m & WALK_UNINTERESTING))
			l->interesting--;
		err_t err = enqueue_parents(l, c, error);
		if (err)
			return err;
		if (!(*walk_marks(l->w, c) & WALK_UNINTERESTING)) {
			last_date = history_date(l->w->h, c);
			g_array_append_val(list, c);
			continue;
		}
		if (queue_is_empty(&l->queue))
			break;
		if (last_date <= history_date(l->w->h, queue_head(&l->queue)) || l->interesting)
			patience = PATIENCE;
		else if (--patience == 0)
			break;
	}
	return 0;
}

static int compare_commits(const void *a, const void *b, void *h)
{
	return oid_compare(history_oid(h, *(const uint32_t *)a),
			   history_oid(h, *(const uint32_t *)b));
}

static uint32_t *sorted_by_oid(struct history *h, const uint32_t *commits, uint32_t n)
{
	uint32_t *sorted = g_new(uint32_t, n + 1);
	memcpy(sorted, commits, n * sizeof(*sorted));
	g_qsort_with_data(sorted, (gint)n, sizeof(*sorted), compare_commits, h);
	return sorted;
}

static err_t add_tip(struct listing *l, uint32_t c, bool excluded, struct error *error)
{
	err_t err = walk_parse(l->w, c, error);
	if (err)
		return err;
	if (excluded) {
		set_uninteresting(l, c);
		mark_ancestors(l, c);
	}
	enqueue(l, c);
	return 0;
}

err_t walk_list(struct walk *w, uint32_t first, bool first_excluded, const uint32_t *others,
		uint32_t n, GArray *list, struct error *error)
{
	struct listing l = { .w = w, .pending = g_array_new(FALSE, FALSE, sizeof(uint32_t)) };
	queue_init(&l.queue);
	g_autofree uint32_t *sorted = sorted_by_oid(w->h, others, n);
	err_t err = add_tip(&l, first, first_excluded, error);
	for (uint32_t i = 0; i < n && !err; i++)
		err = add_tip(&l, sorted[i], !first_excluded, error);
	if (!err)
		err = list_loop(&l, list, error);
	queue_clear(&l.queue);
	g_array_free(l.pending, TRUE);
	/* what was marked after it had been appended does not count */
	guint kept = 0;
	for (guint i = 0; i < list->len; i++) {
		uint32_t c = g_array_index(list, uint32_t, i);
		if (!(*walk_marks(w, c) & WALK_UNINTERESTING))
			g_array_index(list, uint32_t, kept++) = c;
	}
	g_array_set_size(list, kept);
	return err;
}

/* ---- merge bases ---- */

struct painting {
	struct walk *w;
	struct queue queue;
};

#define PAINT_BOTH (WALK_PAINT_BAD | WALK_PAINT_GOOD)

static bool holds_fresh(struct painting *p)
{
	const struct queue_entry *heap = (const struct queue_entry *)(void *)p->queue.heap->data;
	for (guint i = 0; i < p->queue.heap->len; i++) {
		if (!(*walk_paint(p->w, heap[i].commit) & PAINT_STALE))
			return true;
	}
	return false;
}

static err_t paint_parents(struct painting *p, uint32_t c, guint8 colours, guint8 stale,
			   struct error *error)
{
	for (uint32_t i = 0; i < history_parent_count(p->w->h, c); i++) {
		uint32_t parent = history_parent(p->w->h, c, i);
		err_t err = walk_parse(p->w, parent, error);
		if (err)
			return err;
		guint8 *m = walk_marks(p->w, parent), *s = walk_paint(p->w, parent);
		if ((*m & colours) == colours && (*s & stale) == stale)
			continue;
		*m |= colours;
		*s |= stale;
		queue_push(&p->queue, history_date(p->w->h, parent), parent);
	}
	return 0;
}

static err_t paint(struct painting *p, GArray *results, struct error *error)
{
	while (holds_fresh(p)) {
		uint32_t c = queue_pop(&p->queue);
		guint8 colours = *walk_marks(p->w, c) & PAINT_BOTH;
		guint8 stale = *walk_paint(p->w, c) & PAINT_STALE;
		if (colours == PAINT_BOTH && !stale) {
			if (!(*walk_paint(p->w, c) & PAINT_RESULT)) {
				*walk_paint(p->w, c) |= PAINT_RESULT;
				g_array_append_val(results, c);
			}
			stale = PAINT_STALE;
		}
		err_t err = paint_parents(p, c, colours, stale, error);
		if (err)
			return err;
	}
	return 0;
}

/* Newest first; of equal dates the order found. */
static void insert_by_date(struct history *h, GArray *bases, uint32_t c)
{
	guint i = 0;
	while (i < bases->len &&
	       history_date(h, g_array_index(bases, uint32_t, i)) >= history_date(h, c))
		i++;
	g_array_insert_val(bases, i, c);
}

static err_t drop_redundant(struct history *h, GArray *bases, struct error *error)
{
	for (guint i = 0; i < bases->len;) {
		bool redundant = false;
		for (guint j = 0; j < bases->len && !redundant; j++) {
			if (i == j)
				continue;
			err_t err = history_reaches(h, g_array_index(bases, uint32_t, j),
						    g_array_index(bases, uint32_t, i), &redundant,
						    error);
			if (err)
				return err;
		}
		if (redundant)
			g_array_remove_index(bases, i);
		else
			i++;
	}
	return 0;
}

err_t walk_merge_bases(struct walk *w, uint32_t bad, const uint32_t *goods, uint32_t n,
		       GArray *bases, struct error *error)
{
	struct painting p = { .w = w };
	queue_init(&p.queue);
	g_autoptr(GArray) results = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autofree uint32_t *sorted = sorted_by_oid(w->h, goods, n);
	err_t err = walk_parse(w, bad, error);
	if (!err) {
		*walk_marks(w, bad) |= WALK_PAINT_BAD;
		queue_push(&p.queue, history_date(w->h, bad), bad);
	}
	for (uint32_t i = 0; i < n && !err; i++) {
		err = walk_parse(w, sorted[i], error);
		if (err)
			break;
		*walk_marks(w, sorted[i]) |= WALK_PAINT_GOOD;
		queue_push(&p.queue, history_date(w->h, sorted[i]), sorted[i]);
	}
	if (!err)
		err = paint(&p, results, error);
	queue_clear(&p.queue);
	for (guint i = 0; i < results->len && !err; i++) {
		uint32_t c = g_array_index(results, uint32_t, i);
		if (!(*walk_paint(w, c) & PAINT_STALE))
			insert_by_date(w->h, bases, c);
	}
	return err ? err : drop_redundant(w->h, bases, error);
}
