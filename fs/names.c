/*
 * Names made and removed: by users (a bisection, a further file of the guest), which is a command
 * to the engine; by the publisher, whose prepared node takes its place in the tree.
 */
#include "names.h"

#include "attr.h"
#include "handle.h"
#include "request.h"

#include <errno.h>
#include <string.h>

/* The publisher's own operation: the prepared node takes its place. */
static void attach_pending(fuse_req_t req, fuse_ino_t parent)
{
	struct mount *m = request_mount(req);
	struct fuse_entry_param e;
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	struct node *n = dir ? publisher_take(m->publisher, dir) : NULL;
	bool ok = dir && n && !dir->removed;
	if (ok) {
		node_attach(dir, n);
		attr_fill_entry(req, n, &e);
	} else if (n) {
		node_unref(&m->tree, n);
	}
	g_mutex_unlock(&m->tree.lock);
	if (ok)
		fuse_reply_entry(req, &e);
	else
		fuse_reply_err(req, EIO);
}

struct naming {
	struct mount *m;
	fuse_req_t req;
	fuse_ino_t parent;
	char *name;
	uid_t uid;
	bool create; /* answer with an open file */
	struct fuse_file_info fi;
};

static void reply_named(struct naming *nm)
{
	struct fuse_entry_param e;
	struct mount *m = nm->m;
	struct handle *h = NULL;
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, nm->parent);
	struct node *n = dir ? node_child(dir, nm->name) : NULL;
	if (n) {
		attr_fill_entry(nm->req, n, &e);
		if (nm->create) {
			h = handle_new(n);
			h->buffer = g_byte_array_new();
		}
	}
	g_mutex_unlock(&m->tree.lock);
	if (!n) {
		fuse_reply_err(nm->req, EIO);
	} else if (h) {
		nm->fi.fh = (uint64_t)(uintptr_t)h;
		nm->fi.direct_io = 1;
		if (fuse_reply_create(nm->req, &e, &nm->fi) != 0)
			handle_free(m, h);
	} else {
		fuse_reply_entry(nm->req, &e);
	}
}

/* Answered at once, not by the publisher: while the kernel makes or removes a name it holds the
 * directory's lock, which the publisher may be waiting for. */
static void naming_done(struct command *c, err_t err, const struct error *error)
{
	struct naming *nm = c->arg;
	if (err) {
		last_errors_set(nm->m->last_errors, nm->uid, error->text);
		fuse_reply_err(nm->req, -err);
	} else if (c->kind == CMD_MKDIR || c->kind == CMD_SET) {
		reply_named(nm);
	} else {
		fuse_reply_err(nm->req, 0);
	}
	g_free(nm->name);
	g_free(nm);
}

static void send_naming(fuse_req_t req, fuse_ino_t parent, const char *name, struct command *c,
			const struct fuse_file_info *fi)
{
	struct naming *nm = g_new0(struct naming, 1);
	struct mount *m = request_mount(req);
	*nm = (struct naming){ .m = m,
			       .req = req,
			       .parent = parent,
			       .name = g_strdup(name),
			       .uid = fuse_req_ctx(req)->uid,
			       .create = fi != NULL };
	if (fi)
		nm->fi = *fi;
	c->done = naming_done;
	c->arg = nm;
	engine_command(m->engine, c);
}

#define NAME_LIMIT 64

static int check_name(const char *name, const char **why)
{
	static const char *const taken[] = { "README", "status", "status.json", "last_error",
					     "last",   "new",	 "events" };
	*why = "a name is 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with a dot";
	if (strlen(name) > NAME_LIMIT)
		return ENAMETOOLONG;
	if (name[0] == '.' ||
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") !=
		    strlen(name))
		return EINVAL;
	for (gsize i = 0; i < G_N_ELEMENTS(taken); i++) {
		if (strcmp(name, taken[i]) == 0) {
			*why = "the mount itself uses this name";
			return EINVAL;
		}
	}
	return 0;
}

void names_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	const char *why;
	(void)mode;
	if (request_is_publishers(req)) {
		attach_pending(req, parent);
		return;
	}
	if (parent != FUSE_ROOT_ID) {
		request_refuse(req, EPERM,
			       "directories can be made at the top of the mount only: each is a "
			       "bisection of its own");
		return;
	}
	int code = check_name(name, &why);
	if (code) {
		request_refuse(req, code, why);
		return;
	}
	struct command *c = request_command(req, CMD_MKDIR, NULL);
	c->name = g_strdup(name);
	send_naming(req, parent, name, c, NULL);
}

void names_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mount *m = request_mount(req);
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	struct node *n = dir ? node_child(dir, name) : NULL;
	bool bisection = n && parent == FUSE_ROOT_ID && n->owner;
	struct command *c = bisection ? request_command(req, CMD_RMDIR, n) : NULL;
	g_mutex_unlock(&m->tree.lock);
	if (!c) {
		request_refuse(req, n ? EPERM : ENOENT,
			       "only a bisection's own directory can be removed");
		return;
	}
	send_naming(req, parent, name, c, NULL);
}

/* Names that users make: further files of the guest, in settings/files. */
static void make_file(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      const struct fuse_file_info *fi)
{
	struct mount *m = request_mount(req);
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	bool files = dir && dir->kind == NODE_FILES && !dir->removed;
	bool locked = files && dir->locked;
	struct command *c = files && !locked ? request_command(req, CMD_SET, dir) : NULL;
	g_mutex_unlock(&m->tree.lock);
	if (!files) {
		request_refuse(req, EPERM, "files can only be made in settings/files");
		return;
	}
	if (locked) {
		request_refuse(req, EBUSY,
			       "the bisection is started: its settings cannot change any more");
		return;
	}
	if (name[0] == '.' || strlen(name) > 200) {
		command_free(c);
		request_refuse(req, EINVAL,
			       "files/: names begin with no dot and have at most 200 bytes");
		return;
	}
	c->word = g_strdup_printf(SETTING_FILES_DIR "/%s", name);
	c->mode = (int)(mode & 0777);
	c->data = g_bytes_new(NULL, 0);
	send_naming(req, parent, name, c, fi);
}

void names_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	(void)rdev;
	if (request_is_publishers(req))
		attach_pending(req, parent);
	else if (S_ISREG(mode))
		make_file(req, parent, name, mode, NULL);
	else
		request_refuse(req, EPERM, "special files cannot be made here");
}

void names_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		  struct fuse_file_info *fi)
{
	make_file(req, parent, name, mode, fi);
}

void names_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mount *m = request_mount(req);
	struct command *c = NULL;
	bool own = request_is_publishers(req);
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	struct node *n = dir ? node_child(dir, name) : NULL;
	if (own && n)
		node_detach(&m->tree, n);
	else if (n && dir->kind == NODE_FILES)
		c = request_command(req, CMD_UNSET, dir);
	g_mutex_unlock(&m->tree.lock);
	if (c) {
		c->word = g_strdup_printf(SETTING_FILES_DIR "/%s", name);
		send_naming(req, parent, name, c, NULL);
	} else if (own) {
		fuse_reply_err(req, n ? 0 : ENOENT);
	} else {
		request_refuse(
			req, n ? EPERM : ENOENT,
			"nothing can be removed here but bisections (rmdir) and settings/files/*");
	}
}

/* The publisher makes the link `last` aside and moves it into its place. */
void names_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
	struct mount *m = request_mount(req);
	struct fuse_entry_param e;
	if (!request_is_publishers(req) || parent != FUSE_ROOT_ID) {
		request_refuse(req, EPERM, "links cannot be made here");
		return;
	}
	g_mutex_lock(&m->tree.lock);
	struct node *n =
		node_new(&m->tree, NODE_LINK, name, 0777, m->tree.root->uid, m->tree.root->gid);
	n->data = g_bytes_new(link, strlen(link));
	n->hidden = true;
	node_attach(m->tree.root, n);
	attr_fill_entry(req, n, &e);
	g_mutex_unlock(&m->tree.lock);
	fuse_reply_entry(req, &e);
}

void names_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
		  const char *newname, unsigned int flags)
{
	struct mount *m = request_mount(req);
	(void)flags;
	if (!request_is_publishers(req) || parent != FUSE_ROOT_ID || newparent != parent) {
		request_refuse(req, EPERM, "nothing can be renamed here");
		return;
	}
	g_mutex_lock(&m->tree.lock);
	struct node *root = m->tree.root, *n = node_child(root, name);
	struct node *old = node_child(root, newname);
	if (n) {
		if (old)
			node_detach(&m->tree, old);
		node_rename(n, newname);
		n->hidden = false;
	}
	g_mutex_unlock(&m->tree.lock);
	fuse_reply_err(req, n ? 0 : ENOENT);
}

void names_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	(void)ino;
	(void)parent;
	(void)name;
	request_refuse(req, EPERM, "links cannot be made here");
}
