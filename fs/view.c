#include "view.h"

#include "render.h"

#include "../engine/store.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

struct shown_step {
	GBytes **files; /* by index in step_files */
};

struct shown {
	GBytes **files;	  /* by index in bisection_files */
	GPtrArray *steps; /* struct shown_step * */
	bool over;
};

struct view {
	struct mount *m;
	char *state, *mountpoint;
	bool live;
	GHashTable *shown; /* name -> struct shown */
	GBytes *status, *status_json;
	char *last;
	int64_t ticked;	   /* ns */
	GHashTable *small; /* GBytes -> itself: short contents that many files have */
	bool changed;	   /* a state: what the mount shows at its top is not of now */
};

/* ---- what was shown ---- */

static void step_free(void *p)
{
	struct shown_step *st = p;
	for (int i = 0; i < step_file_count; i++)
		g_bytes_unref(st->files[i]);
	g_free(st->files);
	g_free(st);
}

static void shown_free(void *p)
{
	struct shown *sh = p;
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

static GBytes *render(render_fn *fn, const struct render *r)
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

static struct render render_of(const struct view *v, const struct session *s, int n)
{
	return (struct render){
		.s = s, .step = session_step(s, n), .n = n, .now = engine_now(), .state = v->state
	};
}

static int64_t file_size(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? st.st_size : 0;
}

/* ---- nodes, not attached to the tree yet; with the tree's lock held ---- */

static struct node *new_node(struct view *v, const struct session *s, enum node_kind kind,
			     const char *name, mode_t mode)
{
	struct tree *t = &v->m->tree;
	struct node *n = node_new(t, kind, name, mode, s ? (uid_t)s->uid : t->root->uid,
				  s ? (gid_t)s->gid : t->root->gid);
	n->owner = s ? g_ref_string_new_intern(s->name) : NULL;
	if (s && s->changed)
		n->mtime = timespec_of(s->changed);
	return n;
}

static struct node *add_value(struct view *v, const struct session *s, struct node *dir,
			      const struct file_def *def, GBytes *data)
{
	const char *name = strrchr(def->path, '/');
	name = name ? name + 1 : def->path;
	enum node_kind kind = strcmp(def->path, "start") == 0	  ? NODE_START
			      : strcmp(def->path, "control") == 0 ? NODE_CONTROL
								  : NODE_VALUE;
	struct node *n = new_node(v, s, kind, name, kind == NODE_VALUE ? 0444 : 0644);
	n->data = g_bytes_ref(data);
	n->pollable = def->pollable;
	n->grows = def->grows;
	node_attach(dir, n);
	return n;
}

static struct node *add_file(struct view *v, const struct session *s, struct node *dir,
			     const char *name, const char *path)
{
	struct node *n = new_node(v, s, NODE_FILE, name, 0444);
	n->path = g_strdup(path);
	n->size = file_size(path);
	node_attach(dir, n);
	return n;
}

static void add_large(struct view *v, const struct session *s, struct node *dir, const char *name,
		      const char *path)
{
	struct stat st;
	struct node *n = new_node(v, s, NODE_LARGE, name, 0644);
	n->path = g_strdup(path);
	if (stat(path, &st) == 0) {
		n->size = st.st_size;
		n->mode = st.st_mode & 0777;
	}
	node_attach(dir, n);
}

static void add_further_files(struct view *v, const struct session *s, struct node *dir)
{
	g_autofree char *path = store_setting(v->state, s ? s->name : NULL, SETTING_FILES_DIR);
	DIR *d = opendir(path);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || g_str_has_suffix(e->d_name, ".tmp"))
			continue;
		g_autofree char *file = g_build_filename(path, e->d_name, NULL);
		add_large(v, s, dir, e->d_name, file);
	}
	if (d)
		closedir(d);
}

static struct node *make_settings(struct view *v, const struct session *s)
{
	const struct settings *set = s ? &s->settings : engine_defaults(v->m->engine);
	struct node *dir = new_node(v, s, NODE_DIR, "settings", 0755);
	for (int i = 0; i < SETTINGS; i++) {
		const char *name = setting_name((enum setting)i);
		if (setting_is_large((enum setting)i)) {
			g_autofree char *path = store_setting(v->state, s ? s->name : NULL, name);
			add_large(v, s, dir, name, path);
			continue;
		}
		struct node *n = new_node(v, s, NODE_SCALAR, name, 0644);
		const char *text = settings_text(set, (enum setting)i);
		g_autofree char *line = *text ? g_strdup_printf("%s\n", text) : g_strdup("");
		n->data = share(v, g_bytes_new(line, strlen(line)));
		node_attach(dir, n);
	}
	struct node *files = new_node(v, s, NODE_FILES, SETTING_FILES_DIR, 0755);
	add_further_files(v, s, files);
	node_attach(dir, files);
	return dir;
}

static void lock_settings(struct node *n)
{
	n->locked = true;
	for (guint i = 0; n->children && i < n->children->len; i++)
		lock_settings(g_ptr_array_index(n->children, i));
}

static struct node *make_run_log(struct view *v, const struct session *s, int step, int k)
{
	g_autofree char *path = store_run(v->state, s->name, step, k, "log");
	g_autofree char *name = g_strdup_printf("%d.log", k);
	struct node *n = new_node(v, s, NODE_FILE, name, 0444);
	n->path = g_strdup(path);
	return n;
}

static struct node *make_run_verdict(struct view *v, const struct session *s, const struct run *r,
				     int k)
{
	GString *out = g_string_new(NULL);
	g_autofree char *name = g_strdup_printf("%d.verdict", k);
	render_outcome(r, out);
	struct node *n = new_node(v, s, NODE_VALUE, name, 0444);
	n->data = share(v, to_bytes(out));
	return n;
}

static struct node *make_run_report(struct view *v, const struct session *s, int step, int k)
{
	g_autofree char *path = store_run(v->state, s->name, step, k, "report");
	g_autofree char *name = g_strdup_printf("%d.report", k);
	int64_t size = file_size(path);
	if (!size)
		return NULL;
	struct node *n = new_node(v, s, NODE_FILE, name, 0444);
	n->path = g_strdup(path);
	n->size = size;
	return n;
}

static struct node *make_runs(struct view *v, const struct session *s, int n)
{
	const struct step *step = session_step(s, n);
	struct node *dir = new_node(v, s, NODE_DIR, "runs", 0755);
	for (int k = 0; k < (int)step->runs->len; k++) {
		const struct run *r = step_run(step, k);
		if (r->outcome == OUTCOME_NONE)
			continue; /* of before a restart: it is announced when it starts anew */
		struct node *log = make_run_log(v, s, n, k);
		log->size = file_size(log->path);
		node_attach(dir, log);
		node_attach(dir, make_run_verdict(v, s, r, k));
		struct node *report = make_run_report(v, s, n, k);
		if (report)
			node_attach(dir, report);
	}
	return dir;
}

static struct node *make_step(struct view *v, const struct session *s, int n, struct shown *sh)
{
	struct render r = render_of(v, s, n);
	struct shown_step *st = g_new0(struct shown_step, 1);
	g_autofree char *name = g_strdup_printf("%d", n);
	g_autofree char *path = store_step(v->state, s->name, n);
	struct node *dir = new_node(v, s, NODE_DIR, name, 0755);
	st->files = g_new0(GBytes *, step_file_count);
	for (int i = 0; i < step_file_count; i++) {
		st->files[i] = share(v, render(step_files[i].render, &r));
		add_value(v, s, dir, &step_files[i], st->files[i]);
	}
	g_ptr_array_add(sh->steps, st);
	g_autofree char *log = g_build_filename(path, "build.log", NULL);
	g_autofree char *config = g_build_filename(path, "config", NULL);
	add_file(v, s, dir, "build.log", log);
	add_file(v, s, dir, "config", config);
	node_attach(dir, make_runs(v, s, n));
	return dir;
}

static struct node *sub_dir(struct view *v, const struct session *s, struct node *dir,
			    const char *name)
{
	struct node *n = node_child(dir, name);
	if (!n) {
		n = new_node(v, s, NODE_DIR, name, 0755);
		node_attach(dir, n);
	}
	return n;
}

static struct node *make_bisection(struct view *v, const struct session *s, struct shown *sh)
{
	struct render r = render_of(v, s, -1);
	struct node *dir = new_node(v, s, NODE_DIR, s->name, 0755);
	sh->files = g_new0(GBytes *, bisection_file_count);
	sh->steps = g_ptr_array_new_with_free_func(step_free);
	for (int i = 0; i < bisection_file_count; i++) {
		const char *slash = strchr(bisection_files[i].path, '/');
		g_autofree char *sub = slash ? g_strndup(bisection_files[i].path,
							 (gsize)(slash - bisection_files[i].path))
					     : NULL;
		struct node *parent = sub ? sub_dir(v, s, dir, sub) : dir;
		sh->files[i] = render(bisection_files[i].render, &r);
		add_value(v, s, parent, &bisection_files[i], sh->files[i]);
	}
	struct node *settings = make_settings(v, s);
	if (s->state != STATE_DRAFT)
		lock_settings(settings);
	node_attach(dir, settings);
	struct node *steps = new_node(v, s, NODE_DIR, "steps", 0755);
	for (int n = 0; n < (int)s->steps->len; n++)
		node_attach(steps, make_step(v, s, n, sh));
	node_attach(dir, steps);
	struct node *wait = new_node(v, s, NODE_WAIT, "wait", 0444);
	wait->hidden = true;
	sh->over = session_over(s);
	if (sh->over) {
		g_autofree char *line = g_strdup_printf("%s\n", s->verdict);
		wait->data = g_bytes_new(line, strlen(line));
	}
	node_attach(dir, wait);
	return dir;
}

/* ---- changes ---- */

static struct publisher *pub(struct view *v)
{
	return v->m->publisher;
}

static void show_value(struct view *v, const char *path, const struct file_def *def, GBytes *data)
{
	if (strcmp(def->path, "start") == 0) /* its writer's own write is the event */
		publish_quiet(pub(v), path, data);
	else if (def->grows)
		publish_text_growth(pub(v), path, data);
	else
		publish_value(pub(v), path, data);
}

static void refresh(struct view *v, const char *dir, const struct file_def *defs, int count,
		    const struct render *r, GBytes **shown)
{
	for (int i = 0; i < count; i++) {
		GBytes *now = render(defs[i].render, r);
		if (g_bytes_equal(now, shown[i])) {
			g_bytes_unref(now);
			continue;
		}
		g_bytes_unref(shown[i]);
		shown[i] = now;
		g_autofree char *path = g_strdup_printf("%s/%s", dir, defs[i].path);
		show_value(v, path, &defs[i], g_bytes_ref(now));
	}
}

static void refresh_bisection(struct view *v, const struct session *s, struct shown *sh)
{
	struct render r = render_of(v, s, -1);
	refresh(v, s->name, bisection_files, bisection_file_count, &r, sh->files);
}

static void refresh_step(struct view *v, const struct session *s, struct shown *sh, int n)
{
	if (n < 0 || n >= (int)sh->steps->len)
		return;
	struct render r = render_of(v, s, n);
	struct shown_step *st = g_ptr_array_index(sh->steps, n);
	g_autofree char *dir = g_strdup_printf("%s/steps/%d", s->name, n);
	refresh(v, dir, step_files, step_file_count, &r, st->files);
}

static void show_file_done(struct view *v, const char *path, const char *file)
{
	publish_file_growth(pub(v), path, file_size(file));
	publish_file_done(pub(v), path);
}

static void show_step(struct view *v, const struct session *s, struct shown *sh, int n)
{
	g_autofree char *path = g_strdup_printf("%s/steps/%d", s->name, n);
	g_mutex_lock(&v->m->tree.lock);
	struct node *dir = make_step(v, s, n, sh);
	g_mutex_unlock(&v->m->tree.lock);
	publish_add(pub(v), path, dir);
}

static void show_build(struct view *v, const struct session *s, int n)
{
	static const char *const files[] = { "build.log", "config" };
	g_autofree char *dir = store_step(v->state, s->name, n);
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_strdup_printf("%s/steps/%d/%s", s->name, n, files[i]);
		g_autofree char *file = g_build_filename(dir, files[i], NULL);
		if (store_exists(file))
			show_file_done(v, path, file);
	}
}

static char *run_path(const struct session *s, int n, int k, const char *suffix)
{
	return g_strdup_printf("%s/steps/%d/runs/%d.%s", s->name, n, k, suffix);
}

static void show_run(struct view *v, const struct session *s, int n, int k)
{
	g_autofree char *path = run_path(s, n, k, "log");
	g_mutex_lock(&v->m->tree.lock);
	struct node *log = make_run_log(v, s, n, k);
	g_mutex_unlock(&v->m->tree.lock);
	publish_add(pub(v), path, log);
}

static void show_run_done(struct view *v, const struct session *s, int n, int k)
{
	const struct run *r = step_run(session_step(s, n), k);
	g_autofree char *log = run_path(s, n, k, "log");
	g_autofree char *verdict = run_path(s, n, k, "verdict");
	g_autofree char *report = run_path(s, n, k, "report");
	g_autofree char *file = store_run(v->state, s->name, n, k, "log");
	show_file_done(v, log, file);
	g_mutex_lock(&v->m->tree.lock);
	struct node *report_node = make_run_report(v, s, n, k);
	struct node *verdict_node = make_run_verdict(v, s, r, k);
	g_mutex_unlock(&v->m->tree.lock);
	if (report_node) {
		publish_add(pub(v), report, report_node);
		publish_file_done(pub(v), report);
	}
	publish_add(pub(v), verdict, verdict_node);
	publish_file_done(pub(v), verdict);
}

struct ended {
	struct watch *watch;
	uint64_t ino;
};

static void tell_ended(void *arg)
{
	struct ended *e = arg;
	watch_ended(e->watch, e->ino);
	g_free(e);
}

static void wake_waiters(struct view *v, const char *name)
{
	g_autofree char *path = g_strdup_printf("%s/wait", name);
	g_mutex_lock(&v->m->tree.lock);
	struct node *n = tree_find(&v->m->tree, path);
	struct ended ended = { .watch = v->m->watch, .ino = n ? n->ino : 0 };
	g_mutex_unlock(&v->m->tree.lock);
	if (ended.ino)
		publish_call(pub(v), tell_ended, g_memdup2(&ended, sizeof(ended)));
}

static void show_end(struct view *v, const struct session *s)
{
	g_autofree char *path = g_strdup_printf("%s/wait", s->name);
	g_autofree char *line = g_strdup_printf("%s\n", s->verdict);
	publish_quiet(pub(v), path, g_bytes_new(line, strlen(line)));
	wake_waiters(v, s->name);
}

struct line {
	struct watch *watch;
	GBytes *text;
};

static void tell_line(void *arg)
{
	struct line *l = arg;
	watch_event(l->watch, l->text);
	g_free(l);
}

static void show_event(struct view *v, const struct session *s, const struct event *ev)
{
	GString *out = g_string_new(NULL);
	render_event(s, ev, out);
	struct line l = { .watch = v->m->watch, .text = g_string_free_to_bytes(out) };
	publish_call(pub(v), tell_line, g_memdup2(&l, sizeof(l)));
}

static void update_last(struct view *v)
{
	const struct session *last = engine_last(v->m->engine);
	if (g_strcmp0(last ? last->name : NULL, v->last) == 0)
		return;
	g_free(v->last);
	v->last = g_strdup(last ? last->name : NULL);
	if (v->last)
		publish_link(pub(v), "last", v->last);
	else
		publish_unlink(pub(v), "last");
}

/* ---- called by the engine ---- */

static void view_added(void *self, const struct session *s, bool by_mkdir)
{
	struct view *v = self;
	struct shown *sh = g_new0(struct shown, 1);
	g_mutex_lock(&v->m->tree.lock);
	struct node *dir = make_bisection(v, s, sh);
	bool directly = by_mkdir || !v->live;
	if (directly)
		node_attach(v->m->tree.root, dir);
	g_mutex_unlock(&v->m->tree.lock);
	g_hash_table_insert(v->shown, g_strdup(s->name), sh);
	v->changed = true;
	if (!directly) {
		publish_add(pub(v), s->name, dir);
		update_last(v);
		struct event ev = event_make(EV_STARTED);
		ev.time = s->started;
		ev.text = s->text;
		ev.commit = s->bad;
		show_event(v, s, &ev);
	}
}

static void lock_now(struct view *v, const char *name)
{
	g_autofree char *path = g_strdup_printf("%s/settings", name);
	g_mutex_lock(&v->m->tree.lock);
	struct node *n = tree_find(&v->m->tree, path);
	if (n)
		lock_settings(n);
	g_mutex_unlock(&v->m->tree.lock);
}

static void view_changed(void *self, const struct session *s, const struct event *ev)
{
	struct view *v = self;
	struct shown *sh = g_hash_table_lookup(v->shown, s->name);
	if (!sh) /* started through new/: it is added next, whole */
		return;
	if (ev->kind == EV_STARTED) {
		lock_now(v, s->name);
		update_last(v);
	} else if (ev->kind == EV_STEP) {
		show_step(v, s, sh, ev->step);
	} else if (ev->kind == EV_BUILT || ev->kind == EV_BUILD_FAILED) {
		show_build(v, s, ev->step);
	} else if (ev->kind == EV_RUN_STARTED) {
		show_run(v, s, ev->step, ev->run);
	} else if (ev->kind == EV_RUN_DONE) {
		show_run_done(v, s, ev->step, ev->run);
	}
	refresh_step(v, s, sh, ev->step);
	refresh_bisection(v, s, sh);
	v->changed = v->changed || ev->kind > EV_RUN_DONE || ev->kind < EV_BUILT;
	if (session_over(s) && !sh->over) {
		sh->over = true;
		show_end(v, s);
	}
	show_event(v, s, ev);
}

static void view_removed(void *self, const char *name)
{
	struct view *v = self;
	uint64_t wait = 0;
	g_mutex_lock(&v->m->tree.lock);
	struct node *n = tree_find(&v->m->tree, name);
	struct node *w = n ? node_child(n, "wait") : NULL;
	wait = w ? w->ino : 0;
	if (w)
		node_ref(w);
	if (n)
		node_detach(&v->m->tree, n);
	g_mutex_unlock(&v->m->tree.lock);
	if (wait) {
		watch_ended(v->m->watch, wait);
		g_mutex_lock(&v->m->tree.lock);
		node_unref(&v->m->tree, w);
		g_mutex_unlock(&v->m->tree.lock);
	}
	g_hash_table_remove(v->shown, name);
	v->changed = true;
	update_last(v);
}

/* A user's write: the kernel has made the event already, only the content is ours. */
static void view_setting(void *self, const char *name, const char *setting)
{
	struct view *v = self;
	g_autofree char *dir = g_strdup_printf("%s/settings", name ? name : "new");
	g_autofree char *path = g_strdup_printf("%s/%s", dir, setting);
	g_autofree char *file = store_setting(v->state, name, setting);
	struct stat st;
	bool there = stat(file, &st) == 0;
	struct timespec now = timespec_now();
	g_mutex_lock(&v->m->tree.lock);
	struct node *n = tree_find(&v->m->tree, path);
	const char *slash = strchr(setting, '/');
	if (n && slash && !there) {
		node_detach(&v->m->tree, n);
	} else if (!n && slash && there) {
		g_autofree char *files = g_strdup_printf("%s/" SETTING_FILES_DIR, dir);
		struct node *parent = tree_find(&v->m->tree, files);
		n = parent ? node_new(&v->m->tree, NODE_LARGE, slash + 1, st.st_mode & 0777,
				      parent->uid, parent->gid)
			   : NULL;
		if (n) {
			n->path = g_strdup(file);
			n->size = st.st_size;
			n->owner = parent->owner ? g_ref_string_new_intern(parent->owner) : NULL;
			node_attach(parent, n);
		}
	} else if (n && n->kind == NODE_LARGE) {
		n->size = there ? st.st_size : 0;
		n->mtime = now;
		n->version++;
	} else if (n) {
		g_autofree char *text = NULL;
		gsize len = 0;
		if (g_file_get_contents(file, &text, &len, NULL)) {
			g_autofree char *line = len ? g_strdup_printf("%s\n", text) : g_strdup("");
			node_set(n, g_bytes_new(line, strlen(line)), &now);
		}
	}
	g_mutex_unlock(&v->m->tree.lock);
}

static void show_top(struct view *v, const char *name,
		     void (*fn)(const struct engine *, int64_t, GString *), GBytes **shown)
{
	GString *out = g_string_new(NULL);
	fn(v->m->engine, engine_now(), out);
	GBytes *now = g_string_free_to_bytes(out);
	if (*shown && g_bytes_equal(now, *shown)) {
		g_bytes_unref(now);
		return;
	}
	if (*shown)
		g_bytes_unref(*shown);
	*shown = now;
	publish_value(pub(v), name, g_bytes_ref(now));
}

static void refresh_times(const struct session *s, void *arg)
{
	struct view *v = arg;
	struct shown *sh = g_hash_table_lookup(v->shown, s->name);
	if (sh && session_in_progress(s))
		refresh_bisection(v, s, sh);
}

#define TICK_NS ((int64_t)1000000000)

static void view_tick(void *self)
{
	struct view *v = self;
	int64_t now = engine_now();
	if (now >= v->ticked && now - v->ticked < TICK_NS && !v->changed)
		return;
	v->ticked = now;
	v->changed = false;
	engine_each(v->m->engine, refresh_times, v);
	show_top(v, "status", render_mount_status, &v->status);
	show_top(v, "status.json", render_mount_json, &v->status_json);
}

static void view_grew(void *self, const char *name, int step, int run, int64_t size)
{
	struct view *v = self;
	g_autofree char *path =
		run < 0 ? g_strdup_printf("%s/steps/%d/build.log", name, step)
			: g_strdup_printf("%s/steps/%d/runs/%d.log", name, step, run);
	publish_file_growth(pub(v), path, size);
}

/* ---- set-up ---- */

struct view *view_new(struct mount *m, const char *state, const char *mountpoint)
{
	struct view *v = g_new0(struct view, 1);
	v->m = m;
	v->state = g_strdup(state);
	v->mountpoint = g_strdup(mountpoint);
	v->small = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
					 NULL);
	v->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, shown_free);
	return v;
}

void view_free(struct view *v)
{
	g_hash_table_unref(v->shown);
	g_hash_table_unref(v->small);
	if (v->status)
		g_bytes_unref(v->status);
	if (v->status_json)
		g_bytes_unref(v->status_json);
	g_free(v->state);
	g_free(v->mountpoint);
	g_free(v->last);
	g_free(v);
}

struct engine_view view_engine(struct view *v)
{
	return (struct engine_view){ .self = v,
				     .added = view_added,
				     .changed = view_changed,
				     .removed = view_removed,
				     .setting = view_setting,
				     .tick = view_tick,
				     .grew = view_grew };
}

static struct node *add_top(struct view *v, enum node_kind kind, const char *name, mode_t mode,
			    GString *text)
{
	struct node *n = new_node(v, NULL, kind, name, mode);
	if (text)
		n->data = g_string_free_to_bytes(text);
	node_attach(v->m->tree.root, n);
	return n;
}

void view_fill(struct view *v)
{
	GString *readme = g_string_new(NULL), *status = g_string_new(NULL);
	GString *json = g_string_new(NULL);
	render_readme(v->mountpoint, readme);
	render_mount_status(v->m->engine, engine_now(), status);
	render_mount_json(v->m->engine, engine_now(), json);
	g_mutex_lock(&v->m->tree.lock);
	add_top(v, NODE_VALUE, "README", 0444, readme);
	add_top(v, NODE_VALUE, "status", 0444, status)->pollable = true;
	add_top(v, NODE_VALUE, "status.json", 0444, json);
	add_top(v, NODE_ERROR, "last_error", 0444, NULL);
	add_top(v, NODE_EVENTS, "events", 0444, NULL)->hidden = true;
	struct node *new_dir = add_top(v, NODE_DIR, "new", 0755, NULL);
	/* anybody may start a bisection; the defaults belong to who mounted */
	node_attach(new_dir, new_node(v, NULL, NODE_START, "start", 0666));
	node_attach(new_dir, make_settings(v, NULL));
	const struct session *last = engine_last(v->m->engine);
	if (last) {
		v->last = g_strdup(last->name);
		GString *target = g_string_new(last->name);
		add_top(v, NODE_LINK, "last", 0777, target);
	}
	g_mutex_unlock(&v->m->tree.lock);
}

void view_go_live(struct view *v)
{
	v->live = true;
}
