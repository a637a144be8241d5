#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct handle *handle_new(struct mount *m, struct node *n)
{
	struct handle *h = g_new0(struct handle, 1);
	(void)m;
	h->node = node_ref(n);
	h->fd = -1;
	h->seen = n->version;
	h->snapshot = n->data ? g_bytes_ref(n->data) : NULL;
	g_mutex_init(&h->lock);
	return h;
}

static void entry_free(void *p)
{
	struct dir_entry *e = p;
	g_free(e->name);
	g_free(e);
}

void handle_free(struct mount *m, struct handle *h)
{
	g_mutex_lock(&m->tree.lock);
	watch_drop_poll(h->node, h);
	node_unref(&m->tree, h->node);
	g_mutex_unlock(&m->tree.lock);
	if (h->snapshot)
		g_bytes_unref(h->snapshot);
	if (h->fd >= 0)
		close(h->fd);
	if (h->buffer)
		g_byte_array_unref(h->buffer);
	if (h->reply)
		g_string_free(h->reply, TRUE);
	if (h->cursor)
		watch_cursor_free(h->cursor);
	if (h->entries) {
		g_ptr_array_set_free_func(h->entries, entry_free);
		g_ptr_array_unref(h->entries);
	}
	g_mutex_clear(&h->lock);
	g_free(h);
}

static struct mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

bool mount_is_publisher(struct mount *m, fuse_req_t req)
{
	return publisher_is(m->publisher, fuse_req_ctx(req)->pid);
}

void mount_refuse(struct mount *m, uid_t uid, const struct error *error)
{
	g_mutex_lock(&m->errors_lock);
	g_hash_table_insert(m->errors, GUINT_TO_POINTER(uid), g_strdup_printf("%s\n", error->text));
	g_mutex_unlock(&m->errors_lock);
}

static void refuse(fuse_req_t req, int code, const char *text)
{
	struct error error = { .code = code };
	g_strlcpy(error.text, text, sizeof(error.text));
	mount_refuse(mount_of(req), fuse_req_ctx(req)->uid, &error);
	fuse_reply_err(req, code);
}

/* ---- commands ---- */

/* A command on its way, and what to answer with. */
struct call {
	struct mount *m;
	fuse_req_t req;
	struct handle *h; /* a write or a flush; valid until it is answered */
	size_t size;
	bool flush;
	uid_t uid;
	err_t err;
};

static void reply_call(void *arg)
{
	struct call *call = arg;
	if (call->err)
		fuse_reply_err(call->req, -call->err);
	else if (call->flush)
		fuse_reply_err(call->req, 0);
	else
		fuse_reply_write(call->req, call->size);
	g_free(call);
}

static void call_done(struct command *c, err_t err, const struct error *error)
{
	struct call *call = c->arg;
	call->err = err;
	if (err)
		mount_refuse(call->m, call->uid, error);
	if (!err && c->made && call->h) {
		g_mutex_lock(&call->h->lock);
		if (call->h->reply)
			g_string_free(call->h->reply, TRUE);
		call->h->reply = g_string_new(c->made);
		g_string_append_c(call->h->reply, '\n');
		g_mutex_unlock(&call->h->lock);
	}
	/* after all that it changed can be seen */
	publish_reply(call->m->publisher, reply_call, call);
}

struct command *mount_command(struct mount *m, fuse_req_t req, enum command_kind kind,
			      const struct node *n)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	(void)m;
	return command_new(kind, n ? n->owner : NULL, ctx->uid, ctx->gid);
}

static void send_command(fuse_req_t req, struct handle *h, enum command_kind kind, const char *word,
			 const void *data, size_t size, bool flush)
{
	struct mount *m = mount_of(req);
	struct call *call = g_new0(struct call, 1);
	*call = (struct call){ .m = m,
			       .req = req,
			       .h = h,
			       .size = size,
			       .flush = flush,
			       .uid = fuse_req_ctx(req)->uid };
	struct command *c = mount_command(m, req, kind, h->node);
	c->word = g_strdup(word);
	c->data = g_bytes_new(data, size);
	c->done = call_done;
	c->arg = call;
	engine_command(m->engine, c);
}

/* ---- open ---- */

static bool is_writable(const struct node *n)
{
	return n->kind == NODE_START || n->kind == NODE_CONTROL || n->kind == NODE_SCALAR ||
	       n->kind == NODE_LARGE;
}

/* Why a user must not open it for writing; 0: fine. */
static int write_refused(const struct node *n, const char **why)
{
	if (!is_writable(n)) {
		*why = "this file only shows something: it takes no writes";
		return EACCES;
	}
	if (n->locked) {
		*why = "the bisection is started: its settings cannot change any more";
		return EBUSY;
	}
	return 0;
}

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

static int open_content(struct handle *h)
{
	struct node *n = h->node;
	if ((n->kind == NODE_FILE || n->kind == NODE_LARGE) && n->path && n->size > 0) {
		h->fd = open(n->path, O_RDONLY | O_CLOEXEC);
		if (h->fd < 0)
			return errno;
	}
	return 0;
}

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	bool writes = (fi->flags & O_ACCMODE) != O_RDONLY;
	const char *why = "";
	int code = 0;
	struct handle *h = NULL;
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	if (!n || n->removed)
		code = ENODEV;
	else if (writes && !mount_is_publisher(m, req))
		code = write_refused(n, &why);
	if (!code) {
		h = handle_new(m, n);
		set_cache_mode(n, fi);
		if (!(fi->flags & O_TRUNC) || n->kind != NODE_LARGE)
			code = open_content(h);
	}
	g_mutex_unlock(&m->tree.lock);
	if (code) {
		if (h)
			handle_free(m, h);
		refuse(req, code, code == ENODEV ? "it was removed" : why);
		return;
	}
	if (h->node->kind == NODE_EVENTS)
		h->cursor = watch_cursor_new(m->watch);
	if ((fi->flags & O_TRUNC) && h->node->kind == NODE_LARGE && writes) {
		h->buffer = g_byte_array_new();
		h->dirty = true;
	}
	fi->fh = (uint64_t)(uintptr_t)h;
	if (fuse_reply_open(req, fi) != 0)
		handle_free(m, h); /* the opener was interrupted: no release will come */
}

void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_free(mount_of(req), handle_of(fi));
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
	g_mutex_lock(&m->tree.lock);
	bool now = off == 0 || h->node->grows;
	if (now && h->seen != h->node->version) {
		if (h->snapshot)
			g_bytes_unref(h->snapshot);
		h->snapshot = h->node->data ? g_bytes_ref(h->node->data) : NULL;
	}
	if (now)
		h->seen = h->node->version;
	GBytes *data = h->snapshot ? g_bytes_ref(h->snapshot) : NULL;
	g_mutex_unlock(&m->tree.lock);
	return data;
}

static void read_file(struct mount *m, fuse_req_t req, struct handle *h, size_t size, off_t off)
{
	g_mutex_lock(&m->tree.lock);
	int64_t limit = h->node->size; /* not more than was published: it is what stat says */
	if (h->fd < 0 && limit > 0)
		open_content(h);
	int fd = h->fd;
	g_mutex_unlock(&m->tree.lock);
	if (fd < 0 || off >= limit) {
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
	g_mutex_lock(&m->errors_lock);
	const char *text = g_hash_table_lookup(m->errors, GUINT_TO_POINTER(fuse_req_ctx(req)->uid));
	GBytes *data = text ? g_bytes_new(text, strlen(text)) : NULL;
	g_mutex_unlock(&m->errors_lock);
	reply_slice(req, data, size, off);
	if (data)
		g_bytes_unref(data);
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

void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	struct handle *h = handle_of(fi);
	(void)ino;
	g_mutex_lock(&m->tree.lock);
	bool removed = h->node->removed;
	g_mutex_unlock(&m->tree.lock);
	if (removed) {
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

/* ---- write ---- */

#define COMMAND_LIMIT 4095

static size_t large_limit(const struct node *n)
{
	int id = setting_find(n->name);
	bool further = n->parent && n->parent->kind == NODE_FILES;
	return further || id < 0 ? SETTING_FILE_LIMIT : setting_limit((enum setting)id);
}

/* Writing into the middle of what is there keeps the rest. */
static void begin_collecting(struct handle *h)
{
	if (h->buffer)
		return;
	h->buffer = g_byte_array_new();
	if (h->fd < 0)
		return;
	char buf[65536];
	ssize_t n;
	while ((n = pread(h->fd, buf, sizeof(buf), h->buffer->len)) > 0)
		g_byte_array_append(h->buffer, (const guint8 *)buf, (guint)n);
}

static void resize_buffer(GByteArray *buffer, guint size)
{
	guint old = buffer->len;
	g_byte_array_set_size(buffer, size);
	if (size > old)
		memset(buffer->data + old, 0, size - old);
}

static void write_large(fuse_req_t req, struct handle *h, const char *buf, size_t size, off_t off)
{
	struct error error;
	size_t limit = large_limit(h->node);
	if ((uint64_t)off + size > limit) {
		error_set(&error, EFBIG, "%s: at most %zu bytes are taken", h->node->name, limit);
		refuse(req, EFBIG, error.text);
		return;
	}
	g_mutex_lock(&h->lock);
	begin_collecting(h);
	guint end = (guint)((size_t)off + size);
	if (end > h->buffer->len)
		resize_buffer(h->buffer, end);
	memcpy(h->buffer->data + off, buf, size);
	h->dirty = true;
	g_mutex_unlock(&h->lock);
	fuse_reply_write(req, size);
}

void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	struct handle *h = handle_of(fi);
	struct node *n = h->node;
	(void)ino;
	g_mutex_lock(&m->tree.lock);
	bool removed = n->removed, locked = n->locked;
	g_mutex_unlock(&m->tree.lock);
	if (removed) {
		refuse(req, ENODEV, "the bisection was removed");
	} else if (locked) {
		refuse(req, EBUSY, "the bisection is started: its settings cannot change any more");
	} else if (n->kind == NODE_LARGE) {
		write_large(req, h, buf, size, off);
	} else if (size > COMMAND_LIMIT) {
		refuse(req, E2BIG, "one write is one command: at most 4095 bytes");
	} else if (n->kind == NODE_START) {
		send_command(req, h, CMD_START, NULL, buf, size, false);
	} else if (n->kind == NODE_CONTROL) {
		send_command(req, h, CMD_CONTROL, NULL, buf, size, false);
	} else if (n->kind == NODE_SCALAR) {
		send_command(req, h, CMD_SET, n->name, buf, size, false);
	} else {
		refuse(req, EACCES, "this file takes no writes");
	}
}

char *mount_setting_word(const struct node *n)
{
	if (n->parent && n->parent->kind == NODE_FILES)
		return g_strdup_printf(SETTING_FILES_DIR "/%s", n->name);
	return g_strdup(n->name);
}

void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	struct handle *h = handle_of(fi);
	(void)ino;
	g_mutex_lock(&h->lock);
	bool dirty = h->dirty;
	g_autofree guint8 *data = NULL;
	gsize len = 0;
	if (dirty) {
		h->dirty = false;
		len = h->buffer->len;
		data = g_memdup2(h->buffer->data, len);
	}
	g_mutex_unlock(&h->lock);
	if (!dirty) {
		fuse_reply_err(req, 0);
		return;
	}
	g_mutex_lock(&m->tree.lock);
	g_autofree char *word = mount_setting_word(h->node);
	bool removed = h->node->removed;
	g_mutex_unlock(&m->tree.lock);
	if (removed)
		refuse(req, ENODEV, "the bisection was removed");
	else
		send_command(req, h, CMD_SET, word, data, len, true);
}

/* `: > file` or truncate(2). What takes commands has nothing to cut. */
void fs_truncate(fuse_req_t req, fuse_ino_t ino, off_t size, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	struct stat st;
	const char *why = "";
	struct handle *h = fi ? handle_of(fi) : NULL;
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	int code = !n || n->removed ? ENODEV : write_refused(n, &why);
	bool large = n && n->kind == NODE_LARGE;
	if (n)
		node_stat(n, &st);
	g_mutex_unlock(&m->tree.lock);
	if (!code && large && h && (size_t)size > large_limit(h->node)) {
		code = EFBIG;
		why = "the setting is over its size limit";
	} else if (!code && large && h) {
		g_mutex_lock(&h->lock);
		begin_collecting(h);
		resize_buffer(h->buffer, (guint)size);
		h->dirty = true;
		g_mutex_unlock(&h->lock);
		st.st_size = size;
	} else if (!code && large && size != st.st_size) {
		code = EOPNOTSUPP;
		why = "truncate: open the setting for writing instead";
	}
	if (code)
		refuse(req, code, why);
	else
		fuse_reply_attr(req, &st, FS_TIMEOUT);
}

/* ---- poll ---- */

void fs_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	struct mount *m = mount_of(req);
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
