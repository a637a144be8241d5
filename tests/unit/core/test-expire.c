/* Finished bisections go when the profile says so, also while the daemon runs. */
#include "engine/base/file.h"
#include "engine/base/daemon_log.h"
#include "engine/core/loop.h"
#include "engine/store/profile.h"
#include "engine/store/state_dir.h"
#include "engine/work/lookup_job.h"
#include "tests/random-history.h"

#include <locale.h>
#include <string.h>
#include <unistd.h>

#define SECOND ((int64_t)1000000000)
#define DAY (86400 * SECOND)

static int64_t now = 1700000000 * SECOND, uptime_us = 1000000;

/* Revisions are looked up; nothing else that is begun ends in this test. */
static void start(void *self, struct job *job)
{
	struct navigator nav = { .repo = self, .settings = &job->settings };
	if (job->kind != JOB_LOOKUP)
		return;
	lookup_job_resolve(job, &nav);
	job->listener->done(job->listener->self, job);
}

static int64_t get_now(void *self)
{
	(void)self;
	return now;
}

static int64_t get_uptime(void *self)
{
	(void)self;
	return uptime_us;
}

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
	g_ptr_array_add(self, g_strdup(name));
}

static void done(struct command *c, err_t err, const struct error *error)
{
	if (err)
		g_error("%s: %s", c->name, error->text);
}

static void wait_s(struct engine *e, int64_t s)
{
	now += s * SECOND;
	uptime_us += s * 1000000;
	while (loop_turn(e))
		;
}

static void command(struct engine *e, enum command_kind kind, const char *name, const char *data)
{
	struct command *c = command_new(kind, name, 0, 0);
	c->data = data ? g_bytes_new(data, strlen(data)) : NULL;
	c->done = done;
	engine_command(e, c);
	wait_s(e, 0);
}

static bool is_there(const char *state, const char *name)
{
	g_autofree char *dir = state_dir_bisection(state, name);
	return file_exists(dir);
}

static void test_expire(void)
{
	struct random_history *history = random_history_make(1, 12);
	g_autofree char *dir = g_dir_make_tmp("expire-XXXXXX", NULL);
	g_autofree char *state = g_build_filename(dir, "state", NULL);
	g_autofree char *reproducer = g_build_filename(dir, "reproducer", NULL);
	g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
	struct profile profile;
	struct error why = { 0 };
	int lock;
	profile_init(&profile);
	profile.keep_days = 3;
	profile.sandbox = false;
	profile.large[SET_REPRODUCER] = g_strdup(reproducer);
	g_assert_true(g_file_set_contents(reproducer, "#!/bin/sh\n", -1, NULL));
	g_assert_cmpint(state_dir_open(state, &lock, &why), ==, 0);
	struct repo *repo = NULL;
	g_assert_cmpint(repo_open(history->dir, &repo, &why), ==, 0);
	struct workers workers = { .self = repo,
				   .start = start,
				   .now = get_now,
				   .uptime = get_uptime,
				   .uncaged = "nothing is built" };
	struct engine_config config = {
		.state = state,
		.profile = &profile,
		.workers = &workers,
		.vms = 1,
		.view = { .self = gone, .added = added, .changed = changed, .removed = removed },
	};
	struct engine *e = NULL;
	g_assert_cmpint(engine_new(&config, &e, &why), ==, 0);
	g_assert_cmpint(engine_recover(e, &why), ==, 0);
	loop_begin(e);

	command(e, CMD_MKDIR, "draft", NULL);
	for (int i = 0; i < 3; i++) {
		g_autofree char *name = g_strdup_printf("x%d", i);
		command(e, CMD_MKDIR, name, NULL);
		command(e, CMD_START, name, history->commits[history->n - 1].hash);
	}
	command(e, CMD_CONTROL, "x0", "abort");
	wait_s(e, DAY / SECOND);
	command(e, CMD_CONTROL, "x1", "abort");
	g_assert_cmpuint(gone->len, ==, 0);
	wait_s(e, 2 * DAY / SECOND - 10);
	g_assert_cmpuint(gone->len, ==, 0);
	wait_s(e, 59); /* looked for once a minute: not yet */
	g_assert_cmpuint(gone->len, ==, 0);
	wait_s(e, 1);
	g_assert_cmpuint(gone->len, ==, 1);
	g_assert_cmpstr(gone->pdata[0], ==, "x0");
	g_assert_false(is_there(state, "x0"));
	g_assert_true(is_there(state, "x1"));
	now += 30 * DAY; /* somebody sets the clock: the minute is not one of that */
	wait_s(e, 30);
	g_assert_cmpuint(gone->len, ==, 1);
	wait_s(e, 30);
	g_assert_cmpuint(gone->len, ==, 2);
	g_assert_cmpstr(gone->pdata[1], ==, "x1");
	wait_s(e, 60);
	g_assert_cmpuint(gone->len, ==, 2); /* what goes on, and drafts, are kept */
	g_assert_true(is_there(state, "x2") && is_there(state, "draft"));

	engine_free(e);
	repo_free(repo);
	close(lock);
	profile_clear(&profile);
	file_remove_tree(dir, NULL);
	random_history_free(history);
}

static void be_silent(const char *line)
{
	(void)line;
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	g_test_init(&argc, &argv, NULL);
	repo_library_start();
	daemon_log_to(be_silent);
	g_test_add_func("/expire", test_expire);
	int status = g_test_run();
	repo_library_stop();
	return status;
}
