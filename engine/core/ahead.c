/*
 * A forecast says what may come next and with which chance; begun is what is likely enough, stopped
 * what is not any more. Kernels wait in their store, ended runs here, until a step asks for them.
 */
#include "ahead.h"

#include "ahead_runs.h"
#include "facts.h"
#include "recipe.h"

#include "engine/session/forecast.h"
#include "engine/store/profile.h"

#define WORTH_STARTING 0.12 /* a commit that comes with less chance than this is not begun */
#define WORTH_KEEPING 0.08  /* nor stopped above this, once begun */
#define MOST_AHEAD 8	    /* commits looked at for each verdict */

struct ahead {
	GArray *forecast; /* struct forecast */
	GPtrArray *keys;  /* of their kernels */
	char *current;	  /* that of the open step */
	bool complete;	  /* the history has answered all that was asked for it */
	bool settled;	  /* there is a step to look ahead from: the forecast is of now */
	guint steps, judgements, answered;
	int state;
};

/* One commit that may come, of any bisection. */
struct want {
	struct bisection *b;
	const struct forecast *f;
	const char *key;
	double chance;
};

static void ahead_free(void *p)
{
	struct ahead *a = p;
	g_array_unref(a->forecast);
	g_ptr_array_unref(a->keys);
	g_free(a->current);
	g_free(a);
}

static struct ahead *get(struct bisection *b)
{
	if (!b->ahead) {
		b->ahead_free = ahead_free;
		b->ahead = g_new0(struct ahead, 1);
		b->ahead->forecast = g_array_new(FALSE, FALSE, sizeof(struct forecast));
		b->ahead->keys = g_ptr_array_new_with_free_func(g_free);
		b->ahead->state = -1;
	}
	return b->ahead;
}

/* ---- the forecast ---- */

static void copy_query(struct next_query *to, const struct next_query *q)
{
	*to = *q;
	to->commit = g_strdup(q->commit);
	to->release = g_strdup(q->release);
	to->cc = g_strdup(q->cc);
	to->bad = g_strdup(q->bad);
	to->current = g_strdup(q->current);
	to->start = g_strdup(q->start);
	to->goods = g_strdupv(q->goods);
	to->paths = g_strdupv(q->paths);
	to->skips = g_strdupv(q->skips);
	to->patches = g_strdupv(q->patches);
	to->options = g_strdupv(q->options);
	to->crashed = g_strdupv(q->crashed);
	to->clean = g_strdupv(q->clean);
	to->untestable = g_strdupv(q->untestable);
	to->top = g_strdup(q->top);
	to->bottom = g_strdup(q->bottom);
	to->bad_good = g_strdup(q->bad_good);
	to->merge_alone = g_strdup(q->merge_alone);
}

static bool is_asking(const struct engine *e, const struct bisection *b)
{
	const struct job *job;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (job->kind == JOB_NEXT && job->serial == b->s->serial)
			return true;
	}
	return false;
}

struct asker {
	struct engine *e;
	struct bisection *b;
};

static struct job *new_job(struct engine *e, struct bisection *b, enum job_kind kind)
{
	struct job *job = job_new(kind, b->s, &e->listener, e->state != NULL);
	job->plan.speculative = true;
	jobs_add(e->jobs, job);
	return job;
}

/* What is not known is asked of the history, one question at a time; the forecast is made again
 * when it has answered. */
static const struct event *ask(const struct next_query *q, void *arg)
{
	const struct asker *a = arg;
	g_autofree char *key = recipe_question(a->e, a->b, q);
	const struct event *answer = answers_find(a->e->answers, key);
	if (answer)
		return answer;
	a->b->ahead->complete = false;
	if (is_asking(a->e, a->b))
		return NULL;
	struct job *job = new_job(a->e, a->b, JOB_NEXT);
	job->next.step = -1;
	job->next.key = g_steal_pointer(&key);
	copy_query(&job->next.query, q);
	a->e->workers.start(a->e->workers.self, job);
	return NULL;
}

static bool is_wanted(const char *key, const void *ahead)
{
	const struct ahead *a = ahead;
	for (guint i = 0; i < a->keys->len; i++) {
		if (g_str_equal(g_ptr_array_index(a->keys, i), key))
			return true;
	}
	return g_strcmp0(a->current, key) == 0; /* it may ask for more of them */
}

static void look_ahead(struct engine *e, struct bisection *b)
{
	struct ahead *a = get(b);
	const struct step *last = session_step(b->s, (int)b->s->steps->len - 1);
	int state = last ? (int)last->state : -1;
	bool same = a->steps == b->s->steps->len && a->state == state &&
		    a->judgements == session_judgement_count(b->s) &&
		    (a->complete || a->answered == answers_version(e->answers));
	if (same)
		return;
	/* what is cheap depends on the tree that this step's build leaves */
	bool too_early = recipe_by_cost(b) && last && last->state == STEP_BUILDING;
	a->settled = last && last->state != STEP_DONE && !b->s->replan && !too_early;
	if (!a->settled)
		return; /* between two steps: all goes on as it was */
	a->steps = b->s->steps->len;
	a->state = state;
	a->judgements = session_judgement_count(b->s);
	a->answered = answers_version(e->answers);
	a->complete = true;
	struct asker asker = { .e = e, .b = b };
	int limit = MIN(e->profile->builders + 1, MOST_AHEAD);
	GArray *forecast = forecast_make(b->s, limit, ask, &asker);
	g_array_unref(a->forecast);
	a->forecast = forecast;
	g_ptr_array_set_size(a->keys, 0);
	for (guint i = 0; i < forecast->len; i++) {
		const struct event *ev = g_array_index(forecast, struct forecast, i).ev;
		struct kernel_source source = recipe_of_choice(e, b, &ev->step);
		g_ptr_array_add(a->keys, g_steal_pointer(&source.key));
		kernel_source_clear(&source);
	}
	g_free(a->current);
	a->current = recipe_key(e, b, last);
	ahead_runs_drop(e, b, is_wanted, a);
}

static int by_chance(gconstpointer a, gconstpointer b)
{
	const struct want *x = a, *y = b;
	return x->chance > y->chance ? -1 : x->chance < y->chance;
}

static void add_wants(struct engine *e, struct bisection *b, GArray *wants)
{
	look_ahead(e, b);
	const struct ahead *a = b->ahead;
	if (!a->settled)
		return; /* the forecast is that of the step before */
	double odds = forecast_odds(b->s, state_now(e));
	for (guint i = 0; i < a->forecast->len; i++) {
		const struct forecast *f = &g_array_index(a->forecast, struct forecast, i);
		struct want w = { .b = b,
				  .f = f,
				  .key = g_ptr_array_index(a->keys, i),
				  .chance =
					  f->chance * (f->first == VERDICT_BAD ? odds : 1 - odds) };
		g_array_append_val(wants, w);
	}
}

/* ---- what goes on ---- */

static double chance_of(const GArray *wants, const struct job *job)
{
	double chance = 0;
	for (guint i = 0; i < wants->len; i++) {
		const struct want *w = &g_array_index(wants, struct want, i);
		bool same = g_str_equal(w->key, job_source(job)->key) &&
			    (job->kind == JOB_BUILD || w->b->s->serial == job->serial);
		if (same)
			chance += w->chance;
	}
	return chance;
}

static bool goes_on(const struct engine *e, const struct job *job)
{
	const struct bisection *b = bisections_by_serial(e->bisections, job->serial);
	if (job->plan.chance >= WORTH_KEEPING)
		return true;
	/* between two steps nothing is known, and for a moment only */
	return b && b->s->state == STATE_RUNNING && b->ahead && !b->ahead->settled;
}

static void stop_hopeless(struct engine *e, const GArray *wants)
{
	struct job *job;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (!job->plan.speculative || job->plan.cancelled || !job_source(job))
			continue;
		job->plan.chance = chance_of(wants, job);
		if (!goes_on(e, job))
			jobs_stop(job);
	}
}

/* ---- what is begun ---- */

static void begin_build(struct engine *e, const struct want *w, int slot)
{
	struct job *job = new_job(e, w->b, JOB_BUILD);
	job->ahead = true;
	job->slot = slot;
	job->build.source = recipe_of_choice(e, w->b, &w->f->ev->step);
	e->workers.start(e->workers.self, job);
}

static void begin_run(struct engine *e, const struct want *w, int run, int slot)
{
	struct job *job = new_job(e, w->b, JOB_RUN);
	job->ahead = true;
	job->slot = slot;
	job->run.run = run;
	job->run.source = recipe_of_choice(e, w->b, &w->f->ev->step);
	if (e->state) {
		job->run.dir = ahead_runs_dir(e, w->b->s, w->key);
	}
	e->workers.start(e->workers.self, job);
}

static int count_builds(const struct engine *e)
{
	const struct job *job;
	int n = 0;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++)
		n += job->kind == JOB_BUILD;
	return n;
}

static void begin_builds(struct engine *e, const GArray *wants)
{
	for (guint i = 0; i < wants->len; i++) {
		const struct want *w = &g_array_index(wants, struct want, i);
		if (w->chance < WORTH_STARTING)
			return;
		if (kernels_find(e->kernels, w->key) || jobs_building(e->jobs, w->key))
			continue;
		/* two that push each other out of the store would be built for ever */
		if (!kernels_have_room(e->kernels, count_builds(e) + 1))
			return;
		int slot = slots_take(e->slots, SLOT_BUILDER);
		if (slot < 0)
			return;
		begin_build(e, w, slot);
	}
}

/* A kernel that some step has run, or that runs now, needs no runs of its own. */
static bool is_new_kernel(const struct want *w, const struct kernel *kernel)
{
	const struct session *s = w->b->s;
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	return kernel->signature && g_strcmp0(last->signature, kernel->signature) != 0 &&
	       session_step_with_kernel(s, kernel->signature) < 0;
}

/* False: there is no VM left. */
static bool begin_runs_of(struct engine *e, const struct want *w)
{
	for (int k = 0; k < w->f->runs; k++) {
		if (ahead_runs_has(e, w->b, w->key, k))
			continue;
		int slot = slots_take(e->slots, SLOT_VM);
		if (slot < 0)
			return false;
		begin_run(e, w, k, slot);
	}
	return true;
}

static void begin_runs(struct engine *e, const GArray *wants)
{
	for (guint i = 0; i < wants->len; i++) {
		const struct want *w = &g_array_index(wants, struct want, i);
		const struct kernel *kernel = kernels_find(e->kernels, w->key);
		if (w->chance < WORTH_STARTING)
			return;
		if (kernel && is_new_kernel(w, kernel) && !begin_runs_of(e, w))
			return;
	}
}

static void forget_ended(struct engine *e)
{
	struct bisection *b;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		if (b->ahead && session_over(b->s))
			g_clear_pointer(&b->ahead, ahead_free);
	}
}

#define TRY_REMOTE_AGAIN_US (60 * G_USEC_PER_SEC)

/* A partial clone's remote did not give what a build ahead needs. */
static bool remote_is_gone(const struct engine *e)
{
	return e->remote_failed_at &&
	       e->workers.uptime(e->workers.self) - e->remote_failed_at < TRY_REMOTE_AGAIN_US;
}

void ahead_schedule(struct engine *e, GPtrArray *bisections)
{
	g_autoptr(GArray) wants = g_array_new(FALSE, FALSE, sizeof(struct want));
	bool allowed = e->profile->ahead && !disk_watch_error(e->disk_watch) && !remote_is_gone(e);
	for (guint i = 0; allowed && i < bisections->len; i++) {
		struct bisection *b = g_ptr_array_index(bisections, i);
		if (b->s->state == STATE_RUNNING && b->s->loaded && facts_are_taken(e, b))
			add_wants(e, b, wants);
	}
	g_array_sort(wants, by_chance);
	stop_hopeless(e, wants);
	begin_builds(e, wants);
	begin_runs(e, wants);
	forget_ended(e);
	ahead_runs_clean(e);
}
