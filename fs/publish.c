#include "publish.h"

#include "keeper.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

enum change_kind {
	CHANGE_ADD,
	CHANGE_VALUE,
	CHANGE_QUIET,
	CHANGE_TEXT_GROWTH,
	CHANGE_FILE_GROWTH,
	CHANGE_FILE_DONE,
	CHANGE_LINK,
	CHANGE_UNLINK,
	CHANGE_CALL,
	CHANGE_STOP,
};

struct change {
	enum change_kind kind;
	char *path, *target;
	struct node *node;
	GBytes *data;
	int64_t size;
	void (*fn)(void *arg);
	void *arg;
	gint64 again_at; /* monotonic us: an announcement to be repeated */
};

struct publisher {
	struct tree *tree;
	struct fuse_session *se;
	char *mountpoint;
	GAsyncQueue *queue;
	GThread *thread, *watcher;
	GThreadPool *speaker; /* one thread that still has /dev/fuse, see open_root */
	GMutex said_lock;
	GCond said;
	atomic_int tid;
	struct node *pending; /* under the tree's lock */
	int root;	      /* O_PATH on a clone of the mount; -1: not (or no more) mounted */
	GMutex root_lock;
	int stop_watch[2];
	struct keeper *keeper; /* of answers that may not be late */
	GHashTable *young;     /* path of a directory -> when it was made (gint64 *) */
	GQueue again;	       /* struct change *: new directories to announce once more */
};

/* A recursive watcher needs time to put its watch on a new directory. */
#define YOUNG_US 50000
#define AGAIN_US 100000

static void change_free(struct change *c)
{
	g_free(c->path);
	g_free(c->target);
	if (c->data)
		g_bytes_unref(c->data);
	g_free(c);
}

static void push(struct publisher *p, struct change c, const char *path)
{
	c.path = g_strdup(path);
	g_async_queue_push(p->queue, g_memdup2(&c, sizeof(c)));
}

void publish_add(struct publisher *p, const char *path, struct node *n)
{
	push(p, (struct change){ .kind = CHANGE_ADD, .node = n }, path);
}

void publish_value(struct publisher *p, const char *path, GBytes *data)
{
	push(p, (struct change){ .kind = CHANGE_VALUE, .data = data }, path);
}

void publish_quiet(struct publisher *p, const char *path, GBytes *data)
{
	push(p, (struct change){ .kind = CHANGE_QUIET, .data = data }, path);
}

void publish_text_growth(struct publisher *p, const char *path, GBytes *data)
{
	push(p, (struct change){ .kind = CHANGE_TEXT_GROWTH, .data = data }, path);
}

void publish_file_growth(struct publisher *p, const char *path, int64_t size)
{
	push(p, (struct change){ .kind = CHANGE_FILE_GROWTH, .size = size }, path);
}

void publish_file_done(struct publisher *p, const char *path)
{
	push(p, (struct change){ .kind = CHANGE_FILE_DONE }, path);
}

void publish_link(struct publisher *p, const char *path, const char *target)
{
	push(p, (struct change){ .kind = CHANGE_LINK, .target = g_strdup(target) }, path);
}

void publish_unlink(struct publisher *p, const char *path)
{
	push(p, (struct change){ .kind = CHANGE_UNLINK }, path);
}

void publish_call(struct publisher *p, void (*fn)(void *arg), void *arg)
{
	push(p, (struct change){ .kind = CHANGE_CALL, .fn = fn, .arg = arg }, "");
}

#define LATEST_REPLY_US G_USEC_PER_SEC

void publish_reply(struct publisher *p, void (*fn)(void *arg), void *arg)
{
	publish_call(p, promise_keep, keeper_promise(p->keeper, fn, arg, LATEST_REPLY_US));
}

bool publisher_is(const struct publisher *p, pid_t tid)
{
	return p && atomic_load(&p->tid) == tid;
}

struct node *publisher_take(struct publisher *p)
{
	struct node *n = p->pending;
	p->pending = NULL;
	return n;
}

/* ---- the root of the mount, held so that an unmount is not kept from happening ---- */

static int root_get(struct publisher *p)
{
	g_mutex_lock(&p->root_lock);
	int fd = p->root;
	if (fd < 0)
		g_mutex_unlock(&p->root_lock);
	return fd;
}

static void root_put(struct publisher *p)
{
	g_mutex_unlock(&p->root_lock);
}

static bool mount_is_there(unsigned long long id)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	bool there = f == NULL;
	while (f && !there && fgets(line, sizeof(line), f))
		there = strtoull(line, NULL, 10) == id;
	if (f)
		fclose(f);
	return there;
}

/* A clone of the mount keeps the file system alive after fusermount3 -u: it has to be closed then,
 * or the daemon would never end. */
static gpointer watch_mount(gpointer arg)
{
	struct publisher *p = arg;
	struct statx st = { 0 };
	if (statx(AT_FDCWD, p->mountpoint, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID,
		  &st) != 0)
		return NULL;
	int info = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct pollfd fds[2] = { { .fd = info, .events = POLLPRI | POLLERR },
				 { .fd = p->stop_watch[0], .events = POLLIN } };
	while (mount_is_there(st.stx_mnt_id)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
	}
	if (info >= 0)
		close(info);
	g_mutex_lock(&p->root_lock);
	if (p->root >= 0)
		close(p->root);
	p->root = -1;
	g_mutex_unlock(&p->root_lock);
	return NULL;
}

static void open_root(struct publisher *p)
{
	/* a table of descriptors of its own, without /dev/fuse: a kill -9 of the daemon must end
	 * the connection although this thread may be inside a request to it */
	int fuse = fuse_session_fd(p->se);
	if (unshare(CLONE_FILES) == 0)
		close(fuse);
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, p->mountpoint,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0) /* not privileged: a plain handle; fusermount3 -uz is needed then */
		fd = open(p->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	p->root = fd;
	/* shares this thread's descriptors */
	p->watcher = g_thread_new("mountinfo", watch_mount, p);
}

/* ---- what is told to the kernel through /dev/fuse: by the speaker, a thread that has it ---- */

struct speech {
	uint64_t ino; /* whose cached content is old; 0: call fn */
	void (*fn)(void *arg);
	void *arg;
	bool *done; /* somebody waits for it */
};

static void speak(gpointer data, gpointer arg)
{
	struct speech *sp = data;
	struct publisher *p = arg;
	if (sp->fn) {
		sp->fn(sp->arg);
	} else {
		g_mutex_lock(&p->tree->lock);
		struct node *n = tree_by_ino(p->tree, sp->ino);
		if (n)
			watch_wake_polls(n);
		g_mutex_unlock(&p->tree->lock);
		fuse_lowlevel_notify_inval_inode(p->se, sp->ino, 0, 0);
	}
	if (sp->done) {
		g_mutex_lock(&p->said_lock);
		*sp->done = true;
		g_cond_signal(&p->said);
		g_mutex_unlock(&p->said_lock);
	}
	g_free(sp);
}

static void invalidate(struct publisher *p, uint64_t ino)
{
	bool done = false;
	struct speech sp = { .ino = ino, .done = &done };
	g_thread_pool_push(p->speaker, g_memdup2(&sp, sizeof(sp)), NULL);
	g_mutex_lock(&p->said_lock);
	while (!done)
		g_cond_wait(&p->said, &p->said_lock);
	g_mutex_unlock(&p->said_lock);
}

static void call_outside(struct publisher *p, void (*fn)(void *arg), void *arg)
{
	struct speech sp = { .fn = fn, .arg = arg };
	g_thread_pool_push(p->speaker, g_memdup2(&sp, sizeof(sp)), NULL);
}

/* ---- performing changes ---- */

/* Without a mount (not yet, or no more) the tree is all there is. */
static void add_directly(struct publisher *p, const char *path, struct node *n)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_mutex_lock(&p->tree->lock);
	struct node *parent = tree_find(p->tree, strcmp(dir, ".") == 0 ? "" : dir);
	if (parent && !node_child(parent, n->name))
		node_attach(parent, n);
	else
		node_unref(p->tree, n);
	g_mutex_unlock(&p->tree->lock);
}

static void wait_until_watched(struct publisher *p, const char *path)
{
	g_autofree char *dir = g_path_get_dirname(path);
	for (;;) {
		gint64 *made = g_hash_table_lookup(p->young, dir);
		if (made) {
			gint64 left = *made + YOUNG_US - g_get_monotonic_time();
			if (left > 0)
				g_usleep((gulong)left);
			g_hash_table_remove(p->young, dir);
		}
		if (!strchr(dir, '/'))
			return;
		char *up = g_path_get_dirname(dir);
		g_free(dir);
		dir = up;
	}
}

static void note_young(struct publisher *p, const char *path)
{
	gint64 now = g_get_monotonic_time();
	g_hash_table_insert(p->young, g_strdup(path), g_memdup2(&now, sizeof(now)));
	struct change again = { .kind = CHANGE_ADD,
				.path = g_strdup(path),
				.again_at = now + AGAIN_US };
	g_queue_push_tail(&p->again, g_memdup2(&again, sizeof(again)));
}

static void add(struct publisher *p, struct change *c)
{
	bool dir = node_is_dir(c->node);
	int root = root_get(p);
	if (root < 0) {
		add_directly(p, c->path, c->node);
		return;
	}
	g_mutex_lock(&p->tree->lock);
	p->pending = c->node;
	g_mutex_unlock(&p->tree->lock);
	int rc = dir ? mkdirat(root, c->path, 0755) : mknodat(root, c->path, S_IFREG | 0644, 0);
	root_put(p);
	g_mutex_lock(&p->tree->lock);
	struct node *left = publisher_take(p);
	g_mutex_unlock(&p->tree->lock);
	if (left) /* the operation never reached us */
		add_directly(p, c->path, left);
	if (rc == 0 && dir)
		note_young(p, c->path);
}

/* MODIFY: the cheapest operation that gives it, and its reply carries the new size. */
static void touch(struct publisher *p, const char *path)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	int root = root_get(p);
	if (root < 0)
		return;
	utimensat(root, path, times, AT_SYMLINK_NOFOLLOW);
	root_put(p);
}

static void open_and_close(struct publisher *p, const char *path)
{
	int root = root_get(p);
	if (root < 0)
		return;
	int fd = openat(root, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		close(fd);
	root_put(p);
}

/* Sets the content; returns the inode, 0 where the file is gone. */
static uint64_t set_content(struct publisher *p, struct change *c)
{
	uint64_t ino = 0;
	struct timespec now = timespec_now();
	g_mutex_lock(&p->tree->lock);
	struct node *n = tree_find(p->tree, c->path);
	if (n) {
		ino = n->ino;
		if (c->kind == CHANGE_FILE_GROWTH) {
			n->size = MAX(n->size, c->size);
			n->mtime = now;
			n->version++;
		} else {
			node_set(n, g_steal_pointer(&c->data), &now);
		}
	}
	g_mutex_unlock(&p->tree->lock);
	return ino;
}

static void set_link(struct publisher *p, const struct change *c)
{
	int root = root_get(p);
	if (root < 0) {
		g_mutex_lock(&p->tree->lock);
		struct node *old = tree_find(p->tree, c->path);
		if (old)
			node_detach(p->tree, old);
		struct node *n = node_new(p->tree, NODE_LINK, c->path, 0777, p->tree->root->uid,
					  p->tree->root->gid);
		n->data = g_bytes_new(c->target, strlen(c->target));
		node_attach(p->tree->root, n);
		g_mutex_unlock(&p->tree->lock);
		return;
	}
	/* as `ln -sfn` does it: there is no moment without the link */
	g_autofree char *temporary = g_strdup_printf(".%s.new", c->path);
	unlinkat(root, temporary, 0);
	if (symlinkat(c->target, root, temporary) == 0)
		renameat(root, temporary, root, c->path);
	root_put(p);
}

static void remove_link(struct publisher *p, const struct change *c)
{
	int root = root_get(p);
	if (root >= 0) {
		unlinkat(root, c->path, 0);
		root_put(p);
	}
}

static void perform(struct publisher *p, struct change *c)
{
	uint64_t ino;
	if (c->again_at) {
		touch(p, c->path);
		return;
	}
	if (c->kind != CHANGE_CALL && c->kind != CHANGE_QUIET)
		wait_until_watched(p, c->path);
	switch (c->kind) {
	case CHANGE_ADD:
		add(p, c);
		break;
	case CHANGE_VALUE:
	case CHANGE_TEXT_GROWTH:
	case CHANGE_FILE_GROWTH:
		ino = set_content(p, c);
		if (!ino)
			break;
		invalidate(p, ino);
		touch(p, c->path);
		if (c->kind == CHANGE_VALUE)
			open_and_close(p, c->path);
		break;
	case CHANGE_QUIET:
		ino = set_content(p, c);
		if (ino)
			invalidate(p, ino);
		break;
	case CHANGE_FILE_DONE:
		open_and_close(p, c->path);
		break;
	case CHANGE_LINK:
		set_link(p, c);
		break;
	case CHANGE_UNLINK:
		remove_link(p, c);
		break;
	case CHANGE_CALL:
		call_outside(p, c->fn, c->arg);
		break;
	case CHANGE_STOP:
		break;
	}
}

/* New directories are announced once more, for a watcher whose watch came too late for the first
 * events in it. */
static guint64 until_again(const struct publisher *p)
{
	const struct change *c = g_queue_peek_head((GQueue *)&p->again);
	if (!c)
		return 3600 * (guint64)G_USEC_PER_SEC;
	gint64 left = c->again_at - g_get_monotonic_time();
	return left > 0 ? (guint64)left : 1;
}

static void announce_again(struct publisher *p)
{
	struct change *c;
	while ((c = g_queue_peek_head(&p->again)) && c->again_at <= g_get_monotonic_time()) {
		g_queue_pop_head(&p->again);
		g_mutex_lock(&p->tree->lock);
		struct node *dir = tree_find(p->tree, c->path);
		g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
		for (guint i = 0; dir && node_is_dir(dir) && i < dir->children->len; i++) {
			struct node *n = g_ptr_array_index(dir->children, i);
			if (!n->hidden && (n->kind == NODE_VALUE || n->kind == NODE_FILE) &&
			    node_size(n) > 0)
				g_ptr_array_add(paths, g_strdup_printf("%s/%s", c->path, n->name));
		}
		g_mutex_unlock(&p->tree->lock);
		for (guint i = 0; i < paths->len; i++)
			touch(p, g_ptr_array_index(paths, i));
		change_free(c);
	}
}

static gpointer publisher_thread(gpointer arg)
{
	struct publisher *p = arg;
	open_root(p);
	atomic_store(&p->tid, (int)syscall(SYS_gettid));
	for (bool stop = false; !stop;) {
		struct change *c = g_async_queue_timeout_pop(p->queue, until_again(p));
		if (c) {
			stop = c->kind == CHANGE_STOP;
			perform(p, c);
			change_free(c);
		}
		announce_again(p);
	}
	if (write(p->stop_watch[1], "", 1) == 1)
		g_thread_join(p->watcher);
	return NULL;
}

struct publisher *publisher_new(struct tree *tree, struct fuse_session *se, const char *mountpoint)
{
	struct publisher *p = g_new0(struct publisher, 1);
	p->tree = tree;
	p->se = se;
	p->mountpoint = g_strdup(mountpoint);
	p->queue = g_async_queue_new();
	p->root = -1;
	g_mutex_init(&p->said_lock);
	g_cond_init(&p->said);
	p->speaker = g_thread_pool_new(speak, p, 1, TRUE, NULL);
	p->young = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_queue_init(&p->again);
	g_mutex_init(&p->root_lock);
	p->keeper = keeper_new();
	if (pipe2(p->stop_watch, O_CLOEXEC) != 0)
		p->stop_watch[0] = p->stop_watch[1] = -1;
	return p;
}

void publisher_start(struct publisher *p)
{
	p->thread = g_thread_new("publisher", publisher_thread, p);
	keeper_start(p->keeper);
}

void publisher_stop(struct publisher *p)
{
	if (!p->thread)
		return;
	push(p, (struct change){ .kind = CHANGE_STOP }, "");
	g_thread_join(p->thread);
	p->thread = NULL;
	keeper_stop(p->keeper);
}

void publisher_free(struct publisher *p)
{
	struct change *c;
	while ((c = g_async_queue_try_pop(p->queue)) || (c = g_queue_pop_head(&p->again)))
		change_free(c);
	g_thread_pool_free(p->speaker, FALSE, TRUE);
	g_async_queue_unref(p->queue);
	g_mutex_clear(&p->said_lock);
	g_cond_clear(&p->said);
	g_hash_table_unref(p->young);
	g_mutex_clear(&p->root_lock);
	keeper_free(p->keeper);
	close(p->stop_watch[0]);
	close(p->stop_watch[1]);
	g_free(p->mountpoint);
	g_free(p);
}
