#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static void refuse(fuse_req_t req, int code, const char *text)
{
	struct error error = { .code = code };
	g_strlcpy(error.text, text, sizeof(error.text));
	mount_refuse(mount_of(req), fuse_req_ctx(req)->uid, &error);
	fuse_reply_err(req, code);
}

static double timeout_of(const struct node *n)
{
	return n->kind == NODE_ERROR ? 0 : FS_TIMEOUT;
}

/* The size of last_error is another one for each user. */
static void stat_for(struct mount *m, fuse_req_t req, const struct node *n, struct stat *st)
{
	node_stat(n, st);
	if (n->kind != NODE_ERROR)
		return;
	g_mutex_lock(&m->errors_lock);
	const char *text = g_hash_table_lookup(m->errors, GUINT_TO_POINTER(fuse_req_ctx(req)->uid));
	st->st_size = text ? (off_t)strlen(text) : 0;
	g_mutex_unlock(&m->errors_lock);
}

/* With the tree's lock held; the kernel now knows the node once more. */
static void fill_entry(struct mount *m, fuse_req_t req, struct node *n, struct fuse_entry_param *e)
{
	memset(e, 0, sizeof(*e));
	e->ino = n->ino;
	e->generation = 1;
	e->attr_timeout = timeout_of(n);
	e->entry_timeout = FS_TIMEOUT;
	stat_for(m, req, n, &e->attr);
	node_ref(n);
}

static void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mount *m = mount_of(req);
	struct fuse_entry_param e;
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	struct node *n = dir ? node_child(dir, name) : NULL;
	if (n)
		fill_entry(m, req, n, &e);
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

static void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	forget_one(mount_of(req), ino, nlookup);
	fuse_reply_none(req);
}

static void fs_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		forget_one(mount_of(req), forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

static void reply_attr(fuse_req_t req, fuse_ino_t ino)
{
	struct mount *m = mount_of(req);
	struct stat st;
	double timeout = 0;
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	bool there = n && !n->removed;
	if (there) {
		stat_for(m, req, n, &st);
		timeout = timeout_of(n);
	}
	g_mutex_unlock(&m->tree.lock);
	if (there)
		fuse_reply_attr(req, &st, timeout);
	else
		fuse_reply_err(req, ENODEV);
}

static void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	reply_attr(req, ino);
}

static void send_naming(fuse_req_t req, fuse_ino_t parent, const char *name, struct command *c,
			const struct fuse_file_info *fi);

/* A large setting may be made private to its owner; the kernel has checked who asks. What is shown
 * is what the file has, so the core does it, in its turn among the writes. */
static void set_mode(fuse_req_t req, fuse_ino_t ino, mode_t mode)
{
	struct mount *m = mount_of(req);
	struct command *c = NULL;
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	if (n && !n->removed && n->kind == NODE_LARGE) {
		c = mount_command(m, req, CMD_MODE, n);
		c->word = mount_setting_word(n);
		c->mode = (int)(mode & 0777);
	}
	g_mutex_unlock(&m->tree.lock);
	if (c)
		send_naming(req, ino, "", c, NULL);
	else
		refuse(req, EPERM, "only large settings can change their mode");
}

static void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	const int times = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |
			  FUSE_SET_ATTR_MTIME_NOW | FUSE_SET_ATTR_CTIME;
	if (mount_is_publisher(m, req)) {
		reply_attr(req, ino);
	} else if (to_set & FUSE_SET_ATTR_SIZE) {
		fs_truncate(req, ino, attr->st_size, fi);
	} else if (to_set & FUSE_SET_ATTR_MODE) {
		set_mode(req, ino, attr->st_mode);
	} else if (to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		refuse(req, EPERM, "owners cannot be changed");
	} else if (to_set & ~times) {
		refuse(req, EPERM, "this attribute cannot be changed");
	} else {
		reply_attr(req, ino); /* times are ours: `cp -p` asks, nobody depends on it */
	}
}

static void fs_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct mount *m = mount_of(req);
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

/* ---- directories ---- */

static void add_entry(GPtrArray *entries, const char *name, const struct node *n)
{
	struct dir_entry *e = g_new(struct dir_entry, 1);
	struct stat st;
	node_stat(n, &st);
	*e = (struct dir_entry){ .name = g_strdup(name), .ino = n->ino, .mode = st.st_mode };
	g_ptr_array_add(entries, e);
}

/* A listing is of one moment: entries that come or go meanwhile confuse no reader. */
static void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	struct handle *h = NULL;
	g_mutex_lock(&m->tree.lock);
	struct node *n = tree_by_ino(&m->tree, ino);
	if (n && !n->removed) {
		h = handle_new(m, n);
		h->entries = g_ptr_array_new();
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

static void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
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
static void fs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
			   struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
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
			fill_entry(m, req, n, &e);
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

static void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_free(mount_of(req), handle_of(fi));
	fuse_reply_err(req, 0);
}

/* ---- names ---- */

/* The publisher's own operation: the prepared node takes its place. */
static void attach_pending(fuse_req_t req, fuse_ino_t parent)
{
	struct mount *m = mount_of(req);
	struct fuse_entry_param e;
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	struct node *n = publisher_take(m->publisher);
	bool ok = dir && n && !dir->removed;
	if (ok) {
		node_attach(dir, n);
		fill_entry(m, req, n, &e);
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
	fuse_ino_t parent; /* CMD_MODE: the file itself */
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
		fill_entry(m, nm->req, n, &e);
		if (nm->create) {
			h = handle_new(m, n);
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
		mount_refuse(nm->m, nm->uid, error);
		fuse_reply_err(nm->req, -err);
	} else if (c->kind == CMD_MODE) {
		reply_attr(nm->req, nm->parent);
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
	struct mount *m = mount_of(req);
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

static void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct mount *m = mount_of(req);
	const char *why;
	(void)mode;
	if (mount_is_publisher(m, req)) {
		attach_pending(req, parent);
		return;
	}
	if (parent != FUSE_ROOT_ID) {
		refuse(req, EPERM, "directories can only be made at the top: one is one bisection");
		return;
	}
	int code = check_name(name, &why);
	if (code) {
		refuse(req, code, why);
		return;
	}
	struct command *c = mount_command(m, req, CMD_MKDIR, NULL);
	c->name = g_strdup(name);
	send_naming(req, parent, name, c, NULL);
}

static void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mount *m = mount_of(req);
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	struct node *n = dir ? node_child(dir, name) : NULL;
	bool bisection = n && parent == FUSE_ROOT_ID && n->owner;
	g_mutex_unlock(&m->tree.lock);
	if (!bisection) {
		refuse(req, n ? EPERM : ENOENT, "only a bisection's own directory can be removed");
		return;
	}
	struct command *c = mount_command(m, req, CMD_RMDIR, NULL);
	c->name = g_strdup(name);
	send_naming(req, parent, name, c, NULL);
}

/* Names that users make: further files of the guest, in settings/files. */
static void make_file(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      const struct fuse_file_info *fi)
{
	struct mount *m = mount_of(req);
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	bool files = dir && dir->kind == NODE_FILES && !dir->removed;
	bool locked = files && dir->locked;
	struct command *c = files && !locked ? mount_command(m, req, CMD_SET, dir) : NULL;
	g_mutex_unlock(&m->tree.lock);
	if (!files) {
		refuse(req, EPERM, "files can only be made in settings/files");
		return;
	}
	if (locked) {
		refuse(req, EBUSY, "the bisection is started: its settings cannot change any more");
		return;
	}
	if (name[0] == '.' || strlen(name) > 200) {
		command_free(c);
		refuse(req, EINVAL, "files/: names begin with no dot and have at most 200 bytes");
		return;
	}
	c->word = g_strdup_printf(SETTING_FILES_DIR "/%s", name);
	c->mode = (int)(mode & 0777);
	c->data = g_bytes_new(NULL, 0);
	send_naming(req, parent, name, c, fi);
}

static void fs_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	(void)rdev;
	if (mount_is_publisher(mount_of(req), req))
		attach_pending(req, parent);
	else if (S_ISREG(mode))
		make_file(req, parent, name, mode, NULL);
	else
		refuse(req, EPERM, "special files cannot be made here");
}

static void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	make_file(req, parent, name, mode, fi);
}

static void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct mount *m = mount_of(req);
	struct command *c = NULL;
	bool own = mount_is_publisher(m, req);
	g_mutex_lock(&m->tree.lock);
	struct node *dir = tree_by_ino(&m->tree, parent);
	struct node *n = dir ? node_child(dir, name) : NULL;
	if (own && n)
		node_detach(&m->tree, n);
	else if (n && dir->kind == NODE_FILES)
		c = mount_command(m, req, CMD_UNSET, dir);
	g_mutex_unlock(&m->tree.lock);
	if (c) {
		c->word = g_strdup_printf(SETTING_FILES_DIR "/%s", name);
		send_naming(req, parent, name, c, NULL);
	} else if (own) {
		fuse_reply_err(req, n ? 0 : ENOENT);
	} else {
		refuse(req, n ? EPERM : ENOENT,
		       "nothing can be removed here but bisections (rmdir) and settings/files/*");
	}
}

/* The publisher makes the link `last` aside and moves it into its place. */
static void fs_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
	struct mount *m = mount_of(req);
	struct fuse_entry_param e;
	if (!mount_is_publisher(m, req) || parent != FUSE_ROOT_ID) {
		refuse(req, EPERM, "links cannot be made here");
		return;
	}
	g_mutex_lock(&m->tree.lock);
	struct node *n =
		node_new(&m->tree, NODE_LINK, name, 0777, m->tree.root->uid, m->tree.root->gid);
	n->data = g_bytes_new(link, strlen(link));
	n->hidden = true;
	node_attach(m->tree.root, n);
	fill_entry(m, req, n, &e);
	g_mutex_unlock(&m->tree.lock);
	fuse_reply_entry(req, &e);
}

static void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
		      const char *newname, unsigned int flags)
{
	struct mount *m = mount_of(req);
	(void)flags;
	if (!mount_is_publisher(m, req) || parent != FUSE_ROOT_ID || newparent != parent) {
		refuse(req, EPERM, "nothing can be renamed here");
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

static void fs_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	(void)ino;
	(void)parent;
	(void)name;
	refuse(req, EPERM, "links cannot be made here");
}

static void fs_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino;
	(void)datasync;
	(void)fi;
	fuse_reply_err(req, 0); /* what was acknowledged is on disk */
}

static void fs_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct mount *m = mount_of(req);
	struct statvfs st = { .f_bsize = 4096, .f_frsize = 4096, .f_namemax = 255 };
	(void)ino;
	g_mutex_lock(&m->tree.lock);
	st.f_files = g_hash_table_size(m->tree.nodes);
	g_mutex_unlock(&m->tree.lock);
	fuse_reply_statfs(req, &st);
}

const struct fuse_lowlevel_ops fs_ops = {
	.lookup = fs_lookup,
	.forget = fs_forget,
	.forget_multi = fs_forget_multi,
	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.readlink = fs_readlink,
	.mknod = fs_mknod,
	.mkdir = fs_mkdir,
	.unlink = fs_unlink,
	.rmdir = fs_rmdir,
	.symlink = fs_symlink,
	.rename = fs_rename,
	.link = fs_link,
	.open = fs_open,
	.read = fs_read,
	.write = fs_write,
	.flush = fs_flush,
	.release = fs_release,
	.fsync = fs_fsync,
	.opendir = fs_opendir,
	.readdir = fs_readdir,
	.readdirplus = fs_readdirplus,
	.releasedir = fs_releasedir,
	.statfs = fs_statfs,
	.create = fs_create,
	.poll = fs_poll,
};
