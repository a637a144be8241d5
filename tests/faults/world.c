#include "world.h"

#include "oracle.h"

#include "engine/base/file.h"
#include "engine/core/loop.h"
#include "engine/store/experiment.h"
#include "engine/store/state_dir.h"
#include "engine/work/history_job.h"
#include "engine/work/lookup_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND ((int64_t)1000000000)
#define BASELINE_CONFIG "CONFIG_A=y\n"
#define CONFIG "CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y\nCONFIG_D=y\n"

/* ---- chance, and what is said ---- */

bool world_chance(struct world *w, double p)
{
	return g_rand_double(w->chance) < p;
}

int world_pick(struct world *w, int from, int to)
{
	return g_rand_int_range(w->chance, from, to);
}

void world_fail(const struct world *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	fflush(stdout);
	fprintf(stderr,
		"seed %" G_GUINT64_FORMAT
		": %s\nits state is in %s; again: faults --seed %" G_GUINT64_FORMAT " --verbose\n",
		w->seed, text, w->state, w->seed);
	abort();
}

void world_say(const struct world *w, const char *format, ...)
{
	va_list args;
	if (!w->verbose)
		return;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	printf("# %8.1f %s\n", (double)w->uptime / 1e9, text);
}

/* ---- the disk ---- */

/* Half a write, or all of it, may be what the disk did last. */
static ssize_t die(struct world *w, int fd, const void *data, size_t len)
{
	size_t n = w->death == DEATH_BEFORE  ? 0
		   : w->death == DEATH_AFTER ? len
					     : (size_t)world_pick(w, 0, (int)len);
	if (write(fd, data, n) != (ssize_t)n)
		world_fail(w, "the real disk does not take %zu bytes", n);
	w->dead = true;
	errno = EIO;
	return -1;
}

static ssize_t disk_write(void *self, int fd, const void *data, size_t len)
{
	struct world *w = self;
	if (w->dead) {
		errno = EIO;
		return -1;
	}
	if (w->writes_left == 0)
		return die(w, fd, data, len);
	if (w->writes_left > 0)
		w->writes_left--;
	if (w->full && world_chance(w, 0.8)) {
		size_t n = (size_t)world_pick(w, 0, (int)len);
		if (n && write(fd, data, n) == (ssize_t)n)
			return (ssize_t)n; /* the next one finds it full */
		errno = -w->full_error;
		return -1;
	}
	if (world_chance(w, w->bad_writes)) {
		errno = EIO;
		return -1;
	}
	if (world_chance(w, 0.01)) { /* a slow one */
		w->now += 30 * SECOND;
		w->uptime += 30 * SECOND;
	}
	return write(fd, data, len);
}

/* What was written may be on disk all the same, or not. */
static int disk_sync(void *self, int fd)
{
	struct world *w = self;
	(void)fd;
	if (!w->dead && !world_chance(w, w->bad_writes))
		return 0;
	errno = EIO;
	return -1;
}

static int disk_truncate(void *self, int fd, off_t size)
{
	struct world *w = self;
	struct stat st;
	if (fstat(fd, &st) != 0)
		return -1;
	if (!w->dead && !world_chance(w, 10 * w->bad_writes)) {
		g_hash_table_remove(w->leavings, GSIZE_TO_POINTER(st.st_ino));
		return ftruncate(fd, size);
	}
	g_hash_table_insert(w->leavings, GSIZE_TO_POINTER(st.st_ino), GSIZE_TO_POINTER(size));
	errno = EIO;
	return -1;
}

off_t world_written(const struct world *w, const char *path)
{
	struct stat st;
	gpointer cut;
	if (stat(path, &st) != 0)
		return 0;
	return g_hash_table_lookup_extended(w->leavings, GSIZE_TO_POINTER(st.st_ino), NULL, &cut)
		       ? (off_t)GPOINTER_TO_SIZE(cut)
		       : st.st_size;
}

static guint64 world_room(void *self, const char *dir)
{
	struct world *w = self;
	(void)dir;
	return w->full ? 0 : (guint64)1 << 40;
}

static guint64 world_inodes(void *self, const char *dir)
{
	return world_room(self, dir);
}

static err_t world_probe(void *self, const char *dir, uid_t user, gsize bytes)
{
	(void)user;
	return world_room(self, dir) > bytes ? 0 : ((struct world *)self)->full_error;
}

/* ---- the workers ---- */

static void add_job(struct world *w, struct job *job, int64_t duration)
{
	agenda_add(&w->agenda, w->uptime + duration, job);
}

static int commit_of(const struct world *w, const char *commit)
{
	int c = random_history_find(w->history, commit);
	if (c == HISTORY_NONE)
		world_fail(w, "a job for the unknown commit %s", commit);
	return c;
}

static bool has_bug(const struct world *w, const struct kernel_source *source)
{
	/* the patches there are here revert what broke it, or pick what mended it */
	bool cured = source->patches && source->patches[0] &&
		     strstr(source->patches[0], w->history->commits[w->truth.culprit].hash);
	return w->truth.has_bug[commit_of(w, source->commit)] && !cured;
}

static void leave_kernel(const struct world *w, const char *key)
{
	g_autofree char *part = kernels_part(w->state, key);
	g_autofree char *kernel = g_build_filename(part, "kernel", NULL);
	if (file_mkdir(part, NULL) != 0 || !g_file_set_contents(kernel, key, -1, NULL))
		world_fail(w, "%s: cannot be written", kernel);
}

static char *signature(const struct world *w, const struct kernel_source *source)
{
	int c = commit_of(w, source->commit);
	g_autofree char *patches = source->patches ? g_strjoinv(",", source->patches) : NULL;
	g_autofree char *options = source->options ? g_strjoinv(",", source->options) : NULL;
	return g_strdup_printf("%s %s %s", w->history->commits[w->truth.kernel[c]].hash,
			       patches ? patches : "-", options ? options : "-");
}

/* Errors come with other line numbers in each commit. An object that make does not know is made
 * with all the others. */
static void compile(struct world *w, const struct kernel_source *source, struct kernel *made)
{
	int c = commit_of(w, source->commit);
	bool bad = has_bug(w, source);
	made->alone = source->object && world_chance(w, 0.9);
	bool other = w->truth.broken[c] && !made->alone;
	if (!bad && !other)
		return;
	g_autofree char *bug = g_strdup_printf("a/bug.c:%d:%d: error: the bug", c, c % 7 + 1);
	char *errors[] = { bad ? bug : "b/other.c:7: error: it does not build",
			   bad && other ? "b/other.c:7: error: it does not build" : NULL, NULL };
	made->reason = g_strdup(errors[0]);
	made->errors = g_strdupv(errors);
	made->object = g_strdup(bad ? "a/bug.o" : "b/other.o");
}

static void begin_build(struct world *w, struct job *job)
{
	const struct kernel_source *source = &job->build.source;
	struct kernel *made = &job->build.made;
	made->build_ns = world_pick(w, 1, 600) * SECOND;
	made->compiler = g_strdup("gcc");
	if (world_chance(w, 0.001)) {
		job->err = -ENOENT;
		job->answer = event_make(EV_FAILED);
		job->answer.failed.reason = g_strdup("the compiler has gone");
	} else if (w->truth.compiles) {
		compile(w, source, made);
	} else if (w->truth.broken[commit_of(w, source->commit)]) {
		made->reason = g_strdup("it does not build");
	} else {
		made->signature = signature(w, source);
	}
	if (!job->err)
		leave_kernel(w, source->key);
	add_job(w, job, made->build_ns);
}

static void set_outcome(struct world *w, struct event_run_done *ev, bool bug)
{
	const struct truth *t = &w->truth;
	bool shows = bug && world_chance(w, t->shows), noise = world_chance(w, t->noise);
	ev->outcome = !shows && !noise ? OUTCOME_OK
		      : t->boots       ? OUTCOME_BOOT_FAILED
				       : OUTCOME_CRASHED;
	ev->status = -1;
	ev->type = shows ? CRASH_BUG : noise ? CRASH_WARNING : CRASH_NONE;
	ev->title = g_strdup(shows ? "BUG: the bug" : noise ? "WARNING: another" : "");
	if (world_chance(w, t->lost)) {
		ev->outcome = OUTCOME_INFRA;
		ev->type = CRASH_NONE;
	} else if (world_chance(w, t->untold)) {
		static const int statuses[] = { 125, 139, OUTCOME_TIMED_OUT, 0 };
		bool skipped = t->boots || world_chance(w, 0.5);
		ev->outcome = skipped ? OUTCOME_SKIPPED : OUTCOME_BOOT_FAILED;
		ev->status = skipped ? statuses[world_pick(w, 0, G_N_ELEMENTS(statuses))] : -1;
		ev->type = CRASH_NONE;
	} else if (t->unexecutable) {
		ev->outcome = OUTCOME_EXIT;
		ev->status = OUTCOME_NOT_FOUND;
		ev->type = CRASH_NONE;
	}
}

/* Numbers of the two kinds do not overlap: what they say is the truth. Now and then there is none.
 */
static void set_number(struct world *w, struct event_run_done *ev, bool bug)
{
	bool shows = bug && world_chance(w, w->truth.shows);
	double mean = shows ? METRIC_BAD : METRIC_GOOD;
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	ev->outcome = OUTCOME_OK;
	g_ascii_formatd(text, sizeof(text), "%.2f",
			mean * (1 + 0.05 * (g_rand_double(w->chance) - 0.5)));
	if (world_chance(w, w->truth.lost))
		ev->outcome = OUTCOME_INFRA;
	else if (world_chance(w, w->truth.untold))
		ev->outcome = world_chance(w, 0.5) ? OUTCOME_BOOT_FAILED : OUTCOME_OK;
	else
		ev->value = g_strdup(text);
}

static char *kernel_of(const struct world *w, const struct job *job)
{
	if (job->ahead)
		return kernels_file(w->state, job->run.source.key, "kernel");
	g_autofree char *dir = state_dir_step(w->state, job->name, job_step(job));
	return g_build_filename(dir, "kernel", NULL);
}

/* Somebody has deleted the kernel that the guest was to start with; sometimes just now. */
static bool lost_kernel(struct world *w, const struct job *job)
{
	g_autofree char *kernel = kernel_of(w, job);
	if (!job->ahead && w->deletes == 0 && !file_exists(kernel))
		world_fail(w, "run %d of step %d begins without a kernel", job_run(job),
			   job_step(job));
	if (world_chance(w, w->deletes))
		unlink(kernel);
	return !file_exists(kernel);
}

static void begin_run(struct world *w, struct job *job)
{
	struct event_run_done *done = &job->answer.run_done;
	oracle_run_begins(w->oracle, job);
	job->answer = event_make(EV_RUN_DONE);
	done->run = job_run(job);
	done->duration = world_pick(w, 1, 300) * SECOND;
	if (lost_kernel(w, job))
		done->outcome = OUTCOME_INFRA;
	else if (w->truth.metric)
		set_number(w, done, has_bug(w, &job->run.source));
	else
		set_outcome(w, done, has_bug(w, &job->run.source));
	add_job(w, job, done->duration);
}

static struct navigator navigator(const struct world *w, const struct job *job)
{
	return (struct navigator){ .repo = w->repo,
				   .settings = &job->settings,
				   .config = w->minimizes ? CONFIG : NULL,
				   .baseline = w->minimizes ? BASELINE_CONFIG : NULL };
}

static void start(void *self, struct job *job)
{
	struct world *w = self;
	struct navigator nav = navigator(w, job);
	switch (job->kind) {
	case JOB_LOAD:
	case JOB_NEXT:
		history_job_navigate(job, &nav);
		add_job(w, job, world_pick(w, 0, 3) * SECOND);
		break;
	case JOB_LOOKUP:
		lookup_job_resolve(job, &nav);
		if (!job->err && job->lookup.verdict == VERDICT_NONE)
			job->lookup.key = experiment_key(w->state, job->name, &job->settings, NULL);
		add_job(w, job, world_pick(w, 0, 5) * SECOND);
		break;
	case JOB_PREPARE:
		add_job(w, job, world_pick(w, 0, 60) * SECOND);
		break;
	case JOB_BUILD:
		begin_build(w, job);
		break;
	case JOB_RUN:
		begin_run(w, job);
		break;
	case JOB_REPORT:
		job->answer = event_make(EV_REPORTED);
		job->answer.reported.maintainers = g_new0(char *, 1);
		add_job(w, job, SECOND);
		break;
	case JOB_KINDS:
		break;
	}
}

static int64_t now(void *self)
{
	return ((struct world *)self)->now;
}

static int64_t uptime(void *self)
{
	return ((struct world *)self)->uptime / 1000;
}

/* ---- time ---- */

/* As a worker does whose build came to nothing. */
static void drop_kernel(const struct world *w, const struct job *job)
{
	g_autofree char *part = kernels_part(w->state, job->build.source.key);
	file_remove_tree(part, NULL);
}

static bool asks_history(const struct job *job)
{
	return job->kind == JOB_LOAD || job->kind == JOB_NEXT || job->kind == JOB_LOOKUP;
}

/* Nobody needs it any more: it is gone in a moment, without its answer. */
void world_stop(void *world, struct job *job)
{
	struct world *w = world;
	job->err = -ECANCELED;
	if (asks_history(job))
		return;
	event_clear(&job->answer);
	if (job->kind == JOB_BUILD)
		drop_kernel(w, job);
	if (job->kind == JOB_RUN)
		job_skip_run(job);
}

void world_wait(struct world *w, double s)
{
	w->now += (int64_t)(s * 1e9);
	w->uptime += (int64_t)(s * 1e9);
	if (w->full && w->uptime >= w->full_until) {
		world_say(w, "there is room again");
		w->full = false;
	}
}

static void maybe_without_room(struct world *w, struct job *job)
{
	if (job->err || asks_history(job) || world_chance(w, 0.5))
		return;
	event_clear(&job->answer);
	job->err = w->full_error;
	if (job->kind == JOB_BUILD)
		drop_kernel(w, job);
}

bool world_advance(struct world *w)
{
	const struct appointment *a = agenda_first(&w->agenda, w->uptime);
	if (!a)
		return false;
	double s = (double)MAX(a->at - w->uptime, 0) / 1e9;
	if (s > 1 && w->full) { /* once a second it looks for room */
		world_wait(w, 1);
		return true;
	}
	world_wait(w, s);
	struct job *job = agenda_take(&w->agenda, a);
	if (w->full)
		maybe_without_room(w, job);
	loop_post_job(w->e, job);
	return true;
}

/* ---- the daemon ---- */

static void added(void *self, const struct session *s, bool by_mkdir)
{
	(void)by_mkdir;
	oracle_added(((struct world *)self)->oracle, s);
}

static void changed(void *self, const struct session *s, const struct event *ev)
{
	oracle_event(((struct world *)self)->oracle, s, ev);
}

static void removed(void *self, const char *name, guint64 serial)
{
	(void)serial;
	oracle_removed(((struct world *)self)->oracle, name);
}

static void setting(void *self, const char *name, const char *word)
{
	(void)self;
	(void)name;
	(void)word;
}

void world_boot(struct world *w)
{
	struct error why = { 0 };
	struct workers workers = { .self = w,
				   .start = start,
				   .now = now,
				   .uptime = uptime,
				   .uncaged = "nothing is built" };
	struct engine_config config = {
		.state = w->state,
		.profile = &w->profile,
		.workers = &workers,
		.vms = w->vms,
		.disk = &w->disk,
		.view = { .self = w,
			  .added = added,
			  .changed = changed,
			  .removed = removed,
			  .setting = setting },
	};
	w->disk = (struct disk){ .self = w,
				 .write = disk_write,
				 .sync = disk_sync,
				 .truncate = disk_truncate,
				 .room = world_room,
				 .inodes = world_inodes,
				 .probe = world_probe };
	w->dead = false;
	g_hash_table_remove_all(w->leavings); /* what is there now is what there is */
	oracle_check_journals(w->oracle);
	err_t err = state_dir_open(w->state, &w->lock, &why);
	if (!err)
		err = repo_open(w->history->dir, &w->repo, &why);
	if (!err)
		err = engine_new(&config, &w->e, &why);
	if (err)
		world_fail(w, "the daemon does not come up: %s", why.text);
	err = engine_recover(w->e, &why);
	if (err && !w->dead && err != -EIO) /* with a bad disk it does not start, and says so */
		world_fail(w, "it does not recover: %s", why.text);
	w->dead = w->dead || err;
	if (!w->dead)
		loop_begin(w->e);
	world_say(w, "up, %u bisections", bisections_count(w->e->bisections));
}

/* Jobs are the engine's own. */
static void forget_pending(struct world *w)
{
	const struct appointment *a;
	while ((a = agenda_first(&w->agenda, w->uptime)))
		agenda_take(&w->agenda, a);
}

static void free_engine(struct world *w)
{
	w->dead = true; /* whatever it still did would be after its end */
	forget_pending(w);
	engine_free(w->e);
	repo_free(w->repo);
	w->e = NULL;
	w->repo = NULL;
	close(w->lock);
}

void world_kill(struct world *w)
{
	world_say(w, "killed");
	w->writes_left = -1;
	free_engine(w);
}

void world_shut_down(struct world *w)
{
	world_say(w, "asked to end");
	loop_post_stop(w->e);
	do
		loop_turn(w->e);
	while (world_advance(w) || jobs_count(w->e->jobs));
	loop_turn(w->e);
	w->writes_left = -1;
	free_engine(w);
}

/* ---- users ---- */

static void answered(struct command *c, err_t err, const struct error *error)
{
	struct world *w = c->arg;
	w->answers++;
	world_say(w, "%s: %s", c->word ? c->word : "start", err ? error->text : "done");
	if (!err && c->kind == CMD_CONTROL && !w->dead) {
		g_autofree char *text = command_text(c);
		oracle_acknowledged(w->oracle, c->name, text);
	}
	if (c->made)
		world_say(w, "it is called %s", c->made);
}

void world_command(struct world *w, enum command_kind kind, const char *name, const char *word,
		   const char *data)
{
	struct command *c = command_new(kind, name, 0, 0);
	c->word = g_strdup(word);
	c->data = data ? g_bytes_new(data, strlen(data)) : NULL;
	c->done = answered;
	c->arg = w;
	w->commands++;
	world_say(w, "write '%s' %s%s", data ? data : "", name ? "to " : "", name ? name : "");
	engine_command(w->e, c);
}
