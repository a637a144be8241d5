/*
 * Two colours flow down from the tips, newest commit first: one from the bad, one from the goods. A
 * commit that both reach is a result, and from there on down everything is stale: common, but not
 * the newest that is. The flow ends when the queue holds stale commits only. With wrong dates a
 * result may still reach another one, so at last those are dropped.
 */
#include "merge_base.h"

#include "marks.h"
#include "queue.h"
#include "reach.h"

enum { PAINT_BAD = 1, PAINT_GOOD = 2, PAINT_STALE = 4, PAINT_RESULT = 8 };
#define PAINT_BOTH (PAINT_BAD | PAINT_GOOD)

struct painting {
	struct walk *w;
	struct queue queue;
	GByteArray *paint;
};

static guint8 *paint_of(struct painting *p, uint32_t c)
{
	return marks_at(p->paint, p->w->h, c);
}

static bool holds_fresh(struct painting *p)
{
	for (guint i = 0; i < queue_size(&p->queue); i++) {
		if (!(*paint_of(p, queue_commit(&p->queue, i)) & PAINT_STALE))
			return true;
	}
	return false;
}

static err_t paint_parents(struct painting *p, uint32_t c, guint8 paint, struct error *error)
{
	for (uint32_t i = 0; i < history_parent_count(p->w->h, c); i++) {
		uint32_t parent = history_parent(p->w->h, c, i);
		err_t err = walk_parse(p->w, parent, error);
		if (err)
			return err;
		guint8 *has = paint_of(p, parent);
		if ((*has & paint) == paint)
			continue;
		*has |= paint;
		queue_push(&p->queue, history_date(p->w->h, parent), parent);
	}
	return 0;
}

static err_t paint_all(struct painting *p, GArray *results, struct error *error)
{
	while (holds_fresh(p)) {
		uint32_t c = queue_pop(&p->queue);
		guint8 paint = *paint_of(p, c) & (PAINT_BOTH | PAINT_STALE);
		if (paint == PAINT_BOTH) {
			if (!(*paint_of(p, c) & PAINT_RESULT)) {
				*paint_of(p, c) |= PAINT_RESULT;
				g_array_append_val(results, c);
			}
			paint |= PAINT_STALE;
		}
		err_t err = paint_parents(p, c, paint, error);
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
			err_t err = reach_ancestor(h, g_array_index(bases, uint32_t, j),
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

static err_t add_tip(struct painting *p, uint32_t c, guint8 colour, struct error *error)
{
	err_t err = walk_parse(p->w, c, error);
	if (err)
		return err;
	*paint_of(p, c) |= colour;
	queue_push(&p->queue, history_date(p->w->h, c), c);
	return 0;
}

err_t merge_base_find(struct walk *w, uint32_t bad, const uint32_t *goods, uint32_t n,
		      GArray *bases, struct error *error)
{
	struct painting p = { .w = w, .paint = g_byte_array_new() };
	queue_init(&p.queue);
	g_autoptr(GArray) results = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autofree uint32_t *sorted = history_sort(w->h, goods, n);
	err_t err = add_tip(&p, bad, PAINT_BAD, error);
	for (uint32_t i = 0; i < n && !err; i++)
		err = add_tip(&p, sorted[i], PAINT_GOOD, error);
	if (!err)
		err = paint_all(&p, results, error);
	for (guint i = 0; i < results->len && !err; i++) {
		uint32_t c = g_array_index(results, uint32_t, i);
		if (!(*paint_of(&p, c) & PAINT_STALE))
			insert_by_date(w->h, bases, c);
	}
	queue_clear(&p.queue);
	g_byte_array_unref(p.paint);
	return err ? err : drop_redundant(w->h, bases, error);
}
