/*
 * What takes commands sends one for each write and answers when the engine has, behind the
 * publication of what it changed. What collects (large settings) sends its content when it is
 * closed.
 */
#include "write.h"

#include "handle.h"
#include "request.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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
		last_errors_set(call->m->last_errors, call->uid, error->text);
	if (!err && c->made && call->h) {
		g_mutex_lock(&call->h->lock);
		if (call->h->reply)
			g_string_free(call->h->reply, TRUE);
		call->h->reply = g_string_new(c->made);
		g_string_append_c(call->h->reply, '\n');
		g_mutex_unlock(&call->h->lock);
	}
	/* after all that it changed can be seen */
	publish_reply(call->m->publish, reply_call, call);
}

static void send_command(fuse_req_t req, struct handle *h, enum command_kind kind, const char *word,
			 const void *data, size_t size, bool flush)
{
	struct mount *m = request_mount(req);
	struct call *call = g_new0(struct call, 1);
	*call = (struct call){ .m = m,
			       .req = req,
			       .h = h,
			       .size = size,
			       .flush = flush,
			       .uid = fuse_req_ctx(req)->uid };
	struct command *c = request_command(req, kind, h->node);
	c->word = g_strdup(word);
	c->data = g_bytes_new(data, size);
	c->done = call_done;
	c->arg = call;
	engine_command(m->engine, c);
}

/* ---- what may be written ---- */

static bool is_writable(const struct node *n)
{
	return n->kind == NODE_START || n->kind == NODE_CONTROL || n->kind == NODE_SCALAR ||
	       n->kind == NODE_LARGE;
}

int write_refused(const struct node *n, const char **why)
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

#define COMMAND_LIMIT 4095

static size_t large_limit(const struct node *n)
{
	int id = setting_find(n->name);
	bool further = n->parent && n->parent->kind == NODE_FILES;
	return further || id < 0 ? SETTING_FILE_LIMIT : setting_limit((enum setting)id);
}

/* What the file holds, up to the limit; new. */
static GByteArray *read_existing(int fd, size_t limit)
{
	GByteArray *all = g_byte_array_new();
	guint8 buf[65536];
	ssize_t n;
	while (all->len < limit &&
	       (n = pread(fd, buf, MIN(sizeof(buf), limit - all->len), all->len)) > 0)
		g_byte_array_append(all, buf, (guint)n);
	return all;
}

static bool has_buffer(struct handle *h)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	return h->buffer != NULL;
}

/* Writing into the middle of what is there keeps the rest. */
static void begin_collecting(struct mount *m, struct handle *h, size_t limit)
{
	if (has_buffer(h))
		return;
	int fd = handle_fd(m, h);
	GByteArray *all = fd < 0 ? g_byte_array_new() : read_existing(fd, limit);
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	if (h->buffer)
		g_byte_array_unref(all);
	else
		h->buffer = all;
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
		request_refuse(req, EFBIG, error.text);
		return;
	}
	begin_collecting(request_mount(req), h, limit);
	g_mutex_lock(&h->lock);
	guint end = (guint)((size_t)off + size);
	if (end > h->buffer->len)
		resize_buffer(h->buffer, end);
	memcpy(h->buffer->data + off, buf, size);
	h->dirty = true;
	g_mutex_unlock(&h->lock);
	fuse_reply_write(req, size);
}

void write_data(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		struct fuse_file_info *fi)
{
	struct mount *m = request_mount(req);
	struct handle *h = handle_of(fi);
	struct node *n = h->node;
	(void)ino;
	g_mutex_lock(&m->tree.lock);
	bool removed = n->removed, locked = n->locked;
	g_mutex_unlock(&m->tree.lock);
	if (removed) {
		request_refuse(req, ENODEV, "the bisection was removed");
	} else if (locked) {
		request_refuse(req, EBUSY,
			       "the bisection is started: its settings cannot change any more");
	} else if (n->kind == NODE_LARGE) {
		write_large(req, h, buf, size, off);
	} else if (size > COMMAND_LIMIT) {
		request_refuse(req, E2BIG, "one write is one command: at most 4095 bytes");
	} else if (n->kind == NODE_START) {
		send_command(req, h, CMD_START, NULL, buf, size, false);
	} else if (n->kind == NODE_CONTROL) {
		send_command(req, h, CMD_CONTROL, NULL, buf, size, false);
	} else if (n->kind == NODE_SCALAR) {
		send_command(req, h, CMD_SET, n->name, buf, size, false);
	} else {
		request_refuse(req, EACCES, "this file takes no writes");
	}
}

char *write_setting(const struct node *n)
{
	if (n->parent && n->parent->kind == NODE_FILES)
		return g_strdup_printf(SETTING_FILES_DIR "/%s", n->name);
	return g_strdup(n->name);
}

void write_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *m = request_mount(req);
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
	g_autofree char *word = write_setting(h->node);
	bool removed = h->node->removed;
	g_mutex_unlock(&m->tree.lock);
	if (removed)
		request_refuse(req, ENODEV, "the bisection was removed");
	else
		send_command(req, h, CMD_SET, word, data, len, true);
}

/* `: > file` or truncate(2). What takes commands has nothing to cut. */
void write_truncate(fuse_req_t req, fuse_ino_t ino, off_t size, struct fuse_file_info *fi)
{
	struct mount *m = request_mount(req);
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
		begin_collecting(m, h, large_limit(h->node));
		g_mutex_lock(&h->lock);
		resize_buffer(h->buffer, (guint)size);
		h->dirty = true;
		g_mutex_unlock(&h->lock);
		st.st_size = size;
	} else if (!code && large && size != st.st_size) {
		code = EOPNOTSUPP;
		why = "truncate: open the setting for writing instead";
	}
	if (code)
		request_refuse(req, code, why);
	else
		fuse_reply_attr(req, &st, FS_TIMEOUT);
}
