/*
 * A build: an empty place in the store of kernels, a tree, the builder, and what it cost noted for
 * later. Whoever shows the log finds it in the place from the beginning.
 */
#include "trees.h"
#include "work.h"

#include "engine/base/daemon_log.h"
#include "engine/base/file.h"
#include "engine/build/cost.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct build {
	const struct work_env *env;
	struct job *job;
	char *place;			 /* in the store: gets log, configuration and kernel */
	char *trees;			 /* where the slots' trees lie */
	char *config, *program, *ccache; /* NULL: none */
	struct build_result result;
};

static void log_grew(void *arg)
{
	const struct build *b = arg;
	g_autofree char *path = g_build_filename(b->place, "build.log", NULL);
	struct stat st;
	if (!b->job->build.again && stat(path, &st) == 0)
		work_grew(b->job, st.st_size);
}

static void fetching(void *arg, unsigned objects, const char *remote)
{
	const struct build *b = arg;
	work_fetching(b->job, objects, remote);
}

static err_t make_place(const struct build *b, struct error *error)
{
	g_autofree char *log = g_build_filename(b->place, "build.log", NULL);
	int step = job_step(b->job);
	err_t err = file_remove_tree(b->place, error);
	if (!err)
		err = file_mkdir(b->place, error);
	if (!err)
		err = file_write(log, "", 0, 0644, error);
	if (!err && step >= 0 && !b->job->build.again)
		kernels_show_log(b->env->state, b->job->build.source.key, b->job->name, step);
	return err;
}

/* A minimised configuration: the baseline, and over it the options that are kept. */
static err_t write_config(struct build *b, struct error *error)
{
	const struct kernel_source *source = &b->job->build.source;
	g_autofree char *baseline = work_large_text(b->env, b->job, SET_BASELINE);
	g_autofree char *kept = g_strjoinv("\n", source->options);
	if (!baseline) { /* the options of a fragment are over its target */
		g_autofree char *config = work_large_text(b->env, b->job, SET_CONFIG);
		baseline = g_strndup(config ? config : "", strcspn(config ? config : "", "\n"));
	}
	g_autofree char *text = g_strconcat(baseline, "\n", kept, "\n", NULL);
	g_free(b->config);
	b->config = g_build_filename(b->place, "config.wanted", NULL);
	return file_write(b->config, text, strlen(text), 0644, error);
}

/* cp onto a new file keeps no x bit. Who may not read it may not run it either; but its owner, who
 * may be the one that builds. */
static void make_executable(const struct build *b)
{
	const struct spawn_user *user = &b->job->user;
	struct stat st;
	if (stat(b->program, &st) != 0)
		return;
	if (work_is_others(b->env, b->job) && !(st.st_mode & S_IROTH) &&
	    lchown(b->program, (uid_t)user->uid, (gid_t)user->gid) != 0)
		daemon_log(DAEMON_LOG_WARNING, b->job->name, "%s: %s", b->program,
			   g_strerror(errno));
	chmod(b->program, (st.st_mode & 0777) | (st.st_mode & 0444) >> 2);
}

/* For the setting choice = cost, and for builders who have a choice of trees. Nothing depends on
 * it but time. */
static void note_cost(const struct build *b, const char *slot, int64_t begun_s, int64_t took)
{
	struct error why;
	bool wanted = strcmp(settings_text(&b->job->settings, SET_CHOICE), "cost") == 0 ||
		      b->env->profile->builders > 1;
	if (wanted && cost_note(slot, begun_s, took, &why) != 0)
		daemon_log(DAEMON_LOG_WARNING, b->job->name, "%s", why.text);
}

static int processors(const struct work_env *env)
{
	if (env->profile->jobs)
		return env->profile->jobs;
	int n = (int)g_get_num_processors() / env->profile->builders;
	return n > 0 ? n : 1;
}

static err_t build_in(struct build *b, const char *slot, struct error *error)
{
	const struct work_env *env = b->env;
	const struct kernel_source *source = &b->job->build.source;
	struct build_request rq = {
		.commit = source->commit,
		.slot = slot,
		.config = b->config,
		.program = b->program,
		.make = settings_text(&b->job->settings, SET_MAKE),
		.cc = source->cc,
		.patches = source->patches,
		.dir = b->place,
		.low_priority = b->job->ahead,
		.launcher = env->profile->launcher,
		.confine = work_confinement(env, b->job),
		.jobs = processors(env),
		.modules = settings_test(&b->job->settings) == TEST_MANUAL,
		.ccache = env->profile->ccache,
		.ccache_dir = b->ccache,
		.cancel = &b->job->cancel,
		.tick = log_grew,
		.fetching = fetching,
		.arg = b,
	};
	if (settings_test(&b->job->settings) == TEST_BUILD) {
		const char *fail = settings_text(&b->job->settings, SET_FAIL);
		rq.compile_only = true;
		rq.object = source->object;
		rq.since = source->since;
		rq.all_errors = source->all_errors;
		rq.fail = *fail ? fail : NULL;
	}
	gint64 begun = g_get_monotonic_time(), begun_s = g_get_real_time() / G_USEC_PER_SEC;
	err_t err = env->builder.build(env->builder.self, &rq, &b->result, error);
	if (!err && !b->result.broken)
		err = kernels_sync(b->place, error);
	int64_t took = (g_get_monotonic_time() - begun) * 1000;
	if (!err && !b->result.broken && !b->result.alone)
		note_cost(b, slot, begun_s, took);
	b->job->build.made.build_ns = took;
	return err;
}

/* False: there is none, and nothing must be left of it. */
static bool take_result(struct build *b)
{
	struct job *job = b->job;
	struct kernel *made = &job->build.made;
	/* a fetch fails for want of room too */
	if (job->err == -EREMOTEIO)
		work_lacks_room(b->env, job);
	if (work_is_void(job) || ((job->err || b->result.broken) && work_lacks_room(b->env, job)))
		return false;
	if (job->err) {
		work_fail(job, &job->error);
		return false;
	}
	made->compiler = g_strdup(b->result.compiler);
	made->signature = g_strdup(b->result.broken ? NULL : b->result.signature);
	made->reason = g_strdup(b->result.reason);
	made->errors = g_strdupv(b->result.errors);
	made->object = g_strdup(b->result.object);
	made->matched = g_strdup(b->result.matched);
	made->alone = b->result.alone;
	made->no_tree = b->result.no_tree;
	return true;
}

static void build(struct build *b)
{
	struct job *job = b->job;
	job->err = make_place(b, &job->error);
	if (!job->err && job->build.source.options)
		job->err = write_config(b, &job->error);
	if (job->err) {
		if (!work_is_void(job) && !work_lacks_room(b->env, job))
			work_fail(job, &job->error);
		return;
	}
	int tree = trees_take(b->env->trees, b->trees, job->build.source.commit);
	g_autofree char *slot = g_strdup_printf("%s/slots/%d", b->trees, tree);
	job->err = build_in(b, slot, &job->error);
	trees_give_back(b->env->trees, tree);
	if (!take_result(b))
		file_remove_tree(b->place, NULL);
	builder_result_clear(&b->result);
}

void build_job_do(const struct work_env *env, struct job *job)
{
	struct build b = { .env = env,
			   .job = job,
			   .place = kernels_part(env->state, job->build.source.key),
			   .trees = work_trees(env, job),
			   .config = work_large_setting(env, job, SET_CONFIG),
			   .program = work_large_setting(env, job, SET_BUILD) };
	if (work_is_others(env, job))
		b.ccache = g_build_filename(b.trees, "ccache", NULL);
	if (b.program)
		make_executable(&b);
	build(&b);
	g_free(b.place);
	g_free(b.trees);
	g_free(b.config);
	g_free(b.program);
	g_free(b.ccache);
}
