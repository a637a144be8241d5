/*
 * A bisection's nodes are made all at once, with what they hold now: the texts of the tables in
 * render.c, and files of the state directory with their size.
 */
#include "nodes.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what was shown ---- */

static void step_free(void *p)
{
	struct shown_step *st = p;
	for (int i = 0; i < step_file_count; i++)
		g_bytes_unref(st->files[i]);
	g_free(st->files);
	g_free(st);
}

void shown_free(void *p)
{
	struct shown *sh = p;
	g_mutex_lock(&sh->tree->lock);
	node_unref(sh->tree, sh->dir);
	g_mutex_unlock(&sh->tree->lock);
	for (int i = 0; i < bisection_file_count; i++)
		g_bytes_unref(sh->files[i]);
	g_free(sh->files);
	g_ptr_array_unref(sh->steps);
	g_free(sh);
}

/* As long as it is and no longer: a string under construction has room to spare. */
static GBytes *to_bytes(GString *s)
{
	GBytes *data = g_bytes_new(s->str, s->len);
	g_string_free(s, TRUE);
	return data;
}

GBytes *nodes_render(render_fn *fn, const struct render *r)
{
	GString *out = g_string_new(NULL);
	fn(r, out);
	return to_bytes(out);
}

#define SMALL 32 /* bytes: no hash, which each step has its own of */
#define SMALL_KEPT 1000

/* Most files of half a million say "OK", "done" or nothing: one copy of each is enough. Takes over
 * the reference. */
static GBytes *share(struct view *v, GBytes *data)
{
	GBytes *same = g_bytes_get_size(data) <= SMALL ? g_hash_table_lookup(v->small, data) : NULL;
	if (same) {
		g_bytes_unref(data);
		return g_bytes_ref(same);
	}
	if (g_bytes_get_size(data) <= SMALL && g_hash_table_size(v->small) < SMALL_KEPT)
		g_hash_table_add(v->small, g_bytes_ref(data));
	return data;
}

struct render nodes_render_of(const struct view *v, const struct session *s, int n)
{
	return (struct render){ .s = s,
				.log = engine_log(v->m->engine, s),
				.step = session_step(s, n),
				.n = n,
				.now = engine_now(),
				.engine = v->m->engine };
}

int64_t nodes_file_size(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? st.st_size : 0;
}

/* ---- nodes, not attached to the tree yet: nobody else sees them ---- */

struct node *nodes_new(struct view *v, const struct session *s, enum node_kind kind,
		       const char *name, mode_t mode)
{
	struct tree *t = &v->m->tree;
	g_mutex_lock(&t->lock);
	struct node *n = node_new(t, kind, name, mode, s ? (uid_t)s->uid : t->root->uid,
				  s ? (gid_t)s->gid : t->root->gid);
	g_mutex_unlock(&t->lock);
	n->owner = s ? g_ref_string_new_intern(s->name) : NULL;
	n->serial = s ? s->serial : 0;
	if (s && s->changed)
		n->mtime = timespec_of(s->changed);
	return n;
}

static struct node *add_value(struct view *v, const struct session *s, struct node *dir,
			      const struct file_def *def, GBytes *data)
{
	const char *name = strrchr(def->path, '/');
	name = name ? name + 1 : def->path;
	mode_t mode = def->kind == NODE_VALUE ? 0444 : 0644;
	struct node *n = nodes_new(v, s, def->kind, name, mode);
	n->data = g_bytes_ref(data);
	n->pollable = def->pollable;
	n->grows = def->grows;
	node_attach(dir, n);
	return n;
}

static struct node *add_file(struct view *v, const struct session *s, struct node *dir,
			     const char *name, const char *path)
{
	struct node *n = nodes_new(v, s, NODE_FILE, name, 0444);
	n->path = g_strdup(path);
	n->size = nodes_file_size(path);
	node_attach(dir, n);
	return n;
}

static void add_large(struct view *v, const struct session *s, struct node *dir, const char *name,
		      const char *path)
{
	struct stat st;
	struct node *n = nodes_new(v, s, NODE_LARGE, name, 0644);
	n->path = g_strdup(path);
	if (stat(path, &st) == 0) {
		n->size = st.st_size;
		n->mode = st.st_mode & 0777;
	}
	node_attach(dir, n);
}

static void add_further_files(struct view *v, const struct session *s, struct node *dir)
{
	g_autofree char *path = paths_setting(v->m->engine, s ? s->name : NULL, SETTING_FILES_DIR);
	DIR *d = opendir(path);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		g_autofree char *file = g_build_filename(path, e->d_name, NULL);
		add_large(v, s, dir, e->d_name, file);
	}
	if (d)
		closedir(d);
}

struct node *nodes_settings(struct view *v, const struct session *s)
{
	const struct settings *set = s ? &s->settings : engine_defaults(v->m->engine);
	struct node *dir = nodes_new(v, s, NODE_DIR, "settings", 0755);
	for (int i = 0; i < SETTINGS; i++) {
		const char *name = setting_name((enum setting)i);
		if (setting_is_large((enum setting)i)) {
			g_autofree char *path =
				paths_setting(v->m->engine, s ? s->name : NULL, name);
			add_large(v, s, dir, name, path);
			continue;
		}
		struct node *n = nodes_new(v, s, NODE_SCALAR, name, 0644);
		const char *text = settings_text(set, (enum setting)i);
		g_autofree char *line = *text ? g_strdup_printf("%s\n", text) : g_strdup("");
		n->data = share(v, g_bytes_new(line, strlen(line)));
		node_attach(dir, n);
	}
	struct node *files = nodes_new(v, s, NODE_FILES, SETTING_FILES_DIR, 0755);
	add_further_files(v, s, files);
	node_attach(dir, files);
	return dir;
}

void nodes_lock_settings(struct node *n)
{
	n->locked = true;
	for (guint i = 0; n->children && i < n->children->len; i++)
		nodes_lock_settings(g_ptr_array_index(n->children, i));
}

struct node *nodes_run_log(struct view *v, const struct session *s, int step, int k)
{
	g_autofree char *path = paths_run(v->m->engine, s, step, k, "log");
	g_autofree char *name = g_strdup_printf("%d.log", k);
	struct node *n = nodes_new(v, s, NODE_FILE, name, 0444);
	n->path = g_strdup(path);
	return n;
}

struct node *nodes_run_verdict(struct view *v, const struct session *s, const struct run *r, int k)
{
	GString *out = g_string_new(NULL);
	g_autofree char *name = g_strdup_printf("%d.verdict", k);
	render_outcome(r, out);
	struct node *n = nodes_new(v, s, NODE_VALUE, name, 0444);
	n->data = share(v, to_bytes(out));
	return n;
}

struct node *nodes_run_report(struct view *v, const struct session *s, int step, int k)
{
	g_autofree char *path = paths_run(v->m->engine, s, step, k, "report");
	g_autofree char *name = g_strdup_printf("%d.report", k);
	int64_t size = nodes_file_size(path);
	if (!size)
		return NULL;
	struct node *n = nodes_new(v, s, NODE_FILE, name, 0444);
	n->path = g_strdup(path);
	n->size = size;
	return n;
}

static struct node *make_runs(struct view *v, const struct session *s, int n)
{
	const struct step *step = session_step(s, n);
	struct node *dir = nodes_new(v, s, NODE_DIR, "runs", 0755);
	for (int k = 0; k < (int)step->runs->len; k++) {
		const struct run *r = step_run(step, k);
		if (r->outcome == OUTCOME_NONE)
			continue; /* of before a restart: it is announced when it starts anew */
		struct node *log = nodes_run_log(v, s, n, k);
		log->size = nodes_file_size(log->path);
		node_attach(dir, log);
		node_attach(dir, nodes_run_verdict(v, s, r, k));
		struct node *report = nodes_run_report(v, s, n, k);
		if (report)
			node_attach(dir, report);
	}
	return dir;
}

struct node *nodes_step(struct view *v, const struct session *s, int n, struct shown *sh)
{
	struct render r = nodes_render_of(v, s, n);
	struct shown_step *st = g_new0(struct shown_step, 1);
	g_autofree char *name = g_strdup_printf("%d", n);
	struct node *dir = nodes_new(v, s, NODE_DIR, name, 0755);
	st->files = g_new0(GBytes *, step_file_count);
	for (int i = 0; i < step_file_count; i++) {
		st->files[i] = share(v, nodes_render(step_files[i].render, &r));
		add_value(v, s, dir, &step_files[i], st->files[i]);
	}
	g_ptr_array_add(sh->steps, st);
	g_autofree char *log = paths_step(v->m->engine, s, n, "build.log");
	g_autofree char *config = paths_step(v->m->engine, s, n, "config");
	g_autofree char *kernel = paths_step(v->m->engine, s, n, "kernel");
	g_autofree char *modules = paths_step(v->m->engine, s, n, "modules.tar");
	add_file(v, s, dir, "build.log", log);
	add_file(v, s, dir, "config", config);
	/* empty where they are not kept (any more) */
	add_file(v, s, dir, "kernel", kernel);
	add_file(v, s, dir, "modules.tar", modules);
	node_attach(dir, make_runs(v, s, n));
	return dir;
}

static struct node *sub_dir(struct view *v, const struct session *s, struct node *dir,
			    const char *name)
{
	struct node *n = node_child(dir, name);
	if (!n) {
		n = nodes_new(v, s, NODE_DIR, name, 0755);
		node_attach(dir, n);
	}
	return n;
}

struct node *nodes_bisection(struct view *v, const struct session *s, struct shown *sh)
{
	struct render r = nodes_render_of(v, s, -1);
	struct node *dir = nodes_new(v, s, NODE_DIR, s->name, 0755);
	sh->tree = &v->m->tree;
	sh->dir = node_ref(dir);
	sh->files = g_new0(GBytes *, bisection_file_count);
	sh->steps = g_ptr_array_new_with_free_func(step_free);
	for (int i = 0; i < bisection_file_count; i++) {
		const char *slash = strchr(bisection_files[i].path, '/');
		g_autofree char *sub = slash ? g_strndup(bisection_files[i].path,
							 (gsize)(slash - bisection_files[i].path))
					     : NULL;
		struct node *parent = sub ? sub_dir(v, s, dir, sub) : dir;
		sh->files[i] = nodes_render(bisection_files[i].render, &r);
		add_value(v, s, parent, &bisection_files[i], sh->files[i]);
	}
	struct node *settings = nodes_settings(v, s);
	if (s->state != STATE_DRAFT)
		nodes_lock_settings(settings);
	node_attach(dir, settings);
	struct node *steps = nodes_new(v, s, NODE_DIR, "steps", 0755);
	for (int n = 0; n < (int)s->steps->len; n++)
		node_attach(steps, nodes_step(v, s, n, sh));
	node_attach(dir, steps);
	struct node *wait = nodes_new(v, s, NODE_WAIT, "wait", 0444);
	wait->hidden = true;
	sh->over = session_over(s);
	if (sh->over) {
		g_autofree char *line = g_strdup_printf("%s\n", s->verdict);
		wait->data = g_bytes_new(line, strlen(line));
	}
	node_attach(dir, wait);
	return dir;
}
