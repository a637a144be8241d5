/*
 * Builders and VM slots for the wishes of all bisections. Wishes are worked out anew from the state
 * after each fact; what is known already fulfils a wish at once; a job that no bisection wishes any
 * more is stopped or goes on ahead of its time (ahead.c); a wish without a job starts one as soon
 * as there is a slot.
 */
#include "core.h"

#include <errno.h>
#include <string.h>

/* ---- jobs ---- */

static bool is_for(const struct job *job, const char *name, const struct wish *w)
{
	return job->kind == w->kind && job->step == w->step && job->run == w->run &&
	       g_str_equal(job->name, name);
}

struct job *schedule_find(const struct engine *e, const char *name, const struct wish *w)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (is_for(job, name, w))
			return job;
	}
	return NULL;
}

static struct job *find_key(const struct engine *e, enum wish_kind kind, const char *key)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (job->kind == kind && g_str_equal(job->key, key))
			return job;
	}
	return NULL;
}

struct job *schedule_building(const struct engine *e, const char *key)
{
	return find_key(e, WISH_BUILD, key);
}

int schedule_free_slot(const bool *busy, int n)
{
	for (int i = 0; i < n; i++) {
		if (!busy[i])
			return i;
	}
	return -1;
}

struct job *schedule_job(struct engine *e, struct bisection *b, const struct wish *w, int slot)
{
	struct job *job = g_new0(struct job, 1);
	job->e = e;
	job->kind = w->kind;
	job->name = g_strdup(b->s->name);
	job->step = w->step;
	job->run = w->run;
	job->slot = slot;
	job->said = session_judgement_count(b->s);
	job->answer = event_make(EV_NONE);
	cancel_init(&job->cancel, e->on_disk);
	settings_copy(&job->settings, &b->s->settings);
	job->user = (struct spawn_user){ .uid = b->s->uid, .gid = b->s->gid };
	g_ptr_array_add(e->jobs, job);
	return job;
}

static void describe_job(struct engine *e, struct bisection *b, struct job *job)
{
	const struct step *step = session_step(b->s, job->step);
	if (job->kind == WISH_NEXT)
		session_next_query(b->s, &job->query);
	else if (job->kind == WISH_LOAD)
		job->query.goods = g_strdupv(b->s->goods);
	job->commit = g_strdup(job->kind == WISH_REPORT ? b->s->found[0]
			       : step			? step->commit
							: b->s->bad);
	if (step && (job->kind == WISH_BUILD || job->kind == WISH_RUN)) {
		job->cc = g_strdup(step->cc);
		job->patches = g_strdupv(step->patches);
		job->options = g_strdupv(step->options);
	}
	if (step && job->kind == WISH_RUN && e->on_disk) {
		g_autofree char *dir = state_dir_step(e->state, job->name, job->step);
		job->dir = g_build_filename(dir, "runs", NULL);
	}
}

/* ---- wishes that what is known fulfils ---- */

static bool serve_next(struct engine *e, struct bisection *b, const struct wish *w)
{
	struct next_query q;
	session_next_query(b->s, &q);
	const struct event *answer = answers_find(e, b, &q, NULL);
	next_query_clear(&q);
	if (!answer)
		return false;
	struct event ev;
	event_copy(&ev, answer);
	if (ev.kind == EV_STEP)
		ev.step.step = w->step;
	else if (ev.kind == EV_KEPT)
		ev.kept.step = w->step - 1;
	facts_take(e, b, &ev);
	return true;
}

static bool serve_build(struct engine *e, struct bisection *b, const struct wish *w)
{
	const struct step *step = session_step(b->s, w->step);
	g_autofree char *key = recipe_step_key(e, b, step);
	const struct kernel *kernel = recipe_find(e, b, step, key);
	if (!kernel)
		return false;
	if (step->state == STEP_TESTING)
		return missing_kernel_give(e, b, w->step, kernel);
	struct error why;
	if (e->on_disk) {
		g_autofree char *dir = state_dir_step(e->state, b->s->name, w->step);
		err_t err = kernels_give(e->kernels, key, dir, &why);
		if (facts_is_full(err)) {
			facts_disk_stuck(e, err);
			return false;
		}
		if (err) { /* somebody has been at the files: it is built again */
			daemon_log(DAEMON_LOG_WARNING, b->s->name, "%s", why.text);
			kernels_forget(e->kernels, key);
			return false;
		}
	}
	bool before = kernels_given(e->kernels, key);
	e->reused += before;
	e->built_ahead += !before && kernel->ahead;
	struct event ev = event_make(kernel->signature ? EV_BUILT : EV_BUILD_FAILED);
	if (kernel->signature)
		ev.built = (struct event_built){ .step = w->step,
						 .duration = kernel->build_ns,
						 .compiler = g_strdup(kernel->compiler),
						 .signature = g_strdup(kernel->signature) };
	else
		ev.build_failed =
			(struct event_build_failed){ .step = w->step,
						     .duration = kernel->build_ns,
						     .compiler = g_strdup(kernel->compiler),
						     .reason = g_strdup(kernel->reason) };
	facts_take(e, b, &ev);
	return true;
}

/* True when it has changed what the bisection wishes. */
static bool serve(struct engine *e, struct bisection *b)
{
	if (!session_in_progress(b->s) || e->stuck || !g_queue_is_empty(&b->backlog))
		return false;
	bool fresh = b->s->state == STATE_RUNNING, served = false;
	g_autoptr(GArray) wishes = missing_kernel_wishes(e, b);
	for (guint i = 0; i < wishes->len && !served; i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		if (w->kind == WISH_NEXT)
			served = fresh && serve_next(e, b, w);
		else if (w->kind == WISH_BUILD)
			served = serve_build(e, b, w);
	}
	return served || (fresh && ahead_adopt_runs(e, b, wishes)) || ahead_deliver_run(e, b);
}

/* ---- jobs without a wish ---- */

static bool is_wished(const struct job *job, const char *name, const GArray *wishes)
{
	for (guint i = 0; i < wishes->len; i++) {
		if (is_for(job, name, &g_array_index(wishes, struct wish, i)))
			return true;
	}
	return false;
}

void schedule_stop(struct job *job)
{
	job->cancelled = true;
	cancel_ask(&job->cancel);
}

/* What has lost its step may be of use all the same: ahead.c looks at those. A question to the
 * history is answered soon and the answer stays true: it is never stopped. */
static void let_go(struct job *job)
{
	if (job->kind == WISH_BUILD) {
		job->ahead = true;
		g_atomic_int_set(&job->step, -1);
	} else if (job->kind != WISH_NEXT) {
		schedule_stop(job);
	}
}

static void stop_unwished(struct engine *e)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (job->cancelled || job->ahead)
			continue;
		struct bisection *b = core_find(e, job->name);
		g_autoptr(GArray) wishes = b ? missing_kernel_wishes(e, b) : NULL;
		if (!wishes || !is_wished(job, job->name, wishes))
			let_go(job);
	}
}

/* ---- granting ---- */

bool schedule_announce(struct engine *e, struct bisection *b, int step, int run)
{
	struct event ev = event_make(EV_RUN_STARTED);
	ev.run_started.step = step;
	ev.run_started.run = run;
	err_t err = core_record(e, b, &ev, NULL);
	if (facts_is_disk(err))
		facts_disk_stuck(e, err);
	return err == 0;
}

static void start(struct engine *e, struct bisection *b, const struct wish *w, int slot, char *key)
{
	const struct step *step = session_step(b->s, w->step);
	struct job *job = schedule_job(e, b, w, slot);
	job->key = key;
	job->given_again = b->given_again;
	job->again = w->kind == WISH_BUILD && step->state == STEP_TESTING;
	describe_job(e, b, job);
	e->workers.start(e->workers.self, job);
}

static void grant_next(struct engine *e, struct bisection *b, const struct wish *w)
{
	struct next_query q;
	char *key;
	session_next_query(b->s, &q);
	answers_find(e, b, &q, &key);
	next_query_clear(&q);
	if (find_key(e, WISH_NEXT, key))
		g_free(key); /* it was asked ahead */
	else
		start(e, b, w, 0, key);
}

/* Takes the slot of what is done ahead, the least probable first: one for each wish that lacks it.
 */
static void make_room(struct engine *e, enum wish_kind kind)
{
	struct job *last = NULL;
	int going = 0;
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (job->kind != kind)
			continue;
		going += job->cancelled;
		if (!job->cancelled && job->ahead && (!last || job->chance < last->chance))
			last = job;
	}
	e->lacking[kind]++;
	if (last && going < e->lacking[kind])
		schedule_stop(last);
}

static void grant_build(struct engine *e, struct bisection *b, const struct wish *w)
{
	char *key = recipe_step_key(e, b, session_step(b->s, w->step));
	struct job *job = schedule_building(e, key);
	int slot = schedule_free_slot(e->builder_busy, e->profile->builders);
	if (job && job->ahead && !job->cancelled && g_str_equal(job->name, b->s->name)) {
		job->again = session_step(b->s, w->step)->state == STEP_TESTING;
		job->ahead = false;
		g_atomic_int_set(&job->step, w->step);
		if (e->on_disk && !job->again)
			work_show_log(job);
	}
	if (!job && slot >= 0) {
		e->builder_busy[slot] = true;
		start(e, b, w, slot, key);
		return;
	}
	if (!job)
		make_room(e, WISH_BUILD);
	g_free(key); /* else somebody builds it already: its result serves both */
}

static void grant(struct engine *e, struct bisection *b, const struct wish *w)
{
	int slot;
	switch (w->kind) {
	case WISH_LOAD:
		start(e, b, w, 0, NULL);
		break;
	case WISH_NEXT:
		grant_next(e, b, w);
		break;
	case WISH_BUILD:
		grant_build(e, b, w);
		break;
	case WISH_REPORT:
		slot = schedule_free_slot(e->builder_busy, e->profile->builders);
		if (slot < 0) {
			make_room(e, WISH_BUILD);
			return;
		}
		e->builder_busy[slot] = true;
		start(e, b, w, slot, NULL);
		break;
	case WISH_RUN:
		slot = schedule_free_slot(e->vm_busy, e->runner.slots);
		if (slot < 0) {
			make_room(e, WISH_RUN);
			return;
		}
		e->vm_busy[slot] = true; /* taken before the fact is shown */
		if (!schedule_announce(e, b, w->step, w->run)) {
			e->vm_busy[slot] = false;
			return;
		}
		start(e, b, w, slot, recipe_step_key(e, b, session_step(b->s, w->step)));
		break;
	}
}

static void grant_wishes(struct engine *e, struct bisection *b)
{
	bool fresh = b->s->state == STATE_QUEUED || b->s->state == STATE_RUNNING;
	if (!fresh || e->stuck || !g_queue_is_empty(&b->backlog))
		return;
	g_autoptr(GArray) wishes = missing_kernel_wishes(e, b);
	/* once the disk takes nothing the wishes are not those any more */
	for (guint i = 0; i < wishes->len && !e->stuck; i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		if (!schedule_find(e, b->s->name, w))
			grant(e, b, w);
	}
}

/* ---- the whole ---- */

static int by_start(gconstpointer a, gconstpointer b)
{
	const struct session *x = (*(struct bisection *const *)a)->s;
	const struct session *y = (*(struct bisection *const *)b)->s;
	return x->started < y->started ? -1 : x->started > y->started;
}

#define ANSWERS_KEPT 10000

void schedule(struct engine *e)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		if (session_in_progress(((struct bisection *)p)->s))
			g_ptr_array_add(all, p);
	}
	for (guint i = 0; i < all->len; i++) {
		while (serve(e, g_ptr_array_index(all, i)))
			;
	}
	stop_unwished(e);
	/* each in its turn is served first, so that two share the builders fairly */
	g_ptr_array_sort(all, by_start);
	e->turn++;
	memset(e->lacking, 0, sizeof(e->lacking));
	for (guint i = 0; i < all->len; i++)
		grant_wishes(e, g_ptr_array_index(all, (i + e->turn) % all->len));
	ahead_schedule(e, all);
	if (!all->len && g_hash_table_size(e->answers) > ANSWERS_KEPT)
		answers_forget(e);
}

/* ---- what came of a job ---- */

static void build_done(struct engine *e, struct job *job)
{
	struct error why;
	err_t err = job->err;
	if (!err && job->answer.kind == EV_NONE) {
		job->made.key = job->key;
		job->made.ahead = job->begun_ahead;
		job->made.made = core_now(e);
		err = kernels_add(e->kernels, &job->made, &why);
		if (err && !facts_is_full(err)) { /* to build it again would not help */
			job->answer = event_make(EV_FAILED);
			job->answer.failed.reason = g_strdup(why.text);
		}
	}
	if (facts_is_full(err) && job->ahead)
		kernels_shrink(e->kernels, 0); /* nobody has asked for it yet */
	else if (facts_is_full(err))
		facts_disk_stuck(e, err);
}

static void answer_done(struct engine *e, struct job *job)
{
	enum event_kind kind = job->answer.kind;
	if (kind == EV_STEP || kind == EV_FOUND || kind == EV_KEPT)
		answers_put(e, job->key, &job->answer);
	if (kind != EV_FAILED)
		event_clear(&job->answer); /* the next look at the wishes takes it from there */
}

void schedule_skip_run(struct event *ev)
{
	struct event_run_done *run = &ev->run_done;
	run->outcome = OUTCOME_SKIPPED;
	run->type = CRASH_NONE;
	run->status = -1;
	g_free(run->title);
	run->title = g_strdup("the verdict is known without it");
}

/* A verdict takes the kernel away from guests that are about to start with it: no fault of ours,
 * the run was not needed any more. */
static void forgive(const struct bisection *b, struct job *job)
{
	const struct step *step = session_step(b->s, job->step);
	if (step && step->state == STEP_DONE && job->answer.run_done.outcome == OUTCOME_INFRA)
		schedule_skip_run(&job->answer);
}

void schedule_run_done(struct engine *e, struct bisection *b, struct event *ev)
{
	e->runs++;
	e->faults += ev->run_done.outcome == OUTCOME_INFRA;
	facts_take(e, b, ev);
	*ev = event_make(EV_NONE);
}

void schedule_job_done(struct engine *e, struct job *job)
{
	struct bisection *b = core_find(e, job->name);
	bool asks_history = job->kind == WISH_NEXT || job->kind == WISH_REPORT;
	if (job->kind == WISH_BUILD)
		build_done(e, job);
	else if (job->kind == WISH_NEXT)
		answer_done(e, job);
	if (b && job->begun_ahead)
		ahead_clean(e, b, job);
	if (job->ahead) {
		if (job->kind == WISH_RUN)
			ahead_run_done(e, job);
		return;
	}
	if (b && asks_history && job->said != session_judgement_count(b->s)) {
		return; /* a user's word came in between: it is asked again */
	} else if (facts_is_full(job->err)) {
		facts_disk_stuck(e, job->err);
	} else if (b && session_in_progress(b->s) && job->answer.kind != EV_NONE && !e->stopping) {
		if (job->answer.kind == EV_RUN_DONE) {
			forgive(b, job);
			if (missing_kernel_was_why(e, b, job)) {
				daemon_log(DAEMON_LOG_WARNING, job->name,
					   "run %d of step %d is done again: its kernel was gone",
					   job->run, job->step);
				return; /* still wished */
			}
			job->answer.run_done.step = job->step;
			schedule_run_done(e, b, &job->answer);
		} else {
			facts_take(e, b, &job->answer);
			job->answer = event_make(EV_NONE);
		}
	}
}
