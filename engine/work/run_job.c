/*
 * A run: the runner boots the kernel and says what it showed; a crash report gets its source
 * positions.
 */
#include "symbol_cache.h"
#include "work.h"

#include "engine/base/file.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <string.h>

#define REPORT_LIMIT ((gsize)4 << 20) /* the scanner's reports are far smaller */

static void log_grew(void *arg, int64_t size)
{
	work_grew(arg, size);
}

/* A step has names of its own for its kernel's files; without a step it is the store's. */
static char *kernel_file(const struct work_env *env, const struct job *job, const char *name)
{
	if (!job->ahead) {
		g_autofree char *dir = state_dir_step(env->state, job->name, job_step(job));
		return g_build_filename(dir, name, NULL);
	}
	return kernels_file(env->state, job->run.source.key, name);
}

static char *log_file(const struct job *job, const char *suffix)
{
	return g_strdup_printf("%s/%d.%s", job->run.dir, job->run.run, suffix);
}

static err_t run_guest(const struct work_env *env, struct job *job, struct outcome *outcome,
		       struct error *error)
{
	const struct settings *set = &job->settings;
	g_autofree char *kernel = kernel_file(env, job, "kernel");
	g_autofree char *reproducer = work_reproducer(env, job);
	g_autofree char *files = state_dir_setting(env->state, job->name, SETTING_FILES_DIR);
	g_autofree char *log = log_file(job, "log");
	g_autofree char *report = log_file(job, "report");
	g_autofree char *domain = work_large_setting(env, job, SET_DOMAIN);
	err_t err = file_mkdir(job->run.dir, error);
	if (err)
		return err;
	const char *rootfs = settings_text(set, SET_ROOTFS);
	struct run_request rq = {
		.kernel = kernel,
		.reproducer = file_exists(reproducer) ? reproducer : NULL,
		.files = files,
		.rootfs = *rootfs ? rootfs : NULL,
		.log = log,
		.report = report,
		.cmdline = settings_text(set, SET_CMDLINE),
		.arch = settings_text(set, SET_ARCH),
		.domain = domain,
		.ready = settings_text(set, SET_READY),
		.pass = settings_text(set, SET_PASS),
		.fail = settings_text(set, SET_FAIL),
		.memory_mib = settings_int(set, SET_MEMORY),
		.cpus = settings_int(set, SET_CPUS),
		.boot_timeout_s = settings_int(set, SET_BOOT_TIMEOUT),
		.timeout_s = settings_int(set, SET_TIMEOUT),
		.cancel = &job->cancel,
		.grew = log_grew,
		.arg = job,
	};
	return env->runner.run(env->runner.self, job->slot, &rq, outcome, error);
}

/* Without positions it is a report all the same. */
static void symbolise(const struct work_env *env, const struct job *job)
{
	g_autofree char *vmlinux = kernel_file(env, job, "vmlinux");
	g_autofree char *path = log_file(job, "report");
	gsize len;
	g_autofree char *text =
		file_read_below(job->run.dir, strrchr(path, '/') + 1, REPORT_LIMIT, &len);
	if (!text || !file_exists(vmlinux))
		return;
	g_autofree char *better = symbol_cache_report(env->symbols, vmlinux, text);
	if (better)
		file_write(path, better, strlen(better), 0644, NULL);
}

static void take_outcome(struct job *job, const struct outcome *outcome, int64_t took)
{
	job->answer = event_make(EV_RUN_DONE);
	struct event_run_done *done = &job->answer.run_done;
	done->run = job->run.run;
	done->duration = took;
	done->outcome = outcome->kind;
	done->type = outcome->type;
	done->status = outcome->status;
	done->boot = outcome->boot_ns;
	done->title = g_strdup(outcome->title);
	done->value = *outcome->value ? g_strdup(outcome->value) : NULL;
}

void run_job_do(const struct work_env *env, struct job *job)
{
	struct outcome outcome = { .status = -1 };
	gint64 begun = g_get_monotonic_time();
	job->err = run_guest(env, job, &outcome, &job->error);
	int64_t took = (g_get_monotonic_time() - begun) * 1000;
	if (job->err == -ENOSPC || job->err == -EDQUOT)
		return;
	if (job->err == -ECANCELED) {
		job_skip_run(job);
		job->answer.run_done.duration = took;
		return;
	}
	if (job->err) {
		outcome.kind = OUTCOME_INFRA;
		g_strlcpy(outcome.title, job->error.text, sizeof(outcome.title));
	}
	if (outcome.kind == OUTCOME_INFRA && work_lacks_room(env, job))
		return;
	if (outcome.kind != OUTCOME_OK && outcome.kind != OUTCOME_INFRA)
		symbolise(env, job);
	take_outcome(job, &outcome, took);
}
