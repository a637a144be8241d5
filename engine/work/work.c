/*
 * What the jobs have in common: where their settings lie, and what they may blame.
 */
#include "work.h"

#include "engine/base/disk.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <sys/stat.h>

#define REPRODUCER "guest-reproducer"
#define TOO_LITTLE_ROOM ((guint64)1 << 20)

void work_fail(struct job *job, const struct error *why)
{
	event_clear(&job->answer);
	job->answer = event_make(EV_FAILED);
	job->answer.failed.reason = g_strdup(why->text);
}

bool work_lacks_room(const struct work_env *env, struct job *job)
{
	if (disk_room(env->state) >= TOO_LITTLE_ROOM)
		return false;
	event_clear(&job->answer);
	job->err = -ENOSPC;
	return true;
}

bool work_is_void(const struct job *job)
{
	return job->err == -ECANCELED || job->err == -ENOSPC || job->err == -EDQUOT ||
	       job->err == -EREMOTEIO;
}

void work_fetching(void *job, guint objects, const char *remote)
{
	job_fetches(job, objects, remote);
}

char *work_large_setting(const struct work_env *env, const struct job *job, enum setting id)
{
	char *path = state_dir_setting(env->state, job->name, setting_name(id));
	struct stat st;
	if (stat(path, &st) == 0 && st.st_size > 0)
		return path;
	g_free(path);
	return NULL;
}

char *work_large_text(const struct work_env *env, const struct job *job, enum setting id)
{
	g_autofree char *path = work_large_setting(env, job, id);
	char *text = NULL;
	if (path)
		g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

char *work_reproducer(const struct work_env *env, const struct job *job)
{
	g_autofree char *dir = state_dir_bisection(env->state, job->name);
	return g_build_filename(dir, REPRODUCER, NULL);
}

bool work_is_others(const struct work_env *env, const struct job *job)
{
	return !env->uncaged && spawn_is_other(job->user);
}

char *work_trees(const struct work_env *env, const struct job *job)
{
	return work_is_others(env, job)
		       ? g_strdup_printf("%s/users/%u", env->state, (unsigned)job->user.uid)
		       : g_strdup(env->state);
}

struct confinement work_confinement(const struct work_env *env, const struct job *job)
{
	struct confinement confine = env->confine;
	confine.user = job->user;
	return confine;
}

void work_grew(const struct job *job, int64_t size)
{
	if (job_step(job) >= 0)
		job->listener->grew(job->listener->self, job, size);
}
