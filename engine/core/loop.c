/*
 * One queue for commands, ended jobs and the word to stop, so that nothing needs a lock. After each
 * message all wishes are looked at anew.
 */
#include "loop.h"

#include "commands.h"
#include "facts.h"
#include "job_done.h"
#include "schedule.h"
#include "start.h"

#include "engine/base/daemon_log.h"
#include "engine/store/profile.h"

enum message_kind { MESSAGE_COMMAND, MESSAGE_JOB, MESSAGE_STOP };

struct message {
	enum message_kind kind;
	union {
		struct command *command;
		struct job *job;
	};
};

/* ---- the queue ---- */

static void post(struct engine *e, struct message m)
{
	g_async_queue_push(e->queue, g_memdup2(&m, sizeof(m)));
}

void loop_post_command(struct engine *e, struct command *c)
{
	post(e, (struct message){ .kind = MESSAGE_COMMAND, .command = c });
}

void loop_post_job(struct engine *e, struct job *job)
{
	post(e, (struct message){ .kind = MESSAGE_JOB, .job = job });
}

void loop_post_stop(struct engine *e)
{
	post(e, (struct message){ .kind = MESSAGE_STOP });
}

bool loop_has_messages(const struct engine *e)
{
	return g_async_queue_length(e->queue) > 0;
}

static void job_ended(void *self, struct job *job)
{
	loop_post_job(self, job);
}

static void job_grew(void *self, const struct job *job, int64_t size)
{
	const struct engine *e = self;
	e->view.grew(e->view.self, job->name, job->serial, job_step(job), job_run(job), size);
}

void loop_init(struct engine *e)
{
	e->queue = g_async_queue_new();
	e->listener = (struct job_listener){ .self = e, .done = job_ended, .grew = job_grew };
}

/* Jobs are in the engine's list; commands are nowhere else. */
void loop_clear(struct engine *e)
{
	struct message *m;
	while ((m = g_async_queue_try_pop(e->queue))) {
		if (m->kind == MESSAGE_COMMAND)
			command_free(m->command);
		g_free(m);
	}
	g_async_queue_unref(e->queue);
}

/* ---- a turn ---- */

/* One that was looked up at the end finds nobody who waits for it. */
static void take_job(struct engine *e, struct job *job)
{
	if (job->kind != JOB_LOOKUP)
		job_done(e, job);
	else if (!e->stopping)
		commands_looked_up(e, job);
	jobs_end(e->jobs, job);
}

static void take_message(struct engine *e, const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_COMMAND:
		commands_take(e, m->command);
		break;
	case MESSAGE_JOB:
		take_job(e, m->job);
		break;
	case MESSAGE_STOP:
		e->stopping = true;
		jobs_stop_all(e->jobs);
		break;
	}
}

#define DAY_NS ((int64_t)86400 * 1000000000)
#define EXPIRE_EVERY_US (60 * G_USEC_PER_SEC)

/* Finished bisections that are older than the profile keeps them. */
static void expire(struct engine *e)
{
	int64_t limit = state_now(e) - e->profile->keep_days * DAY_NS;
	struct bisection *b;
	if (!e->profile->keep_days || !e->state)
		return;
	e->expired_at = e->workers.uptime(e->workers.self);
	for (guint i = bisections_count(e->bisections); i-- > 0;) {
		b = bisections_at(e->bisections, i);
		if (!session_over(b->s) || !b->s->ended || b->s->ended >= limit)
			continue;
		daemon_log(DAEMON_LOG_INFO, b->s->name, "removed: it ended more than %d days ago",
			   e->profile->keep_days);
		start_remove(e, b, NULL);
	}
}

/* `m` NULL: time has passed. */
static void turn(struct engine *e, struct message *m)
{
	if (m)
		take_message(e, m);
	g_free(m);
	facts_try_disk(e);
	if (e->stopping)
		return;
	if (e->workers.uptime(e->workers.self) - e->expired_at >= EXPIRE_EVERY_US)
		expire(e);
	schedule(e);
}

bool loop_turn(struct engine *e)
{
	struct message *m = g_async_queue_try_pop(e->queue);
	bool any = m != NULL;
	turn(e, m);
	return any || loop_has_messages(e);
}

/* ---- from beginning to end ---- */

/* Bisections that the disk had paused when the daemon ended go on as soon as there is room. */
static void expect_room(struct engine *e)
{
	struct bisection *b;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		if (b->s->paused_by_disk)
			disk_watch_was_full(e->disk_watch);
	}
}

/* The daemon may have ended between a fact and what follows from it. */
static void conclude_what_is_known(struct engine *e)
{
	struct bisection *b;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++)
		facts_conclude(e, b);
}

void loop_begin(struct engine *e)
{
	expire(e);
	expect_room(e);
	conclude_what_is_known(e);
	schedule(e);
}

void loop_run(struct engine *e)
{
	loop_begin(e);
	while (!e->stopping || jobs_count(e->jobs)) {
		turn(e, g_async_queue_timeout_pop(e->queue, G_USEC_PER_SEC));
		e->view.tick(e->view.self);
	}
}
