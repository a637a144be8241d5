#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t engine_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- room kept back for the journal, so that a full disk can still be recorded ---- */

#define RESERVE_BYTES (1 << 20)

static void reserve_take(struct engine *e)
{
	g_autofree char *path = g_build_filename(e->state, "reserve", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, RESERVE_BYTES) != 0)
		unlink(path);
	close(fd);
}

static void reserve_release(struct engine *e)
{
	g_autofree char *path = g_build_filename(e->state, "reserve", NULL);
	unlink(path);
}

/* ---- bisections ---- */

static void bisection_free(void *p)
{
	struct bisection *b = p;
	struct event *ev;
	while ((ev = g_queue_pop_head(&b->backlog))) {
		event_clear(ev);
		g_free(ev);
	}
	journal_close(b->journal);
	session_free(b->s);
	g_free(b);
}

struct bisection *core_find(const struct engine *e, const char *name)
{
	return name ? g_hash_table_lookup(e->bisections, name) : NULL;
}

static err_t replay(const struct event *ev, void *arg, struct error *error)
{
	return session_apply(arg, ev, error);
}

static err_t open_bisection(struct engine *e, const char *name, struct bisection **out,
			    struct error *error)
{
	g_autofree char *dir = store_bisection(e->state, name);
	g_autofree char *path = g_build_filename(dir, "journal", NULL);
	struct bisection *b = g_new0(struct bisection, 1);
	g_queue_init(&b->backlog);
	b->s = session_new(name);
	err_t err = journal_open(path, replay, b->s, &b->journal, error);
	if (err) {
		bisection_free(b);
		return err;
	}
	*out = b;
	return 0;
}

err_t core_add(struct engine *e, const char *name, int uid, int gid, struct bisection **out,
	       struct error *error)
{
	g_autofree char *settings = store_setting(e->state, name, NULL);
	g_autofree char *defaults = store_setting(e->state, NULL, NULL);
	g_autofree char *files = g_build_filename(settings, SETTING_FILES_DIR, NULL);
	struct bisection *b = NULL;
	err_t err = store_copy_tree(defaults, settings, error);
	if (!err)
		err = store_mkdir(files, error);
	if (!err)
		err = open_bisection(e, name, &b, error);
	if (!err)
		err = commands_load_settings(e, name, &b->s->settings, error);
	if (!err) {
		struct event ev = event_make(EV_CREATED);
		ev.name = g_strdup(name);
		ev.uid = uid;
		ev.gid = gid;
		ev.time = engine_now();
		err = journal_append(b->journal, &ev, error);
		if (!err) /* the file itself is on disk; so must be its name */
			err = store_sync_names(e->state, name, error);
		if (!err)
			err = session_apply(b->s, &ev, error);
		event_clear(&ev);
	}
	if (err) {
		if (b)
			bisection_free(b);
		store_remove_bisection(e->state, name, NULL);
		return err;
	}
	g_hash_table_insert(e->bisections, g_strdup(name), b);
	*out = b;
	return 0;
}

void core_drop(struct engine *e, const char *name)
{
	g_hash_table_remove(e->bisections, name);
	e->view.removed(e->view.self, name);
}

/* ---- facts ---- */

static err_t append(struct engine *e, struct bisection *b, struct event *ev, struct error *error)
{
	err_t err = journal_append(b->journal, ev, error);
	if (err == -ENOSPC || err == -EDQUOT) {
		reserve_release(e);
		err = journal_append(b->journal, ev, error);
	}
	return err;
}

/* No run of a step with a verdict needs its kernel any more. */
static void drop_kernel(const struct engine *e, const char *name, int step)
{
	g_autofree char *dir = store_step(e->state, name, step);
	g_autofree char *kernel = g_build_filename(dir, "kernel", NULL);
	g_autofree char *vmlinux = g_build_filename(dir, "vmlinux", NULL);
	unlink(kernel);
	unlink(vmlinux);
}

/* Applies what is on disk now, and all that the session concludes from it. */
static err_t apply_and_show(struct engine *e, struct bisection *b, const struct event *ev,
			    struct error *error)
{
	err_t err = session_apply(b->s, ev, error);
	if (err)
		return err;
	e->events++;
	if (ev->kind == EV_VERDICT)
		drop_kernel(e, b->s->name, ev->step);
	e->view.changed(e->view.self, b->s, ev);
	return 0;
}

static err_t record_one(struct engine *e, struct bisection *b, struct event *ev,
			struct error *error)
{
	ev->time = MAX(engine_now(), b->s->changed); /* a clock set back must not turn time round */
	err_t err = append(e, b, ev, error);
	if (err)
		return err;
	err = apply_and_show(e, b, ev, error);
	if (err)
		journal_take_back(b->journal);
	return err;
}

/* The log ends with the crash; its text is a file until then. */
#define REPORT_LIMIT (64 << 10)

static void attach_report(const struct engine *e, const struct session *s, struct event *ev)
{
	int n = 0, k = 0;
	gsize len = 0;
	if (ev->kind != EV_CONCLUDED || !session_crash(s, &n, &k))
		return;
	g_autofree char *path = store_run(e->state, s->name, n, k, "report");
	if (g_file_get_contents(path, &ev->text, &len, NULL) && len > REPORT_LIMIT)
		ev->text[REPORT_LIMIT] = '\0';
}

/* What another bisection with the same reproducer and settings found out about this kernel. */
static bool known_elsewhere(const struct engine *e, const struct session *s, struct event *ev)
{
	int n = (int)s->steps->len - 1;
	GHashTableIter it;
	gpointer p;
	if (!s->key || !session_may_take_over(s, n))
		return false;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		const struct session *other = ((struct bisection *)p)->s;
		int m = other == s || g_strcmp0(other->key, s->key) != 0
				? -1
				: session_step_with_kernel(other, session_step(s, n)->signature);
		if (m < 0)
			continue;
		const struct step *step = session_step(other, m);
		*ev = event_make(EV_KNOWN);
		ev->step = n;
		ev->verdict = g_strdup(verdict_name(step->verdict));
		ev->reason = g_strdup_printf("same kernel as step %d of %s", m, other->name);
		session_counts(other, m, &ev->good, &ev->bad);
		return true;
	}
	return false;
}

static void conclude_all(struct engine *e, struct bisection *b)
{
	struct event ev;
	struct error why;
	while (session_decide(b->s, &ev) || known_elsewhere(e, b->s, &ev)) {
		attach_report(e, b->s, &ev);
		err_t err = record_one(e, b, &ev, &why);
		event_clear(&ev);
		if (err == -ENOSPC) {
			core_disk_full(e);
			return;
		}
		if (err) {
			g_printerr("bisectfs: %s: %s\n", b->s->name, why.text);
			return;
		}
	}
}

err_t core_record(struct engine *e, struct bisection *b, struct event *ev, struct error *error)
{
	if (!g_queue_is_empty(&b->backlog)) { /* the order of facts must stay */
		g_queue_push_tail(&b->backlog, g_memdup2(ev, sizeof(*ev)));
		return 0;
	}
	err_t err = record_one(e, b, ev, error);
	event_clear(ev);
	if (!err)
		conclude_all(e, b);
	return err;
}

/* A fact of a worker cannot be refused: when the disk does not take it, it waits in memory, unseen.
 */
static void record_or_keep(struct engine *e, struct bisection *b, struct event *ev)
{
	struct error why = { 0 };
	if (!g_queue_is_empty(&b->backlog)) {
		g_queue_push_tail(&b->backlog, g_memdup2(ev, sizeof(*ev)));
		return;
	}
	err_t err = record_one(e, b, ev, &why);
	if (err == -ENOSPC || err == -EDQUOT) {
		g_queue_push_tail(&b->backlog, g_memdup2(ev, sizeof(*ev)));
		core_disk_full(e);
		return;
	}
	if (err)
		g_printerr("bisectfs: %s: %s\n", b->s->name, why.text);
	event_clear(ev);
	if (!err)
		conclude_all(e, b);
}

static void drain_backlog(struct engine *e, struct bisection *b)
{
	while (!g_queue_is_empty(&b->backlog)) {
		struct event *ev = g_queue_peek_head(&b->backlog);
		err_t err = record_one(e, b, ev, NULL);
		if (err == -ENOSPC || err == -EDQUOT)
			return;
		g_queue_pop_head(&b->backlog);
		event_clear(ev);
		g_free(ev);
		conclude_all(e, b);
	}
}

void core_disk_full(struct engine *e)
{
	if (!e->disk_full) {
		e->faults++;
		e->disk_full = true;
		e->room_then = store_room(e->state);
		e->retry_s = MIN(MAX(e->retry_s * 2, 1), 60);
		e->retry_at = g_get_monotonic_time() + e->retry_s * G_USEC_PER_SEC;
	}
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct bisection *b = p;
		if (b->s->state != STATE_QUEUED && b->s->state != STATE_RUNNING)
			continue;
		struct event ev = event_make(EV_PAUSED);
		ev.role = g_strdup("disk");
		ev.reason =
			g_strdup_printf("no room left in %s: it goes on when there is", e->state);
		if (record_one(e, b, &ev, NULL) != 0)
			g_printerr("bisectfs: %s: no room to record the pause\n", b->s->name);
		event_clear(&ev);
	}
}

#define ROOM_TO_GO_ON ((guint64)4 << 20)

static void look_for_room(struct engine *e)
{
	guint64 room = store_room(e->state);
	if (!e->disk_full) {
		if (room > e->room_then + ROOM_TO_GO_ON)
			e->retry_s = 0;
		return;
	}
	if (g_get_monotonic_time() < e->retry_at || room < e->room_then + ROOM_TO_GO_ON)
		return;
	e->disk_full = false;
	reserve_take(e);
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct bisection *b = p;
		drain_backlog(e, b);
		if (b->s->state == STATE_PAUSED && b->s->paused_by_disk && !e->disk_full) {
			struct event ev = event_make(EV_RESUMED);
			record_or_keep(e, b, &ev);
		}
	}
}

void schedule_job_done(struct engine *e, struct job *job)
{
	struct bisection *b = core_find(e, job->name);
	bool asks_history = job->kind == WISH_NEXT || job->kind == WISH_REPORT;
	if (b && asks_history && job->said != session_said(b->s)) {
		return; /* a user's word came in between: it is asked again */
	} else if (job->err == -ENOSPC || job->err == -EDQUOT) {
		core_disk_full(e);
	} else if (b && session_in_progress(b->s) && job->answer.kind != EV_NONE && !e->stopping) {
		e->runs += job->answer.kind == EV_RUN_DONE;
		e->faults += job->answer.outcome == OUTCOME_INFRA;
		record_or_keep(e, b, &job->answer);
		job->answer = event_make(EV_NONE);
	}
}

/* ---- the core thread ---- */

void core_post(struct engine *e, struct message m)
{
	g_async_queue_push(e->queue, g_memdup2(&m, sizeof(m)));
}

static void forget_job(struct engine *e, struct job *job)
{
	if (job->kind == WISH_BUILD || job->kind == WISH_REPORT)
		e->builder_busy[job->slot] = false;
	else if (job->kind == WISH_RUN)
		e->vm_busy[job->slot] = false;
	g_ptr_array_remove_fast(e->jobs, job); /* frees it */
}

static void take_message(struct engine *e, struct message *m)
{
	switch (m->kind) {
	case MSG_COMMAND:
		commands_take(e, m->command);
		break;
	case MSG_RESOLVED:
		commands_resolved(e, m->start);
		break;
	case MSG_JOB_DONE:
		schedule_job_done(e, m->job);
		forget_job(e, m->job);
		break;
	case MSG_STOP:
		e->stopping = true;
		for (guint i = 0; i < e->jobs->len; i++) {
			struct job *job = g_ptr_array_index(e->jobs, i);
			job->cancelled = true;
			cancel_ask(&job->cancel);
		}
		break;
	}
}

#define DAY_NS ((int64_t)86400 * 1000000000)

/* Finished bisections that are older than the profile keeps them. */
static void expire(struct engine *e)
{
	if (!e->profile->keep_days)
		return;
	int64_t limit = engine_now() - e->profile->keep_days * DAY_NS;
	GHashTableIter it;
	gpointer p;
	g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func(g_free);
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		const struct session *s = ((struct bisection *)p)->s;
		if (session_over(s) && s->ended && s->ended < limit)
			g_ptr_array_add(old, g_strdup(s->name));
	}
	for (guint i = 0; i < old->len; i++) {
		const char *name = g_ptr_array_index(old, i);
		core_drop(e, name);
		store_remove_bisection(e->state, name, NULL);
	}
}

/* Bisections that the disk had paused when the daemon ended go on as soon as there is room. */
static void expect_room(struct engine *e)
{
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p))
		e->disk_full = e->disk_full || ((struct bisection *)p)->s->paused_by_disk;
}

static gpointer core_thread(gpointer arg)
{
	struct engine *e = arg;
	expire(e);
	expect_room(e);
	schedule(e);
	while (!e->stopping || e->jobs->len) {
		struct message *m = g_async_queue_timeout_pop(e->queue, G_USEC_PER_SEC);
		if (m) {
			take_message(e, m);
			g_free(m);
		}
		look_for_room(e);
		if (!e->stopping)
			schedule(e);
		e->view.tick(e->view.self);
	}
	return NULL;
}

static void historian_work(gpointer data, gpointer arg)
{
	struct engine *e = arg;
	struct message *m = data;
	if (m->kind == MSG_RESOLVED)
		commands_resolve(m->start);
	else
		work_history(m->job);
	core_post(e, *m);
	g_free(m);
}

static void job_free(void *p)
{
	struct job *job = p;
	g_free(job->name);
	g_free(job->commit);
	g_free(job->cc);
	g_strfreev(job->patches);
	g_strfreev(job->options);
	settings_clear(&job->settings);
	next_query_clear(&job->query);
	event_clear(&job->answer);
	cancel_clear(&job->cancel);
	g_free(job);
}

/* The defaults of new bisections: what the mount was told last, over what the profile says. */
static err_t load_defaults(struct engine *e, struct error *error)
{
	settings_copy(&e->defaults, &e->profile->settings);
	for (int i = 0; i < SETTINGS; i++) {
		g_autofree char *path =
			store_setting(e->state, NULL, setting_name((enum setting)i));
		g_autofree char *data = NULL;
		gsize len;
		if (!e->profile->large[i] || store_exists(path) ||
		    !g_file_get_contents(e->profile->large[i], &data, &len, NULL))
			continue;
		err_t err = setting_check_large((enum setting)i, data, len, error);
		if (!err)
			err = store_write(path, data, len, 0644, error);
		if (err)
			return err;
	}
	return commands_load_settings(e, NULL, &e->defaults, error);
}

err_t engine_new(const struct engine_config *config, struct engine **out, struct error *error)
{
	struct engine *e = g_new0(struct engine, 1);
	e->state = g_strdup(config->state);
	e->repo_path = g_strdup(config->repo);
	e->profile = config->profile;
	e->builder = config->builder;
	e->runner = config->runner;
	e->view = config->view;
	if (gethostname(e->host, sizeof(e->host) - 1) != 0)
		g_strlcpy(e->host, "localhost", sizeof(e->host));
	e->queue = g_async_queue_new();
	g_mutex_init(&e->symbols_lock);
	e->historian = g_thread_pool_new(historian_work, e, 1, FALSE, NULL);
	e->bisections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bisection_free);
	e->jobs = g_ptr_array_new_with_free_func(job_free);
	e->builder_busy = g_new0(bool, e->profile->builders);
	e->vm_busy = g_new0(bool, e->runner.slots);
	err_t err = repo_open(e->repo_path, &e->repo, error);
	if (!err)
		err = load_defaults(e, error);
	if (err) {
		engine_free(e);
		return err;
	}
	reserve_take(e);
	*out = e;
	return 0;
}

static err_t recover_one(struct engine *e, const char *name, struct error *error)
{
	struct bisection *b = NULL;
	err_t err = open_bisection(e, name, &b, error);
	if (err)
		return err;
	if (!b->s->created) { /* its mkdir was never acknowledged */
		bisection_free(b);
		return store_remove_bisection(e->state, name, error);
	}
	if (b->s->state == STATE_DRAFT)
		err = commands_load_settings(e, name, &b->s->settings, error);
	g_hash_table_insert(e->bisections, g_strdup(name), b);
	if (!err && session_in_progress(b->s)) {
		struct event ev = event_make(EV_RESTARTED);
		e->restarts++;
		ev.time = MAX(engine_now(), b->s->changed);
		err = append(e, b, &ev, error);
		if (err == -ENOSPC)
			err = 0; /* it only forgets what no process does any more */
		if (!err)
			err = session_apply(b->s, &ev, error);
	}
	if (!err)
		e->view.added(e->view.self, b->s, false);
	return err;
}

err_t engine_recover(struct engine *e, struct error *error)
{
	g_autofree char *dir = g_build_filename(e->state, "b", NULL);
	g_autofree char *trash = g_build_filename(e->state, "trash", NULL);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;
	err_t err = 0;
	while (d && !err && (name = g_dir_read_name(d)))
		err = recover_one(e, name, error);
	if (d)
		g_dir_close(d);
	store_remove_tree(trash, NULL);
	return err ? err : store_mkdir(trash, error);
}

void engine_run(struct engine *e)
{
	e->core = g_thread_new("core", core_thread, e);
}

void engine_stop(struct engine *e)
{
	if (!e->core)
		return;
	core_post(e, (struct message){ .kind = MSG_STOP });
	g_thread_join(e->core);
	e->core = NULL;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	engine_stop(e);
	g_thread_pool_free(e->historian, FALSE, TRUE);
	struct message *m;
	while ((m = g_async_queue_try_pop(e->queue))) {
		if (m->kind == MSG_COMMAND)
			command_free(m->command);
		g_free(m);
	}
	g_async_queue_unref(e->queue);
	g_hash_table_unref(e->bisections);
	g_ptr_array_unref(e->jobs);
	settings_clear(&e->defaults);
	repo_free(e->repo);
	g_free(e->builder_busy);
	g_free(e->vm_busy);
	symbols_close(e->symbols);
	g_free(e->symbols_of);
	g_mutex_clear(&e->symbols_lock);
	g_free(e->state);
	g_free(e->repo_path);
	g_free(e);
}

/* ---- for the view ---- */

const struct settings *engine_defaults(const struct engine *e)
{
	return &e->defaults;
}

void engine_each(const struct engine *e, void (*fn)(const struct session *, void *), void *arg)
{
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p))
		fn(((struct bisection *)p)->s, arg);
}

const struct session *engine_last(const struct engine *e)
{
	const struct session *last = NULL;
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		const struct session *s = ((struct bisection *)p)->s;
		if (s->started && (!last || s->started > last->started))
			last = s;
	}
	return last;
}

void engine_load(const struct engine *e, struct engine_load *load)
{
	*load = (struct engine_load){ .builders = e->profile->builders,
				      .vms = e->runner.slots,
				      .events = e->events,
				      .runs = e->runs,
				      .restarts = e->restarts,
				      .faults = e->faults,
				      .disk_full = e->disk_full };
	for (int i = 0; i < load->builders; i++)
		load->builders_busy += e->builder_busy[i];
	for (int i = 0; i < load->vms; i++)
		load->vms_busy += e->vm_busy[i];
}
