/*
 * A queue of open deadlines, oldest first (all are set equally long before their end), and a thread
 * that sleeps until the first is over. Calls are made without the lock.
 */
#include "deadlines.h"

#include <stdbool.h>

struct deadlines {
	GThread *thread;
	GMutex lock;
	/* by `lock` */
	GCond changed;
	GQueue open; /* struct deadline *, oldest first: not called yet */
	bool stops;
};

struct deadline {
	struct deadlines *d;
	void (*fn)(void *arg);
	void *arg;
	gint64 due; /* monotonic us */
};

static bool take(struct deadline *one)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&one->d->lock);
	return g_queue_remove(&one->d->open, one);
}

void deadlines_done(void *deadline)
{
	struct deadline *one = deadline;
	if (take(one))
		one->fn(one->arg);
	g_free(one);
}

static gpointer call_late_ones(gpointer arg)
{
	struct deadlines *d = arg;
	g_mutex_lock(&d->lock);
	while (!d->stops) {
		struct deadline *one = g_queue_peek_head(&d->open);
		if (!one) {
			g_cond_wait(&d->changed, &d->lock);
		} else if (g_get_monotonic_time() < one->due) {
			g_cond_wait_until(&d->changed, &d->lock, one->due);
		} else {
			struct deadline late = *one; /* its owner may free it from now on */
			g_queue_pop_head(&d->open);
			g_mutex_unlock(&d->lock);
			late.fn(late.arg);
			g_mutex_lock(&d->lock);
		}
	}
	g_mutex_unlock(&d->lock);
	return NULL;
}

struct deadlines *deadlines_new(void)
{
	struct deadlines *d = g_new0(struct deadlines, 1);
	g_mutex_init(&d->lock);
	g_cond_init(&d->changed);
	g_queue_init(&d->open);
	return d;
}

void deadlines_start(struct deadlines *d)
{
	d->thread = g_thread_new("deadlines", call_late_ones, d);
}

void deadlines_stop(struct deadlines *d)
{
	if (!d->thread)
		return;
	g_mutex_lock(&d->lock);
	d->stops = true;
	g_cond_signal(&d->changed);
	g_mutex_unlock(&d->lock);
	g_thread_join(g_steal_pointer(&d->thread));
}

void deadlines_free(struct deadlines *d)
{
	deadlines_stop(d);
	g_cond_clear(&d->changed);
	g_mutex_clear(&d->lock);
	g_free(d);
}

struct deadline *deadlines_set(struct deadlines *d, void (*fn)(void *arg), void *arg,
			       gint64 latest_us)
{
	struct deadline *one = g_new(struct deadline, 1);
	*one = (struct deadline){
		.d = d, .fn = fn, .arg = arg, .due = g_get_monotonic_time() + latest_us
	};
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&d->lock);
	g_queue_push_tail(&d->open, one);
	g_cond_signal(&d->changed);
	return one;
}
