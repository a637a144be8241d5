/*
 * The real workers: a thread for each build and run, and one historian, which alone touches the
 * repository.
 */
#include "engine/core/core.h"

static gpointer worker_thread(gpointer arg)
{
	struct job *job = arg;
	if (job->kind == WISH_BUILD)
		work_build(job);
	else if (job->kind == WISH_REPORT)
		work_report(job);
	else
		work_run(job);
	core_post(job->e, (struct message){ .kind = MSG_JOB_DONE, .job = job });
	return NULL;
}

static void historian_work(gpointer data, gpointer arg)
{
	struct engine *e = arg;
	struct message *m = data;
	if (m->kind == MSG_RESOLVED)
		commands_resolve(m->start);
	else
		work_history(m->job);
	core_post(e, *m);
	g_free(m);
}

static void ask_historian(struct engine *e, struct message m)
{
	g_thread_pool_push(e->historian, g_memdup2(&m, sizeof(m)), NULL);
}

static void start(void *self, struct job *job)
{
	if (job->kind == WISH_LOAD || job->kind == WISH_NEXT) {
		ask_historian(self, (struct message){ .kind = MSG_JOB_DONE, .job = job });
		return;
	}
	g_autofree char *name =
		g_strdup_printf("%s-%d", job->kind == WISH_RUN ? "run" : "build", job->slot);
	g_thread_unref(g_thread_new(name, worker_thread, job));
}

static int64_t now(void *self)
{
	(void)self;
	return engine_now();
}

static int64_t uptime(void *self)
{
	(void)self;
	return g_get_monotonic_time();
}

static void lookup(void *self, struct start *st)
{
	ask_historian(self, (struct message){ .kind = MSG_RESOLVED, .start = st });
}

struct workers workers_threads(struct engine *e)
{
	e->historian = g_thread_pool_new(historian_work, e, 1, FALSE, NULL);
	return (struct workers){
		.self = e, .start = start, .lookup = lookup, .now = now, .uptime = uptime
	};
}

void workers_free(struct engine *e)
{
	if (e->historian)
		g_thread_pool_free(e->historian, FALSE, TRUE);
}
