/*
 * What the workers do: each takes a job, blocks its own thread, and leaves one fact as the answer.
 */
#include "engine/core/core.h"

#include "engine/build/cost.h"
#include "engine/history/navigate.h"
#include "engine/build/prepare.h"
#include "engine/base/file.h"
#include "engine/base/disk.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPRODUCER "guest-reproducer"

static void fail(struct job *job, const struct error *why)
{
	event_clear(&job->answer);
	job->answer = event_make(EV_FAILED);
	job->answer.failed.reason = g_strdup(why->text);
}

/* With this little room whatever went wrong (a compiler, libvirt, QEMU) went wrong for want of it,
 * whichever error it came as: nobody's fault, and to be done again when there is room. */
#define TOO_LITTLE_ROOM ((guint64)1 << 20)

static bool blame_the_disk(struct job *job)
{
	if (disk_room(job->e->state) >= TOO_LITTLE_ROOM)
		return false;
	event_clear(&job->answer);
	job->err = -ENOSPC;
	return true;
}

static char *large_setting(const struct job *job, enum setting id)
{
	char *path = state_dir_setting(job->e->state, job->name, setting_name(id));
	struct stat st;
	if (stat(path, &st) == 0 && st.st_size > 0)
		return path;
	g_free(path);
	return NULL;
}

/* ---- history ---- */

static char *large_text(const struct job *job, enum setting id)
{
	g_autofree char *path = large_setting(job, id);
	char *text = NULL;
	if (path)
		g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

/* ---- whose work it is ---- */

/* Who builds with the rights of another user builds in trees of his own: what one leaves in object
 * files must not become another's kernel. */
static char *trees_of(const struct job *job)
{
	const struct engine *e = job->e;
	return core_is_others(e, job->user)
		       ? g_strdup_printf("%s/users/%u", e->state, job->user.uid)
		       : g_strdup(e->state);
}

static struct confinement confinement_of(const struct job *job)
{
	struct confinement confine = job->e->confine;
	confine.user = job->user;
	return confine;
}

/* ---- the history ---- */

static err_t navigate(struct job *job, const struct navigator *nav, struct error *error)
{
	return job->kind == WISH_LOAD
		       ? navigate_load(nav, job->commit, job->query.goods, &job->answer, error)
		       : navigate_next(nav, &job->query, job->step, &job->answer, error);
}

void work_navigate(struct job *job, const struct navigator *nav)
{
	struct error why = { 0 };
	if (navigate(job, nav, &why) != 0)
		fail(job, &why);
}

static err_t load(struct job *job, struct error *error)
{
	struct engine *e = job->e;
	g_autofree char *source =
		state_dir_setting(e->state, job->name, setting_name(SET_REPRODUCER));
	g_autofree char *dir = state_dir_bisection(e->state, job->name);
	g_autofree char *target = g_build_filename(dir, REPRODUCER, NULL);
	return prepare_reproducer(source, target, &job->settings, job->user, &e->confine.limits,
				  NULL, error);
}

static double build_seconds(void *self, const char *commit)
{
	return cost_of(self, commit);
}

void work_history(struct job *job)
{
	struct error why = { 0 };
	g_autofree char *compilers = large_text(job, SET_COMPILERS);
	g_autofree char *backports = large_text(job, SET_BACKPORTS);
	g_autofree char *config = large_text(job, SET_CONFIG);
	g_autofree char *baseline = large_text(job, SET_BASELINE);
	struct navigator nav = { .repo = job->e->repo,
				 .settings = &job->settings,
				 .compilers = compilers,
				 .backports = backports,
				 .config = config,
				 .baseline = baseline };
	g_autofree char *trees = trees_of(job);
	struct cost *cost = NULL;
	if (strcmp(settings_text(&job->settings, SET_CHOICE), "cost") == 0)
		cost = cost_open(trees, job->e->profile->builders);
	if (cost)
		nav.estimate = (struct build_estimate){ .self = cost, .seconds = build_seconds };
	err_t err = job->kind == WISH_LOAD ? load(job, &why) : 0;
	if (!err)
		err = navigate(job, &nav, &why);
	cost_free(cost);
	if (err && !blame_the_disk(job))
		fail(job, &why);
}

/* ---- building ---- */

/* Nobody's step yet, or one that shows the log of its build already: -1. It may become somebody's
 * while the worker is at it. */
static int step_of(const struct job *job)
{
	int step = g_atomic_int_get(&job->step); /* `again` was set before it */
	return step >= 0 && job->again ? -1 : step;
}

static void build_log_grew(void *arg)
{
	struct job *job = arg;
	g_autofree char *dir = kernels_part(job->e->state, job->key);
	g_autofree char *path = g_build_filename(dir, "build.log", NULL);
	struct stat st;
	int step = step_of(job);
	if (step >= 0 && stat(path, &st) == 0)
		job->e->view.grew(job->e->view.self, job->name, step, -1, st.st_size);
}

void work_show_log(const struct job *job)
{
	int step = step_of(job);
	if (step < 0)
		return;
	g_autofree char *part = kernels_part(job->e->state, job->key);
	g_autofree char *from = g_build_filename(part, "build.log", NULL);
	g_autofree char *dir = state_dir_step(job->e->state, job->name, step);
	g_autofree char *to = g_build_filename(dir, "build.log", NULL);
	if (!file_exists(from) || file_mkdir(dir, NULL) != 0)
		return; /* not begun: the worker shows it as soon as it has */
	unlink(to);
	if (link(from, to) != 0)
		daemon_log(DAEMON_LOG_WARNING, job->name, "%s: %s", to, g_strerror(errno));
}

/* ---- the slots' trees ---- */

/* The free tree from which least has to be built to get at the commit. */
static int take_tree(struct engine *e, const char *trees, const char *commit)
{
	int n = e->profile->builders, tree = 0;
	g_mutex_lock(&e->trees_lock);
	struct cost *cost = n > 1 ? cost_open(trees, n) : NULL;
	if (cost)
		tree = cost_nearest(cost, commit, e->tree_busy);
	else
		tree = schedule_free_slot(e->tree_busy, n);
	cost_free(cost);
	e->tree_busy[tree] = true; /* there are as many as builders: one was free */
	g_mutex_unlock(&e->trees_lock);
	return tree;
}

static void give_back_tree(struct engine *e, int tree)
{
	g_mutex_lock(&e->trees_lock);
	e->tree_busy[tree] = false;
	g_mutex_unlock(&e->trees_lock);
}

/* For the setting choice = cost, and for builders who have a choice of trees. Nothing depends on
 * it but time. */
static void note_cost(const struct job *job, const char *slot, int64_t begun, int64_t build_ns)
{
	struct error why;
	bool wanted = strcmp(settings_text(&job->settings, SET_CHOICE), "cost") == 0 ||
		      job->e->profile->builders > 1;
	if (wanted && cost_note(slot, begun, build_ns, &why) != 0)
		daemon_log(DAEMON_LOG_WARNING, job->name, "%s", why.text);
}

/* An empty place to build in, with the log that a step may show already. */
static err_t make_place(const struct job *job, const char *part, struct error *error)
{
	g_autofree char *log = g_build_filename(part, "build.log", NULL);
	err_t err = file_remove_tree(part, error);
	if (!err)
		err = file_mkdir(part, error);
	if (!err)
		err = file_write(log, "", 0, 0644, error);
	if (!err)
		work_show_log(job);
	return err;
}

static int build_jobs(const struct engine *e)
{
	if (e->profile->jobs)
		return e->profile->jobs;
	int n = (int)g_get_num_processors() / e->profile->builders;
	return n > 0 ? n : 1;
}

/* A minimised configuration: the baseline, and over it the options that are kept. */
static err_t write_config(const struct job *job, const char *part, char **path, struct error *error)
{
	g_autofree char *baseline = large_text(job, SET_BASELINE);
	g_autofree char *kept = g_strjoinv("\n", job->options);
	if (!baseline) { /* the options of a fragment are over its target */
		g_autofree char *config = large_text(job, SET_CONFIG);
		baseline = g_strndup(config ? config : "", strcspn(config ? config : "", "\n"));
	}
	g_autofree char *text = g_strconcat(baseline, "\n", kept, "\n", NULL);
	g_free(*path);
	*path = g_build_filename(part, "config.wanted", NULL);
	return file_write(*path, text, strlen(text), 0644, error);
}

/* cp onto a new file keeps no x bit. Who may not read it may not run it either; but its owner, who
 * may be the one that builds. */
static void make_executable(const struct job *job, const char *program)
{
	struct stat st;
	if (stat(program, &st) != 0)
		return;
	if (core_is_others(job->e, job->user) && !(st.st_mode & S_IROTH) &&
	    lchown(program, (uid_t)job->user.uid, (gid_t)job->user.gid) != 0)
		daemon_log(DAEMON_LOG_WARNING, job->name, "%s: %s", program, g_strerror(errno));
	chmod(program, (st.st_mode & 0777) | (st.st_mode & 0444) >> 2);
}

void work_build(struct job *job)
{
	struct engine *e = job->e;
	struct build_result result = { 0 };
	g_autofree char *part = kernels_part(e->state, job->key);
	g_autofree char *config = large_setting(job, SET_CONFIG);
	g_autofree char *program = large_setting(job, SET_BUILD);
	if (program)
		make_executable(job, program);
	job->err = make_place(job, part, &job->error);
	if (!job->err && job->options)
		job->err = write_config(job, part, &config, &job->error);
	if (job->err) {
		if (!blame_the_disk(job))
			fail(job, &job->error);
		return;
	}
	g_autofree char *trees = trees_of(job);
	g_autofree char *cache =
		core_is_others(e, job->user) ? g_build_filename(trees, "ccache", NULL) : NULL;
	int tree = take_tree(e, trees, job->commit);
	g_autofree char *slot = g_strdup_printf("%s/slots/%d", trees, tree);
	struct build_request rq = {
		.commit = job->commit,
		.slot = slot,
		.config = config,
		.program = program,
		.make = settings_text(&job->settings, SET_MAKE),
		.cc = job->cc,
		.patches = job->patches,
		.dir = part,
		.low_priority = job->begun_ahead,
		.launcher = e->profile->launcher,
		.confine = confinement_of(job),
		.jobs = build_jobs(e),
		.ccache = e->profile->ccache,
		.ccache_dir = cache,
		.cancel = &job->cancel,
		.tick = build_log_grew,
		.arg = job,
	};
	gint64 begun = g_get_monotonic_time(), begun_s = g_get_real_time() / G_USEC_PER_SEC;
	job->err = e->builder.build(e->builder.self, &rq, &result, &job->error);
	if (!job->err && !result.broken)
		job->err = kernels_sync(part, &job->error);
	int64_t took = (g_get_monotonic_time() - begun) * 1000;
	if (!job->err && !result.broken)
		note_cost(job, slot, begun_s, took);
	give_back_tree(e, tree);
	bool stopped = job->err == -ECANCELED || job->err == -ENOSPC || job->err == -EDQUOT;
	if (!stopped && (job->err || result.broken))
		stopped = blame_the_disk(job);
	if (!stopped && job->err)
		fail(job, &job->error);
	if (stopped || job->err) {
		file_remove_tree(part, NULL);
		builder_result_clear(&result);
		return;
	}
	job->made.build_ns = took;
	job->made.compiler = g_strdup(result.compiler);
	job->made.signature = g_strdup(result.broken ? NULL : result.signature);
	job->made.reason = g_strdup(result.reason);
	builder_result_clear(&result);
}

void work_report(struct job *job)
{
	struct engine *e = job->e;
	g_autofree char *trees = trees_of(job);
	int tree = take_tree(e, trees, job->commit);
	g_autofree char *slot = g_strdup_printf("%s/slots/%d", trees, tree);
	struct confinement confine = confinement_of(job);
	char **list = NULL;
	job->err = e->builder.maintainers(e->builder.self, slot, job->commit, &confine,
					  &job->cancel, &list, &job->error);
	give_back_tree(e, tree);
	if (job->err == -ECANCELED || job->err == -ENOSPC || job->err == -EDQUOT)
		return;
	if (job->err) /* a report without them is better than none */
		daemon_log(DAEMON_LOG_WARNING, job->name, "no maintainers: %s", job->error.text);
	job->answer = event_make(EV_REPORTED);
	job->answer.reported.maintainers = list ? list : g_new0(char *, 1);
}

/* ---- running ---- */

static void run_log_grew(void *arg, int64_t size)
{
	struct job *job = arg;
	int step = step_of(job);
	if (step >= 0)
		job->e->view.grew(job->e->view.self, job->name, step, job->run, size);
}

/* A step has names of its own for its kernel's files; without a step it is the store's. */
static char *kernel_file(const struct job *job, const char *name)
{
	if (!job->begun_ahead) {
		g_autofree char *dir = state_dir_step(job->e->state, job->name, job->step);
		return g_build_filename(dir, name, NULL);
	}
	return kernels_file(job->e->state, job->key, name);
}

static err_t run_guest(struct job *job, struct outcome *outcome, struct error *error)
{
	struct engine *e = job->e;
	const struct settings *set = &job->settings;
	g_autofree char *dir = state_dir_bisection(e->state, job->name);
	g_autofree char *kernel = kernel_file(job, "kernel");
	g_autofree char *reproducer = g_build_filename(dir, REPRODUCER, NULL);
	g_autofree char *files = state_dir_setting(e->state, job->name, SETTING_FILES_DIR);
	g_autofree char *log = g_strdup_printf("%s/%d.log", job->dir, job->run);
	g_autofree char *report = g_strdup_printf("%s/%d.report", job->dir, job->run);
	g_autofree char *domain = large_setting(job, SET_DOMAIN);
	err_t err = file_mkdir(job->dir, error);
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
		.grew = run_log_grew,
		.arg = job,
	};
	return e->runner.run(e->runner.self, job->slot, &rq, outcome, error);
}

/* Runs of a step share its kernel, whose index takes a while to be built. */
static struct symbols *symbols_for(struct engine *e, const char *vmlinux)
{
	if (g_strcmp0(e->symbols_of, vmlinux) != 0) {
		symbols_close(e->symbols);
		e->symbols = NULL;
		g_free(e->symbols_of);
		e->symbols_of = g_strdup(vmlinux);
		symbols_open(vmlinux, &e->symbols, NULL);
	}
	return e->symbols;
}

/* Gives the report its source positions. Without them it is a report all the same. */
static void symbolise_report(struct job *job)
{
	struct engine *e = job->e;
	g_autofree char *vmlinux = kernel_file(job, "vmlinux");
	g_autofree char *path = g_strdup_printf("%s/%d.report", job->dir, job->run);
	g_autofree char *text = NULL;
	g_autofree char *better = NULL;
	gsize len;
	if (!file_exists(vmlinux) || !g_file_get_contents(path, &text, &len, NULL))
		return;
	g_mutex_lock(&e->symbols_lock);
	struct symbols *symbols = symbols_for(e, vmlinux);
	if (symbols)
		better = symbols_report(symbols, text, NULL);
	g_mutex_unlock(&e->symbols_lock);
	if (better)
		file_write(path, better, strlen(better), 0644, NULL);
}

void work_run(struct job *job)
{
	struct outcome outcome = { .status = -1 };
	gint64 begun = g_get_monotonic_time();
	job->err = run_guest(job, &outcome, &job->error);
	if (job->err == -ENOSPC || job->err == -EDQUOT)
		return;
	job->answer = event_make(EV_RUN_DONE);
	struct event_run_done *ev = &job->answer.run_done;
	ev->run = job->run;
	ev->duration = (g_get_monotonic_time() - begun) * 1000;
	if (job->err == -ECANCELED) {
		ev->outcome = OUTCOME_SKIPPED;
		ev->title = g_strdup("the verdict is known without it");
		return;
	}
	if (job->err) {
		outcome.kind = OUTCOME_INFRA;
		g_strlcpy(outcome.title, job->error.text, sizeof(outcome.title));
	}
	if (outcome.kind == OUTCOME_INFRA && blame_the_disk(job))
		return;
	if (outcome.kind != OUTCOME_OK && outcome.kind != OUTCOME_INFRA)
		symbolise_report(job);
	ev->outcome = outcome.kind;
	ev->type = outcome.type;
	ev->status = outcome.status;
	ev->boot = outcome.boot_ns;
	ev->title = g_strdup(outcome.title);
}
