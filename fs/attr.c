/*
 * Answers from the tree alone. Only a large setting's mode can be changed, and its size through
 * write.c; what the publisher "sets" is what is there already, which makes the event.
 */
#include "attr.h"

#include "request.h"
#include "write.h"

#include <errno.h>
#include <string.h>

static double timeout_of(const struct node *n)
{
	return n->kind == NODE_ERROR ? 0 : FS_TIMEOUT;
}

/* The size of last_error is another one for each user. */
static void stat_for(fuse_req_t req, const struct node *n, struct stat *st)
{
	node_stat(n, st);
	if (n->kind != NODE_ERROR)
		return;
	GBytes *line = last_errors_get(request_mount(req)->last_errors, fuse_req_ctx(req)->uid);
	st->st_size = line ? (off_t)g_bytes_get_size(line) : 0;
	g_bytes_unref(line);
}

void attr_fill_entry(fuse_req_t req, struct node *n, struct fuse_entry_param *e)
{
	memset(e, 0, sizeof(*e));
	e->ino = n->ino;
	e->generation = 1;
	e->attr_timeout = timeout_of(n);
	e->entry_timeout = FS_TIMEOUT;
	stat_for(req, n, &e->attr);
	node_ref(n);
}

void attr_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mount *m = request_mount(req);
	struct fuse_entry_param e;
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	struct node *n = dir ? node_child(dir, name) : NULL;
	if (n)
		attr_fill_entry(req, n, &e);
	g_mutex_unlock(&m->tree.lock);
	if (n)
		fuse_reply_entry(req, &e);
	else
		fuse_reply_err(req, dir && !dir->removed ? ENOENT : ENODEV);
}

static void forget_one(struct mount *m, fuse_ino_t ino, uint64_t nlookup)
{
	g_mutex_lock(&m->tree.lock);
	struct node *n = ino == FUSE_ROOT_ID ? NULL : tree_by_ino(&m->tree, ino);
	for (; n && nlookup; nlookup--) {
		bool last = n->refs == 1;
		node_unref(&m->tree, n);
		if (last)
			break;
	}
	g_mutex_unlock(&m->tree.lock);
}

void attr_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	forget_one(request_mount(req), ino, nlookup);
	fuse_reply_none(req);
}

void attr_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		forget_one(request_mount(req), forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void reply_attr(fuse_req_t req, fuse_ino_t ino)
{
	struct mount *m = request_mount(req);
	struct stat st;
	double timeout = 0;
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	bool there = n && !n->removed;
	if (there) {
		stat_for(req, n, &st);
		timeout = timeout_of(n);
	}
	g_mutex_unlock(&m->tree.lock);
	if (there)
		fuse_reply_attr(req, &st, timeout);
	else
		fuse_reply_err(req, ENODEV);
}

void attr_get(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	reply_attr(req, ino);
}

/* A change of mode on its way. */
struct mode_change {
	struct mount *m;
	fuse_req_t req;
	fuse_ino_t ino;
	uid_t uid;
};

static void mode_changed(struct command *c, err_t err, const struct error *error)
{
	g_autofree struct mode_change *change = c->arg;
	if (err) {
		last_errors_set(change->m->last_errors, change->uid, error->text);
		fuse_reply_err(change->req, -err);
	} else {
		reply_attr(change->req, change->ino);
	}
}

/* A large setting may be made private to its owner; the kernel has checked who asks. What is shown
 * is what the file has, so the engine does it, in its turn among the writes. */
static void set_mode(fuse_req_t req, fuse_ino_t ino, mode_t mode)
{
	struct mount *m = request_mount(req);
	struct command *c = NULL;
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	if (n && !n->removed && n->kind == NODE_LARGE) {
		c = request_command(req, CMD_MODE, n);
		c->word = write_setting(n);
		c->mode = (int)(mode & 0777);
	}
	g_mutex_unlock(&m->tree.lock);
	if (!c) {
		request_refuse(req, EPERM, "only large settings can change their mode");
		return;
	}
	struct mode_change *change = g_new(struct mode_change, 1);
	*change = (struct mode_change){
		.m = m, .req = req, .ino = ino, .uid = fuse_req_ctx(req)->uid
	};
	c->done = mode_changed;
	c->arg = change;
	engine_command(m->engine, c);
}

void attr_set(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
	      struct fuse_file_info *fi)
{
	const int times = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |
			  FUSE_SET_ATTR_MTIME_NOW | FUSE_SET_ATTR_CTIME;
	if (request_is_publishers(req)) {
		reply_attr(req, ino);
	} else if (to_set & FUSE_SET_ATTR_SIZE) {
		write_truncate(req, ino, attr->st_size, fi);
	} else if (to_set & FUSE_SET_ATTR_MODE) {
		set_mode(req, ino, attr->st_mode);
	} else if (to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		request_refuse(req, EPERM, "owners cannot be changed");
	} else if (to_set & ~times) {
		request_refuse(req, EPERM, "this attribute cannot be changed");
	} else {
		reply_attr(req, ino); /* times are ours: `cp -p` asks, nobody depends on it */
	}
}

void attr_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct mount *m = request_mount(req);
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	gsize len = 0;
	const char *data = n && n->data ? g_bytes_get_data(n->data, &len) : NULL;
	g_autofree char *target = data ? g_strndup(data, len) : NULL;
	g_mutex_unlock(&m->tree.lock);
	if (target)
		fuse_reply_readlink(req, target);
	else
		fuse_reply_err(req, EINVAL);
}
