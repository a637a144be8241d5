/*
 * Nodes by number in a hash, by name in their directory: a list, and a hash beside it once it is
 * long. A node that is taken out of the tree marks all below it as removed, so that whoever still
 * holds one finds out; it goes with its last reference. Numbers are never used again.
 */
#include "tree.h"

#include <string.h>

#define ROOT_INO 1 /* FUSE's */
#define MANY 64	   /* children from which on a directory is looked up by hash */

struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

struct timespec timespec_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

void tree_init(struct tree *t, uid_t uid, gid_t gid)
{
	g_mutex_init(&t->lock);
	t->nodes = g_hash_table_new(g_int64_hash, g_int64_equal);
	t->next_ino = ROOT_INO;
	/* like /tmp: anybody may make a bisection, only its owner (and root) may remove it */
	t->root = node_new(t, NODE_DIR, "", 01777, uid, gid);
}

void tree_clear(struct tree *t)
{
	while (t->root->children->len)
		node_detach(t, g_ptr_array_index(t->root->children, 0));
	node_unref(t, t->root);
	g_hash_table_unref(t->nodes);
	g_mutex_clear(&t->lock);
}

struct node *node_new(struct tree *t, enum node_kind kind, const char *name, mode_t mode, uid_t uid,
		      gid_t gid)
{
	struct node *n = g_new0(struct node, 1);
	n->ino = t->next_ino++;
	n->kind = kind;
	n->name = g_ref_string_new_intern(name);
	n->mode = mode;
	n->uid = uid;
	n->gid = gid;
	n->refs = 1;
	n->mtime = timespec_now();
	if (node_is_dir(n))
		n->children = g_ptr_array_new();
	g_hash_table_insert(t->nodes, &n->ino, n);
	return n;
}

bool node_is_dir(const struct node *n)
{
	return n->kind == NODE_DIR || n->kind == NODE_FILES;
}

struct node *node_ref(struct node *n)
{
	n->refs++;
	return n;
}

void node_unref(struct tree *t, struct node *n)
{
	if (!n || --n->refs > 0)
		return;
	g_hash_table_remove(t->nodes, &n->ino);
	while (n->children && n->children->len)
		node_detach(t, g_ptr_array_index(n->children, n->children->len - 1));
	if (n->children)
		g_ptr_array_unref(n->children);
	if (n->by_name)
		g_hash_table_unref(n->by_name);
	if (n->data)
		g_bytes_unref(n->data);
	g_ref_string_release(n->name);
	g_free(n->path);
	if (n->owner)
		g_ref_string_release(n->owner);
	g_free(n);
}

void node_attach(struct node *dir, struct node *n)
{
	g_ptr_array_add(dir->children, n);
	n->parent = dir;
	if (dir->by_name) {
		g_hash_table_insert(dir->by_name, n->name, n);
	} else if (dir->children->len > MANY) {
		dir->by_name = g_hash_table_new(g_str_hash, g_str_equal);
		for (guint i = 0; i < dir->children->len; i++) {
			struct node *c = g_ptr_array_index(dir->children, i);
			g_hash_table_insert(dir->by_name, c->name, c);
		}
	}
}

static void mark_removed(struct node *n)
{
	n->removed = true;
	n->version++;
	for (guint i = 0; n->children && i < n->children->len; i++)
		mark_removed(g_ptr_array_index(n->children, i));
}

void node_detach(struct tree *t, struct node *n)
{
	struct node *dir = n->parent;
	if (dir) {
		g_ptr_array_remove(dir->children, n);
		if (dir->by_name)
			g_hash_table_remove(dir->by_name, n->name);
	}
	n->parent = NULL;
	mark_removed(n);
	node_unref(t, n);
}

void node_rename(struct node *n, const char *name)
{
	struct node *dir = n->parent;
	g_ptr_array_remove(dir->children, n);
	if (dir->by_name)
		g_hash_table_remove(dir->by_name, n->name);
	g_ref_string_release(n->name);
	n->name = g_ref_string_new_intern(name);
	node_attach(dir, n);
}

struct node *node_child(const struct node *dir, const char *name)
{
	if (!dir->children)
		return NULL;
	if (dir->by_name)
		return g_hash_table_lookup(dir->by_name, name);
	for (guint i = 0; i < dir->children->len; i++) {
		struct node *n = g_ptr_array_index(dir->children, i);
		if (strcmp(n->name, name) == 0)
			return n;
	}
	return NULL;
}

struct node *node_find(struct node *dir, const char *path)
{
	struct node *n = dir;
	while (n && *path) {
		size_t len = strcspn(path, "/");
		g_autofree char *name = g_strndup(path, len);
		n = node_child(n, name);
		path += len + (path[len] == '/');
	}
	return n;
}

char *node_path(const struct node *n)
{
	if (!n->parent)
		return n->ino == ROOT_INO ? g_strdup("") : NULL;
	g_autofree char *above = node_path(n->parent);
	if (!above)
		return NULL;
	return *above ? g_strdup_printf("%s/%s", above, n->name) : g_strdup(n->name);
}

struct node *tree_find(const struct tree *t, const char *path)
{
	return node_find(t->root, path);
}

struct node *tree_by_ino(const struct tree *t, uint64_t ino)
{
	return g_hash_table_lookup(t->nodes, &ino);
}

void node_set(struct node *n, GBytes *data, const struct timespec *mtime)
{
	if (n->data)
		g_bytes_unref(n->data);
	n->data = data;
	n->mtime = *mtime;
	n->version++;
}

int64_t node_size(const struct node *n)
{
	if (n->kind == NODE_FILE || n->kind == NODE_LARGE)
		return n->size;
	return n->data ? (int64_t)g_bytes_get_size(n->data) : 0;
}

void node_stat(const struct node *n, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = n->ino;
	st->st_mode = n->mode | (node_is_dir(n)		? S_IFDIR
				 : n->kind == NODE_LINK ? S_IFLNK
							: S_IFREG);
	st->st_nlink = 1;
	if (node_is_dir(n)) {
		st->st_nlink = 2;
		for (guint i = 0; i < n->children->len; i++)
			st->st_nlink += node_is_dir(g_ptr_array_index(n->children, i));
	}
	st->st_uid = n->uid;
	st->st_gid = n->gid;
	st->st_size = node_size(n);
	st->st_blocks = (st->st_size + 511) / 512;
	st->st_blksize = 4096;
	st->st_mtim = st->st_ctim = st->st_atim = n->mtime;
}
