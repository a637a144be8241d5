/*
 * The file behind a handle is opened when it is first needed, outside of all locks: whoever comes
 * first leaves the descriptor in the handle.
 */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct handle *handle_new(struct node *n)
{
	struct handle *h = g_new0(struct handle, 1);
	h->node = node_ref(n);
	h->fd = -1;
	h->seen = n->version;
	h->snapshot = n->data ? g_bytes_ref(n->data) : NULL;
	g_mutex_init(&h->lock);
	return h;
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
	if (h->entries)
		g_ptr_array_unref(h->entries);
	g_mutex_clear(&h->lock);
	g_free(h);
}

struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

bool handle_is_stale(struct mount *m, const struct handle *h)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&m->tree.lock);
	return h->node->removed;
}

/* New; NULL: nothing is published of it. */
static char *content_path(struct mount *m, const struct node *n)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&m->tree.lock);
	return (n->kind == NODE_FILE || n->kind == NODE_LARGE) && n->size > 0 ? g_strdup(n->path)
									      : NULL;
}

static int fd_of(struct handle *h)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	return h->fd;
}

int handle_fd(struct mount *m, struct handle *h)
{
	int fd = fd_of(h);
	if (fd >= 0)
		return fd;
	g_autofree char *path = content_path(m, h->node);
	errno = 0;
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return -1;
	g_mutex_lock(&h->lock);
	int old = h->fd;
	if (old < 0)
		h->fd = fd;
	g_mutex_unlock(&h->lock);
	if (old >= 0) /* another reader was faster */
		close(fd);
	return old >= 0 ? old : fd;
}
