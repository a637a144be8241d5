/*
 * The session knows of no files: that a kernel has vanished is nothing that it could remember.
 */
#include "wanted.h"

#include "engine/store/state_dir.h"

static bool has_kernel(const struct engine *e, const struct bisection *b, int step)
{
	if (!e->state)
		return true;
	g_autofree char *dir = state_dir_step(e->state, b->s->name, step);
	return kernels_step_has(dir);
}

/* What is to begin of the step waits for its kernel. */
static void build_again(const struct engine *e, const struct bisection *b, int step, GArray *wishes)
{
	for (guint i = wishes->len; i-- > 0;) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		if (w->kind == WISH_RUN && w->step == step && !jobs_find(e->jobs, b->s->serial, w))
			g_array_remove_index(wishes, i);
	}
	struct wish build = { .kind = WISH_BUILD, .step = step, .run = -1 };
	g_array_append_val(wishes, build);
}

GArray *wanted(const struct engine *e, const struct bisection *b)
{
	GArray *wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
	session_wishes(b->s, wishes);
	g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(int)); /* at most two */
	for (guint i = 0; i < wishes->len; i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		bool seen = w->kind != WISH_RUN;
		for (guint k = 0; k < steps->len; k++)
			seen = seen || g_array_index(steps, int, k) == w->step;
		if (!seen)
			g_array_append_val(steps, w->step);
	}
	for (guint k = 0; k < steps->len; k++) {
		int step = g_array_index(steps, int, k);
		if (!has_kernel(e, b, step))
			build_again(e, b, step, wishes);
	}
	return wishes;
}

/* One begun ahead had the store's, which may be gone by now for any reason. */
bool wanted_again(const struct engine *e, const struct bisection *b, const struct job *job)
{
	if (job->answer.kind != EV_RUN_DONE || job->answer.run_done.outcome != OUTCOME_INFRA)
		return false;
	return e->state && (job->ahead || job->plan.kernels_given_again != b->kernels_given_again ||
			    !has_kernel(e, b, job_step(job)));
}
