/*
 * The file is looked at before the tree is locked, since it may lie on a slow disk.
 */
#include "show_setting.h"

#include "engine/base/file.h"

#include <string.h>
#include <sys/stat.h>

#define SCALAR_LIMIT 4096

/* What a setting holds now: looked at before the tree is locked. */
struct setting_now {
	bool there;
	struct stat st;
	GBytes *line; /* of one that is a line */
};

static struct setting_now look_at_setting(const char *file)
{
	struct setting_now now = { .there = false };
	gsize len = 0;
	g_autofree char *dir = g_path_get_dirname(file), *name = g_path_get_basename(file);
	now.there = stat(file, &now.st) == 0;
	int id = setting_find(name);
	if (id < 0 || setting_is_large((enum setting)id))
		return now;
	g_autofree char *text = file_read_below(dir, name, SCALAR_LIMIT, &len);
	g_autofree char *line = text && len ? g_strdup_printf("%s\n", text) : g_strdup("");
	now.line = text ? g_bytes_new(line, strlen(line)) : NULL;
	return now;
}

/* A further file that is new; with the tree's lock held. */
static void add_further_file(struct view *v, struct node *dir, const char *name, const char *file,
			     const struct setting_now *now)
{
	struct node *n =
		node_new(&v->m->tree, NODE_LARGE, name, now->st.st_mode & 0777, dir->uid, dir->gid);
	n->path = g_strdup(file);
	n->size = now->st.st_size;
	n->owner = dir->owner ? g_ref_string_new_intern(dir->owner) : NULL;
	n->serial = dir->serial;
	node_attach(dir, n);
}

static void set_large(struct node *n, const struct setting_now *now)
{
	n->size = now->there ? now->st.st_size : 0;
	n->mode = now->there ? now->st.st_mode & 0777 : n->mode;
	n->mtime = timespec_now();
	n->version++;
}

/* A user's write: the kernel has made the event already, only the content is ours. */
void show_setting(void *self, const char *name, const char *setting)
{
	struct view *v = self;
	struct tree *t = &v->m->tree;
	const struct shown *sh = name ? g_hash_table_lookup(v->shown, name) : NULL;
	g_autofree char *path = g_strdup_printf("settings/%s", setting);
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *file = paths_setting(v->m->engine, name, setting);
	struct setting_now now = look_at_setting(file);
	struct timespec time = timespec_now();
	g_mutex_lock(&t->lock);
	struct node *of = sh ? sh->dir : node_child(t->root, "new");
	struct node *n = node_find(of, path), *dir = node_find(of, parent);
	bool further = dir && dir->kind == NODE_FILES;
	if (n && further && !now.there)
		node_detach(t, n);
	else if (!n && further && now.there)
		add_further_file(v, dir, strrchr(setting, '/') + 1, file, &now);
	else if (n && n->kind == NODE_LARGE)
		set_large(n, &now);
	else if (n && now.line)
		node_set(n, g_steal_pointer(&now.line), &time);
	g_mutex_unlock(&t->lock);
	g_bytes_unref(now.line);
}
