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

#include <string.h>

/* ---- marks ---- */

void walk_init(struct walk *w, struct history *h, bool first_parent)
{
	*w = (struct walk){ .h = h, .first_parent = first_parent };
	w->marks = g_byte_array_new();
	w->only_parent = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

void walk_clear(struct walk *w)
{
	g_byte_array_free(w->marks, TRUE);
	g_array_free(w->only_parent, TRUE);
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
	g_array_set_size(w->only_parent, 0);
}

static void leave_parent(struct walk *w, uint32_t c, uint32_t parent)
{
	guint old = w->only_parent->len;
	if (c >= old) {
		g_array_set_size(w->only_parent, MAX(history_size(w->h), c + 1));
		memset(&g_array_index(w->only_parent, uint32_t, old), 0xff,
		       (w->only_parent->len - old) * sizeof(uint32_t));
	}
	g_array_index(w->only_parent, uint32_t, c) = parent;
}

const uint32_t *walk_parents(const struct walk *w, uint32_t c, uint32_t *n)
{
	if (c < w->only_parent->len && g_array_index(w->only_parent, uint32_t, c) != NO_COMMIT) {
		*n = 1;
		return &g_array_index(w->only_parent, uint32_t, c);
	}
	return history_parents(w->h, c, n);
}

/* ---- candidates ---- */

struct listing {
	struct walk *w;
	struct queue queue;
	uint32_t interesting; /* queued and not marked uninteresting */
	uint32_t *pending;    /* a stack for marks that travel, and how many it has room for */
	guint room;
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
	guint pending = 0;
	for (uint32_t at = c;; at = l->pending[--pending]) {
		uint32_t n = 0;
		const uint32_t *parents = NULL;
		if (*walk_marks(l->w, at) & WALK_PARSED)
			parents = walk_parents(l->w, at, &n);
		if (pending + n > l->room) {
			l->room = 2 * (pending + n);
			l->pending = g_renew(uint32_t, l->pending, l->room);
		}
		for (uint32_t i = 0; i < n; i++) {
			if (*walk_marks(l->w, parents[i]) & WALK_UNINTERESTING)
				continue;
			set_uninteresting(l, parents[i]);
			l->pending[pending++] = parents[i];
		}
		if (!pending)
			return;
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

/* Of excluded commits only the tips themselves matter to what is the same. */
static bool is_relevant(struct walk *w, uint32_t c)
{
	return (*walk_marks(w, c) & (WALK_UNINTERESTING | WALK_BOTTOM)) != WALK_UNINTERESTING;
}

/* try_to_simplify_commit of git. */
static err_t simplify(struct walk *w, uint32_t c, struct error *error)
{
	uint32_t parents = history_parent_count(w->h, c), relevant = 0;
	bool relevant_change = false, other_change = false, same = false;
	err_t err = 0;
	if (!parents)
		err = w->limit->is_same(w->limit->self, c, NO_COMMIT, &same, error);
	if (same)
		*walk_marks(w, c) |= WALK_SAME;
	if (!parents)
		return err;
	for (uint32_t i = 0; i < parents; i++) {
		uint32_t p = history_parent(w->h, c, i);
		bool matters = is_relevant(w, p);
		relevant += matters;
		if (i == 1 && w->first_parent)
			break;
		err = walk_parse(w, p, error);
		if (!err)
			err = w->limit->is_same(w->limit->self, c, p, &same, error);
		if (err)
			return err;
		if (!same) {
			relevant_change = relevant_change || matters;
			other_change = other_change || !matters;
		} else if (matters) {
			if (parents > 1)
				leave_parent(w, c, p);
			*walk_marks(w, c) |= WALK_SAME;
			return 0;
		}
	}
	if (relevant ? !relevant_change : !other_change)
		*walk_marks(w, c) |= WALK_SAME;
	return 0;
}

static err_t enqueue_parents(struct listing *l, uint32_t c, struct error *error)
{
	bool uninteresting = *walk_marks(l->w, c) & WALK_UNINTERESTING;
	if (!uninteresting && l->w->limit) {
		err_t err = simplify(l->w, c, error);
		if (err)
			return err;
	}
	uint32_t n = 0;
	walk_parents(l->w, c, &n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t p = walk_parents(l->w, c, &n)[i]; /* what was parsed has moved them */
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
		*walk_marks(l->w, c) |= WALK_BOTTOM;
		set_uninteresting(l, c);
		mark_ancestors(l, c);
	}
	enqueue(l, c);
	return 0;
}

err_t walk_list(struct walk *w, uint32_t first, bool first_excluded, const uint32_t *others,
		uint32_t n, GArray *list, struct error *error)
{
	struct listing l = { .w = w };
	queue_init(&l.queue);
	g_autofree uint32_t *sorted = history_sort(w->h, others, n);
	err_t err = add_tip(&l, first, first_excluded, error);
	for (uint32_t i = 0; i < n && !err; i++)
		err = add_tip(&l, sorted[i], !first_excluded, error);
	if (!err)
		err = list_loop(&l, list, error);
	queue_clear(&l.queue);
	g_free(l.pending);
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
