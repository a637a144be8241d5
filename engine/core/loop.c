#include "core.h"

#include "engine/build/cage.h"
#include "engine/base/file.h"
#include "engine/text/bisection_log.h"

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

/* ---- bisections ---- */

void bisection_free(void *p)
{
	struct bisection *b = p;
	struct event *ev;
	while ((ev = g_queue_pop_head(&b->backlog))) {
		event_clear(ev);
		g_free(ev);
	}
	journal_close(b->journal);
	ahead_free(b->ahead);
	session_free(b->s);
	g_string_free(b->log, TRUE);
	g_hash_table_unref(b->compilers);
	g_free(b->recipe);
	g_free(b->course);
	g_free(b);
}

struct bisection *bisection_new(const char *name)
{
	struct bisection *b = g_new0(struct bisection, 1);
	g_queue_init(&b->backlog);
	b->compilers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	b->s = session_new(name);
	b->log = g_string_new(NULL);
	return b;
}

int64_t core_now(const struct engine *e)
{
	return e->workers.now(e->workers.self);
}

struct bisection *core_find(const struct engine *e, const char *name)
{
	return name ? g_hash_table_lookup(e->bisections, name) : NULL;
}

static err_t replay(const struct event *ev, void *arg, struct error *error)
{
	struct bisection *b = arg;
	return bisection_log_apply(b->s, b->log, ev, error);
}

static err_t open_bisection(struct engine *e, const char *name, struct bisection **out,
			    struct error *error)
{
	g_autofree char *dir = state_dir_bisection(e->state, name);
	g_autofree char *path = g_build_filename(dir, "journal", NULL);
	struct bisection *b = bisection_new(name);
	err_t err = journal_open(path, e->disk, replay, b, &b->journal, error);
	if (err) {
		bisection_free(b);
		return err;
	}
	*out = b;
	return 0;
}

err_t core_add(struct engine *e, const char *name, uid_t uid, gid_t gid, struct bisection **out,
	       struct error *error)
{
	g_autofree char *settings = state_dir_setting(e->state, name, NULL);
	g_autofree char *defaults = state_dir_setting(e->state, NULL, NULL);
	struct bisection *b = NULL;
	/* what root keeps from others does not become theirs */
	bool other = spawn_is_other((struct spawn_user){ uid, gid });
	err_t err = state_dir_make_settings(e->state, name, error);
	if (!err)
		err = file_copy_tree(defaults, settings, other ? S_IROTH : 0, error);
	if (!err)
		err = open_bisection(e, name, &b, error);
	if (!err)
		err = commands_load_settings(e, name, &b->s->settings, error);
	if (!err) {
		struct event ev = event_make(EV_CREATED);
		ev.created.name = g_strdup(name);
		ev.created.uid = uid;
		ev.created.gid = gid;
		ev.time = core_now(e);
		err = journal_append(b->journal, &ev, error);
		if (!err) /* the file itself is on disk; so must be its name */
			err = state_dir_sync_bisection(e->state, name, error);
		if (!err)
			err = bisection_log_apply(b->s, b->log, &ev, error);
		if (!err) /* the first fact; the view shows it when the bisection is added */
			e->view.changed(e->view.self, b->s, &ev);
		event_clear(&ev);
	}
	if (err) {
		if (b)
			bisection_free(b);
		state_dir_remove_bisection(e->state, name, NULL);
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

err_t core_remove(struct engine *e, const char *name, struct error *error)
{
	g_autofree char *dir = state_dir_bisection(e->state, name);
	err_t err = state_dir_remove_bisection(e->state, name, error);
	if (err && file_exists(dir))
		return err;
	core_drop(e, name); /* what is left of it lies in trash/ until the next start */
	return 0;
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

#define EXPIRE_EVERY_US (60 * G_USEC_PER_SEC)

/* Finished bisections that are older than the profile keeps them. */
static void expire(struct engine *e)
{
	if (!e->profile->keep_days || !e->on_disk)
		return;
	e->expired_at = e->workers.uptime(e->workers.self);
	int64_t limit = core_now(e) - e->profile->keep_days * DAY_NS;
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
		daemon_log(DAEMON_LOG_INFO, name, "removed: it ended more than %d days ago",
			   e->profile->keep_days);
		core_remove(e, name, NULL);
	}
}

static void look_for_expired(struct engine *e)
{
	if (e->workers.uptime(e->workers.self) - e->expired_at >= EXPIRE_EVERY_US)
		expire(e);
}

/* Bisections that the disk had paused when the daemon ended go on as soon as there is room. */
static void expect_room(struct engine *e)
{
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p))
		e->stuck = ((struct bisection *)p)->s->paused_by_disk ? -ENOSPC : e->stuck;
}

/* The daemon may have ended between a fact and what follows from it. */
static void conclude_what_is_known(struct engine *e)
{
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p))
		facts_conclude(e, p);
}

void core_begin(struct engine *e)
{
	expire(e);
	expect_room(e);
	conclude_what_is_known(e);
	schedule(e);
}

/* `m` may be NULL: time has passed. */
static void turn(struct engine *e, struct message *m)
{
	if (m) {
		take_message(e, m);
		g_free(m);
	}
	if (e->on_disk)
		facts_look_for_room(e);
	if (e->on_disk && !e->stopping)
		look_for_expired(e);
	if (!e->stopping)
		schedule(e);
}

bool core_turn(struct engine *e)
{
	struct message *m = g_async_queue_try_pop(e->queue);
	turn(e, m);
	return m || g_async_queue_length(e->queue) > 0;
}

static gpointer core_thread(gpointer arg)
{
	struct engine *e = arg;
	core_begin(e);
	while (!e->stopping || e->jobs->len) {
		turn(e, g_async_queue_timeout_pop(e->queue, G_USEC_PER_SEC));
		e->view.tick(e->view.self);
	}
	return NULL;
}

void job_free(void *p)
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
	g_free(job->key);
	g_free(job->dir);
	g_free(job->made.compiler);
	g_free(job->made.signature);
	g_free(job->made.reason);
	g_free(job);
}

/* The defaults of new bisections: what the mount was told last, over what the profile says. */
static err_t load_defaults(struct engine *e, struct error *error)
{
	settings_copy(&e->defaults, &e->profile->settings);
	for (int i = 0; i < SETTINGS; i++) {
		g_autofree char *path =
			state_dir_setting(e->state, NULL, setting_name((enum setting)i));
		g_autofree char *data = NULL;
		gsize len;
		if (!e->profile->large[i] || file_exists(path) ||
		    !g_file_get_contents(e->profile->large[i], &data, &len, NULL))
			continue;
		err_t err = setting_check_large((enum setting)i, data, len, error);
		if (!err)
			err = file_write(path, data, len, 0644, error);
		if (err)
			return err;
	}
	return commands_load_settings(e, NULL, &e->defaults, error);
}

static const char *why_no_cage(const struct profile *p)
{
	if (!p->sandbox)
		return "the profile says so";
	if (p->launcher && p->launcher[0])
		return "the launcher is to see to that";
	return cage_missing();
}

static void confine(struct engine *e)
{
	const struct profile *p = e->profile;
	e->uncaged = why_no_cage(p);
	e->confine = (struct confinement){ .caged = !e->uncaged,
					   .limits = { .timeout_s = p->build_timeout_s,
						       .processes = p->build_processes,
						       .memory_mib = p->build_memory_mib,
						       .output_mib = p->build_output_mib } };
}

bool core_is_others(const struct engine *e, struct spawn_user user)
{
	return e->confine.caged && spawn_is_other(user);
}

static struct engine *make_engine(const struct engine_config *config)
{
	struct engine *e = g_new0(struct engine, 1);
	e->state = g_strdup(config->state);
	e->repo_path = g_strdup(config->repo);
	e->profile = config->profile;
	e->builder = config->builder;
	e->runner = config->runner;
	e->view = config->view;
	e->queue = g_async_queue_new();
	g_mutex_init(&e->symbols_lock);
	g_mutex_init(&e->trees_lock);
	e->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, event_free);
	e->bisections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bisection_free);
	e->jobs = g_ptr_array_new_with_free_func(job_free);
	e->tree_busy = g_new0(bool, e->profile->builders);
	e->builder_busy = g_new0(bool, e->profile->builders);
	e->vm_busy = g_new0(bool, e->runner.slots);
	return e;
}

static void nothing_changed(void *self, const struct session *s, const struct event *ev)
{
	(void)self;
	(void)s;
	(void)ev;
}

err_t core_new_simulated(const char *repo, const struct profile *profile, int vms,
			 struct workers workers, struct engine **out, struct error *error)
{
	struct engine *e = make_engine(&(struct engine_config){
		.repo = repo,
		.profile = profile,
		.runner = { .slots = vms },
		.view = { .changed = nothing_changed },
	});
	e->workers = workers;
	e->disk = &disk_real;
	e->kernels = kernels_open(NULL, G_MAXUINT64);
	settings_copy(&e->defaults, &profile->settings);
	err_t err = repo_open(repo, &e->repo, error);
	if (err) {
		engine_free(e);
		return err;
	}
	*out = e;
	return 0;
}

err_t core_new(const struct engine_config *config, const struct disk *disk, struct engine **out,
	       struct error *error)
{
	struct engine *e = make_engine(config);
	if (gethostname(e->host, sizeof(e->host) - 1) != 0)
		g_strlcpy(e->host, "localhost", sizeof(e->host));
	e->on_disk = true;
	e->disk = disk;
	e->kernels = kernels_open(e->state, (guint64)e->profile->kernels_mib << 20);
	confine(e);
	err_t err = repo_open(e->repo_path, &e->repo, error);
	if (!err)
		err = load_defaults(e, error);
	if (err) {
		engine_free(e);
		return err;
	}
	facts_reserve(e);
	*out = e;
	return 0;
}

err_t engine_new(const struct engine_config *config, struct engine **out, struct error *error)
{
	err_t err = core_new(config, &disk_real, out, error);
	if (!err)
		(*out)->workers = workers_threads(*out);
	return err;
}

/* A journal being read, which needs nothing of the others. */
struct recovery {
	struct engine *e;
	char *name;
	struct bisection *b;
	err_t err;
	struct error error;
};

static void read_journal(gpointer data, gpointer arg)
{
	struct recovery *r = data;
	(void)arg;
	r->err = open_bisection(r->e, r->name, &r->b, &r->error);
}

static void recovery_free(void *p)
{
	struct recovery *r = p;
	if (r->b)
		bisection_free(r->b);
	g_free(r->name);
	g_free(r);
}

/* All journals that there are, read by as many threads as there are processors. */
static GPtrArray *read_journals(struct engine *e)
{
	g_autofree char *dir = g_build_filename(e->state, "b", NULL);
	GPtrArray *all = g_ptr_array_new_with_free_func(recovery_free);
	GThreadPool *pool =
		g_thread_pool_new(read_journal, NULL, (gint)g_get_num_processors(), TRUE, NULL);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;
	while (d && (name = g_dir_read_name(d))) {
		struct recovery *r = g_new0(struct recovery, 1);
		r->e = e;
		r->name = g_strdup(name);
		g_ptr_array_add(all, r);
		g_thread_pool_push(pool, r, NULL);
	}
	if (d)
		g_dir_close(d);
	g_thread_pool_free(pool, FALSE, TRUE);
	return all;
}

/* What an earlier daemon has given to its steps; and what it was writing when it was killed. */
static void look_at_steps(struct engine *e, const struct session *s)
{
	for (int n = 0; n < (int)s->steps->len; n++) {
		g_autofree char *dir = state_dir_step(e->state, s->name, n);
		g_autofree char *runs = g_build_filename(dir, "runs", NULL);
		kernels_found(e->kernels, dir);
		if (session_in_progress(s) || n + 1 == (int)s->steps->len)
			file_remove_temporary(runs);
	}
	facts_take_kernels(e, s);
}

static err_t recover_one(struct engine *e, struct recovery *r, struct error *error)
{
	const char *name = r->name;
	struct bisection *b = g_steal_pointer(&r->b);
	err_t err = r->err;
	if (err) {
		if (error)
			*error = r->error;
		return err;
	}
	if (!b->s->created) { /* its mkdir was never acknowledged */
		bisection_free(b);
		return state_dir_remove_bisection(e->state, name, error);
	}
	if (b->s->state == STATE_DRAFT)
		err = commands_load_settings(e, name, &b->s->settings, error);
	g_hash_table_insert(e->bisections, g_strdup(name), b);
	g_autofree char *bisection = state_dir_bisection(e->state, name);
	g_autofree char *left = g_build_filename(bisection, "ahead", NULL);
	if (file_exists(left))
		file_remove_tree(left, NULL);
	look_at_steps(e, b->s);
	if (!err && session_in_progress(b->s)) {
		struct event ev = event_make(EV_RESTARTED);
		e->restarts++;
		daemon_log(DAEMON_LOG_INFO, name, "it was interrupted, and goes on");
		ev.time = MAX(core_now(e), b->s->changed);
		err = facts_append(e, b, &ev, error);
		if (!err)
			err = bisection_log_apply(b->s, b->log, &ev, error);
		if (facts_is_full(err)) {
			facts_keep(b, &ev);
			facts_disk_stuck(e, err);
			err = 0;
		}
	}
	if (!err)
		e->view.added(e->view.self, b->s, false);
	return err;
}

err_t engine_recover(struct engine *e, struct error *error)
{
	g_autofree char *trash = g_build_filename(e->state, "trash", NULL);
	g_autoptr(GPtrArray) all = read_journals(e);
	err_t err = 0;
	for (guint i = 0; i < all->len && !err; i++)
		err = recover_one(e, g_ptr_array_index(all, i), error);
	kernels_keep_limit(e->kernels);
	file_remove_tree(trash, NULL);
	return err ? err : file_mkdir(trash, error);
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
	workers_free(e);
	struct message *m;
	while ((m = g_async_queue_try_pop(e->queue))) {
		if (m->kind == MSG_COMMAND)
			command_free(m->command);
		g_free(m);
	}
	g_async_queue_unref(e->queue);
	g_hash_table_unref(e->bisections);
	g_hash_table_unref(e->answers);
	kernels_close(e->kernels);
	g_ptr_array_unref(e->jobs);
	settings_clear(&e->defaults);
	repo_free(e->repo);
	g_mutex_clear(&e->trees_lock);
	g_free(e->tree_busy);
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

const GString *engine_log(const struct engine *e, const struct session *s)
{
	return core_find(e, s->name)->log;
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
				      .reused = e->reused,
				      .built_ahead = e->built_ahead,
				      .ran_ahead = e->ran_ahead,
				      .stuck = e->stuck,
				      .uncaged = e->uncaged };
	for (guint i = 0; i < e->jobs->len; i++) {
		const struct job *job = g_ptr_array_index(e->jobs, i);
		load->builders_ahead += job->ahead && job->kind == WISH_BUILD;
		load->vms_ahead += job->ahead && job->kind == WISH_RUN;
	}
	for (int i = 0; i < load->builders; i++)
		load->builders_busy += e->builder_busy[i];
	for (int i = 0; i < load->vms; i++)
		load->vms_busy += e->vm_busy[i];
}
