#include "keeper.h"

#include <stdbool.h>

struct keeper {
	GThread *thread;
	GMutex lock; /* of all below */
	GCond wakes;
	GQueue open; /* struct promise *, oldest first: not kept yet */
	bool stops;
};

struct promise {
	struct keeper *k;
	void (*fn)(void *arg);
	void *arg;
	gint64 due; /* monotonic us */
};

void promise_keep(void *promise)
{
	struct promise *one = promise;
	g_mutex_lock(&one->k->lock);
	bool open = g_queue_remove(&one->k->open, one);
	g_mutex_unlock(&one->k->lock);
	if (open)
		one->fn(one->arg);
	g_free(one);
}

static gpointer keep_late_ones(gpointer arg)
{
	struct keeper *k = arg;
	g_mutex_lock(&k->lock);
	while (!k->stops) {
		struct promise *one = g_queue_peek_head(&k->open);
		if (!one) {
			g_cond_wait(&k->wakes, &k->lock);
		} else if (g_get_monotonic_time() < one->due) {
			g_cond_wait_until(&k->wakes, &k->lock, one->due);
		} else {
			struct promise late = *one;
			g_queue_pop_head(&k->open);
			g_mutex_unlock(&k->lock);
			late.fn(late.arg);
			g_mutex_lock(&k->lock);
		}
	}
	g_mutex_unlock(&k->lock);
	return NULL;
}

struct keeper *keeper_new(void)
{
	struct keeper *k = g_new0(struct keeper, 1);
	g_mutex_init(&k->lock);
	g_cond_init(&k->wakes);
	g_queue_init(&k->open);
	return k;
}

void keeper_start(struct keeper *k)
{
	k->thread = g_thread_new("keeper", keep_late_ones, k);
}

void keeper_stop(struct keeper *k)
{
	if (!k->thread)
		return;
	g_mutex_lock(&k->lock);
	k->stops = true;
	g_cond_signal(&k->wakes);
	g_mutex_unlock(&k->lock);
	g_thread_join(g_steal_pointer(&k->thread));
}

void keeper_free(struct keeper *k)
{
	keeper_stop(k);
	g_cond_clear(&k->wakes);
	g_mutex_clear(&k->lock);
	g_free(k);
}

struct promise *keeper_promise(struct keeper *k, void (*fn)(void *arg), void *arg, gint64 latest_us)
{
	struct promise *one = g_new(struct promise, 1);
	*one = (struct promise){
		.k = k, .fn = fn, .arg = arg, .due = g_get_monotonic_time() + latest_us
	};
	g_mutex_lock(&k->lock);
	g_queue_push_tail(&k->open, one);
	g_cond_signal(&k->wakes);
	g_mutex_unlock(&k->lock);
	return one;
}
