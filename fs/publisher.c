/*
 * Changes are performed in the order of the queue, with one exception. A recursive watcher needs
 * time to put its watch on a new directory, so nothing is done in one for a while; what comes
 * behind waits too. Meanwhile the new directories that are queued further back are made already, so
 * that all of them age together: a hundred of them cost one wait, not a hundred.
 *
 *   queue -> waiting:  value in a/  |  call  |  add b/  |  value in b/
 *                      until a/ is 50 ms old    at once, if what it lies in is old enough
 *
 * After twice that time a new directory's files are announced once more, for a watcher whose watch
 * came too late for the first events in it.
 */
#include "publisher.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_DIRECTORY_US 50000
#define ANNOUNCE_AGAIN_US 100000
#define FOREVER_US (3600 * (gint64)G_USEC_PER_SEC)

struct new_directory {
	struct node *node; /* referenced */
	gint64 made;	   /* monotonic us */
};

struct publisher {
	struct tree *tree;
	struct publish *queue;
	struct notifier *notifier;
	struct publisher_mount mount;
	GThread *thread;
	atomic_int tid;

	/* by the tree's lock: what the operation in progress is to attach, and where */
	struct node *pending;
	const struct node *pending_dir;

	/* the thread's own */
	GQueue waiting;		 /* struct change *, in the order of the queue */
	GQueue adds;		 /* those of them that add a directory which is not made yet */
	GQueue new_dirs;	 /* struct new_directory *, oldest first */
	GHashTable *new_by_node; /* the same by node */
	bool stopping;		 /* nothing more comes: no waits */
};

bool publisher_is(const struct publisher *p, pid_t tid)
{
	return p && atomic_load(&p->tid) == tid;
}

struct node *publisher_take(struct publisher *p, const struct node *dir)
{
	if (!p->pending || p->pending_dir != dir)
		return NULL;
	return g_steal_pointer(&p->pending);
}

/* ---- the node that a change is for ---- */

struct target {
	struct node *node; /* referenced; NULL: it is gone */
	char *path;	   /* below the mount's root; NULL: it is in no tree */
};

static struct target find_target(struct publisher *p, const struct change *c)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->tree->lock);
	struct node *n = c->dir->removed ? NULL : node_find(c->dir, c->path);
	return (struct target){ .node = n ? node_ref(n) : NULL, .path = n ? node_path(n) : NULL };
}

static void target_clear(struct publisher *p, struct target *t)
{
	g_mutex_lock(&p->tree->lock);
	node_unref(p->tree, t->node);
	g_mutex_unlock(&p->tree->lock);
	g_free(t->path);
}

/* ---- new directories ---- */

static void note_new_directory(struct publisher *p, struct node *n)
{
	struct new_directory *nd = g_new(struct new_directory, 1);
	g_mutex_lock(&p->tree->lock);
	*nd = (struct new_directory){ .node = node_ref(n), .made = g_get_monotonic_time() };
	g_mutex_unlock(&p->tree->lock);
	g_queue_push_tail(&p->new_dirs, nd);
	g_hash_table_insert(p->new_by_node, n, nd);
}

static void forget_new_directory(struct publisher *p, struct new_directory *nd)
{
	g_queue_remove(&p->new_dirs, nd);
	g_hash_table_remove(p->new_by_node, nd->node);
	g_mutex_lock(&p->tree->lock);
	node_unref(p->tree, nd->node);
	g_mutex_unlock(&p->tree->lock);
	g_free(nd);
}

/* When something may be done where the change is for; 0: at any time, or it is gone. */
static gint64 ready_at(struct publisher *p, const struct change *c)
{
	gint64 at = 0;
	if (p->stopping || c->kind == CHANGE_CALL || c->kind == CHANGE_QUIET ||
	    c->kind == CHANGE_STOP || !g_hash_table_size(p->new_by_node))
		return 0;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->tree->lock);
	for (struct node *n = node_find(c->dir, c->path); n; n = n->parent) {
		const struct new_directory *nd = g_hash_table_lookup(p->new_by_node, n);
		if (nd)
			at = MAX(at, nd->made + NEW_DIRECTORY_US);
	}
	return at;
}

static bool is_ready(struct publisher *p, const struct change *c)
{
	return ready_at(p, c) <= g_get_monotonic_time();
}

/* Paths of what a directory lists and that holds something; new. */
static GPtrArray *filled_files(struct publisher *p, const struct node *dir)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->tree->lock);
	for (guint i = 0; !dir->removed && i < dir->children->len; i++) {
		const struct node *n = g_ptr_array_index(dir->children, i);
		if (!n->hidden && (n->kind == NODE_VALUE || n->kind == NODE_FILE) &&
		    node_size(n) > 0)
			g_ptr_array_add(paths, node_path(n));
	}
	return paths;
}

static void announce_again(struct publisher *p)
{
	struct new_directory *nd;
	while ((nd = g_queue_peek_head(&p->new_dirs)) &&
	       nd->made + ANNOUNCE_AGAIN_US <= g_get_monotonic_time()) {
		g_autoptr(GPtrArray) paths = filled_files(p, nd->node);
		for (guint i = 0; i < paths->len; i++)
			if (paths->pdata[i])
				p->mount.touch(p->mount.self, paths->pdata[i]);
		forget_new_directory(p, nd);
	}
}

/* ---- performing changes ---- */

/* What no handler has taken: there is no mount, or the name leads elsewhere by now. */
static void attach_directly(struct publisher *p, struct node *dir, struct node *n)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->tree->lock);
	if (!dir->removed && !node_child(dir, n->name))
		node_attach(dir, n);
	else
		node_unref(p->tree, n);
}

static void make(struct publisher *p, const struct target *in, struct node *n)
{
	err_t err = -ENODEV;
	g_mutex_lock(&p->tree->lock);
	p->pending = node_ref(n); /* for the tree */
	p->pending_dir = in->node;
	g_mutex_unlock(&p->tree->lock);
	if (in->path) {
		g_autofree char *path =
			*in->path ? g_strdup_printf("%s/%s", in->path, n->name) : g_strdup(n->name);
		err = p->mount.make(p->mount.self, path, node_is_dir(n));
	}
	g_mutex_lock(&p->tree->lock);
	struct node *left = g_steal_pointer(&p->pending);
	p->pending_dir = NULL;
	g_mutex_unlock(&p->tree->lock);
	if (left)
		attach_directly(p, in->node, left);
	if (err == 0 && node_is_dir(n))
		note_new_directory(p, n);
}

static void add(struct publisher *p, struct change *c)
{
	struct target in = find_target(p, c);
	struct node *n = g_steal_pointer(&c->node);
	if (in.node && n)
		make(p, &in, n);
	target_clear(p, &in);
	g_mutex_lock(&p->tree->lock);
	node_unref(p->tree, n);
	g_mutex_unlock(&p->tree->lock);
}

/* How much of the file is there now; -1: none. */
static int64_t size_of_file(struct publisher *p, const struct node *n)
{
	struct stat st;
	g_mutex_lock(&p->tree->lock);
	g_autofree char *file = g_strdup(n->path);
	g_mutex_unlock(&p->tree->lock);
	return file && stat(file, &st) == 0 ? st.st_size : -1;
}

static void set_content(struct publisher *p, struct change *c, struct node *n)
{
	struct timespec now = timespec_now();
	int64_t size = c->kind == CHANGE_FILE_GROWTH ? size_of_file(p, n) : 0;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->tree->lock);
	if (c->kind == CHANGE_FILE_GROWTH) {
		n->size = size < 0 ? 0 : MAX(n->size, size); /* a kernel is kept for a time */
		n->mtime = now;
		n->version++;
	} else {
		node_set(n, g_steal_pointer(&c->data), &now);
	}
}

static void change_content(struct publisher *p, struct change *c)
{
	struct target t = find_target(p, c);
	if (t.node && c->kind != CHANGE_FILE_DONE) {
		set_content(p, c, t.node);
		notifier_invalidate(p->notifier, t.node->ino);
	}
	if (t.path && c->kind != CHANGE_QUIET && c->kind != CHANGE_FILE_DONE)
		p->mount.touch(p->mount.self, t.path);
	if (t.path && (c->kind == CHANGE_VALUE || c->kind == CHANGE_FILE_DONE))
		p->mount.open_and_close(p->mount.self, t.path);
	target_clear(p, &t);
}

static void set_link(struct publisher *p, const struct change *c)
{
	if (p->mount.link(p->mount.self, c->path, c->target) != -ENODEV)
		return;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->tree->lock);
	struct node *root = p->tree->root, *old = node_child(root, c->path);
	if (old)
		node_detach(p->tree, old);
	struct node *n = node_new(p->tree, NODE_LINK, c->path, 0777, root->uid, root->gid);
	n->data = g_bytes_new(c->target, strlen(c->target));
	node_attach(root, n);
}

static void perform(struct publisher *p, struct change *c)
{
	switch (c->kind) {
	case CHANGE_ADD:
		add(p, c);
		break;
	case CHANGE_VALUE:
	case CHANGE_TEXT_GROWTH:
	case CHANGE_FILE_GROWTH:
	case CHANGE_QUIET:
	case CHANGE_FILE_DONE:
		change_content(p, c);
		break;
	case CHANGE_LINK:
		set_link(p, c);
		break;
	case CHANGE_UNLINK:
		p->mount.unlink(p->mount.self, c->path);
		break;
	case CHANGE_CALL:
		notifier_call(p->notifier, c->fn, c->arg);
		break;
	case CHANGE_STOP:
		break;
	}
}

/* ---- the thread ---- */

static void take_in(struct publisher *p, struct change *c)
{
	g_queue_push_tail(&p->waiting, c);
	if (c->kind == CHANGE_ADD && node_is_dir(c->node))
		g_queue_push_tail(&p->adds, c);
	p->stopping = p->stopping || c->kind == CHANGE_STOP;
}

/* False: it is the end. */
static bool perform_ready(struct publisher *p)
{
	struct change *c;
	bool on = true;
	while (on && (c = g_queue_peek_head(&p->waiting)) && is_ready(p, c)) {
		g_queue_pop_head(&p->waiting);
		if (g_queue_peek_head(&p->adds) == c)
			g_queue_pop_head(&p->adds);
		perform(p, c);
		on = c->kind != CHANGE_STOP;
		publish_change_free(p->queue, c);
	}
	return on;
}

static bool is_there(struct publisher *p, const struct change *c)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&p->tree->lock);
	return node_find(c->dir, c->path) != NULL;
}

/* What waits for its turn only, not for what it lies in. */
static void make_directories_early(struct publisher *p)
{
	for (GList *l = p->adds.head, *next; l; l = next) {
		struct change *c = l->data;
		next = l->next;
		if (!is_there(p, c) || !is_ready(p, c))
			continue;
		g_queue_delete_link(&p->adds, l);
		add(p, c); /* its turn finds nothing to do */
	}
}

static guint64 until_next(struct publisher *p)
{
	const struct change *c = g_queue_peek_head(&p->waiting);
	const struct new_directory *nd = g_queue_peek_head(&p->new_dirs);
	gint64 now = g_get_monotonic_time(), at = now + FOREVER_US;
	if (c)
		at = MIN(at, ready_at(p, c));
	for (GList *l = p->adds.head; l; l = l->next) {
		gint64 ready = ready_at(p, l->data);
		if (ready) /* else it waits for its turn: what it lies in is not there */
			at = MIN(at, ready);
	}
	if (nd)
		at = MIN(at, nd->made + ANNOUNCE_AGAIN_US);
	return at > now ? (guint64)(at - now) : 1;
}

static gpointer publisher_thread(gpointer arg)
{
	struct publisher *p = arg;
	p->mount.begin(p->mount.self);
	atomic_store(&p->tid, (int)syscall(SYS_gettid));
	for (bool on = true; on;) {
		struct change *c = publish_take(p->queue, until_next(p));
		if (c)
			take_in(p, c);
		on = perform_ready(p);
		make_directories_early(p);
		announce_again(p);
	}
	p->mount.end(p->mount.self);
	return NULL;
}

struct publisher *publisher_new(struct tree *tree, struct publish *queue, struct notifier *notifier,
				struct publisher_mount mount)
{
	struct publisher *p = g_new0(struct publisher, 1);
	p->tree = tree;
	p->queue = queue;
	p->notifier = notifier;
	p->mount = mount;
	p->new_by_node = g_hash_table_new(NULL, NULL);
	return p;
}

void publisher_start(struct publisher *p)
{
	p->thread = g_thread_new("publisher", publisher_thread, p);
	publish_start(p->queue);
}

void publisher_stop(struct publisher *p)
{
	if (!p->thread)
		return;
	publish_stop(p->queue);
	g_thread_join(g_steal_pointer(&p->thread));
}

void publisher_free(struct publisher *p)
{
	struct new_directory *nd;
	while ((nd = g_queue_peek_head(&p->new_dirs)))
		forget_new_directory(p, nd);
	g_hash_table_unref(p->new_by_node);
	g_free(p);
}
