/* Readers that wait. libfuse is stood in for: a request is its answer. */
#include "fs/watch.h"

#include <errno.h>
#include <string.h>

struct fuse_req {
	bool answered;
	int err;
	GString *data;
	fuse_interrupt_func_t interrupt;
	void *arg;
	bool interrupted_early; /* Ctrl-C before anybody listens */
};

struct fuse_pollhandle {
	int woken;
	bool destroyed;
};

static void answered(fuse_req_t req)
{
	g_assert_false(req->answered); /* once */
	req->answered = true;
}

int fuse_reply_err(fuse_req_t req, int err)
{
	answered(req);
	req->err = err;
	return 0;
}

int fuse_reply_buf(fuse_req_t req, const char *buf, size_t size)
{
	answered(req);
	req->data = g_string_new_len(buf, (gssize)size);
	return 0;
}

/* As the real one: an interrupt that has come already is told at once. */
void fuse_req_interrupt_func(fuse_req_t req, fuse_interrupt_func_t fn, void *arg)
{
	req->interrupt = fn;
	req->arg = arg;
	if (fn && req->interrupted_early)
		fn(req, arg);
}

int fuse_lowlevel_notify_poll(struct fuse_pollhandle *ph)
{
	ph->woken++;
	return 0;
}

void fuse_pollhandle_destroy(struct fuse_pollhandle *ph)
{
	g_assert_false(ph->destroyed);
	ph->destroyed = true;
}

static void interrupt(struct fuse_req *req)
{
	g_assert_nonnull(req->interrupt);
	req->interrupt(req, req->arg);
}

static void is_data(struct fuse_req *req, const char *want)
{
	g_assert_true(req->answered);
	g_assert_cmpint(req->err, ==, 0);
	g_assert_cmpstr(req->data->str, ==, want);
	g_assert_null(req->interrupt); /* libfuse must not call about a request that is gone */
	g_string_free(req->data, TRUE);
	*req = (struct fuse_req){ 0 };
}

static void is_error(struct fuse_req *req, int err)
{
	g_assert_true(req->answered);
	g_assert_cmpint(req->err, ==, err);
	*req = (struct fuse_req){ 0 };
}

/* ---- a tree with one `wait` ---- */

static struct tree tree;
static struct watch *watch;
static struct node *dir, *wait_node;

static void set_up(void)
{
	tree_init(&tree, 0, 0);
	watch = watch_new(&tree);
	dir = node_new(&tree, NODE_DIR, "x", 0755, 0, 0);
	wait_node = node_new(&tree, NODE_WAIT, "wait", 0444, 0, 0);
	node_attach(dir, wait_node);
	node_attach(tree.root, dir);
}

static void tear_down(void)
{
	if (watch)
		watch_free(watch);
	watch = NULL;
	tree_clear(&tree);
}

static void end_with(const char *line)
{
	struct timespec now = timespec_now();
	g_mutex_lock(&tree.lock);
	node_set(wait_node, g_bytes_new(line, strlen(line)), &now);
	g_mutex_unlock(&tree.lock);
	watch_ended(watch, wait_node->ino);
}

static void test_wait(void)
{
	struct fuse_req a = { 0 }, b = { 0 }, late = { 0 };
	set_up();
	watch_read_wait(watch, &a, wait_node, 100, 0);
	watch_read_wait(watch, &b, wait_node, 4, 0);
	watch_ended(watch, wait_node->ino); /* nothing is there yet */
	g_assert_false(a.answered || b.answered);
	end_with("aborted\n");
	is_data(&a, "aborted\n");
	is_data(&b, "abor");
	watch_read_wait(watch, &late, wait_node, 100, 0);
	is_data(&late, "aborted\n");
	watch_read_wait(watch, &late, wait_node, 100, 8); /* `cat` asks until it gets nothing */
	is_data(&late, "");
	watch_read_wait(watch, &late, wait_node, 100, 1000);
	is_data(&late, "");
	tear_down();
}

/* The end of one bisection is nothing to who waits for another. */
static void test_wait_for_another(void)
{
	struct fuse_req a = { 0 }, b = { 0 };
	set_up();
	struct node *other = node_new(&tree, NODE_WAIT, "other", 0444, 0, 0);
	node_attach(dir, other);
	watch_read_wait(watch, &a, wait_node, 100, 0);
	watch_read_wait(watch, &b, other, 100, 0);
	end_with("aborted\n");
	is_data(&a, "aborted\n");
	g_assert_false(b.answered);
	interrupt(&b);
	is_error(&b, EINTR);
	tear_down();
}

static void test_interrupt(void)
{
	struct fuse_req a = { 0 }, b = { 0 }, early = { .interrupted_early = true };
	set_up();
	watch_read_wait(watch, &a, wait_node, 100, 0);
	watch_read_wait(watch, &b, wait_node, 100, 0);
	interrupt(&a);
	is_error(&a, EINTR);
	/* between the arrival of the request and its place in the list */
	watch_read_wait(watch, &early, wait_node, 100, 0);
	is_error(&early, EINTR);
	end_with("aborted\n");
	is_data(&b, "aborted\n");
	tear_down();
}

static void test_removed(void)
{
	struct fuse_req a = { 0 };
	set_up();
	watch_read_wait(watch, &a, wait_node, 100, 0);
	g_mutex_lock(&tree.lock);
	node_ref(dir);
	node_detach(&tree, dir);
	g_mutex_unlock(&tree.lock);
	watch_ended(watch, wait_node->ino);
	is_error(&a, ENODEV);
	watch_read_wait(watch, &a, wait_node, 100, 0);
	is_error(&a, ENODEV);
	g_mutex_lock(&tree.lock);
	node_unref(&tree, dir);
	g_mutex_unlock(&tree.lock);
	tear_down();
}

static void test_unmount(void)
{
	struct fuse_req a = { 0 }, b = { 0 };
	set_up();
	struct event_cursor *c = watch_cursor_new(watch);
	watch_read_wait(watch, &a, wait_node, 100, 0);
	watch_read_events(watch, &b, c, 100);
	watch_free(g_steal_pointer(&watch));
	is_error(&a, ENODEV);
	is_error(&b, ENODEV);
	watch_cursor_free(c);
	tear_down();
}

static void tell(const char *line)
{
	watch_event(watch, g_bytes_new(line, strlen(line)));
}

/* From the opening on, each line once, however it is cut by the reads. */
static void test_events(void)
{
	struct fuse_req req = { 0 };
	set_up();
	tell("before\n");
	struct event_cursor *c = watch_cursor_new(watch);
	watch_read_events(watch, &req, c, 100);
	g_assert_false(req.answered);
	tell("first\n");
	is_data(&req, "first\n");
	tell("second\n");
	tell("third\n");
	watch_read_events(watch, &req, c, 9);
	is_data(&req, "second\nth");
	watch_read_events(watch, &req, c, 2);
	is_data(&req, "ir");
	watch_read_events(watch, &req, c, 100);
	is_data(&req, "d\n");
	watch_read_events(watch, &req, c, 100);
	g_assert_false(req.answered);
	interrupt(&req);
	is_error(&req, EINTR);
	tell("fourth\n"); /* to nobody now; kept for the next read */
	watch_read_events(watch, &req, c, 100);
	is_data(&req, "fourth\n");
	watch_cursor_free(c);
	tear_down();
}

/* Who is too slow is told how many lines it has lost, and goes on with those that are kept. */
static void test_slow_reader(void)
{
	enum { KEPT = 8192, LOST = 5 };
	struct fuse_req req = { 0 };
	set_up();
	struct event_cursor *c = watch_cursor_new(watch);
	for (int i = 0; i < KEPT + LOST; i++) {
		g_autofree char *line = g_strdup_printf("%d\n", i);
		tell(line);
	}
	watch_read_events(watch, &req, c, 33);
	is_data(&req, "{\"event\":\"lost\",\"lines\":5}\n5\n6\n7\n");
	watch_cursor_free(c);
	tear_down();
}

static void wake(struct node *n)
{
	g_mutex_lock(&tree.lock);
	GSList *polls = watch_take_polls(n);
	g_mutex_unlock(&tree.lock);
	watch_wake_polls(polls);
}

/* One poll handle for each open file: a new one takes the place of the old. */
static void test_poll(void)
{
	struct fuse_pollhandle first = { 0 }, second = { 0 }, other = { 0 }, closed = { 0 };
	int file, another, third;
	set_up();
	watch_set_poll(wait_node, &file, &first);
	watch_set_poll(wait_node, &another, &other);
	watch_set_poll(wait_node, &third, &closed);
	watch_set_poll(wait_node, &file, &second);
	g_assert_true(first.destroyed && !first.woken);
	watch_drop_poll(wait_node, &third);
	watch_drop_poll(wait_node, &third);
	g_assert_true(closed.destroyed && !closed.woken);
	wake(wait_node);
	g_assert_cmpint(second.woken, ==, 1);
	g_assert_cmpint(other.woken, ==, 1);
	g_assert_true(second.destroyed && other.destroyed);
	wake(wait_node); /* nobody has polled since */
	g_assert_cmpint(second.woken, ==, 1);
	tear_down();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/watch/wait", test_wait);
	g_test_add_func("/watch/wait-for-another", test_wait_for_another);
	g_test_add_func("/watch/interrupt", test_interrupt);
	g_test_add_func("/watch/removed", test_removed);
	g_test_add_func("/watch/unmount", test_unmount);
	g_test_add_func("/watch/events", test_events);
	g_test_add_func("/watch/slow-reader", test_slow_reader);
	g_test_add_func("/watch/poll", test_poll);
	return g_test_run();
}
