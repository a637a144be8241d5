/*
 * A blocked reader is in one of two lists until its content is there. Answers are given without the
 * lock, by whoever took the reader out of its list: the thread that has the content, or libfuse's
 * when the reader is interrupted. The interrupt may come before the reader is in a list; then
 * `dead` tells the thread that is about to put it there.
 */
#include "watch.h"

#include <errno.h>
#include <string.h>

/* ---- poll ---- */

struct poll_entry {
	const void *file;
	struct fuse_pollhandle *ph;
};

static void poll_entry_free(void *p)
{
	struct poll_entry *e = p;
	fuse_pollhandle_destroy(e->ph);
	g_free(e);
}

GSList *watch_take_polls(struct node *n)
{
	return g_steal_pointer(&n->polls);
}

void watch_wake_polls(GSList *polls)
{
	for (GSList *l = polls; l; l = l->next)
		fuse_lowlevel_notify_poll(((struct poll_entry *)l->data)->ph);
	g_slist_free_full(polls, poll_entry_free);
}

void watch_drop_poll(struct node *n, const void *file)
{
	for (GSList *l = n->polls; l; l = l->next) {
		struct poll_entry *e = l->data;
		if (e->file == file) {
			n->polls = g_slist_delete_link(n->polls, l);
			poll_entry_free(e);
			return;
		}
	}
}

void watch_set_poll(struct node *n, const void *file, struct fuse_pollhandle *ph)
{
	watch_drop_poll(n, file);
	struct poll_entry *e = g_new(struct poll_entry, 1);
	*e = (struct poll_entry){ .file = file, .ph = ph };
	n->polls = g_slist_prepend(n->polls, e);
}

/* ---- blocked readers ---- */

struct reader {
	struct watch *w;
	fuse_req_t req;
	uint64_t ino; /* of a `wait` node; 0: a reader of events */
	struct event_cursor *cursor;
	size_t size;
	off_t off;
	bool queued, dead; /* by the watch's lock */
	GList link;
};

#define KEPT_LINES 8192 /* a reader that is slower than this loses lines, and is told so */

struct watch {
	struct tree *tree;
	GMutex lock; /* may be held when the tree's is taken, not the other way round */
	/* by `lock` */
	GQueue waiters, followers; /* struct reader, by link */
	GQueue lines;		   /* GBytes */
	guint64 first;		   /* number of the oldest line kept */
};

struct watch *watch_new(struct tree *tree)
{
	struct watch *w = g_new0(struct watch, 1);
	w->tree = tree;
	g_mutex_init(&w->lock);
	g_queue_init(&w->waiters);
	g_queue_init(&w->followers);
	g_queue_init(&w->lines);
	return w;
}

static GQueue *queue_of(struct reader *r)
{
	return r->ino ? &r->w->waiters : &r->w->followers;
}

/* Ctrl-C of the reader: called by libfuse at any moment, also before the reader is queued. */
static void interrupted(fuse_req_t req, void *arg)
{
	struct reader *r = arg;
	struct watch *w = r->w;
	(void)req;
	g_mutex_lock(&w->lock);
	bool queued = r->queued;
	if (queued) {
		g_queue_unlink(queue_of(r), &r->link);
		r->queued = false;
	}
	r->dead = true;
	g_mutex_unlock(&w->lock);
	if (queued) {
		fuse_reply_err(r->req, EINTR);
		g_free(r);
	}
}

static struct reader *reader_new(struct watch *w, fuse_req_t req, size_t size)
{
	struct reader *r = g_new0(struct reader, 1);
	r->w = w;
	r->req = req;
	r->size = size;
	r->link.data = r;
	fuse_req_interrupt_func(req, interrupted, r); /* not under our lock: it may call us */
	return r;
}

static void answer(struct reader *r, GBytes *data, off_t off, int err)
{
	fuse_req_interrupt_func(r->req, NULL, NULL);
	if (err) {
		fuse_reply_err(r->req, err);
	} else {
		gsize len = 0;
		const char *text = data ? g_bytes_get_data(data, &len) : NULL;
		gsize at = MIN((gsize)off, len);
		fuse_reply_buf(r->req, text ? text + at : NULL, MIN(r->size, len - at));
	}
	g_free(r);
}

/* Content of a `wait` node, with an error when it is gone; false: not there yet. */
static bool wait_content(struct watch *w, uint64_t ino, GBytes **data, int *err)
{
	g_mutex_lock(&w->tree->lock);
	struct node *n = tree_by_ino(w->tree, ino);
	*err = !n || n->removed ? ENODEV : 0;
	*data = n && n->data ? g_bytes_ref(n->data) : NULL;
	g_mutex_unlock(&w->tree->lock);
	return *err || *data;
}

void watch_read_wait(struct watch *w, fuse_req_t req, struct node *n, size_t size, off_t off)
{
	struct reader *r = reader_new(w, req, size);
	GBytes *data = NULL;
	int err = 0;
	r->ino = n->ino;
	r->off = off;
	g_mutex_lock(&w->lock);
	bool ready = wait_content(w, r->ino, &data, &err);
	bool dead = r->dead;
	if (!ready && !dead) {
		r->queued = true;
		g_queue_push_tail_link(&w->waiters, &r->link);
	}
	g_mutex_unlock(&w->lock);
	if (ready || dead)
		answer(r, data, off, ready ? err : EINTR);
	if (data)
		g_bytes_unref(data);
}

void watch_ended(struct watch *w, uint64_t ino)
{
	GQueue ready = G_QUEUE_INIT;
	GBytes *data = NULL;
	int err = 0;
	g_mutex_lock(&w->lock);
	if (wait_content(w, ino, &data, &err)) {
		for (GList *l = w->waiters.head, *next; l; l = next) {
			struct reader *r = l->data;
			next = l->next;
			if (r->ino != ino)
				continue;
			g_queue_unlink(&w->waiters, l);
			r->queued = false;
			g_queue_push_tail_link(&ready, l);
		}
	}
	g_mutex_unlock(&w->lock);
	GList *l;
	while ((l = g_queue_pop_head_link(&ready))) {
		struct reader *r = l->data;
		answer(r, data, r->off, err);
	}
	if (data)
		g_bytes_unref(data);
}

/* ---- events ---- */

struct event_cursor *watch_cursor_new(struct watch *w)
{
	struct event_cursor *c = g_new0(struct event_cursor, 1);
	c->pending = g_string_new(NULL);
	g_mutex_lock(&w->lock);
	c->next = w->first + w->lines.length;
	g_mutex_unlock(&w->lock);
	return c;
}

void watch_cursor_free(struct event_cursor *c)
{
	g_string_free(c->pending, TRUE);
	g_free(c);
}

/* Moves lines into c->pending, up to `size` bytes. With the watch's lock held. */
static void fetch(struct watch *w, struct event_cursor *c, size_t size)
{
	if (c->next < w->first) {
		g_string_append_printf(c->pending, "{\"event\":\"lost\",\"lines\":%lu}\n",
				       (unsigned long)(w->first - c->next));
		c->next = w->first;
	}
	GList *l = g_queue_peek_nth_link(&w->lines, (guint)(c->next - w->first));
	for (; l && c->pending->len < size; l = l->next, c->next++) {
		gsize len;
		const char *text = g_bytes_get_data(l->data, &len);
		g_string_append_len(c->pending, text, (gssize)len);
	}
}

static GBytes *deliver(struct event_cursor *c, size_t size)
{
	gsize n = MIN(size, c->pending->len);
	GBytes *data = g_bytes_new(c->pending->str, n);
	g_string_erase(c->pending, 0, (gssize)n);
	return data;
}

void watch_read_events(struct watch *w, fuse_req_t req, struct event_cursor *c, size_t size)
{
	struct reader *r = reader_new(w, req, size);
	GBytes *data = NULL;
	r->cursor = c;
	g_mutex_lock(&w->lock);
	fetch(w, c, size);
	bool dead = r->dead;
	if (c->pending->len && !dead) {
		data = deliver(c, size);
	} else if (!dead) {
		r->queued = true;
		g_queue_push_tail_link(&w->followers, &r->link);
	}
	g_mutex_unlock(&w->lock);
	if (data || dead)
		answer(r, data, 0, dead ? EINTR : 0);
	if (data)
		g_bytes_unref(data);
}

void watch_event(struct watch *w, GBytes *line)
{
	GQueue ready = G_QUEUE_INIT;
	GList *l;
	g_mutex_lock(&w->lock);
	g_queue_push_tail(&w->lines, line);
	if (w->lines.length > KEPT_LINES) {
		g_bytes_unref(g_queue_pop_head(&w->lines));
		w->first++;
	}
	g_autoptr(GPtrArray) contents = g_ptr_array_new();
	while ((l = g_queue_pop_head_link(&w->followers))) {
		struct reader *r = l->data;
		r->queued = false;
		fetch(w, r->cursor, r->size);
		g_ptr_array_add(contents, deliver(r->cursor, r->size));
		g_queue_push_tail_link(&ready, l);
	}
	g_mutex_unlock(&w->lock);
	for (guint i = 0; (l = g_queue_pop_head_link(&ready)); i++) {
		GBytes *data = g_ptr_array_index(contents, i);
		answer(l->data, data, 0, 0);
		g_bytes_unref(data);
	}
}

void watch_free(struct watch *w)
{
	GList *l;
	while ((l = g_queue_pop_head_link(&w->waiters)) ||
	       (l = g_queue_pop_head_link(&w->followers)))
		answer(l->data, NULL, 0, ENODEV);
	GBytes *line;
	while ((line = g_queue_pop_head(&w->lines)))
		g_bytes_unref(line);
	g_mutex_clear(&w->lock);
	g_free(w);
}
