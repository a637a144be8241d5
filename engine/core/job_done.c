/*
 * Answers that something waits for become facts; a kernel goes to its store, an answer of the
 * history to the others, a run that was begun ahead waits. What nobody asks for any more is
 * dropped.
 */
#include "job_done.h"

#include "ahead_runs.h"
#include "facts.h"
#include "runs.h"
#include "wanted.h"

#include "engine/base/daemon_log.h"

#include <errno.h>

/* Its user's quota is his own affair, and no reason for all to wait. */
static void pause_for_quota(struct engine *e, const struct job *job)
{
	struct bisection *b = bisections_by_serial(e->bisections, job->serial);
	if (!b || job->plan.speculative || b->s->state != STATE_RUNNING)
		return;
	struct event ev = event_make(EV_PAUSED);
	ev.paused.reason = g_strdup_printf("the disk quota of uid %u does not let it build: write "
					   "resume once it does",
					   (unsigned)b->s->uid);
	facts_take(e, b, &ev);
}

/* Ahead nothing is asked for again at once; a search waits for its user, who may have to say where
 * the remote is now. */
static void remote_failed(struct engine *e, const struct job *job)
{
	struct bisection *b = bisections_by_serial(e->bisections, job->serial);
	if (job->plan.speculative)
		e->remote_failed_at = e->workers.uptime(e->workers.self);
	if (!b || job->plan.speculative || b->s->state != STATE_RUNNING)
		return;
	struct event ev = event_make(EV_PAUSED);
	ev.paused.reason = g_strdup_printf("%s; once it gives them write resume", job->error.text);
	facts_take(e, b, &ev);
}

static void keep_kernel(struct engine *e, struct job *job)
{
	struct error why;
	struct kernel *made = &job->build.made;
	made->key = job->build.source.key;
	made->ahead = job->ahead;
	made->made = state_now(e);
	job->err = kernels_add(e->kernels, made, &why);
	if (job->err && !disk_watch_is_full(job->err)) { /* to build it again would not help */
		job->answer = event_make(EV_FAILED);
		job->answer.failed.reason = g_strdup(why.text);
	}
}

static void build_done(struct engine *e, struct job *job)
{
	/* one that was removed may have taken its settings away while the build read them */
	bool gone = !bisections_by_serial(e->bisections, job->serial);
	if (!job->err && job->answer.kind == EV_NONE && !gone) {
		keep_kernel(e, job);
	} else if (!job->err && e->state) {
		g_autofree char *part = kernels_part(e->state, job->build.source.key);
		trash_put(e->trash, part, NULL);
	}
	if (job->err == -EDQUOT && state_is_others(e, job->user))
		pause_for_quota(e, job);
	else if (disk_watch_is_full(job->err) && job->plan.speculative)
		kernels_shrink(e->kernels, 0); /* nobody has asked for it yet */
	else if (disk_watch_is_full(job->err))
		facts_disk_failed(e, job->err);
}

static void next_done(struct engine *e, struct job *job)
{
	enum event_kind kind = job->answer.kind;
	if (kind == EV_STEP || kind == EV_FOUND || kind == EV_INSIDE || kind == EV_KEPT)
		answers_put(e->answers, job->next.key, &job->answer);
	if (kind != EV_FAILED)
		event_clear(&job->answer); /* the next look at the wishes takes it from there */
}

/* A verdict takes the kernel away from guests that are about to start with it: no fault of ours,
 * the run was not needed any more. */
static void excuse_run(const struct bisection *b, struct job *job)
{
	const struct step *step = session_step(b->s, job_step(job));
	if (step && step->state == STEP_DONE && job->answer.run_done.outcome == OUTCOME_INFRA)
		job_skip_outcome(&job->answer.run_done);
}

static void take_answer(struct engine *e, struct bisection *b, struct job *job)
{
	if (job->answer.kind == EV_RUN_DONE) {
		excuse_run(b, job);
		if (wanted_again(e, b, job)) {
			daemon_log(DAEMON_LOG_WARNING, job->name,
				   "run %d of step %d is done again: its kernel was gone",
				   job_run(job), job_step(job));
			return;
		}
		job->answer.run_done.step = job_step(job);
		runs_end(e, b, &job->answer);
	} else {
		facts_take(e, b, &job->answer);
		job->answer = event_make(EV_NONE);
	}
}

static void free_slot(struct engine *e, const struct job *job)
{
	enum slot_kind kind = job_slot_kind(job);
	if (kind != SLOT_KINDS)
		slots_give_back(e->slots, kind, job->slot);
}

void job_done(struct engine *e, struct job *job)
{
	struct bisection *b = bisections_by_serial(e->bisections, job->serial);
	bool asks = job->kind == JOB_NEXT || job->kind == JOB_REPORT;
	if (job->kind == JOB_BUILD)
		build_done(e, job);
	else if (job->kind == JOB_NEXT)
		next_done(e, job);
	else if (job->kind == JOB_PREPARE && b && !job->err)
		b->prepared = true;
	free_slot(e, job);
	if (job->err == -EREMOTEIO && !e->stopping)
		remote_failed(e, job);
	if (job->plan.speculative) {
		if (job->kind == JOB_RUN)
			ahead_runs_end(e, job);
		return;
	}
	if (b && asks && job->plan.judgements != session_judgement_count(b->s))
		return; /* a user's verdict came in between: it is asked again */
	if (disk_watch_is_full(job->err) && job->kind != JOB_BUILD)
		facts_disk_failed(e, job->err);
	else if (b && session_in_progress(b->s) && job->answer.kind != EV_NONE && !e->stopping)
		take_answer(e, b, job);
}
