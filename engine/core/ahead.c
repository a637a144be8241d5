/*
 * Speculation: while a step is tested, the kernels of the commits that may come next are built, and
 * run where VMs are idle. What comes of it waits here, and in the store of kernels, until a step
 * asks for it: only then does it become a fact. The session knows nothing of speculation.
 */
#include "core.h"
#include "engine/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORTH_STARTING 0.12 /* a commit that comes with less chance than this is not begun */
#define WORTH_KEEPING 0.08  /* nor stopped above this, once begun */
#define MOST_AHEAD 8	    /* commits looked at for each verdict */

/* A run that has ended before its step came. */
struct ahead_run {
	char *key;
	int run;
	int step; /* that has taken it over, and does not know its end yet; -1: none */
	struct event answer;
};

struct ahead {
	GArray *forecast; /* struct forecast */
	GPtrArray *keys;  /* of their kernels */
	char *current;	  /* that of the open step */
	bool complete;	  /* the history has answered all that was asked for it */
	bool settled;	  /* there is a step to look ahead from: the forecast is of now */
	guint steps, said, answered;
	int state;
	GPtrArray *runs; /* struct ahead_run * */
	int moved;	 /* step that has taken over the logs; -1: none */
};

/* One commit that may come, of any bisection. */
struct want {
	struct bisection *b;
	const struct forecast *f;
	const char *key;
	double chance;
};

static void ahead_run_free(void *p)
{
	struct ahead_run *r = p;
	g_free(r->key);
	event_clear(&r->answer);
	g_free(r);
}

static struct ahead *get(struct bisection *b)
{
	if (!b->ahead) {
		b->ahead = g_new0(struct ahead, 1);
		b->ahead->forecast = g_array_new(FALSE, FALSE, sizeof(struct forecast));
		b->ahead->keys = g_ptr_array_new_with_free_func(g_free);
		b->ahead->runs = g_ptr_array_new_with_free_func(ahead_run_free);
		b->ahead->moved = -1;
		b->ahead->state = -1;
	}
	return b->ahead;
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	g_array_unref(a->forecast);
	g_ptr_array_unref(a->keys);
	g_ptr_array_unref(a->runs);
	g_free(a->current);
	g_free(a);
}

static char *logs_dir(const struct engine *e, const char *name, const char *key)
{
	g_autofree char *dir = state_dir_bisection(e->state, name);
	return key ? g_build_filename(dir, "ahead", key, NULL)
		   : g_build_filename(dir, "ahead", NULL);
}

/* ---- the forecast ---- */

static void copy_query(struct next_query *to, const struct next_query *q)
{
	*to = *q;
	to->commit = g_strdup(q->commit);
	to->release = g_strdup(q->release);
	to->bad = g_strdup(q->bad);
	to->current = g_strdup(q->current);
	to->start = g_strdup(q->start);
	to->goods = g_strdupv(q->goods);
	to->skips = g_strdupv(q->skips);
	to->patches = g_strdupv(q->patches);
	to->options = g_strdupv(q->options);
	to->crashed = g_strdupv(q->crashed);
	to->clean = g_strdupv(q->clean);
	to->untestable = g_strdupv(q->untestable);
}

static bool is_asking(const struct engine *e, const char *name)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		const struct job *job = g_ptr_array_index(e->jobs, i);
		if (job->kind == WISH_NEXT && g_str_equal(job->name, name))
			return true;
	}
	return false;
}

struct asker {
	struct engine *e;
	struct bisection *b;
};

/* What is not known is asked of the history, one question at a time; the forecast is made again
 * when it has answered. */
static const struct event *ask(const struct next_query *q, void *arg)
{
	const struct asker *a = arg;
	g_autofree char *key = NULL;
	const struct event *answer = answers_find(a->e, a->b, q, &key);
	if (answer)
		return answer;
	a->b->ahead->complete = false;
	if (is_asking(a->e, a->b->s->name))
		return NULL;
	struct wish w = { .kind = WISH_NEXT, .step = -1, .run = -1 };
	struct job *job = schedule_job(a->e, a->b, &w, 0);
	job->ahead = true;
	job->key = g_steal_pointer(&key);
	copy_query(&job->query, q);
	a->e->workers.start(a->e->workers.self, job);
	return NULL;
}

static bool is_wanted(const struct ahead *a, const char *key)
{
	for (guint i = 0; i < a->keys->len; i++) {
		if (g_str_equal(g_ptr_array_index(a->keys, i), key))
			return true;
	}
	return g_strcmp0(a->current, key) == 0; /* it may ask for more of them */
}

/* `key` NULL: for any commit. `but` NULL: none. */
static bool writes_there(const struct engine *e, const struct bisection *b, const char *key,
			 const struct job *but)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		const struct job *job = g_ptr_array_index(e->jobs, i);
		if (job->begun_ahead && job->kind == WISH_RUN &&
		    (!key || g_str_equal(job->key, key)) && job != but &&
		    g_str_equal(job->name, b->s->name))
			return true;
	}
	return false;
}

/* Runs of a commit that will not come. */
static void drop_stale_runs(struct engine *e, struct bisection *b)
{
	struct ahead *a = b->ahead;
	for (guint i = a->runs->len; i-- > 0;) {
		const struct ahead_run *r = g_ptr_array_index(a->runs, i);
		if (r->step >= 0 || is_wanted(a, r->key))
			continue;
		if (e->on_disk && !writes_there(e, b, r->key, NULL)) {
			g_autofree char *dir = logs_dir(e, b->s->name, r->key);
			file_remove_tree(dir, NULL);
		}
		g_ptr_array_remove_index_fast(a->runs, i);
	}
}

static void look_ahead(struct engine *e, struct bisection *b)
{
	struct ahead *a = get(b);
	const struct step *last = session_step(b->s, (int)b->s->steps->len - 1);
	int state = last ? (int)last->state : -1;
	bool same = a->steps == b->s->steps->len && a->state == state &&
		    a->said == session_judgement_count(b->s) &&
		    (a->complete || a->answered == e->answered);
	if (same)
		return;
	/* what is cheap depends on the tree that this step's build leaves */
	bool too_early = recipe_by_cost(b) && last && last->state == STEP_BUILDING;
	a->settled = last && last->state != STEP_DONE && !b->s->replan && !too_early;
	if (!a->settled)
		return; /* between two steps: all goes on as it was */
	a->steps = b->s->steps->len;
	a->state = state;
	a->said = session_judgement_count(b->s);
	a->answered = e->answered;
	a->complete = true;
	struct asker asker = { .e = e, .b = b };
	int limit = MIN(e->profile->builders + 1, MOST_AHEAD);
	GArray *forecast = forecast_make(b->s, limit, ask, &asker);
	g_array_unref(a->forecast);
	a->forecast = forecast;
	g_ptr_array_set_size(a->keys, 0);
	for (guint i = 0; i < forecast->len; i++) {
		const struct event_step *ev = &g_array_index(forecast, struct forecast, i).ev->step;
		g_ptr_array_add(a->keys,
				recipe_key(e, b, ev->commit, ev->cc, ev->patches, ev->options));
	}
	g_free(a->current);
	a->current = recipe_step_key(e, b, last);
	drop_stale_runs(e, b);
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
	double odds = forecast_odds(b->s, core_now(e));
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
		bool same = g_str_equal(w->key, job->key) &&
			    (job->kind == WISH_BUILD || g_str_equal(w->b->s->name, job->name));
		if (same)
			chance += w->chance;
	}
	return chance;
}

static bool goes_on(const struct engine *e, const struct job *job)
{
	const struct bisection *b = core_find(e, job->name);
	if (job->chance >= WORTH_KEEPING)
		return true;
	/* between two steps nothing is known, and for a moment only */
	return b && b->s->state == STATE_RUNNING && b->ahead && !b->ahead->settled;
}

static void stop_hopeless(struct engine *e, const GArray *wants)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (!job->ahead || job->cancelled || job->kind == WISH_NEXT)
			continue;
		job->chance = chance_of(wants, job);
		if (!goes_on(e, job))
			schedule_stop(job);
	}
}

/* ---- what is begun ---- */

static struct job *make_job(struct engine *e, const struct want *w, enum wish_kind kind, int run,
			    int slot)
{
	const struct event_step *ev = &w->f->ev->step;
	struct wish wish = { .kind = kind, .step = -1, .run = run };
	struct job *job = schedule_job(e, w->b, &wish, slot);
	job->ahead = job->begun_ahead = true;
	job->key = g_strdup(w->key);
	job->commit = g_strdup(ev->commit);
	job->cc = g_strdup(ev->cc);
	job->patches = g_strdupv(ev->patches);
	job->options = g_strdupv(ev->options);
	if (kind == WISH_RUN && e->on_disk) {
		g_autofree char *dir = logs_dir(e, w->b->s->name, w->key);
		job->dir = g_build_filename(dir, "runs", NULL);
	}
	return job;
}

static int count_builds(const struct engine *e)
{
	int n = 0;
	for (guint i = 0; i < e->jobs->len; i++)
		n += ((const struct job *)g_ptr_array_index(e->jobs, i))->kind == WISH_BUILD;
	return n;
}

static void begin_builds(struct engine *e, const GArray *wants)
{
	for (guint i = 0; i < wants->len; i++) {
		const struct want *w = &g_array_index(wants, struct want, i);
		int slot = schedule_free_slot(e->builder_busy, e->profile->builders);
		if (slot < 0 || w->chance < WORTH_STARTING)
			return;
		if (kernels_find(e->kernels, w->key) || schedule_building(e, w->key))
			continue;
		/* two that push each other out of the store would be built for ever */
		if (!kernels_have_room(e->kernels, count_builds(e) + 1))
			return;
		e->builder_busy[slot] = true;
		e->workers.start(e->workers.self, make_job(e, w, WISH_BUILD, -1, slot));
	}
}

static struct job *running(const struct engine *e, const struct bisection *b, const char *key,
			   int run)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (job->ahead && job->kind == WISH_RUN && job->run == run &&
		    g_str_equal(job->key, key) && g_str_equal(job->name, b->s->name))
			return job;
	}
	return NULL;
}

static struct ahead_run *ended(const struct bisection *b, const char *key, int run)
{
	for (guint i = 0; b->ahead && i < b->ahead->runs->len; i++) {
		struct ahead_run *r = g_ptr_array_index(b->ahead->runs, i);
		if (r->step < 0 && r->run == run && g_str_equal(r->key, key))
			return r;
	}
	return NULL;
}

/* A kernel that some step has run, or that runs now, needs no runs of its own. */
static bool is_new_kernel(const struct want *w, const struct kernel *kernel)
{
	const struct session *s = w->b->s;
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	return kernel->signature && g_strcmp0(last->signature, kernel->signature) != 0 &&
	       session_step_with_kernel(s, kernel->signature) < 0;
}

static void begin_runs(struct engine *e, const GArray *wants)
{
	for (guint i = 0; i < wants->len; i++) {
		const struct want *w = &g_array_index(wants, struct want, i);
		const struct kernel *kernel = kernels_find(e->kernels, w->key);
		if (w->chance < WORTH_STARTING)
			return;
		if (!kernel || !is_new_kernel(w, kernel))
			continue;
		for (int k = 0; k < w->f->runs; k++) {
			if (running(e, w->b, w->key, k) || ended(w->b, w->key, k))
				continue;
			int slot = schedule_free_slot(e->vm_busy, e->runner.slots);
			if (slot < 0)
				return;
			e->vm_busy[slot] = true;
			e->workers.start(e->workers.self, make_job(e, w, WISH_RUN, k, slot));
		}
	}
}

void ahead_schedule(struct engine *e, GPtrArray *bisections)
{
	g_autoptr(GArray) wants = g_array_new(FALSE, FALSE, sizeof(struct want));
	bool allowed = e->profile->ahead && !e->stuck;
	for (guint i = 0; allowed && i < bisections->len; i++) {
		struct bisection *b = g_ptr_array_index(bisections, i);
		if (b->s->state == STATE_RUNNING && b->s->loaded && g_queue_is_empty(&b->backlog))
			add_wants(e, b, wants);
	}
	g_array_sort(wants, by_chance);
	stop_hopeless(e, wants);
	begin_builds(e, wants);
	begin_runs(e, wants);
}

/* ---- what is taken over ---- */

void ahead_clean(struct engine *e, const struct bisection *b, const struct job *last)
{
	if (!e->on_disk || !session_over(b->s) || writes_there(e, b, NULL, last))
		return;
	g_autofree char *dir = logs_dir(e, b->s->name, NULL);
	file_remove_tree(dir, NULL);
}

void ahead_run_done(struct engine *e, struct job *job)
{
	struct bisection *b = core_find(e, job->name);
	bool of_use = b && session_in_progress(b->s) && !job->err && !job->cancelled &&
		      !missing_kernel_was_why(e, b, job);
	if (!of_use || job->answer.kind != EV_RUN_DONE)
		return;
	struct ahead_run *r = g_new0(struct ahead_run, 1);
	r->key = g_strdup(job->key);
	r->run = job->run;
	r->step = -1;
	r->answer = job->answer;
	job->answer = event_make(EV_NONE);
	g_ptr_array_add(get(b)->runs, r);
}

/* The logs go to where the step's are. One that is being written goes on in its new place; its
 * report is opened by the old name, which a link keeps. */
static bool move_logs(struct engine *e, struct bisection *b, const char *key, int step)
{
	if (!e->on_disk)
		return true;
	g_autofree char *dir = logs_dir(e, b->s->name, key);
	g_autofree char *from = g_build_filename(dir, "runs", NULL);
	g_autofree char *step_dir = state_dir_step(e->state, b->s->name, step);
	g_autofree char *to = g_build_filename(step_dir, "runs", NULL);
	if (file_mkdir(step_dir, NULL) != 0 || symlink(to, to) != 0)
		return false;
	/* the link and the directory change places at once, so that there always is one */
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
		return true;
	unlink(to);
	return false;
}

static void forget_key(struct engine *e, struct bisection *b, const char *key)
{
	for (guint i = b->ahead->runs->len; i-- > 0;) {
		const struct ahead_run *r = g_ptr_array_index(b->ahead->runs, i);
		if (r->step < 0 && g_str_equal(r->key, key))
			g_ptr_array_remove_index_fast(b->ahead->runs, i);
	}
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (job->ahead && job->kind == WISH_RUN && g_str_equal(job->key, key) &&
		    g_str_equal(job->name, b->s->name))
			schedule_stop(job);
	}
}

static bool adopt(struct engine *e, struct bisection *b, int n, int run)
{
	g_autofree char *key = recipe_step_key(e, b, session_step(b->s, n));
	struct job *job = running(e, b, key, run);
	struct ahead_run *r = ended(b, key, run);
	if ((!job || job->cancelled) && !r)
		return false;
	if (b->ahead->moved != n && !move_logs(e, b, key, n)) {
		forget_key(e, b, key);
		return false;
	}
	b->ahead->moved = n;
	if (!schedule_announce(e, b, n, run))
		return false;
	e->ran_ahead++;
	if (r) {
		r->step = n;
	} else {
		job->ahead = false;
		g_atomic_int_set(&job->step, n);
	}
	return true;
}

bool ahead_adopt_runs(struct engine *e, struct bisection *b, const GArray *wishes)
{
	bool any = false;
	for (guint i = 0; b->ahead && i < wishes->len && !e->stuck; i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		const struct step *step = session_step(b->s, w->step);
		if (w->kind != WISH_RUN || w->run != (int)step->runs->len)
			continue;
		if (!adopt(e, b, w->step, w->run))
			break; /* runs are numbered without gaps */
		any = true;
	}
	return any;
}

bool ahead_deliver_run(struct engine *e, struct bisection *b)
{
	struct ahead_run *first = NULL;
	for (guint i = 0; b->ahead && i < b->ahead->runs->len; i++) {
		struct ahead_run *r = g_ptr_array_index(b->ahead->runs, i);
		bool sooner = !first ||
			      r->answer.run_done.duration < first->answer.run_done.duration ||
			      (r->answer.run_done.duration == first->answer.run_done.duration &&
			       r->run < first->run);
		if (r->step >= 0 && sooner)
			first = r;
	}
	if (!first)
		return false;
	struct event ev = first->answer;
	ev.run_done.step = first->step;
	first->answer = event_make(EV_NONE);
	g_ptr_array_remove_fast(b->ahead->runs, first);
	if (session_step(b->s, ev.run_done.step)->state == STEP_DONE)
		schedule_skip_run(&ev);
	schedule_run_done(e, b, &ev);
	return true;
}
