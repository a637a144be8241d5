/*
 * A pool of one thread, made by the thread that sets up the mount: so it shares the descriptors of
 * the daemon.
 */
#include "notifier.h"

#include "watch.h"

struct notifier {
	struct tree *tree;
	struct fuse_session *se;
	GThreadPool *thread; /* struct notice */
	GMutex lock;
	GCond done;
};

struct notice {
	uint64_t ino; /* whose cached content is old; 0: call fn */
	void (*fn)(void *arg);
	void *arg;
	bool *done; /* by `lock`; somebody waits for it; NULL: nobody */
};

static void tell_kernel(struct notifier *nt, uint64_t ino)
{
	g_mutex_lock(&nt->tree->lock);
	struct node *n = tree_by_ino(nt->tree, ino);
	GSList *polls = n ? watch_take_polls(n) : NULL;
	g_mutex_unlock(&nt->tree->lock);
	watch_wake_polls(polls);
	fuse_lowlevel_notify_inval_inode(nt->se, ino, 0, 0);
}

static void do_notice(gpointer data, gpointer arg)
{
	g_autofree struct notice *one = data;
	struct notifier *nt = arg;
	if (one->fn)
		one->fn(one->arg);
	else
		tell_kernel(nt, one->ino);
	if (!one->done)
		return;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&nt->lock);
	*one->done = true;
	g_cond_signal(&nt->done);
}

static void push(struct notifier *nt, struct notice one)
{
	g_thread_pool_push(nt->thread, g_memdup2(&one, sizeof(one)), NULL);
}

void notifier_invalidate(struct notifier *nt, uint64_t ino)
{
	bool done = false;
	push(nt, (struct notice){ .ino = ino, .done = &done });
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&nt->lock);
	while (!done)
		g_cond_wait(&nt->done, &nt->lock);
}

void notifier_call(struct notifier *nt, void (*fn)(void *arg), void *arg)
{
	push(nt, (struct notice){ .fn = fn, .arg = arg });
}

struct notifier *notifier_new(struct tree *tree, struct fuse_session *se)
{
	struct notifier *nt = g_new0(struct notifier, 1);
	nt->tree = tree;
	nt->se = se;
	g_mutex_init(&nt->lock);
	g_cond_init(&nt->done);
	nt->thread = g_thread_pool_new(do_notice, nt, 1, TRUE, NULL);
	return nt;
}

void notifier_free(struct notifier *nt)
{
	g_thread_pool_free(nt->thread, FALSE, TRUE);
	g_mutex_clear(&nt->lock);
	g_cond_clear(&nt->done);
	g_free(nt);
}
