/*
 * Wishes are worked out anew from the state after each fact; what is known already fulfils a wish
 * at once; a job that no bisection wishes any more is stopped or goes on ahead of its time
 * (ahead.c); a wish without a job starts one as soon as there is a slot.
 */
#include "schedule.h"

#include "ahead.h"
#include "ahead_runs.h"
#include "facts.h"
#include "recipe.h"
#include "runs.h"
#include "wanted.h"

#include "engine/base/daemon_log.h"
#include "engine/base/file.h"
#include "engine/session/build_verdict.h"
#include "engine/session/certify.h"
#include "engine/session/recipients.h"
#include "engine/store/profile.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <string.h>

/* ---- wishes that what is known fulfils ---- */

static bool serve_next(struct engine *e, struct bisection *b, const struct wish *w)
{
	struct next_query q;
	session_next_query(b->s, &q);
	g_autofree char *key = recipe_question(e, b, &q);
	next_query_clear(&q);
	const struct event *answer = answers_find(e->answers, key);
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

static bool give_kernel(struct engine *e, struct bisection *b, const char *key, int step)
{
	struct error why;
	if (!e->state)
		return true;
	g_autofree char *dir = state_dir_step(e->state, b->s->name, step);
	bool again = session_step(b->s, step)->state == STEP_TESTING;
	err_t err = again ? kernels_give_again(e->kernels, key, dir, &why)
			  : kernels_give(e->kernels, key, dir, &why);
	if (disk_watch_is_full(err)) {
		facts_disk_failed(e, err);
		return false;
	}
	if (err) { /* its files were changed or deleted by another program: it is built again */
		daemon_log(DAEMON_LOG_WARNING, b->s->name, "%s", why.text);
		kernels_forget(e->kernels, key);
		return false;
	}
	b->kernels_given_again += again;
	if (again)
		daemon_log(DAEMON_LOG_WARNING, b->s->name,
			   "the kernel of step %d was deleted: it has one again", step);
	return true;
}

static void record_kernel(struct engine *e, struct bisection *b, int step,
			  const struct kernel *kernel)
{
	struct event ev = event_make(kernel->reason ? EV_BUILD_FAILED : EV_BUILT);
	if (kernel->reason) {
		guint i = build_verdict_pick(b->s, step, kernel->errors);
		const char *picked = kernel->errors ? kernel->errors[i] : NULL;
		ev.build_failed.step = step;
		ev.build_failed.duration = kernel->build_ns;
		ev.build_failed.compiler = g_strdup(kernel->compiler);
		ev.build_failed.reason = g_strdup(i ? picked : kernel->reason);
		/* that of the first error: no other is known to show in it */
		ev.build_failed.object = g_strdup(i ? NULL : kernel->object);
		ev.build_failed.matched = g_strdup(kernel->matched);
		ev.build_failed.alone = kernel->alone;
		ev.build_failed.no_tree = kernel->no_tree;
	} else {
		ev.built.step = step;
		ev.built.duration = kernel->build_ns;
		ev.built.compiler = g_strdup(kernel->compiler);
		ev.built.signature = g_strdup(kernel->signature);
		ev.built.matched = g_strdup(kernel->matched);
		ev.built.object = g_strdup(kernel->object);
		ev.built.alone = kernel->alone;
	}
	facts_take(e, b, &ev);
}

/* A step that is being tested has lost its kernel, and gets it again: runs of another kernel must
 * not be counted with those that it had. */
static bool is_same_kernel(struct engine *e, struct bisection *b, int step,
			   const struct kernel *kernel)
{
	if (g_strcmp0(kernel->signature, session_step(b->s, step)->signature) == 0)
		return true;
	struct event ev = event_make(EV_FAILED);
	ev.failed.reason = g_strdup_printf("the kernel of step %d was deleted, and what was built "
					   "in its place is another one",
					   step);
	facts_take(e, b, &ev);
	return false;
}

static bool serve_build(struct engine *e, struct bisection *b, const struct wish *w)
{
	const struct step *step = session_step(b->s, w->step);
	g_autofree char *key = recipe_key(e, b, step);
	const struct kernel *kernel = recipe_find(e, b, step, key);
	if (!kernel)
		return false;
	if (step->state == STEP_TESTING && !is_same_kernel(e, b, w->step, kernel))
		return true;
	if (!give_kernel(e, b, key, w->step))
		return false;
	bool before = kernels_given(e->kernels, key);
	e->counters.reused += before;
	e->counters.built_ahead += !before && kernel->ahead;
	if (step->state == STEP_BUILDING)
		record_kernel(e, b, w->step, kernel);
	return true;
}

/* True when it has changed what the bisection wishes. */
static bool serve(struct engine *e, struct bisection *b)
{
	if (!session_in_progress(b->s) || !facts_are_taken(e, b))
		return false;
	bool fresh = b->s->state == STATE_RUNNING, served = false;
	g_autoptr(GArray) wishes = wanted(e, b);
	for (guint i = 0; i < wishes->len && !served; i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		if (w->kind == WISH_NEXT)
			served = fresh && serve_next(e, b, w);
		else if (w->kind == WISH_BUILD)
			served = serve_build(e, b, w);
	}
	return served || (fresh && ahead_runs_adopt(e, b, wishes)) || ahead_runs_deliver(e, b);
}

/* ---- jobs without a wish ---- */

static bool is_wished(const struct job *job, guint64 serial, const GArray *wishes)
{
	for (guint i = 0; i < wishes->len; i++) {
		if (jobs_fulfils(job, serial, &g_array_index(wishes, struct wish, i)))
			return true;
	}
	return false;
}

/* What has lost its step may be of use all the same: ahead.c looks at those. A question to the
 * history is answered soon and the answer stays true: it is never stopped. */
static void let_go(struct job *job)
{
	if (job->kind == JOB_BUILD)
		jobs_give_to_step(job, -1);
	else if (job->kind != JOB_NEXT)
		jobs_stop(job);
}

/* No job that ends here changes what is wished, so each bisection is asked once. */
static const GArray *wishes_of(struct engine *e, struct bisection *b, GHashTable *asked)
{
	GArray *wishes = g_hash_table_lookup(asked, b);
	if (!wishes) {
		wishes = wanted(e, b);
		g_hash_table_insert(asked, b, wishes);
	}
	return wishes;
}

static void stop_unwished(struct engine *e)
{
	struct job *job;
	g_autoptr(GHashTable) asked =
		g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (job->plan.cancelled || job->plan.speculative || job->kind == JOB_LOOKUP)
			continue;
		struct bisection *b = bisections_by_serial(e->bisections, job->serial);
		if (!b)
			jobs_stop(job);
		else if (!is_wished(job, job->serial, wishes_of(e, b, asked)))
			let_go(job);
	}
}

/* ---- granting ---- */

/* What this turn has looked for in vain: slots by kind. */
struct turn {
	int missing[SLOT_KINDS];
};

/* Takes the slot of what is done ahead, the least probable first: one for each wish without one. */
static void make_room(struct engine *e, struct turn *turn, enum slot_kind kind)
{
	struct job *job, *last = NULL;
	int ending = 0;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (job_slot_kind(job) != kind)
			continue;
		ending += job->plan.cancelled;
		if (!job->plan.cancelled && job->plan.speculative &&
		    (!last || job->plan.chance < last->plan.chance))
			last = job;
	}
	turn->missing[kind]++;
	if (last && ending < turn->missing[kind])
		jobs_stop(last);
}

static struct job *new_job(struct engine *e, struct bisection *b, enum job_kind kind, int step)
{
	struct job *job = job_new(kind, b->s, &e->listener, e->state != NULL);
	job->step = step;
	return job;
}

static void start(struct engine *e, struct job *job)
{
	jobs_add(e->jobs, job);
	e->workers.start(e->workers.self, job);
}

static void grant_load(struct engine *e, struct bisection *b)
{
	struct job *job = new_job(e, b, b->prepared ? JOB_LOAD : JOB_PREPARE, -1);
	if (b->prepared) {
		job->load.commit = g_strdup(b->s->bad);
		job->load.goods = g_strdupv(b->s->goods);
	}
	start(e, job);
}

static void grant_next(struct engine *e, struct bisection *b, const struct wish *w)
{
	struct next_query q;
	session_next_query(b->s, &q);
	g_autofree char *key = recipe_question(e, b, &q);
	if (jobs_asking(e->jobs, key)) { /* it was asked ahead */
		next_query_clear(&q);
		return;
	}
	struct job *job = new_job(e, b, JOB_NEXT, -1);
	job->next.step = w->step;
	job->next.key = g_steal_pointer(&key);
	job->next.query = q;
	start(e, job);
}

/* A build that was begun ahead for this step is its own from now on. Another bisection's serves
 * both as it is. */
static void adopt_build(struct engine *e, struct bisection *b, struct job *job, int step)
{
	if (!job->plan.speculative || job->plan.cancelled || job->serial != b->s->serial)
		return;
	job->build.again = session_step(b->s, step)->state == STEP_TESTING;
	jobs_give_to_step(job, step);
	if (e->state && !job->build.again)
		kernels_show_log(e->state, job->build.source.key, b->s->name, step);
}

static void grant_build(struct engine *e, struct turn *turn, struct bisection *b,
			const struct wish *w)
{
	g_autofree char *key = recipe_key(e, b, session_step(b->s, w->step));
	struct job *job = jobs_building(e->jobs, key);
	if (job) {
		adopt_build(e, b, job, w->step);
		return;
	}
	int slot = slots_take(e->slots, SLOT_BUILDER);
	if (slot < 0) {
		make_room(e, turn, SLOT_BUILDER);
		return;
	}
	job = new_job(e, b, JOB_BUILD, w->step);
	job->slot = slot;
	job->build.source = recipe_of_step(e, b, session_step(b->s, w->step));
	job->build.again = session_step(b->s, w->step)->state == STEP_TESTING;
	start(e, job);
}

static void grant_report(struct engine *e, struct turn *turn, struct bisection *b,
			 const struct wish *w)
{
	int slot = slots_take(e->slots, SLOT_BUILDER);
	if (slot < 0) {
		make_room(e, turn, SLOT_BUILDER);
		return;
	}
	struct job *job = new_job(e, b, JOB_REPORT, w->step);
	job->slot = slot;
	const char *parent = certify_parent(b->s);
	job->report.commit = g_strdup(b->s->found[0]);
	job->report.maintainers = recipients_need_maintainers(b->s);
	job->report.culprit = certify_step_of(b->s, b->s->found[0]);
	job->report.parent = parent ? certify_step_of(b->s, parent) : -1;
	start(e, job);
}

static void grant_run(struct engine *e, struct turn *turn, struct bisection *b,
		      const struct wish *w)
{
	int slot = slots_take(e->slots, SLOT_VM);
	if (slot < 0) {
		make_room(e, turn, SLOT_VM);
		return;
	}
	if (!runs_announce(e, b, w->step, w->run)) {
		slots_give_back(e->slots, SLOT_VM, slot);
		return;
	}
	struct job *job = new_job(e, b, JOB_RUN, w->step);
	job->slot = slot;
	job->plan.kernels_given_again = b->kernels_given_again;
	job->run.run = w->run;
	job->run.source = recipe_of_step(e, b, session_step(b->s, w->step));
	if (e->state) {
		g_autofree char *dir = state_dir_step(e->state, b->s->name, w->step);
		job->run.dir = g_build_filename(dir, "runs", NULL);
	}
	start(e, job);
}

static void grant(struct engine *e, struct turn *turn, struct bisection *b, const struct wish *w)
{
	switch (w->kind) {
	case WISH_LOAD:
		grant_load(e, b);
		break;
	case WISH_NEXT:
		grant_next(e, b, w);
		break;
	case WISH_BUILD:
		grant_build(e, turn, b, w);
		break;
	case WISH_REPORT:
		grant_report(e, turn, b, w);
		break;
	case WISH_RUN:
		grant_run(e, turn, b, w);
		break;
	}
}

static void grant_wishes(struct engine *e, struct turn *turn, struct bisection *b)
{
	bool fresh = b->s->state == STATE_QUEUED || b->s->state == STATE_RUNNING;
	if (!fresh || !facts_are_taken(e, b))
		return;
	g_autoptr(GArray) wishes = wanted(e, b);
	/* once the disk takes nothing the wishes are not those any more */
	for (guint i = 0; i < wishes->len && !disk_watch_error(e->disk_watch); i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		if (!jobs_find(e->jobs, b->s->serial, w))
			grant(e, turn, b, w);
	}
}

/* ---- the whole ---- */

/* Jobs of a bisection that had this name before may still write where this one's files go to: it
 * begins when they have ended, and what they left is deleted. */
static bool is_free(struct engine *e, struct bisection *b)
{
	if (jobs_of_namesake(e->jobs, b->s)) {
		b->after_namesake = true;
		return false;
	}
	if (b->after_namesake && !b->s->steps->len && e->state) {
		static const char *const parts[] = { "steps", "ahead", "guest-reproducer" };
		g_autofree char *dir = state_dir_bisection(e->state, b->s->name);
		for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
			g_autofree char *path = g_build_filename(dir, parts[i], NULL);
			trash_put(e->trash, path, NULL);
		}
	}
	b->after_namesake = false;
	return true;
}

static int by_start(gconstpointer a, gconstpointer b)
{
	const struct session *x = (*(struct bisection *const *)a)->s;
	const struct session *y = (*(struct bisection *const *)b)->s;
	return x->started < y->started ? -1 : x->started > y->started;
}

static GPtrArray *in_progress(struct engine *e)
{
	GPtrArray *all = g_ptr_array_new();
	struct bisection *b;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		if (session_in_progress(b->s) && is_free(e, b))
			g_ptr_array_add(all, b);
	}
	return all;
}

#define ANSWERS_KEPT 10000

void schedule(struct engine *e)
{
	g_autoptr(GPtrArray) all = in_progress(e);
	struct turn turn = { 0 };
	for (guint i = 0; i < all->len; i++) {
		while (serve(e, g_ptr_array_index(all, i)))
			;
	}
	stop_unwished(e);
	/* each in its turn is served first, so that two share the builders fairly */
	g_ptr_array_sort(all, by_start);
	e->turn++;
	for (guint i = 0; i < all->len; i++)
		grant_wishes(e, &turn, g_ptr_array_index(all, (i + e->turn) % all->len));
	ahead_schedule(e, all);
	if (!all->len && answers_count(e->answers) > ANSWERS_KEPT)
		answers_forget(e->answers);
}
