/*
 * Journals need nothing of each other, so they are read by as many threads as there are
 * processors; what follows from them is done one after the other.
 */
#include "recover.h"

#include "facts.h"
#include "set.h"

#include "engine/base/daemon_log.h"
#include "engine/base/file.h"
#include "engine/store/journal.h"
#include "engine/store/state_dir.h"
#include "engine/text/bisection_log.h"

struct reading {
	struct engine *e;
	struct bisection *b;
	err_t err;
	struct error error;
};

static err_t replay(const struct event *ev, void *arg, struct error *error)
{
	struct bisection *b = arg;
	return bisection_log_apply(b->s, b->log, ev, error);
}

static void read_one(gpointer data, gpointer arg)
{
	struct reading *r = data;
	struct engine *e = arg;
	g_autofree char *dir = state_dir_bisection(e->state, r->b->s->name);
	g_autofree char *path = g_build_filename(dir, "journal", NULL);
	r->err = journal_open(path, e->disk, replay, r->b, &r->b->journal, &r->error);
}

static void reading_free(void *p)
{
	struct reading *r = p;
	if (r->b)
		bisection_free(r->b);
	g_free(r);
}

static GPtrArray *read_all(struct engine *e)
{
	g_autofree char *dir = g_build_filename(e->state, "b", NULL);
	g_autoptr(GPtrArray) names = file_names(dir);
	GPtrArray *all = g_ptr_array_new_with_free_func(reading_free);
	GThreadPool *pool =
		g_thread_pool_new(read_one, e, (gint)g_get_num_processors(), TRUE, NULL);
	for (guint i = 0; i < names->len; i++) {
		struct reading *r = g_new0(struct reading, 1);
		r->b = bisection_new(g_ptr_array_index(names, i), bisections_serial(e->bisections));
		g_ptr_array_add(all, r);
		g_thread_pool_push(pool, r, NULL);
	}
	g_thread_pool_free(pool, FALSE, TRUE);
	return all;
}

/* What an earlier daemon has given to its steps, and what it was writing when it was killed. Work
 * done ahead, and kernels of steps that are over, are nothing that a restart needs. */
static void sweep(struct engine *e, const struct bisection *b)
{
	int n = (int)b->s->steps->len;
	g_autofree char *dir = state_dir_bisection(e->state, b->s->name);
	g_autofree char *ahead = g_build_filename(dir, "ahead", NULL);
	trash_put(e->trash, ahead, NULL);
	for (int i = 0; i < n; i++) {
		g_autofree char *step = state_dir_step(e->state, b->s->name, i);
		g_autofree char *runs = g_build_filename(step, "runs", NULL);
		kernels_found(e->kernels, step);
		if (session_in_progress(b->s) || i + 1 == n)
			file_remove_temporary(runs);
	}
	facts_take_kernels(e, b->s);
}

static err_t record_restart(struct engine *e, struct bisection *b, struct error *error)
{
	struct event ev = event_make(EV_RESTARTED);
	e->counters.restarts++;
	daemon_log(DAEMON_LOG_INFO, b->s->name, "it was interrupted, and goes on");
	ev.time = MAX(state_now(e), b->s->changed);
	err_t err = facts_append(e, b, &ev, error);
	if (!err)
		return bisection_log_apply(b->s, b->log, &ev, error);
	if (!disk_watch_is_full(err))
		return err;
	facts_wait(b, &ev);
	facts_disk_failed(e, err);
	return 0;
}

static err_t take(struct engine *e, struct reading *r, struct error *error)
{
	if (r->err) {
		if (error)
			*error = r->error;
		return r->err;
	}
	if (!r->b->s->created) { /* its mkdir was never acknowledged */
		g_autofree char *dir = state_dir_bisection(e->state, r->b->s->name);
		return trash_put(e->trash, dir, error);
	}
	struct bisection *b = g_steal_pointer(&r->b);
	bisections_add(e->bisections, b);
	err_t err =
		b->s->state == STATE_DRAFT ? set_load(e, b->s->name, &b->s->settings, error) : 0;
	sweep(e, b);
	if (!err && session_in_progress(b->s))
		err = record_restart(e, b, error);
	if (!err)
		e->view.added(e->view.self, b->s, false);
	return err;
}

err_t recover(struct engine *e, struct error *error)
{
	g_autoptr(GPtrArray) all = read_all(e);
	err_t err = 0;
	for (guint i = 0; i < all->len && !err; i++)
		err = take(e, g_ptr_array_index(all, i), error);
	kernels_keep_limit(e->kernels);
	return err;
}
