/*
 * A value is read whole from one moment, the content of a file as far as it was published; what
 * differs by reader or blocks has a reader of its own. Whether it can be opened for writing is
 * write.c's to say.
 */
#include "open.h"

#include "handle.h"
#include "request.h"
#include "write.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static void set_cache_mode(const struct node *n, struct fuse_file_info *fi)
{
	/* content that differs by opener or moment must not come from the page cache */
	if (n->kind != NODE_VALUE && n->kind != NODE_FILE)
		fi->direct_io = 1;
	if (n->pollable)
		fi->direct_io = 1;
	if (n->kind == NODE_WAIT || n->kind == NODE_EVENTS)
		fi->nonseekable = 1;
}

/* A handle on the node, or why there is none: an errno with a sentence. */
static int make_handle(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, bool writes,
		       struct handle **h, const char **why)
{
	struct tree *t = &request_mount(req)->tree;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&t->lock);
	struct node *n = tree_by_ino(t, ino);
	*why = "it was removed";
	if (!n || n->removed)
		return ENODEV;
	int code = writes && !request_is_publishers(req) ? write_refused(n, why) : 0;
	if (code)
		return code;
	*h = handle_new(n);
	set_cache_mode(n, fi);
	return 0;
}

/* What is written anew is not read; all else that is a file is opened now, so that it can be read
 * even if its name is gone then. */
static int open_content(struct mount *m, struct handle *h, bool emptied)
{
	return !emptied && handle_fd(m, h) < 0 ? errno : 0;
}

static bool is_emptied(const struct handle *h, const struct fuse_file_info *fi)
{
	return (fi->flags & O_TRUNC) && h->node->kind == NODE_LARGE;
}

void open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *m = request_mount(req);
	bool writes = (fi->flags & O_ACCMODE) != O_RDONLY;
	struct handle *h = NULL;
	const char *why;
	int code = make_handle(req, ino, fi, writes, &h, &why);
	if (code) {
		request_refuse(req, code, why);
		return;
	}
	code = open_content(m, h, is_emptied(h, fi));
	if (code) {
		handle_free(m, h);
		request_refuse(req, code, "its content cannot be opened");
		return;
	}
	if (h->node->kind == NODE_EVENTS)
		h->cursor = watch_cursor_new(m->watch);
	if (is_emptied(h, fi) && writes) {
		h->buffer = g_byte_array_new();
		h->dirty = true;
	}
	fi->fh = (uint64_t)(uintptr_t)h;
	if (fuse_reply_open(req, fi) != 0)
		handle_free(m, h); /* the opener was interrupted: no release will come */
}

void open_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_free(request_mount(req), handle_of(fi));
	fuse_reply_err(req, 0);
}

/* ---- read ---- */

static void reply_slice(fuse_req_t req, GBytes *data, size_t size, off_t off)
{
	gsize len = 0;
	const char *text = data ? g_bytes_get_data(data, &len) : NULL;
	gsize at = MIN((gsize)off, len);
	fuse_reply_buf(req, text ? text + at : NULL, MIN(size, len - at));
}

/* Values are read whole from one moment: from offset 0 on a reader gets the content of now. A text
 * that only grows is always read as it is now: a follower goes on where it was. */
static GBytes *renew_snapshot(struct mount *m, struct handle *h, off_t off)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&m->tree.lock);
	bool now = off == 0 || h->node->grows;
	if (now && h->seen != h->node->version) {
		if (h->snapshot)
			g_bytes_unref(h->snapshot);
		h->snapshot = h->node->data ? g_bytes_ref(h->node->data) : NULL;
	}
	if (now)
		h->seen = h->node->version;
	return h->snapshot ? g_bytes_ref(h->snapshot) : NULL;
}

/* Not more than was published: it is what stat says. */
static int64_t published_size(struct mount *m, const struct node *n)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&m->tree.lock);
	return n->size;
}

static void read_file(struct mount *m, fuse_req_t req, struct handle *h, size_t size, off_t off)
{
	int64_t limit = published_size(m, h->node);
	int fd = off < limit ? handle_fd(m, h) : -1;
	if (fd < 0) {
		fuse_reply_buf(req, NULL, 0);
		return;
	}
	g_autofree char *buf = g_malloc(size);
	ssize_t n = pread(fd, buf, (size_t)MIN((int64_t)size, limit - off), off);
	if (n < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_buf(req, buf, (size_t)n);
}

static void read_last_error(struct mount *m, fuse_req_t req, size_t size, off_t off)
{
	GBytes *line = last_errors_get(m->last_errors, fuse_req_ctx(req)->uid);
	reply_slice(req, line, size, off);
	g_bytes_unref(line);
}

/* The name of what was just started, to whoever started it, once and wherever the offset is: the
 * write has moved it. */
static bool read_reply(fuse_req_t req, struct handle *h, size_t size)
{
	g_mutex_lock(&h->lock);
	bool any = h->reply && h->reply->len;
	gsize n = any ? MIN(size, h->reply->len) : 0;
	g_autofree char *text = any ? g_strndup(h->reply->str, n) : NULL;
	if (any)
		g_string_erase(h->reply, 0, (gssize)n);
	g_mutex_unlock(&h->lock);
	if (any)
		fuse_reply_buf(req, text, n);
	return any;
}

void open_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct mount *m = request_mount(req);
	struct handle *h = handle_of(fi);
	(void)ino;
	if (handle_is_stale(m, h)) {
		fuse_reply_err(req, ENODEV);
		return;
	}
	switch (h->node->kind) {
	case NODE_WAIT:
		watch_read_wait(m->watch, req, h->node, size, off);
		return;
	case NODE_EVENTS:
		watch_read_events(m->watch, req, h->cursor, size);
		return;
	case NODE_ERROR:
		read_last_error(m, req, size, off);
		return;
	case NODE_FILE:
	case NODE_LARGE:
		read_file(m, req, h, size, off);
		return;
	case NODE_START:
		if (read_reply(req, h, size))
			return;
		break;
	default:
		break;
	}
	GBytes *data = renew_snapshot(m, h, off);
	reply_slice(req, data, size, off);
	if (data)
		g_bytes_unref(data);
}

void open_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
	       struct fuse_pollhandle *ph)
{
	struct mount *m = request_mount(req);
	struct handle *h = handle_of(fi);
	unsigned events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	(void)ino;
	g_mutex_lock(&m->tree.lock);
	if (h->node->pollable) {
		/* as sysfs: readable always; changed since it was read: POLLPRI | POLLERR */
		events = POLLIN | POLLRDNORM;
		if (h->seen != h->node->version)
			events |= POLLPRI | POLLERR;
		if (ph) {
			watch_set_poll(h->node, h, ph);
			ph = NULL;
		}
	}
	g_mutex_unlock(&m->tree.lock);
	if (ph)
		fuse_pollhandle_destroy(ph);
	fuse_reply_poll(req, events);
}
