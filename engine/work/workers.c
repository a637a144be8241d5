/*
 * A thread for each build, run and reproducer, so that none waits for another; one thread for all
 * that is asked of the history, since a repository's handle belongs to one thread.
 */
#include "workers.h"

#include "symbol_cache.h"
#include "trees.h"
#include "work.h"

#include "engine/build/cage.h"
#include "engine/history/repo.h"

#include <time.h>

struct pool {
	struct work_env env; /* the first member: workers_new's callers hold it */
	GThreadPool *history;
};

static void (*const jobs_of_threads[JOB_KINDS])(const struct work_env *, struct job *) = {
	[JOB_PREPARE] = prepare_job_do,
	[JOB_BUILD] = build_job_do,
	[JOB_RUN] = run_job_do,
	[JOB_REPORT] = report_job_do,
};

static void (*const jobs_of_history[JOB_KINDS])(const struct work_env *, struct job *) = {
	[JOB_LOOKUP] = lookup_job_do,
	[JOB_LOAD] = history_job_do,
	[JOB_NEXT] = history_job_do,
};

struct errand {
	const struct work_env *env;
	struct job *job;
};

static gpointer work_in_thread(gpointer arg)
{
	g_autofree struct errand *errand = arg;
	struct job *job = errand->job;
	jobs_of_threads[job->kind](errand->env, job);
	job->listener->done(job->listener->self, job);
	return NULL;
}

static void work_on_history(gpointer data, gpointer arg)
{
	const struct work_env *env = arg;
	struct job *job = data;
	jobs_of_history[job->kind](env, job);
	job->listener->done(job->listener->self, job);
}

static void start(void *self, struct job *job)
{
	static const char *const names[JOB_KINDS] = { [JOB_PREPARE] = "prepare",
						      [JOB_BUILD] = "build",
						      [JOB_RUN] = "run",
						      [JOB_REPORT] = "report" };
	struct pool *pool = self;
	if (jobs_of_history[job->kind]) {
		g_thread_pool_push(pool->history, job, NULL);
		return;
	}
	struct errand *errand = g_new(struct errand, 1);
	*errand = (struct errand){ .env = &pool->env, .job = job };
	g_autofree char *name = g_strdup_printf("%s-%d", names[job->kind], job->slot);
	g_thread_unref(g_thread_new(name, work_in_thread, errand));
}

static int64_t now(void *self)
{
	struct timespec t;
	(void)self;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t uptime(void *self)
{
	(void)self;
	return g_get_monotonic_time();
}

static const char *why_no_cage(const struct profile *p)
{
	if (!p->sandbox)
		return "the profile says so";
	if (p->launcher && p->launcher[0])
		return "the launcher is to see to that";
	return cage_missing();
}

err_t workers_new(const struct workers_config *config, struct work_env **out, struct error *error)
{
	const struct profile *p = config->profile;
	struct pool *pool = g_new0(struct pool, 1);
	const char *uncaged = why_no_cage(p);
	pool->env = (struct work_env){
		.state = g_strdup(config->state),
		.profile = p,
		.builder = config->builder,
		.runner = config->runner,
		.uncaged = uncaged,
		.confine = { .caged = !uncaged,
			     .limits = { .timeout_s = p->build_timeout_s,
					 .processes = p->build_processes,
					 .memory_mib = p->build_memory_mib,
					 .output_mib = p->build_output_mib } },
		.trees = trees_new(p->builders),
		.symbols = symbol_cache_new(),
	};
	pool->history = g_thread_pool_new(work_on_history, &pool->env, 1, FALSE, NULL);
	err_t err = repo_open(config->repo, &pool->env.repo, error);
	if (!err)
		err = repo_fetch_from(pool->env.repo, config->promisor, error);
	if (err) {
		workers_free(&pool->env);
		return err;
	}
	*out = &pool->env;
	return 0;
}

void workers_free(struct work_env *env)
{
	struct pool *pool = (struct pool *)env;
	if (!pool)
		return;
	g_thread_pool_free(pool->history, FALSE, TRUE);
	trees_free(env->trees);
	symbol_cache_free(env->symbols);
	repo_free(env->repo);
	g_free(env->state);
	g_free(pool);
}

struct workers workers_interface(struct work_env *env)
{
	return (struct workers){
		.self = env, .start = start, .now = now, .uptime = uptime, .uncaged = env->uncaged
	};
}
