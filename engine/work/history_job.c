/*
 * The history is read by one thread, which alone touches the repository's handle.
 */
#include "history_job.h"

#include "work.h"

#include "engine/build/cost.h"

#include <errno.h>
#include <string.h>

static err_t navigate(struct job *job, const struct navigator *nav, struct error *error)
{
	return job->kind == JOB_LOAD
		       ? navigate_load(nav, job->load.commit, job->load.goods, &job->answer, error)
		       : navigate_next(nav, &job->next.query, job->next.step, &job->answer, error);
}

void history_job_navigate(struct job *job, const struct navigator *nav)
{
	struct error why = { 0 };
	if (navigate(job, nav, &why) != 0)
		work_fail(job, &why);
}

static double build_seconds(void *self, const char *commit)
{
	return cost_of(self, commit);
}

void history_job_do(const struct work_env *env, struct job *job)
{
	struct error why = { 0 };
	struct cost *cost = NULL;
	g_autofree char *compilers = work_large_text(env, job, SET_COMPILERS);
	g_autofree char *backports = work_large_text(env, job, SET_BACKPORTS);
	g_autofree char *config = work_large_text(env, job, SET_CONFIG);
	g_autofree char *baseline = work_large_text(env, job, SET_BASELINE);
	g_autofree char *trees = work_trees(env, job);
	struct navigator nav = { .repo = env->repo,
				 .settings = &job->settings,
				 .compilers = compilers,
				 .backports = backports,
				 .config = config,
				 .baseline = baseline };
	if (strcmp(settings_text(&job->settings, SET_CHOICE), "cost") == 0)
		cost = cost_open(trees, env->profile->builders);
	if (cost)
		nav.estimate = (struct build_estimate){ .self = cost, .seconds = build_seconds };
	struct promisor_watch watch = { .cancel = &job->cancel,
					.fetching = work_fetching,
					.arg = job };
	repo_watch_fetches(env->repo, &watch);
	err_t err = navigate(job, &nav, &why);
	repo_watch_fetches(env->repo, NULL);
	cost_free(cost);
	if (!err || work_lacks_room(env, job))
		return;
	job->err = err == -EREMOTEIO || err == -ECANCELED ? err : 0;
	job->error = why;
	if (!job->err)
		work_fail(job, &why);
}
