/* Changes become visible: in order, each on the node that it was meant for. The mount is stood in
 * for: an operation does what the handlers would do, and is written down. */
#include "fs/publisher.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static struct tree tree;
static struct publish *queue;
static struct notifier *notifier;
static struct publisher *publisher;

/* ---- the mount ---- */

static GMutex ops_lock;
static GCond ops_changed;
static GString *ops;		  /* by `ops_lock`: what was done, one word each */
static bool mounted;		  /* false: there is none */
static void (*before_make)(void); /* what happens while the operation is on its way */
static bool is_the_publisher;

static void note(const char *what, const char *path)
{
	g_mutex_lock(&ops_lock);
	g_string_append_printf(ops, "%s%s:%s", ops->len ? " " : "", what, path);
	g_cond_broadcast(&ops_changed);
	g_mutex_unlock(&ops_lock);
}

int fuse_lowlevel_notify_inval_inode(struct fuse_session *se, fuse_ino_t ino, off_t off, off_t len)
{
	(void)se;
	(void)ino;
	(void)off;
	(void)len;
	return 0;
}

static void begin(void *self)
{
	(void)self;
}

static err_t make(void *self, const char *path, bool is_dir)
{
	(void)self;
	if (!mounted)
		return -ENODEV;
	if (before_make)
		before_make();
	is_the_publisher = publisher_is(publisher, gettid());
	g_autofree char *above = g_path_get_dirname(path);
	g_mutex_lock(&tree.lock);
	struct node *dir = tree_find(&tree, g_str_equal(above, ".") ? "" : above);
	struct node *n = dir ? publisher_take(publisher, dir) : NULL;
	if (n)
		node_attach(dir, n);
	g_mutex_unlock(&tree.lock);
	note(is_dir ? "mkdir" : "mknod", path);
	return n ? 0 : -EIO;
}

static void touch(void *self, const char *path)
{
	(void)self;
	if (mounted)
		note("touch", path);
}

static void open_and_close(void *self, const char *path)
{
	(void)self;
	if (mounted)
		note("close", path);
}

static err_t set_link(void *self, const char *name, const char *target)
{
	(void)self;
	(void)target;
	if (!mounted)
		return -ENODEV;
	note("link", name);
	return 0;
}

static void remove_link(void *self, const char *name)
{
	(void)self;
	note("unlink", name);
}

/* ---- set-up ---- */

static void set_up(void)
{
	static const struct publisher_mount mount = { .begin = begin,
						      .end = begin,
						      .make = make,
						      .touch = touch,
						      .open_and_close = open_and_close,
						      .link = set_link,
						      .unlink = remove_link };
	tree_init(&tree, 0, 0);
	ops = g_string_new(NULL);
	mounted = true;
	before_make = NULL;
	queue = publish_new(&tree);
	notifier = notifier_new(&tree, NULL);
	publisher = publisher_new(&tree, queue, notifier, mount);
}

static void stop(void)
{
	publisher_stop(publisher);
}

static void tear_down(void)
{
	stop();
	publisher_free(publisher);
	notifier_free(notifier);
	publish_free(queue);
	g_mutex_lock(&tree.lock);
	guint kept = 0; /* beside what is in the tree: a reference was lost */
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, tree.nodes);
	while (g_hash_table_iter_next(&it, NULL, &p))
		kept += ((struct node *)p)->removed;
	g_mutex_unlock(&tree.lock);
	g_assert_cmpuint(kept, ==, 0);
	tree_clear(&tree);
	g_string_free(ops, TRUE);
}

static struct node *new_node(enum node_kind kind, const char *name)
{
	g_mutex_lock(&tree.lock);
	struct node *n = node_new(&tree, kind, name, 0755, 0, 0);
	g_mutex_unlock(&tree.lock);
	return n;
}

/* A directory with a value in it, not attached. */
static struct node *new_dir(const char *name)
{
	struct node *dir = new_node(NODE_DIR, name);
	node_attach(dir, new_node(NODE_VALUE, "state"));
	return dir;
}

static struct node *put_dir(const char *name)
{
	struct node *dir = new_dir(name);
	g_mutex_lock(&tree.lock);
	node_attach(tree.root, dir);
	g_mutex_unlock(&tree.lock);
	return dir;
}

static void remove_node(struct node *n)
{
	g_mutex_lock(&tree.lock);
	node_detach(&tree, n);
	g_mutex_unlock(&tree.lock);
}

static GBytes *text(const char *s)
{
	return g_bytes_new(s, strlen(s));
}

static void content_is(const char *path, const char *want)
{
	g_mutex_lock(&tree.lock);
	struct node *n = tree_find(&tree, path);
	g_assert_nonnull(n);
	g_autofree char *got =
		n->data ? g_strndup(g_bytes_get_data(n->data, NULL), g_bytes_get_size(n->data))
			: g_strdup("");
	g_mutex_unlock(&tree.lock);
	g_assert_cmpstr(got, ==, want);
}

static void called(void *arg)
{
	note("call", arg);
}

static void wait_for(const char *op)
{
	gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
	g_mutex_lock(&ops_lock);
	while (!strstr(ops->str, op))
		g_assert_true(g_cond_wait_until(&ops_changed, &ops_lock, end));
	g_mutex_unlock(&ops_lock);
}

/* What has been done, in order; new. */
static char *done(void)
{
	g_mutex_lock(&ops_lock);
	char *all = g_strdup(ops->str);
	g_mutex_unlock(&ops_lock);
	return all;
}

/* ---- tests ---- */

/* Each kind of change is the operations that give its events, in the order of the queue. */
static void test_order(void)
{
	set_up();
	struct node *x = put_dir("x");
	node_attach(x, new_node(NODE_VALUE, "log"));
	publish_value(queue, x, "state", text("running\n"));
	publish_text_growth(queue, x, "log", text("a line\n"));
	publish_quiet(queue, x, "state", text("quiet\n"));
	publish_add(queue, x, "", new_node(NODE_VALUE, "verdict"));
	publish_file_done(queue, x, "verdict");
	publish_link(queue, "last", "x");
	publish_unlink(queue, "last");
	publish_call(queue, called, (void *)"end");
	publisher_start(publisher);
	wait_for("call:end");
	g_autofree char *all = done();
	g_assert_cmpstr(all, ==,
			"touch:x/state close:x/state touch:x/log mknod:x/verdict close:x/verdict "
			"link:last unlink:last call:end");
	g_assert_true(is_the_publisher);
	g_assert_false(publisher_is(publisher, gettid()));
	content_is("x/state", "quiet\n");
	content_is("x/log", "a line\n");
	tear_down();
}

/* rmdir x; mkdir x: what was queued for the old one changes nothing of the new. */
static void test_name_used_again(void)
{
	set_up();
	struct node *old = put_dir("x");
	node_attach(old, new_node(NODE_DIR, "steps"));
	publish_value(queue, old, "state", text("of the old\n"));
	publish_quiet(queue, old, "state", text("of the old\n"));
	publish_text_growth(queue, old, "state", text("of the old\n"));
	publish_file_growth(queue, old, "state");
	publish_file_done(queue, old, "state");
	publish_add(queue, old, "steps", new_dir("0"));
	publish_add(queue, old, "", new_node(NODE_VALUE, "verdict"));
	remove_node(old);
	struct node *x = put_dir("x");
	node_attach(x, new_node(NODE_DIR, "steps"));
	publish_value(queue, x, "state", text("of the new\n"));
	publish_call(queue, called, (void *)"end");
	publisher_start(publisher);
	wait_for("call:end");
	g_autofree char *all = done();
	g_assert_cmpstr(all, ==, "touch:x/state close:x/state call:end");
	content_is("x/state", "of the new\n");
	g_mutex_lock(&tree.lock);
	g_assert_null(tree_find(&tree, "x/steps/0"));
	g_assert_null(tree_find(&tree, "x/verdict"));
	g_mutex_unlock(&tree.lock);
	tear_down();
}

static void swap_x(void)
{
	before_make = NULL;
	g_mutex_lock(&tree.lock);
	node_detach(&tree, tree_find(&tree, "x"));
	g_mutex_unlock(&tree.lock);
	put_dir("x");
}

/* The name changes hands while the operation is on its way to the handler. */
static void test_name_used_again_on_the_way(void)
{
	set_up();
	struct node *old = put_dir("x");
	before_make = swap_x;
	publish_add(queue, old, "", new_dir("steps"));
	publish_call(queue, called, (void *)"end");
	publisher_start(publisher);
	wait_for("call:end");
	g_mutex_lock(&tree.lock);
	g_assert_nonnull(tree_find(&tree, "x/state"));
	g_assert_null(tree_find(&tree, "x/steps"));
	g_mutex_unlock(&tree.lock);
	tear_down();
}

/* Nothing happens in a new directory before a watcher can be there; but the waits are not added up:
 * all new directories are made before anything happens in the first. */
static void test_new_directories(void)
{
	enum { N = 20 };
	set_up();
	struct node *x = put_dir("x");
	node_attach(x, new_node(NODE_DIR, "steps"));
	for (int i = 0; i < N; i++) {
		g_autofree char *name = g_strdup_printf("%d", i);
		g_autofree char *state = g_strdup_printf("steps/%d/state", i);
		publish_add(queue, x, "steps", new_dir(name));
		publish_value(queue, x, state, text("building\n"));
	}
	publish_call(queue, called, (void *)"end");
	publisher_start(publisher);
	wait_for("call:end");
	g_autofree char *all = done();
	const char *first = strstr(all, "touch:x/steps/0/state");
	for (int i = 0; i < N; i++) {
		g_autofree char *mkdir = g_strdup_printf("mkdir:x/steps/%d ", i);
		g_autofree char *touch = g_strdup_printf("touch:x/steps/%d/state ", i);
		g_assert_true(strstr(all, mkdir) && strstr(all, mkdir) < first);
		g_assert_true(strstr(all, touch) >= first);
	}
	tear_down();
}

/* A directory in a new directory waits as all else does in there, and one in that as well. */
static void test_nested_directories(void)
{
	set_up();
	publish_add(queue, tree.root, "", new_dir("x"));
	publish_add(queue, tree.root, "x", new_dir("steps"));
	publish_add(queue, tree.root, "x/steps", new_dir("0"));
	publish_value(queue, tree.root, "x/steps/0/state", text("building\n"));
	publish_call(queue, called, (void *)"end");
	publisher_start(publisher);
	wait_for("call:end");
	g_autofree char *all = done();
	g_auto(GStrv) words = g_strsplit(all, " ", -1);
	g_autoptr(GPtrArray) made = g_ptr_array_new();
	for (char **w = words; *w; w++) /* announcements in between may come or not */
		if (g_str_has_prefix(*w, "mkdir:"))
			g_ptr_array_add(made, *w);
	g_assert_cmpuint(made->len, ==, 3);
	g_assert_cmpstr(made->pdata[0], ==, "mkdir:x");
	g_assert_cmpstr(made->pdata[1], ==, "mkdir:x/steps");
	g_assert_cmpstr(made->pdata[2], ==, "mkdir:x/steps/0");
	content_is("x/steps/0/state", "building\n");
	tear_down();
}

/* A new directory's files are announced once more, for a watcher that came late. */
static void test_announced_again(void)
{
	set_up();
	struct node *x = new_dir("x");
	struct timespec now = timespec_now();
	node_set(node_find(x, "state"), text("draft\n"), &now);
	node_attach(x, new_node(NODE_VALUE, "empty"));
	publish_add(queue, tree.root, "", x);
	publisher_start(publisher);
	wait_for("touch:x/state");
	g_autofree char *all = done();
	g_assert_cmpstr(all, ==, "mkdir:x touch:x/state");
	tear_down();
}

/* What is shown of a growing file is what lies there, whoever says that it has grown. */
static void test_file_growth(void)
{
	g_autofree char *path = NULL;
	set_up();
	int fd = g_file_open_tmp("publish-XXXXXX", &path, NULL);
	g_assert_cmpint(write(fd, "12345", 5), ==, 5);
	close(fd);
	struct node *x = put_dir("x"), *log = new_node(NODE_FILE, "log");
	log->path = g_strdup(path);
	node_attach(x, log);
	publish_file_growth(queue, x, "log");
	publish_file_growth(queue, x, "none");
	publish_file_done(queue, x, "log");
	publish_call(queue, called, (void *)"end");
	publisher_start(publisher);
	wait_for("call:end");
	g_autofree char *all = done();
	g_assert_cmpstr(all, ==, "touch:x/log close:x/log call:end");
	g_mutex_lock(&tree.lock);
	g_assert_cmpint(node_size(log), ==, 5);
	g_mutex_unlock(&tree.lock);
	g_unlink(path);
	tear_down();
}

/* Without a mount (before it, after it) the tree is all that changes; nothing is lost at the end,
 * and nothing waits. */
static void test_no_mount(void)
{
	set_up();
	mounted = false;
	publish_add(queue, tree.root, "", new_dir("x"));
	publish_value(queue, tree.root, "x/state", text("running\n"));
	publish_link(queue, "last", "x");
	publish_link(queue, "last", "x");
	publish_call(queue, called, (void *)"end");
	publisher_start(publisher);
	stop();
	content_is("x/state", "running\n");
	content_is("last", "x");
	wait_for("call:end");
	tear_down();
}

/* What was never performed is freed with the queue. */
static void test_never_started(void)
{
	set_up();
	struct node *x = put_dir("x");
	publish_add(queue, x, "", new_dir("steps"));
	publish_value(queue, x, "state", text("running\n"));
	tear_down();
}

static void test_reply(void)
{
	set_up();
	struct node *x = put_dir("x");
	publish_value(queue, x, "state", text("paused\n"));
	publish_reply(queue, called, (void *)"reply");
	publisher_start(publisher);
	wait_for("call:reply");
	g_autofree char *all = done();
	g_assert_cmpstr(all, ==, "touch:x/state close:x/state call:reply");
	tear_down();
}

static void block(void)
{
	before_make = NULL;
	wait_for("call:late"); /* the answer that must not wait for this */
}

/* The publisher hangs in an operation: the answer comes all the same. */
static void test_reply_in_time(void)
{
	set_up();
	before_make = block;
	publish_add(queue, tree.root, "", new_dir("x"));
	publish_reply(queue, called, (void *)"late");
	publisher_start(publisher);
	stop();
	g_autofree char *all = done();
	g_assert_cmpstr(all, ==, "call:late mkdir:x");
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/publish/order", test_order);
	g_test_add_func("/publish/name-used-again", test_name_used_again);
	g_test_add_func("/publish/name-used-again-on-the-way", test_name_used_again_on_the_way);
	g_test_add_func("/publish/new-directories", test_new_directories);
	g_test_add_func("/publish/nested-directories", test_nested_directories);
	g_test_add_func("/publish/announced-again", test_announced_again);
	g_test_add_func("/publish/file-growth", test_file_growth);
	g_test_add_func("/publish/no-mount", test_no_mount);
	g_test_add_func("/publish/never-started", test_never_started);
	g_test_add_func("/publish/reply", test_reply);
	g_test_add_func("/publish/reply-in-time", test_reply_in_time);
	return g_test_run();
}
