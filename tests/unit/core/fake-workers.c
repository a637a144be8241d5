/* All is done in the caller's thread: a turn of the engine's loop at a time. */
#include "fake-workers.h"

#include "engine/base/daemon_log.h"
#include "engine/base/file.h"
#include "engine/core/loop.h"
#include "engine/history/repo.h"
#include "engine/store/state_dir.h"
#include "engine/work/history_job.h"
#include "engine/work/lookup_job.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#define SECOND ((int64_t)1000000000)

static void be_silent(const char *line)
{
	(void)line;
}

void fake_library_start(void)
{
	setlocale(LC_ALL, "");
	repo_library_start();
	daemon_log_to(be_silent);
}

void fake_library_stop(void)
{
	repo_library_stop();
}

/* ---- workers ---- */

static void leave_kernel(const struct fake *f, struct job *job)
{
	const struct kernel_source *source = &job->build.source;
	g_autofree char *part = kernels_part(f->state, source->key);
	g_autofree char *kernel = g_build_filename(part, "kernel", NULL);
	g_assert_cmpint(file_mkdir(part, NULL), ==, 0);
	g_assert_true(g_file_set_contents(kernel, source->key, -1, NULL));
	job->build.made.compiler = g_strdup("gcc");
	job->build.made.signature = g_strdup(source->key);
}

static void start(void *self, struct job *job)
{
	struct fake *f = self;
	struct navigator nav = { .repo = f->repo, .settings = &job->settings };
	if (job->kind == JOB_LOAD || job->kind == JOB_NEXT)
		history_job_navigate(job, &nav);
	else if (job->kind == JOB_LOOKUP)
		lookup_job_resolve(job, &nav);
	else if (job->kind == JOB_BUILD)
		leave_kernel(f, job);
	else if (job->kind == JOB_REPORT)
		job->answer = event_make(EV_REPORTED);
	if (job->kind == JOB_REPORT)
		job->answer.reported.maintainers = g_new0(char *, 1);
	if (job->kind == JOB_RUN || (job->kind == JOB_LOOKUP && f->hold_lookups))
		g_ptr_array_add(f->held, job);
	else
		job->listener->done(job->listener->self, job);
}

static int64_t get_now(void *self)
{
	return ((struct fake *)self)->now;
}

static int64_t get_uptime(void *self)
{
	return ((struct fake *)self)->uptime_us;
}

/* ---- the disk ---- */

static ssize_t disk_write(void *self, int fd, const void *data, size_t len)
{
	const struct fake *f = self;
	if (!f->disk_error)
		return write(fd, data, len);
	errno = -f->disk_error;
	return -1;
}

static int disk_sync(void *self, int fd)
{
	(void)self;
	(void)fd;
	return 0;
}

static int disk_truncate(void *self, int fd, off_t size)
{
	(void)self;
	return ftruncate(fd, size);
}

static guint64 room(void *self, const char *dir)
{
	(void)dir;
	return ((struct fake *)self)->room;
}

static guint64 inodes(void *self, const char *dir)
{
	(void)dir;
	return ((struct fake *)self)->inodes;
}

static err_t probe(void *self, const char *dir, uid_t user, gsize bytes)
{
	(void)dir;
	(void)user;
	(void)bytes;
	return ((struct fake *)self)->disk_error;
}

/* ---- the mount ---- */

static void added(void *self, const struct session *s, bool by_mkdir)
{
	(void)self;
	(void)s;
	(void)by_mkdir;
}

static void changed(void *self, const struct session *s, const struct event *ev)
{
	(void)self;
	(void)s;
	(void)ev;
}

static void removed(void *self, const char *name, guint64 serial)
{
	(void)serial;
	g_ptr_array_add(((struct fake *)self)->removed, g_strdup(name));
}

static void setting(void *self, const char *name, const char *word)
{
	(void)self;
	(void)name;
	(void)word;
}

/* ---- from beginning to end ---- */

void fake_open(struct fake *f, int commits)
{
	*f = (struct fake){ .vms = 1,
			    .now = 1700000000 * SECOND,
			    .uptime_us = 1000000,
			    .room = (guint64)1 << 40,
			    .inodes = (guint64)1 << 40 };
	f->history = random_history_make(1, commits);
	f->dir = g_dir_make_tmp("core-XXXXXX", NULL);
	f->state = g_build_filename(f->dir, "state", NULL);
	f->held = g_ptr_array_new();
	f->removed = g_ptr_array_new_with_free_func(g_free);
	profile_init(&f->profile);
	f->profile.ahead = f->profile.sandbox = false;
	f->profile.large[SET_REPRODUCER] = g_build_filename(f->dir, "reproducer", NULL);
	g_assert_true(
		g_file_set_contents(f->profile.large[SET_REPRODUCER], "#!/bin/sh\n", -1, NULL));
	f->disk = (struct disk){ .self = f,
				 .write = disk_write,
				 .sync = disk_sync,
				 .truncate = disk_truncate,
				 .room = room,
				 .inodes = inodes,
				 .probe = probe };
}

void fake_close(struct fake *f)
{
	if (f->e)
		fake_kill(f);
	profile_clear(&f->profile);
	g_ptr_array_unref(f->held);
	g_ptr_array_unref(f->removed);
	file_remove_tree(f->dir, NULL);
	random_history_free(f->history);
	g_free(f->dir);
	g_free(f->state);
}

void fake_boot(struct fake *f)
{
	struct error why = { 0 };
	struct workers workers = { .self = f,
				   .start = start,
				   .now = get_now,
				   .uptime = get_uptime,
				   .uncaged = "nothing is built" };
	struct engine_config config = {
		.state = f->state,
		.profile = &f->profile,
		.workers = &workers,
		.vms = f->vms,
		.disk = &f->disk,
		.view = { .self = f,
			  .added = added,
			  .changed = changed,
			  .removed = removed,
			  .setting = setting },
	};
	err_t err = state_dir_open(f->state, &f->lock, &why);
	if (!err)
		err = repo_open(f->history->dir, &f->repo, &why);
	if (!err)
		err = engine_new(&config, &f->e, &why);
	if (!err)
		err = engine_recover(f->e, &why);
	if (err)
		g_error("%s", why.text);
	loop_begin(f->e);
	fake_wait(f, 0);
}

void fake_kill(struct fake *f)
{
	g_ptr_array_set_size(f->held, 0);
	engine_free(f->e);
	repo_free(f->repo);
	close(f->lock);
	f->e = NULL;
	f->repo = NULL;
}

/* ---- what happens ---- */

/* A guest that is asked to end does so. */
static bool end_stopped(struct fake *f)
{
	for (guint i = 0; i < f->held->len; i++) {
		struct job *job = g_ptr_array_index(f->held, i);
		if (job->kind != JOB_RUN || !cancel_asked(&job->cancel))
			continue;
		job_skip_run(job);
		g_ptr_array_remove_index(f->held, i);
		job->listener->done(job->listener->self, job);
		return true;
	}
	return false;
}

void fake_wait(struct fake *f, int64_t s)
{
	f->now += s * SECOND;
	f->uptime_us += s * 1000000;
	while (loop_turn(f->e) || end_stopped(f))
		;
}

static void take_answer(struct command *c, err_t err, const struct error *error)
{
	struct fake *f = c->arg;
	f->answered = true;
	f->err = err;
	f->error = *error;
}

err_t fake_command(struct fake *f, enum command_kind kind, const char *name, const char *data)
{
	struct command *c = command_new(kind, name, 0, 0);
	c->data = data ? g_bytes_new(data, strlen(data)) : NULL;
	c->done = take_answer;
	c->arg = f;
	f->answered = false;
	f->err = 0;
	engine_command(f->e, c);
	fake_wait(f, 0);
	return f->err;
}

void fake_do(struct fake *f, enum command_kind kind, const char *name, const char *data)
{
	if (fake_command(f, kind, name, data) != 0 || !f->answered)
		g_error("%s: %s: %s", name, data ? data : "", f->error.text);
}

void fake_start(struct fake *f, const char *name)
{
	g_autofree char *revisions = g_strdup_printf(
		"%s %s", f->history->commits[f->history->n - 1].hash, f->history->commits[0].hash);
	fake_do(f, CMD_MKDIR, name, NULL);
	fake_do(f, CMD_START, name, revisions);
}

struct job *fake_held(const struct fake *f, enum job_kind kind, const char *name)
{
	for (guint i = 0; i < f->held->len; i++) {
		struct job *job = g_ptr_array_index(f->held, i);
		if (job->kind == kind && g_str_equal(job->name, name))
			return job;
	}
	return NULL;
}

void fake_end(struct fake *f, struct job *job)
{
	g_assert_true(g_ptr_array_remove(f->held, job));
	job->listener->done(job->listener->self, job);
	fake_wait(f, 1);
}

void fake_end_run(struct fake *f, struct job *run, bool crashed)
{
	run->answer = event_make(EV_RUN_DONE);
	run->answer.run_done.run = job_run(run);
	run->answer.run_done.duration = SECOND;
	run->answer.run_done.outcome = crashed ? OUTCOME_CRASHED : OUTCOME_OK;
	run->answer.run_done.type = crashed ? CRASH_BUG : CRASH_NONE;
	run->answer.run_done.title = g_strdup(crashed ? "BUG: the bug" : "");
	fake_end(f, run);
}

void fake_judge(struct fake *f, const char *name, int step, bool crashed)
{
	const struct session *s = fake_session(f, name);
	while (session_step(s, step)->state != STEP_DONE) {
		struct job *run = fake_held(f, JOB_RUN, name);
		g_assert_nonnull(run);
		g_assert_cmpint(job_step(run), ==, step);
		fake_end_run(f, run, crashed);
	}
}

const struct session *fake_session(const struct fake *f, const char *name)
{
	const struct bisection *b = bisections_find(f->e->bisections, name);
	return b ? b->s : NULL;
}
