/*
 * get_maintainer.pl is the tree's own program: it is asked in a build's tree and cage. What the
 * configurations of culprit and parent say is read from their steps.
 */
#include "config_labels.h"
#include "trees.h"
#include "work.h"

#include "engine/base/daemon_log.h"
#include "engine/store/state_dir.h"

#include <errno.h>

static char *config_of(const struct work_env *env, const struct job *job, int step)
{
	if (step < 0)
		return NULL;
	g_autofree char *dir = state_dir_step(env->state, job->name, step);
	g_autofree char *path = g_build_filename(dir, "config", NULL);
	char *text = NULL;
	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

/* What a `build` program makes has no .config, and no label. */
static GStrv labels(const struct work_env *env, const struct job *job)
{
	g_autofree char *wanted = work_large_text(env, job, SET_CONFIG);
	g_autofree char *culprit = config_of(env, job, job->report.culprit);
	g_autofree char *parent = config_of(env, job, job->report.parent);
	return config_labels(wanted, culprit, parent);
}

static char **ask_maintainers(const struct work_env *env, struct job *job)
{
	g_autofree char *trees = work_trees(env, job);
	int tree = trees_take(env->trees, trees, job->report.commit);
	g_autofree char *slot = g_strdup_printf("%s/slots/%d", trees, tree);
	struct confinement confine = work_confinement(env, job);
	char **list = NULL;
	job->err = env->builder.maintainers(env->builder.self, slot, job->report.commit, &confine,
					    &job->cancel, &list, &job->error);
	trees_give_back(env->trees, tree);
	return list;
}

void report_job_do(const struct work_env *env, struct job *job)
{
	char **list = job->report.maintainers ? ask_maintainers(env, job) : NULL;
	/* a report without them is better than none, and no remote is waited for */
	bool unreachable = job->err == -EREMOTEIO;
	if (work_is_void(job) && !unreachable) {
		g_strfreev(list);
		return;
	}
	if (job->err)
		daemon_log(DAEMON_LOG_WARNING, job->name, "no maintainers: %s", job->error.text);
	if (unreachable)
		job->err = 0;
	job->answer = event_make(EV_REPORTED);
	job->answer.reported.maintainers = list ? list : g_new0(char *, 1);
	job->answer.reported.labels = labels(env, job);
}
