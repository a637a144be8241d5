/*
 * A pool of threads with as many as there are slots: a host that is slow to end its guests holds up
 * at most as many runs as it has guests.
 */
#include "dying_guests.h"

#include "ship.h"

struct dying_guests {
	GThreadPool *pool; /* of struct dying_guest * */
	GMutex lock;	   /* of `left` */
	GCond fewer;
	int left;
};

static void count(struct dying_guests *all, int change)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&all->lock);
	all->left += change;
	g_cond_broadcast(&all->fewer);
}

static void end_one(gpointer data, gpointer arg)
{
	struct dying_guest *d = data;
	guest_end(d->guest, d->host);
	if (d->volume)
		ship_remove(d->conn, d->volume);
	if (d->copy)
		ship_remove(d->conn, d->copy);
	virConnectClose(d->conn);
	guest_unref(d->guest);
	g_free(d->volume);
	g_free(d->copy);
	g_free(d);
	count(arg, -1);
}

struct dying_guests *dying_guests_new(int threads)
{
	struct dying_guests *all = g_new0(struct dying_guests, 1);
	g_mutex_init(&all->lock);
	g_cond_init(&all->fewer);
	all->pool = g_thread_pool_new(end_one, all, threads, FALSE, NULL);
	return all;
}

void dying_guests_add(struct dying_guests *all, const struct dying_guest *d)
{
	count(all, 1);
	g_thread_pool_push(all->pool, g_memdup2(d, sizeof(*d)), NULL);
}

void dying_guests_wait(struct dying_guests *all, int most)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&all->lock);
	while (all->left > most)
		g_cond_wait(&all->fewer, &all->lock);
}

void dying_guests_free(struct dying_guests *all)
{
	dying_guests_wait(all, 0);
	g_thread_pool_free(all->pool, FALSE, TRUE);
	g_mutex_clear(&all->lock);
	g_cond_clear(&all->fewer);
	g_free(all);
}
