/*
 * Each fact and each tick renders the texts anew and queues those that differ from what was queued
 * last. What a bisection shows is found through its directory's node, never by its name alone: a
 * name may be used again while changes of the former one are still on their way.
 */
#include "nodes.h"
#include "show_setting.h"

#include "engine/base/file.h"

#include <string.h>
#include <sys/stat.h>

/* ---- changes ---- */

static struct publish *queue(struct view *v)
{
	return v->m->publish;
}

static void show_value(struct view *v, struct node *dir, const char *path,
		       const struct file_def *def, GBytes *data)
{
	if (def->kind == NODE_START) /* its writer's own write is the event */
		publish_quiet(queue(v), dir, path, data);
	else if (def->grows)
		publish_text_growth(queue(v), dir, path, data);
	else
		publish_value(queue(v), dir, path, data);
}

/* `prefix`: of their paths below `dir`. */
static void refresh(struct view *v, struct node *dir, const char *prefix,
		    const struct file_def *defs, int count, const struct render *r, GBytes **shown)
{
	for (int i = 0; i < count; i++) {
		GBytes *now = nodes_render(defs[i].render, r);
		if (g_bytes_equal(now, shown[i])) {
			g_bytes_unref(now);
			continue;
		}
		g_bytes_unref(shown[i]);
		shown[i] = now;
		g_autofree char *path = g_strconcat(prefix, defs[i].path, NULL);
		show_value(v, dir, path, &defs[i], g_bytes_ref(now));
	}
}

static void refresh_bisection(struct view *v, const struct session *s, struct shown *sh)
{
	struct render r = nodes_render_of(v, s, -1);
	refresh(v, sh->dir, "", bisection_files, bisection_file_count, &r, sh->files);
}

static void refresh_step(struct view *v, const struct session *s, struct shown *sh, int n)
{
	if (n < 0 || n >= (int)sh->steps->len)
		return;
	struct render r = nodes_render_of(v, s, n);
	struct shown_step *st = g_ptr_array_index(sh->steps, n);
	g_autofree char *prefix = g_strdup_printf("steps/%d/", n);
	refresh(v, sh->dir, prefix, step_files, step_file_count, &r, st->files);
}

static void show_file_done(struct view *v, struct shown *sh, const char *path)
{
	publish_file_growth(queue(v), sh->dir, path);
	publish_file_done(queue(v), sh->dir, path);
}

static void show_step(struct view *v, const struct session *s, struct shown *sh, int n)
{
	publish_add(queue(v), sh->dir, "steps", nodes_step(v, s, n, sh));
}

static void show_build(struct view *v, const struct session *s, struct shown *sh, int n)
{
	static const char *const files[] = { "build.log", "config", "kernel", "modules.tar" };
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_strdup_printf("steps/%d/%s", n, files[i]);
		g_autofree char *file = paths_step(v->m->engine, s, n, files[i]);
		if (file_exists(file))
			show_file_done(v, sh, path);
	}
}

static struct node *find_node(struct view *v, struct node *dir, const char *path)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&v->m->tree.lock);
	return node_find(dir, path);
}

/* A kernel that is not kept any more shows as an empty file. */
static void show_kernel_gone(struct view *v, const struct session *s, struct shown *sh, int n)
{
	static const char *const files[] = { "kernel", "modules.tar" };
	for (gsize i = 0; n >= 0 && i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_strdup_printf("steps/%d/%s", n, files[i]);
		g_autofree char *file = paths_step(v->m->engine, s, n, files[i]);
		const struct node *node = find_node(v, sh->dir, path);
		if (node && node->size && !file_exists(file))
			show_file_done(v, sh, path);
	}
}

static char *runs_path(int n)
{
	return g_strdup_printf("steps/%d/runs", n);
}

static char *run_path(int n, int k, const char *suffix)
{
	return g_strdup_printf("steps/%d/runs/%d.%s", n, k, suffix);
}

static void show_run(struct view *v, const struct session *s, struct shown *sh, int n, int k)
{
	g_autofree char *runs = runs_path(n);
	publish_add(queue(v), sh->dir, runs, nodes_run_log(v, s, n, k));
}

static void show_run_done(struct view *v, const struct session *s, struct shown *sh, int n, int k)
{
	const struct run *r = step_run(session_step(s, n), k);
	g_autofree char *runs = runs_path(n);
	g_autofree char *log = run_path(n, k, "log");
	g_autofree char *verdict = run_path(n, k, "verdict");
	g_autofree char *report = run_path(n, k, "report");
	show_file_done(v, sh, log);
	struct node *report_node = nodes_run_report(v, s, n, k);
	struct node *verdict_node = nodes_run_verdict(v, s, r, k);
	if (report_node) {
		publish_add(queue(v), sh->dir, runs, report_node);
		publish_file_done(queue(v), sh->dir, report);
	}
	publish_add(queue(v), sh->dir, runs, verdict_node);
	publish_file_done(queue(v), sh->dir, verdict);
}

/* ---- who waits ---- */

struct ended {
	struct watch *watch;
	uint64_t ino; /* of `wait` */
};

static void tell_ended(void *arg)
{
	struct ended *e = arg;
	watch_ended(e->watch, e->ino);
	g_free(e);
}

/* Or the contrary: taken up again. */
static void show_end(struct view *v, const struct session *s, struct shown *sh)
{
	g_autofree char *line = g_strdup_printf("%s\n", s->verdict);
	const struct node *wait = find_node(v, sh->dir, "wait");
	sh->over = session_over(s);
	publish_quiet(queue(v), sh->dir, "wait", sh->over ? g_bytes_new(line, strlen(line)) : NULL);
	struct ended ended = { .watch = v->m->watch, .ino = wait->ino };
	if (sh->over)
		publish_call(queue(v), tell_ended, g_memdup2(&ended, sizeof(ended)));
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

static GBytes *event_line(const struct session *s, const struct event *ev)
{
	GString *out = g_string_new(NULL);
	render_json_event(s, ev, out);
	return g_string_free_to_bytes(out);
}

static void show_line(struct view *v, GBytes *text)
{
	struct line l = { .watch = v->m->watch, .text = text };
	publish_call(queue(v), tell_line, g_memdup2(&l, sizeof(l)));
}

/* A new bisection's first facts come before it is shown: who reads of it must find it. */
static void show_held_lines(struct view *v)
{
	for (guint i = 0; i < v->held_lines->len; i++)
		show_line(v, g_bytes_ref(g_ptr_array_index(v->held_lines, i)));
	g_ptr_array_set_size(v->held_lines, 0);
}

static void update_last(struct view *v)
{
	const struct session *last = engine_last(v->m->engine);
	if (g_strcmp0(last ? last->name : NULL, v->last) == 0)
		return;
	g_free(v->last);
	v->last = g_strdup(last ? last->name : NULL);
	if (v->last)
		publish_link(queue(v), "last", v->last);
	else
		publish_unlink(queue(v), "last");
}

/* ---- called by the engine ---- */

static void attach_to_root(struct view *v, struct node *n)
{
	struct tree *t = &v->m->tree;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&t->lock);
	node_attach(t->root, n);
}

static void view_added(void *self, const struct session *s, bool by_mkdir)
{
	struct view *v = self;
	struct shown *sh = g_new0(struct shown, 1);
	struct node *dir = nodes_bisection(v, s, sh);
	bool directly = by_mkdir || !v->live;
	if (directly)
		attach_to_root(v, dir);
	g_hash_table_insert(v->shown, g_strdup(s->name), sh);
	v->changed = true;
	if (!directly) {
		publish_add(queue(v), v->m->tree.root, "", dir);
		update_last(v);
	}
	show_held_lines(v);
}

static void lock_settings(struct view *v, struct node *dir)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&v->m->tree.lock);
	nodes_lock_settings(node_find(dir, "settings"));
}

/* What goes on within a step shows in the mount's own files with the next tick. */
static bool is_progress(enum event_kind kind)
{
	return kind == EV_BUILT || kind == EV_BUILD_FAILED || kind == EV_RUN_STARTED ||
	       kind == EV_RUN_DONE;
}

static void view_changed(void *self, const struct session *s, const struct event *ev)
{
	struct view *v = self;
	struct shown *sh = g_hash_table_lookup(v->shown, s->name);
	if (!sh) { /* it is added next, whole */
		g_ptr_array_add(v->held_lines, event_line(s, ev));
		return;
	}
	if (ev->kind == EV_STARTED) {
		lock_settings(v, sh->dir);
		update_last(v);
	} else if (ev->kind == EV_STEP) {
		show_step(v, s, sh, ev->step.step);
	} else if (ev->kind == EV_BUILT || ev->kind == EV_BUILD_FAILED) {
		show_build(v, s, sh, event_step(ev));
	} else if (ev->kind == EV_RUN_STARTED) {
		show_run(v, s, sh, event_step(ev), event_run(ev));
	} else if (ev->kind == EV_RUN_DONE) {
		show_run_done(v, s, sh, event_step(ev), event_run(ev));
	}
	if (ev->kind == EV_VERDICT || ev->kind == EV_DROPPED || session_over(s))
		show_kernel_gone(v, s, sh, (int)s->steps->len - 1);
	refresh_step(v, s, sh, event_step(ev));
	for (int n = (int)s->steps->len - 2; !is_progress(ev->kind) && n < (int)s->steps->len; n++)
		refresh_step(v, s, sh, n); /* it may have ended one that it is not about */
	refresh_bisection(v, s, sh);
	v->changed = v->changed || !is_progress(ev->kind);
	if (session_over(s) ? !sh->over : sh->over && !s->verdict)
		show_end(v, s, sh);
	show_line(v, event_line(s, ev));
}

/* Returns the number of its `wait`. */
static uint64_t detach(struct view *v, struct node *dir)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&v->m->tree.lock);
	uint64_t wait = node_find(dir, "wait")->ino;
	if (dir->parent)
		node_detach(&v->m->tree, dir);
	return wait;
}

static void view_removed(void *self, const char *name, guint64 serial)
{
	struct view *v = self;
	struct shown *sh = g_hash_table_lookup(v->shown, name);
	if (sh) /* who waits finds the node removed: it lives as long as `sh` */
		watch_ended(v->m->watch, detach(v, sh->dir));
	g_hash_table_remove(v->shown, name);
	g_ptr_array_set_size(v->held_lines, 0); /* of a start that came to nothing */
	v->changed = true;
	update_last(v);
	GString *line = g_string_new(NULL);
	render_json_removed(name, serial, line);
	show_line(v, g_string_free_to_bytes(line));
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
	publish_value(queue(v), v->m->tree.root, name, g_bytes_ref(now));
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
	show_top(v, "status", render_status_mount, &v->status);
	show_top(v, "status.json", render_json_mount, &v->status_json);
}

/* Any thread: the core thread's table of what is shown cannot be asked. A name that is used again
 * meanwhile does no harm: what is shown is the size of the file that lies there. */
static void view_grew(void *self, const char *name, guint64 serial, int step, int run, int64_t size)
{
	struct view *v = self;
	struct tree *t = &v->m->tree;
	g_autofree char *path =
		run < 0 ? g_strdup_printf("steps/%d/build.log", step) : run_path(step, run, "log");
	(void)size;
	g_mutex_lock(&t->lock);
	struct node *dir = node_child(t->root, name);
	if (dir && dir->serial != serial)
		dir = NULL; /* the log is of an older one of this name */
	if (dir)
		node_ref(dir);
	g_mutex_unlock(&t->lock);
	if (!dir)
		return;
	publish_file_growth(queue(v), dir, path);
	g_mutex_lock(&t->lock);
	node_unref(t, dir);
	g_mutex_unlock(&t->lock);
}

/* ---- set-up ---- */

struct view *view_new(struct mount *m, const char *mountpoint)
{
	struct view *v = g_new0(struct view, 1);
	v->m = m;
	v->mountpoint = g_strdup(mountpoint);
	v->small = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
					 NULL);
	v->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, shown_free);
	v->held_lines = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	return v;
}

void view_free(struct view *v)
{
	g_hash_table_unref(v->shown);
	g_hash_table_unref(v->small);
	g_ptr_array_unref(v->held_lines);
	if (v->status)
		g_bytes_unref(v->status);
	if (v->status_json)
		g_bytes_unref(v->status_json);
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
				     .setting = show_setting,
				     .tick = view_tick,
				     .grew = view_grew };
}

static struct node *add_top(struct view *v, enum node_kind kind, const char *name, mode_t mode,
			    GString *text)
{
	struct node *n = nodes_new(v, NULL, kind, name, mode);
	if (text)
		n->data = g_string_free_to_bytes(text);
	attach_to_root(v, n);
	return n;
}

void view_fill(struct view *v)
{
	GString *readme = g_string_new(NULL), *status = g_string_new(NULL);
	GString *json = g_string_new(NULL);
	render_readme(v->mountpoint, readme);
	render_status_mount(v->m->engine, engine_now(), status);
	render_json_mount(v->m->engine, engine_now(), json);
	add_top(v, NODE_VALUE, "README", 0444, readme);
	add_top(v, NODE_VALUE, "status", 0444, status)->pollable = true;
	add_top(v, NODE_VALUE, "status.json", 0444, json);
	add_top(v, NODE_ERROR, "last_error", 0444, NULL);
	add_top(v, NODE_EVENTS, "events", 0444, NULL)->hidden = true;
	struct node *new_dir = add_top(v, NODE_DIR, "new", 0755, NULL);
	/* anybody may start a bisection; the defaults belong to who mounted */
	node_attach(new_dir, nodes_new(v, NULL, NODE_START, "start", 0666));
	node_attach(new_dir, nodes_settings(v, NULL));
	const struct session *last = engine_last(v->m->engine);
	if (last) {
		v->last = g_strdup(last->name);
		add_top(v, NODE_LINK, "last", 0777, g_string_new(last->name));
	}
}

void view_go_live(struct view *v)
{
	v->live = true;
}
