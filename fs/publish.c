/*
 * A plain queue. Each change holds its directory, so that a name that is used again cannot be
 * mistaken for what it was; who answers a write sets a deadline beside the queue.
 */
#include "publish.h"

#include "deadlines.h"

struct publish {
	struct tree *tree;
	GAsyncQueue *queue; /* struct change * */
	struct deadlines *deadlines;
};

#define LATEST_REPLY_US G_USEC_PER_SEC

static void push(struct publish *q, struct node *dir, const char *path, struct change c)
{
	if (dir) {
		g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&q->tree->lock);
		c.dir = node_ref(dir);
	}
	c.path = g_strdup(path);
	g_async_queue_push(q->queue, g_memdup2(&c, sizeof(c)));
}

void publish_add(struct publish *q, struct node *dir, const char *path, struct node *n)
{
	push(q, dir, path, (struct change){ .kind = CHANGE_ADD, .node = n });
}

void publish_value(struct publish *q, struct node *dir, const char *path, GBytes *data)
{
	push(q, dir, path, (struct change){ .kind = CHANGE_VALUE, .data = data });
}

void publish_quiet(struct publish *q, struct node *dir, const char *path, GBytes *data)
{
	push(q, dir, path, (struct change){ .kind = CHANGE_QUIET, .data = data });
}

void publish_text_growth(struct publish *q, struct node *dir, const char *path, GBytes *data)
{
	push(q, dir, path, (struct change){ .kind = CHANGE_TEXT_GROWTH, .data = data });
}

void publish_file_growth(struct publish *q, struct node *dir, const char *path)
{
	push(q, dir, path, (struct change){ .kind = CHANGE_FILE_GROWTH });
}

void publish_file_done(struct publish *q, struct node *dir, const char *path)
{
	push(q, dir, path, (struct change){ .kind = CHANGE_FILE_DONE });
}

void publish_link(struct publish *q, const char *name, const char *target)
{
	push(q, q->tree->root, name,
	     (struct change){ .kind = CHANGE_LINK, .target = g_strdup(target) });
}

void publish_unlink(struct publish *q, const char *name)
{
	push(q, q->tree->root, name, (struct change){ .kind = CHANGE_UNLINK });
}

void publish_call(struct publish *q, void (*fn)(void *arg), void *arg)
{
	push(q, NULL, NULL, (struct change){ .kind = CHANGE_CALL, .fn = fn, .arg = arg });
}

void publish_reply(struct publish *q, void (*fn)(void *arg), void *arg)
{
	publish_call(q, deadlines_done, deadlines_set(q->deadlines, fn, arg, LATEST_REPLY_US));
}

struct publish *publish_new(struct tree *tree)
{
	struct publish *q = g_new0(struct publish, 1);
	q->tree = tree;
	q->queue = g_async_queue_new();
	q->deadlines = deadlines_new();
	return q;
}

void publish_free(struct publish *q)
{
	struct change *c;
	while ((c = g_async_queue_try_pop(q->queue)))
		publish_change_free(q, c);
	g_async_queue_unref(q->queue);
	deadlines_free(q->deadlines);
	g_free(q);
}

void publish_start(struct publish *q)
{
	deadlines_start(q->deadlines);
}

void publish_stop(struct publish *q)
{
	push(q, NULL, NULL, (struct change){ .kind = CHANGE_STOP });
}

struct change *publish_take(struct publish *q, guint64 timeout_us)
{
	return g_async_queue_timeout_pop(q->queue, timeout_us);
}

void publish_change_free(struct publish *q, struct change *c)
{
	g_mutex_lock(&q->tree->lock);
	node_unref(q->tree, c->dir);
	node_unref(q->tree, c->node);
	g_mutex_unlock(&q->tree->lock);
	g_free(c->path);
	g_free(c->target);
	if (c->data)
		g_bytes_unref(c->data);
	g_free(c);
}
