/*
 * A listing is made when the directory is opened and is of that moment: entries that come or go
 * meanwhile confuse no reader.
 */
#include "dir.h"

#include "attr.h"
#include "handle.h"
#include "request.h"

#include <errno.h>

struct dir_entry {
	char *name;
	uint64_t ino;
	mode_t mode;
};

static void entry_free(void *p)
{
	struct dir_entry *e = p;
	g_free(e->name);
	g_free(e);
}

static void add_entry(GPtrArray *entries, const char *name, const struct node *n)
{
	struct dir_entry *e = g_new(struct dir_entry, 1);
	struct stat st;
	node_stat(n, &st);
	*e = (struct dir_entry){ .name = g_strdup(name), .ino = n->ino, .mode = st.st_mode };
	g_ptr_array_add(entries, e);
}

void dir_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *m = request_mount(req);
	struct handle *h = NULL;
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	if (n && !n->removed) {
		h = handle_new(n);
		h->entries = g_ptr_array_new_with_free_func(entry_free);
		add_entry(h->entries, ".", n);
		add_entry(h->entries, "..", n->parent ? n->parent : n);
		for (guint i = 0; i < n->children->len; i++) {
			struct node *c = g_ptr_array_index(n->children, i);
			if (!c->hidden)
				add_entry(h->entries, c->name, c);
		}
	}
	g_mutex_unlock(&m->tree.lock);
	if (!h) {
		fuse_reply_err(req, ENODEV);
		return;
	}
	fi->fh = (uint64_t)(uintptr_t)h;
	if (fuse_reply_open(req, fi) != 0)
		handle_free(m, h);
}

void dir_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	g_autofree char *buf = g_malloc(size);
	size_t used = 0;
	(void)ino;
	for (guint i = (guint)off; i < h->entries->len; i++) {
		const struct dir_entry *e = g_ptr_array_index(h->entries, i);
		struct stat st = { .st_ino = e->ino, .st_mode = e->mode };
		size_t need = fuse_add_direntry(req, buf + used, size - used, e->name, &st, i + 1);
		if (need > size - used)
			break;
		used += need;
	}
	fuse_reply_buf(req, buf, used);
}

/* As readdir, with the attributes, so that `ls -l` needs no further question per file. */
void dir_read_plus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		   struct fuse_file_info *fi)
{
	struct mount *m = request_mount(req);
	struct handle *h = handle_of(fi);
	g_autofree char *buf = g_malloc(size);
	size_t used = 0;
	(void)ino;
	g_mutex_lock(&m->tree.lock);
	for (guint i = (guint)off; i < h->entries->len; i++) {
		const struct dir_entry *d = g_ptr_array_index(h->entries, i);
		struct fuse_entry_param e = { .attr = { .st_ino = d->ino, .st_mode = d->mode } };
		struct node *n = i < 2 ? NULL : tree_by_ino(&m->tree, d->ino);
		if (n && n->removed)
			n = NULL;
		if (n)
			attr_fill_entry(req, n, &e);
		size_t need =
			fuse_add_direntry_plus(req, buf + used, size - used, d->name, &e, i + 1);
		if (need > size - used) {
			if (n)
				node_unref(&m->tree, n);
			break;
		}
		used += need;
	}
	g_mutex_unlock(&m->tree.lock);
	fuse_reply_buf(req, buf, used);
}

void dir_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_free(request_mount(req), handle_of(fi));
	fuse_reply_err(req, 0);
}
