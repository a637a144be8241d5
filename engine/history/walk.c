/*
 * Candidates as git lists them (limit_list in revision.c of git): newest first, "uninteresting"
 * handed on to parents, until no interesting commit is left. Since dates may be wrong, git goes on
 * for a few commits more and then takes what it has; and which commits it has parsed decides how
 * far a mark travels. All of that is done here in the same way, since it shows in which commit is
 * tested.
 */
#include "walk.h"

#include "marks.h"
#include "queue.h"

/* ---- marks ---- */

void walk_init(struct walk *w, struct history *h, bool first_parent)
{
	*w = (struct walk){ .h = h, .first_parent = first_parent };
	w->marks = g_byte_array_new();
}

void walk_clear(struct walk *w)
{
	g_byte_array_free(w->marks, TRUE);
}

guint8 *walk_marks(struct walk *w, uint32_t c)
{
	return marks_at(w->marks, w->h, c);
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

#define SLOP                                                                                 \
	5 /* git's name: uninteresting commits in a row after which nothing else is expected \
	   */

static err_t list_loop(struct listing *l, GArray *list, struct error *error)
{
	int slop = SLOP;
	uint64_t last_date = UINT64_MAX; /* of the commit appended last */
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
			slop = SLOP;
		else if (--slop == 0)
			break;
	}
	return 0;
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
	g_autofree uint32_t *sorted = history_sort(w->h, others, n);
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
