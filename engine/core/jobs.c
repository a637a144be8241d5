/*
 * A handful of jobs are in flight at a time, so the list is looked through.
 */
#include "jobs.h"

#include "command.h"

#include <string.h>

void kernel_source_clear(struct kernel_source *source)
{
	g_free(source->key);
	g_free(source->commit);
	g_free(source->cc);
	g_free(source->object);
	g_strfreev(source->patches);
	g_strfreev(source->options);
	g_strfreev(source->since);
	*source = (struct kernel_source){ 0 };
}

struct job *job_new(enum job_kind kind, const struct session *s,
		    const struct job_listener *listener, bool polled)
{
	struct job *job = g_new0(struct job, 1);
	job->kind = kind;
	job->step = -1;
	job->answer = event_make(EV_NONE);
	job->listener = listener;
	cancel_init(&job->cancel, polled);
	if (s) {
		job->serial = s->serial;
		job->name = g_strdup(s->name);
		job->user = (struct spawn_user){ .uid = s->uid, .gid = s->gid };
		job->plan.judgements = session_judgement_count(s);
		settings_copy(&job->settings, &s->settings);
	}
	return job;
}

static void lookup_clear(struct lookup *l)
{
	if (l->command)
		command_free(l->command);
	g_strfreev(l->words);
	g_strfreev(l->paths);
	next_query_clear(&l->range);
	g_strfreev(l->good_ends);
	g_free(l->bad_end);
	g_free(l->commit);
	g_free(l->subject);
	g_free(l->key);
	if (l->goods)
		g_ptr_array_unref(l->goods);
	if (l->judged)
		g_ptr_array_unref(l->judged);
}

static void made_clear(struct kernel *made)
{
	g_free(made->compiler);
	g_free(made->signature);
	g_free(made->reason);
	g_strfreev(made->errors);
	g_free(made->object);
	g_free(made->matched);
}

static void work_clear(struct job *job)
{
	switch (job->kind) {
	case JOB_LOOKUP:
		lookup_clear(&job->lookup);
		break;
	case JOB_LOAD:
		g_free(job->load.commit);
		g_strfreev(job->load.goods);
		break;
	case JOB_NEXT:
		g_free(job->next.key);
		next_query_clear(&job->next.query);
		break;
	case JOB_BUILD:
		kernel_source_clear(&job->build.source);
		made_clear(&job->build.made);
		break;
	case JOB_RUN:
		kernel_source_clear(&job->run.source);
		g_free(job->run.dir);
		break;
	case JOB_REPORT:
		g_free(job->report.commit);
		break;
	case JOB_PREPARE:
	case JOB_KINDS:
		break;
	}
}

void job_free(void *p)
{
	struct job *job = p;
	work_clear(job);
	g_free(job->name);
	settings_clear(&job->settings);
	event_clear(&job->answer);
	cancel_clear(&job->cancel);
	g_free(job);
}

int job_step(const struct job *job)
{
	return g_atomic_int_get(&job->step);
}

void job_fetches(struct job *job, guint objects, const char *remote)
{
	if (remote)
		g_atomic_pointer_set(&job->fetches_from, g_intern_string(remote));
	g_atomic_int_set(&job->fetching, (gint)objects);
}

guint job_fetching(const struct job *job, const char **remote)
{
	guint objects = (guint)g_atomic_int_get(&job->fetching);
	*remote = g_atomic_pointer_get((const char **)&job->fetches_from);
	return objects;
}

const struct kernel_source *job_source(const struct job *job)
{
	return job->kind == JOB_BUILD ? &job->build.source
	       : job->kind == JOB_RUN ? &job->run.source
				      : NULL;
}

int job_run(const struct job *job)
{
	return job->kind == JOB_RUN ? job->run.run : -1;
}

enum slot_kind job_slot_kind(const struct job *job)
{
	switch (job->kind) {
	case JOB_RUN:
		return SLOT_VM;
	case JOB_BUILD:
	case JOB_REPORT:
		return SLOT_BUILDER;
	default:
		return SLOT_KINDS;
	}
}

/* ---- in flight ---- */

struct jobs {
	GPtrArray *all; /* struct job * */
};

struct jobs *jobs_new(void)
{
	struct jobs *jobs = g_new0(struct jobs, 1);
	jobs->all = g_ptr_array_new_with_free_func(job_free);
	return jobs;
}

void jobs_free(struct jobs *jobs)
{
	g_ptr_array_unref(jobs->all);
	g_free(jobs);
}

void jobs_add(struct jobs *jobs, struct job *job)
{
	g_ptr_array_add(jobs->all, job);
}

void jobs_end(struct jobs *jobs, struct job *job)
{
	g_ptr_array_remove_fast(jobs->all, job);
}

guint jobs_count(const struct jobs *jobs)
{
	return jobs->all->len;
}

struct job *jobs_at(const struct jobs *jobs, guint i)
{
	return i < jobs->all->len ? g_ptr_array_index(jobs->all, i) : NULL;
}

/* A reproducer is prepared before the history is read: both are one wish. */
static bool is_kind(const struct job *job, enum wish_kind kind)
{
	switch (kind) {
	case WISH_LOAD:
		return job->kind == JOB_PREPARE || job->kind == JOB_LOAD;
	case WISH_NEXT:
		return job->kind == JOB_NEXT;
	case WISH_BUILD:
		return job->kind == JOB_BUILD;
	case WISH_RUN:
		return job->kind == JOB_RUN;
	case WISH_REPORT:
		return job->kind == JOB_REPORT;
	}
	return false;
}

bool jobs_fulfils(const struct job *job, guint64 serial, const struct wish *w)
{
	int step = job->kind == JOB_NEXT ? job->next.step : job->step;
	return job->serial == serial && is_kind(job, w->kind) && step == w->step &&
	       job_run(job) == w->run;
}

struct job *jobs_find(const struct jobs *jobs, guint64 serial, const struct wish *w)
{
	for (guint i = 0; i < jobs->all->len; i++) {
		struct job *job = g_ptr_array_index(jobs->all, i);
		if (jobs_fulfils(job, serial, w))
			return job;
	}
	return NULL;
}

struct job *jobs_building(const struct jobs *jobs, const char *key)
{
	for (guint i = 0; i < jobs->all->len; i++) {
		struct job *job = g_ptr_array_index(jobs->all, i);
		if (job->kind == JOB_BUILD && g_str_equal(job->build.source.key, key))
			return job;
	}
	return NULL;
}

struct job *jobs_asking(const struct jobs *jobs, const char *key)
{
	for (guint i = 0; i < jobs->all->len; i++) {
		struct job *job = g_ptr_array_index(jobs->all, i);
		if (job->kind == JOB_NEXT && g_str_equal(job->next.key, key))
			return job;
	}
	return NULL;
}

bool jobs_of_namesake(const struct jobs *jobs, const struct session *s)
{
	for (guint i = 0; i < jobs->all->len; i++) {
		const struct job *job = g_ptr_array_index(jobs->all, i);
		if (job->serial != s->serial && g_strcmp0(job->name, s->name) == 0)
			return true;
	}
	return false;
}

void jobs_stop(struct job *job)
{
	job->plan.cancelled = true;
	cancel_ask(&job->cancel);
}

void jobs_stop_all(struct jobs *jobs)
{
	for (guint i = 0; i < jobs->all->len; i++)
		jobs_stop(g_ptr_array_index(jobs->all, i));
}

void jobs_give_to_step(struct job *job, int step)
{
	job->plan.speculative = step < 0;
	g_atomic_int_set(&job->step, step);
}

void job_skip_outcome(struct event_run_done *done)
{
	done->outcome = OUTCOME_SKIPPED;
	done->type = CRASH_NONE;
	done->status = -1;
	g_free(done->title);
	done->title = g_strdup("the verdict is known without it");
}

void job_skip_run(struct job *job)
{
	event_clear(&job->answer);
	job->answer = event_make(EV_RUN_DONE);
	job->answer.run_done.run = job->run.run;
	job_skip_outcome(&job->answer.run_done);
}
