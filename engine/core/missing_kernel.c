/*
 * The kernel of a step that is being tested may be deleted by whoever gets at the state directory.
 * To the session it is there: nothing of this is a fact. The step's wishes for runs are turned into
 * one for a build, as long as there is no file; the scheduler fulfils that one from the store, or
 * by building again, and gives the step what it had. A guest that found no kernel has not run.
 */
#include "core.h"

#include "engine/base/file.h"

static bool lacks_kernel(const struct engine *e, const struct bisection *b, int step)
{
	g_autofree char *dir = e->on_disk ? state_dir_step(e->state, b->s->name, step) : NULL;
	return dir && !kernels_step_has(dir);
}

static bool has_wish(const GArray *wishes, enum wish_kind kind, int step)
{
	for (guint i = 0; i < wishes->len; i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		if (w->kind == kind && w->step == step)
			return true;
	}
	return false;
}

/* What the session wishes; but where the kernel of a step that is being tested is gone, it is built
 * again before any other run of it begins. Nothing of that is a fact: to the session it is there.
 */
GArray *missing_kernel_wishes(const struct engine *e, const struct bisection *b)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct wish));
	GArray *now = g_array_new(FALSE, FALSE, sizeof(struct wish));
	int looked_at = -1;
	bool lacks = false;
	session_wishes(b->s, all);
	for (guint i = 0; i < all->len; i++) {
		struct wish w = g_array_index(all, struct wish, i);
		if (w.kind == WISH_RUN && w.step != looked_at) {
			looked_at = w.step;
			lacks = lacks_kernel(e, b, w.step);
		}
		if (w.kind == WISH_RUN && lacks && !schedule_find(e, b->s->name, &w)) {
			w = (struct wish){ .kind = WISH_BUILD, .step = w.step, .run = -1 };
			if (has_wish(now, WISH_BUILD, w.step))
				continue;
		}
		g_array_append_val(now, w);
	}
	g_array_unref(all);
	return now;
}

bool missing_kernel_was_why(const struct engine *e, const struct bisection *b,
			    const struct job *job)
{
	if (!e->on_disk || job->answer.kind != EV_RUN_DONE ||
	    job->answer.run_done.outcome != OUTCOME_INFRA)
		return false;
	/* one begun ahead had the store's, which may be gone by now for any reason */
	return job->begun_ahead || job->given_again != b->given_again ||
	       lacks_kernel(e, b, job->step);
}

bool missing_kernel_give(struct engine *e, struct bisection *b, int n, const struct kernel *kernel)
{
	const struct step *step = session_step(b->s, n);
	g_autofree char *dir = state_dir_step(e->state, b->s->name, n);
	g_autofree char *key = g_strdup(kernel->key);
	struct error why;
	if (g_strcmp0(kernel->signature, step->signature) != 0) {
		struct event ev = event_make(EV_FAILED);
		ev.failed.reason =
			g_strdup_printf("the kernel of step %d was deleted, and what was built "
					"in its place is another one",
					n);
		facts_take(e, b, &ev);
		return true;
	}
	err_t err = kernels_give_again(e->kernels, key, dir, &why);
	if (facts_is_full(err)) {
		facts_disk_stuck(e, err);
	} else if (err) {
		daemon_log(DAEMON_LOG_WARNING, b->s->name, "%s", why.text);
		kernels_forget(e->kernels, key);
	} else {
		kernels_given(e->kernels, key);
		b->given_again++;
		daemon_log(DAEMON_LOG_WARNING, b->s->name,
			   "the kernel of step %d was deleted: it has one again", n);
	}
	return err == 0;
}
