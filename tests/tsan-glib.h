/*
 * For the TSan set-up alone (docs/development.md): GLib is not instrumented, and its locks and
 * queues are futexes that TSan does not see. Put before each file by the compiler, this tells it.
 */
#ifndef TESTS_TSAN_GLIB_H
#define TESTS_TSAN_GLIB_H

#if __has_include(<glib.h>) /* not what Meson tries the compiler with */
#include <glib.h>
#include <sanitizer/tsan_interface.h>

static inline void tsan_mutex_lock(GMutex *m)
{
	g_mutex_lock(m);
	__tsan_acquire(m);
}

static inline void tsan_mutex_unlock(GMutex *m)
{
	__tsan_release(m);
	g_mutex_unlock(m);
}

static inline void tsan_cond_wait(GCond *c, GMutex *m)
{
	__tsan_release(m);
	g_cond_wait(c, m);
	__tsan_acquire(m);
}

static inline gboolean tsan_cond_wait_until(GCond *c, GMutex *m, gint64 end)
{
	__tsan_release(m);
	gboolean woken = g_cond_wait_until(c, m, end);
	__tsan_acquire(m);
	return woken;
}

static inline void tsan_queue_push(GAsyncQueue *q, gpointer data)
{
	__tsan_release(q);
	g_async_queue_push(q, data);
}

static inline gpointer tsan_queue_try_pop(GAsyncQueue *q)
{
	gpointer data = g_async_queue_try_pop(q);
	__tsan_acquire(q);
	return data;
}

static inline gpointer tsan_queue_timeout_pop(GAsyncQueue *q, guint64 us)
{
	gpointer data = g_async_queue_timeout_pop(q, us);
	__tsan_acquire(q);
	return data;
}

struct tsan_pool {
	GFunc fn;
	gpointer arg;
};

static inline void tsan_pool_work(gpointer data, gpointer arg)
{
	struct tsan_pool *pool = (struct tsan_pool *)arg;
	__tsan_acquire(data);
	pool->fn(data, pool->arg);
	__tsan_release(pool);
}

static inline GThreadPool *tsan_pool_new(GFunc fn, gpointer arg, gint threads, gboolean exclusive,
					 GError **error)
{
	struct tsan_pool *pool = g_new(struct tsan_pool, 1);
	*pool = (struct tsan_pool){ .fn = fn, .arg = arg };
	return g_thread_pool_new(tsan_pool_work, pool, threads, exclusive, error);
}

static inline gboolean tsan_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
	__tsan_release(data);
	return g_thread_pool_push(pool, data, error);
}

static inline void tsan_pool_free(GThreadPool *pool, gboolean immediate, gboolean wait)
{
	gpointer arg = pool->user_data;
	g_thread_pool_free(pool, immediate, wait);
	__tsan_acquire(arg);
}

static inline void tsan_box_release(gpointer box, GDestroyNotify clear)
{
	__tsan_release(box);
	__tsan_acquire(box);
	g_atomic_rc_box_release_full(box, clear);
}

static inline gboolean tsan_once_enter(void *location)
{
	gboolean first = (g_once_init_enter)(location);
	__tsan_acquire(location);
	return first;
}

static inline void tsan_once_leave(void *location, gsize value)
{
	__tsan_release(location);
	(g_once_init_leave)(location, value);
}

#undef g_once_init_enter
#undef g_once_init_leave
#define g_once_init_enter tsan_once_enter
#define g_once_init_leave(location, value) tsan_once_leave((location), (gsize)(value))
#undef g_atomic_rc_box_release_full
#define g_atomic_rc_box_release_full tsan_box_release
#define g_mutex_lock tsan_mutex_lock
#define g_mutex_unlock tsan_mutex_unlock
#define g_cond_wait tsan_cond_wait
#define g_cond_wait_until tsan_cond_wait_until
#define g_async_queue_push tsan_queue_push
#define g_async_queue_try_pop tsan_queue_try_pop
#define g_async_queue_timeout_pop tsan_queue_timeout_pop
#define g_thread_pool_new tsan_pool_new
#define g_thread_pool_push tsan_pool_push
#define g_thread_pool_free tsan_pool_free
#endif

#endif
