/*
 * get_maintainer.pl is the tree's own program: it is asked in a build's tree and cage.
 */
#include "trees.h"
#include "work.h"

#include "engine/base/daemon_log.h"

void report_job_do(const struct work_env *env, struct job *job)
{
	g_autofree char *trees = work_trees(env, job);
	int tree = trees_take(env->trees, trees, job->report.commit);
	g_autofree char *slot = g_strdup_printf("%s/slots/%d", trees, tree);
	struct confinement confine = work_confinement(env, job);
	char **list = NULL;
	job->err = env->builder.maintainers(env->builder.self, slot, job->report.commit, &confine,
					    &job->cancel, &list, &job->error);
	trees_give_back(env->trees, tree);
	if (work_is_void(job))
		return;
	if (job->err) /* a report without them is better than none */
		daemon_log(DAEMON_LOG_WARNING, job->name, "no maintainers: %s", job->error.text);
	job->answer = event_make(EV_REPORTED);
	job->answer.reported.maintainers = list ? list : g_new0(char *, 1);
}
