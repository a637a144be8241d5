#include "world.h"

#include "oracle.h"

#include "engine/history/navigate.h"
#include "engine/base/file.h"
#include "engine/base/disk.h"

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
		errno = ENOSPC;
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

/* ---- the workers ---- */

static void add_job(struct world *w, struct job *job, int64_t duration)
{
	agenda_add(&w->agenda, w->uptime + duration,
		   (struct message){ .kind = MSG_JOB_DONE, .job = job });
}

static int commit_of(const struct world *w, const struct job *job)
{
	int c = random_history_find(w->history, job->commit);
	if (c == HISTORY_NONE)
		world_fail(w, "a job for the unknown commit %s", job->commit);
	return c;
}

static bool is_patched(const struct job *job)
{
	return job->patches && job->patches[0];
}

static bool has_bug(const struct world *w, const struct job *job)
{
	/* the patches there are here revert what broke it, or pick what mended it */
	bool cured = is_patched(job) &&
		     strstr(job->patches[0], w->history->commits[w->truth.culprit].hash);
	return w->truth.has_bug[commit_of(w, job)] && !cured;
}

static void leave_kernel(const struct world *w, const struct job *job)
{
	g_autofree char *part = kernels_part(w->state, job->key);
	g_autofree char *kernel = g_build_filename(part, "kernel", NULL);
	if (file_mkdir(part, NULL) != 0 || !g_file_set_contents(kernel, job->key, -1, NULL))
		world_fail(w, "%s: cannot be written", kernel);
}

static void begin_build(struct world *w, struct job *job)
{
	int c = commit_of(w, job);
	int64_t takes = world_pick(w, 1, 600) * SECOND;
	job->made.build_ns = takes;
	job->made.compiler = g_strdup("gcc");
	if (world_chance(w, 0.001)) {
		job->err = -ENOENT;
		job->answer = event_make(EV_FAILED);
		job->answer.failed.reason = g_strdup("the compiler has gone");
	} else if (w->truth.broken[c]) {
		job->made.reason = g_strdup("it does not build");
	} else {
		g_autofree char *patches = job->patches ? g_strjoinv(",", job->patches) : NULL;
		g_autofree char *options = job->options ? g_strjoinv(",", job->options) : NULL;
		job->made.signature =
			g_strdup_printf("%s %s %s", w->history->commits[w->truth.kernel[c]].hash,
					patches ? patches : "-", options ? options : "-");
	}
	if (!job->err)
		leave_kernel(w, job);
	add_job(w, job, takes);
}

static void set_outcome(struct world *w, struct event_run_done *ev, bool bug)
{
	const struct truth *t = &w->truth;
	bool shows = bug && world_chance(w, t->shows), noise = world_chance(w, t->noise);
	ev->outcome = shows || noise ? OUTCOME_CRASHED : OUTCOME_OK;
	ev->type = shows ? CRASH_BUG : noise ? CRASH_WARNING : CRASH_NONE;
	ev->title = g_strdup(shows ? "BUG: the bug" : noise ? "WARNING: another" : "");
	if (world_chance(w, t->lost)) {
		ev->outcome = OUTCOME_INFRA;
		ev->type = CRASH_NONE;
	} else if (world_chance(w, t->untold)) {
		ev->outcome = world_chance(w, 0.5) ? OUTCOME_BOOT_FAILED : OUTCOME_SKIPPED;
		ev->status = ev->outcome == OUTCOME_SKIPPED ? 125 : -1;
		ev->type = CRASH_NONE;
	}
}

static char *kernel_of(const struct world *w, const struct job *job)
{
	g_autofree char *dir = state_dir_step(w->state, job->name, job->step);
	return job->begun_ahead ? kernels_file(w->state, job->key, "kernel")
				: g_build_filename(dir, "kernel", NULL);
}

/* Somebody has deleted the kernel that the guest was to start with; sometimes just now. */
static bool lost_kernel(struct world *w, const struct job *job)
{
	g_autofree char *kernel = kernel_of(w, job);
	if (!job->begun_ahead && w->deletes == 0 && !file_exists(kernel))
		world_fail(w, "run %d of step %d begins without a kernel", job->run, job->step);
	if (world_chance(w, w->deletes))
		unlink(kernel);
	return !file_exists(kernel);
}

static void begin_run(struct world *w, struct job *job)
{
	struct event_run_done *ev = &job->answer.run_done;
	oracle_run_begins(w->oracle, job);
	job->answer = event_make(EV_RUN_DONE);
	ev->run = job->run;
	ev->duration = world_pick(w, 1, 300) * SECOND;
	if (lost_kernel(w, job))
		ev->outcome = OUTCOME_INFRA;
	else
		set_outcome(w, ev, has_bug(w, job));
	add_job(w, job, ev->duration);
}

static void ask_history(struct world *w, struct job *job)
{
	struct navigator nav = { .repo = job->e->repo,
				 .settings = &job->settings,
				 .config = w->minimizes ? CONFIG : NULL,
				 .baseline = w->minimizes ? BASELINE_CONFIG : NULL };
	work_navigate(job, &nav);
	add_job(w, job, world_pick(w, 0, 3) * SECOND);
}

static void start(void *self, struct job *job)
{
	struct world *w = self;
	switch (job->kind) {
	case WISH_LOAD:
	case WISH_NEXT:
		ask_history(w, job);
		break;
	case WISH_BUILD:
		begin_build(w, job);
		break;
	case WISH_RUN:
		begin_run(w, job);
		break;
	case WISH_REPORT:
		job->answer = event_make(EV_REPORTED);
		job->answer.reported.maintainers = g_new0(char *, 1);
		add_job(w, job, SECOND);
		break;
	}
}

static void lookup(void *self, struct start *st)
{
	struct world *w = self;
	commands_resolve(st);
	agenda_add(&w->agenda, w->uptime + world_pick(w, 0, 5) * SECOND,
		   (struct message){ .kind = MSG_RESOLVED, .start = st });
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
	g_autofree char *part = kernels_part(w->state, job->key);
	file_remove_tree(part, NULL);
}

/* Nobody needs it any more: it is gone in a moment, without its answer. */
void world_stop(void *world, struct job *job)
{
	struct world *w = world;
	job->err = -ECANCELED;
	if (job->kind == WISH_LOAD || job->kind == WISH_NEXT)
		return;
	event_clear(&job->answer);
	if (job->kind == WISH_BUILD)
		drop_kernel(w, job);
	if (job->kind != WISH_RUN)
		return;
	job->answer = event_make(EV_RUN_DONE);
	job->answer.run_done.run = job->run;
	schedule_skip_run(&job->answer);
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
	if (job->err || job->kind == WISH_NEXT || job->kind == WISH_LOAD || world_chance(w, 0.5))
		return;
	event_clear(&job->answer);
	job->err = -ENOSPC;
	if (job->kind == WISH_BUILD)
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
	struct message m = agenda_take(&w->agenda, a);
	if (m.kind == MSG_JOB_DONE && w->full)
		maybe_without_room(w, m.job);
	core_post(w->e, m);
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

static void removed(void *self, const char *name)
{
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
	struct engine_config config = {
		.state = w->state,
		.repo = w->history->dir,
		.profile = &w->profile,
		.runner = { .slots = w->vms },
		.view = { .self = w,
			  .added = added,
			  .changed = changed,
			  .removed = removed,
			  .setting = setting },
	};
	struct disk *disk = g_new(struct disk, 1);
	*disk = (struct disk){ .self = w,
			       .write = disk_write,
			       .sync = disk_sync,
			       .truncate = disk_truncate,
			       .room = world_room };
	w->dead = false;
	g_hash_table_remove_all(w->leavings); /* what is there now is what there is */
	oracle_check_journals(w->oracle);
	err_t err = state_dir_open(w->state, &w->lock, &why);
	if (!err)
		err = core_new(&config, disk, &w->e, &why);
	if (err)
		world_fail(w, "the daemon does not come up: %s", why.text);
	w->e->workers = (struct workers){
		.self = w, .start = start, .lookup = lookup, .now = now, .uptime = uptime
	};
	err = engine_recover(w->e, &why);
	if (err && !w->dead && err != -EIO) /* with a bad disk it does not start, and says so */
		world_fail(w, "it does not recover: %s", why.text);
	w->dead = w->dead || err;
	if (!w->dead)
		core_begin(w->e);
	world_say(w, "up, %u bisections", g_hash_table_size(w->e->bisections));
}

/* Jobs are the engine's own; what was looked up has a user who waits. */
static void forget_pending(struct world *w)
{
	const struct appointment *a;
	while ((a = agenda_first(&w->agenda, w->uptime))) {
		struct message m = agenda_take(&w->agenda, a);
		if (m.kind != MSG_RESOLVED)
			continue;
		m.start->err = -EIO;
		commands_resolved(w->e, m.start);
	}
}

static void free_engine(struct world *w)
{
	const struct disk *disk = w->e->disk;
	w->dead = true; /* whatever it still did would be after its end */
	forget_pending(w);
	engine_free(w->e);
	g_free((void *)disk);
	w->e = NULL;
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
	core_post(w->e, (struct message){ .kind = MSG_STOP });
	do
		core_turn(w->e);
	while (world_advance(w) || w->e->jobs->len);
	core_turn(w->e);
	w->writes_left = -1;
	free_engine(w);
}

/* ---- users ---- */

static void answered(struct command *c, err_t err, const struct error *error)
{
	struct world *w = c->arg;
	w->answers++;
	world_say(w, "%s: %s", c->word ? c->word : "start", err ? error->text : "done");
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
