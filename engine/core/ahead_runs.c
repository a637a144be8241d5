/*
 * A run keeps its log in a directory aside, ahead/KEY, until a step with that kernel takes all of
 * them over at once by exchanging the two directories.
 */
#include "ahead_runs.h"

#include "facts.h"
#include "recipe.h"
#include "runs.h"
#include "wanted.h"

#include "engine/base/file.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A run that has ended before its step came. */
struct ahead_run {
	char *key;
	int run;
	int step; /* that has taken it over, and does not know its end yet; -1: none */
	struct event answer;
};

struct ahead_runs {
	GPtrArray *ended; /* struct ahead_run * */
	int moved;	  /* step that has taken over the logs; -1: none */
};

static void ahead_run_free(void *p)
{
	struct ahead_run *r = p;
	g_free(r->key);
	event_clear(&r->answer);
	g_free(r);
}

static void ahead_runs_free(void *p)
{
	struct ahead_runs *runs = p;
	g_ptr_array_unref(runs->ended);
	g_free(runs);
}

static struct ahead_runs *get(struct bisection *b)
{
	if (!b->ahead_runs) {
		b->ahead_runs_free = ahead_runs_free;
		b->ahead_runs = g_new0(struct ahead_runs, 1);
		b->ahead_runs->ended = g_ptr_array_new_with_free_func(ahead_run_free);
		b->ahead_runs->moved = -1;
	}
	return b->ahead_runs;
}

static char *logs_dir(const struct engine *e, const char *name, const char *key)
{
	g_autofree char *dir = state_dir_bisection(e->state, name);
	return key ? g_build_filename(dir, "ahead", key, NULL)
		   : g_build_filename(dir, "ahead", NULL);
}

char *ahead_runs_dir(const struct engine *e, const struct session *s, const char *key)
{
	g_autofree char *dir = logs_dir(e, s->name, key);
	return g_build_filename(dir, "runs", NULL);
}

/* Whether a run that was begun ahead goes on. `key` NULL: for any commit. */
static bool writes_there(const struct engine *e, const struct bisection *b, const char *key)
{
	const struct job *job;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (job->ahead && job->kind == JOB_RUN && job->serial == b->s->serial &&
		    (!key || g_str_equal(job->run.source.key, key)))
			return true;
	}
	return false;
}

static struct job *running(const struct engine *e, const struct bisection *b, const char *key,
			   int run)
{
	struct job *job;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (job->plan.speculative && job_run(job) == run && job->serial == b->s->serial &&
		    g_str_equal(job->run.source.key, key))
			return job;
	}
	return NULL;
}

static struct ahead_run *find_ended(const struct bisection *b, const char *key, int run)
{
	for (guint i = 0; b->ahead_runs && i < b->ahead_runs->ended->len; i++) {
		struct ahead_run *r = g_ptr_array_index(b->ahead_runs->ended, i);
		if (r->step < 0 && r->run == run && g_str_equal(r->key, key))
			return r;
	}
	return NULL;
}

bool ahead_runs_has(const struct engine *e, const struct bisection *b, const char *key, int run)
{
	return running(e, b, key, run) || find_ended(b, key, run);
}

void ahead_runs_drop(struct engine *e, struct bisection *b,
		     bool (*is_wanted)(const char *key, const void *arg), const void *arg)
{
	GPtrArray *all = b->ahead_runs ? b->ahead_runs->ended : NULL;
	for (guint i = all ? all->len : 0; i-- > 0;) {
		const struct ahead_run *r = g_ptr_array_index(all, i);
		if (r->step >= 0 || is_wanted(r->key, arg))
			continue;
		if (e->state && !writes_there(e, b, r->key)) {
			g_autofree char *dir = logs_dir(e, b->s->name, r->key);
			trash_put(e->trash, dir, NULL);
		}
		g_ptr_array_remove_index_fast(all, i);
	}
}

/* What nobody took of one that is over. */
void ahead_runs_clean(struct engine *e)
{
	struct bisection *b;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		if (!b->ahead_runs || !session_over(b->s) || writes_there(e, b, NULL))
			continue;
		g_clear_pointer(&b->ahead_runs, ahead_runs_free);
		if (e->state) {
			g_autofree char *dir = logs_dir(e, b->s->name, NULL);
			trash_put(e->trash, dir, NULL);
		}
	}
}

static int bad_runs(const struct bisection *b, const char *key)
{
	int n = 0;
	for (guint i = 0; i < b->ahead_runs->ended->len; i++) {
		const struct ahead_run *r = g_ptr_array_index(b->ahead_runs->ended, i);
		n += r->step < 0 && g_str_equal(r->key, key) &&
		     session_outcome_is_bad(b->s, &r->answer.run_done);
	}
	return n;
}

/* A commit that its user named good, and whose kernel has crashed as often as a bad step's. */
static void doubt_good(struct engine *e, struct bisection *b, const struct ahead_run *last,
		       const char *commit)
{
	const struct event_run_done *done = &last->answer.run_done;
	char text[400];
	bool given = b->s->goods && g_strv_contains((const char *const *)b->s->goods, commit);
	if (!given || b->s->doubted || session_verdict_of(b->s, commit) != VERDICT_NONE ||
	    !session_outcome_is_bad(b->s, done) ||
	    bad_runs(b, last->key) < session_bad_runs_wanted(b->s))
		return;
	outcome_print(done->outcome, done->title ? done->title : "", done->status, text,
		      sizeof(text));
	struct event ev = event_make(EV_DOUBTED);
	ev.doubted.commit = g_strdup(commit);
	ev.doubted.reason = g_strdup(text);
	facts_take(e, b, &ev);
}

void ahead_runs_end(struct engine *e, struct job *job)
{
	struct bisection *b = bisections_by_serial(e->bisections, job->serial);
	bool of_use = b && session_in_progress(b->s) && !job->err && !job->plan.cancelled &&
		      !wanted_again(e, b, job);
	if (!of_use || job->answer.kind != EV_RUN_DONE)
		return;
	struct ahead_run *r = g_new0(struct ahead_run, 1);
	r->key = g_strdup(job->run.source.key);
	r->run = job->run.run;
	r->step = -1;
	r->answer = job->answer;
	job->answer = event_make(EV_NONE);
	g_ptr_array_add(get(b)->ended, r);
	if (!job->run.source.patches || !job->run.source.patches[0])
		doubt_good(e, b, r, job->run.source.commit);
}

/* The logs go to where the step's are. One that is being written goes on in its new place; its
 * report is opened by the old name, which a link keeps. */
static bool move_logs(struct engine *e, struct bisection *b, const char *key, int step)
{
	if (!e->state)
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
	for (guint i = b->ahead_runs->ended->len; i-- > 0;) {
		const struct ahead_run *r = g_ptr_array_index(b->ahead_runs->ended, i);
		if (r->step < 0 && g_str_equal(r->key, key))
			g_ptr_array_remove_index_fast(b->ahead_runs->ended, i);
	}
	struct job *job;
	for (guint i = 0; (job = jobs_at(e->jobs, i)); i++) {
		if (job->plan.speculative && job->kind == JOB_RUN && job->serial == b->s->serial &&
		    g_str_equal(job->run.source.key, key))
			jobs_stop(job);
	}
}

static bool adopt(struct engine *e, struct bisection *b, int n, int run)
{
	g_autofree char *key = recipe_key(e, b, session_step(b->s, n));
	struct job *job = running(e, b, key, run);
	struct ahead_run *r = find_ended(b, key, run);
	if ((!job || job->plan.cancelled) && !r)
		return false;
	if (b->ahead_runs->moved != n && !move_logs(e, b, key, n)) {
		forget_key(e, b, key);
		return false;
	}
	b->ahead_runs->moved = n;
	if (!runs_announce(e, b, n, run))
		return false;
	e->counters.ran_ahead++;
	if (r)
		r->step = n;
	else
		jobs_give_to_step(job, n);
	return true;
}

bool ahead_runs_adopt(struct engine *e, struct bisection *b, const GArray *wishes)
{
	bool any = false;
	for (guint i = 0; b->ahead_runs && i < wishes->len && !disk_watch_error(e->disk_watch);
	     i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		const struct step *step = session_step(b->s, w->step);
		if (w->kind != WISH_RUN || w->run != (int)step->runs->len)
			continue;
		if (!adopt(e, b, w->step, w->run))
			continue; /* runs are numbered without gaps: nor will those after it */
		any = true;
	}
	return any;
}

static int64_t duration_of(const struct ahead_run *r)
{
	return r->answer.run_done.duration;
}

bool ahead_runs_deliver(struct engine *e, struct bisection *b)
{
	struct ahead_run *first = NULL;
	for (guint i = 0; b->ahead_runs && i < b->ahead_runs->ended->len; i++) {
		struct ahead_run *r = g_ptr_array_index(b->ahead_runs->ended, i);
		bool sooner = !first || duration_of(r) < duration_of(first) ||
			      (duration_of(r) == duration_of(first) && r->run < first->run);
		if (r->step >= 0 && sooner)
			first = r;
	}
	if (!first)
		return false;
	struct event ev = first->answer;
	ev.run_done.step = first->step;
	first->answer = event_make(EV_NONE);
	g_ptr_array_remove_fast(b->ahead_runs->ended, first);
	if (session_step(b->s, ev.run_done.step)->state == STEP_DONE)
		job_skip_outcome(&ev.run_done);
	runs_end(e, b, &ev);
	return true;
}
