/*
 * A C reproducer is compiled in a thread of its own, so that nobody else waits for its compiler.
 */
#include "work.h"

#include "engine/build/prepare.h"
#include "engine/store/state_dir.h"

void prepare_job_do(const struct work_env *env, struct job *job)
{
	g_autofree char *source =
		state_dir_setting(env->state, job->name, setting_name(SET_REPRODUCER));
	g_autofree char *target = work_reproducer(env, job);
	job->err = prepare_reproducer(source, target, &job->settings, job->user,
				      &env->confine.limits, &job->cancel, &job->error);
	if (job->err && !work_is_void(job) && !work_lacks_room(env, job))
		work_fail(job, &job->error);
}
