/*
 * growth DIR REPO COMMIT: a real mount whose guests are made up: a hundred runs of a step, whose
 * logs grow by ten lines a second each. How long a user's write takes then, through the core thread
 * and back, beside the same without growth; and what ten watchers get to see.
 */
#include "engine/core/engine.h"
#include "engine/work/workers.h"
#include "engine/history/repo.h"
#include "engine/base/file.h"
#include "engine/store/state_dir.h"
#include "fs/ops.h"
#include "fs/view.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS 100
#define WATCHERS 10
#define SECONDS 10
#define LINE "[    1.234567] something that a kernel says on its console, as it goes on and on\n"

struct shared {
	atomic_bool growing;
	atomic_long grown;
};
static struct shared *shared;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- the made-up machine ---- */

static err_t build(void *self, const struct build_request *rq, struct build_result *result,
		   struct error *error)
{
	g_autofree char *kernel = g_build_filename(rq->dir, "kernel", NULL);
	(void)self;
	*result = (struct build_result){ .compiler = g_strdup("none"),
					 .signature = g_strdup(rq->commit) };
	return file_write(kernel, "kernel", 6, 0644, error);
}

static err_t maintainers(void *self, const char *slot, const char *commit,
			 const struct confinement *confine, struct cancel *cancel, char ***list,
			 struct error *error)
{
	(void)self;
	(void)slot;
	(void)commit;
	(void)confine;
	(void)cancel;
	(void)error;
	*list = g_new0(char *, 1);
	return 0;
}

static err_t run(void *self, int slot, const struct run_request *rq, struct outcome *outcome,
		 struct error *error)
{
	int fd = open(rq->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int64_t size = 0;
	(void)self;
	(void)outcome;
	if (fd < 0)
		return error_set(error, errno, "%s", rq->log);
	usleep((useconds_t)(slot * 1000)); /* not all at the same moment */
	while (!cancel_asked(rq->cancel)) {
		struct pollfd p = { .fd = rq->cancel->fd, .events = POLLIN };
		poll(&p, 1, 100);
		if (!atomic_load(&shared->growing))
			continue;
		size += write(fd, LINE, strlen(LINE));
		rq->grew(rq->arg, size);
		atomic_fetch_add(&shared->grown, 1);
	}
	close(fd);
	return error_set(error, ECANCELED, "stopped");
}

/* ---- the daemon ---- */

static void serve(const char *state, const char *repo, const char *mountpoint, int ready)
{
	struct mount m = { 0 };
	struct profile profile;
	struct error why;
	int lock;
	char *argv[] = { (char *)"growth", (char *)"-o", (char *)"allow_other,default_permissions",
			 NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	struct fuse_session *se = fuse_session_new(&args, &ops_table, sizeof(ops_table), &m);
	profile_init(&profile);
	profile.sandbox = false;
	if (!se || fuse_set_signal_handlers(se) != 0 || state_dir_open(state, &lock, &why) != 0)
		die("session");
	fs_init(&m, se, mountpoint);
	struct view *view = view_new(&m, mountpoint);
	struct workers_config with = { .state = state,
				       .repo = repo,
				       .profile = &profile,
				       .builder = { .build = build, .maintainers = maintainers },
				       .runner = { .slots = RUNS, .run = run } };
	struct work_env *env;
	if (workers_new(&with, &env, &why) != 0)
		die(why.text);
	struct workers workers = workers_interface(env);
	struct engine_config config = { .state = state,
					.profile = &profile,
					.workers = &workers,
					.vms = RUNS,
					.view = view_engine(view) };
	if (engine_new(&config, &m.engine, &why) != 0 || engine_recover(m.engine, &why) != 0) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
	view_fill(view);
	if (fuse_session_mount(se, mountpoint) != 0)
		die("mount");
	if (write(ready, "+", 1) != 1)
		die("pipe");
	view_go_live(view);
	publisher_start(m.publisher);
	engine_run(m.engine);
	struct fuse_loop_config *loop = fuse_loop_cfg_create();
	fuse_session_loop_mt(se, loop);
	fuse_session_unmount(se);
	engine_stop(m.engine);
	exit(0); /* the rest goes with the process */
}

/* ---- the user ---- */

static void put(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) != 0)
		die(path);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Milliseconds that a write of a setting takes: median, and the 99th of a hundred. */
static void measure(const char *dir, double *median, double *worst)
{
	gint64 end = g_get_monotonic_time() + SECONDS * G_USEC_PER_SEC;
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(double));
	while (g_get_monotonic_time() < end) {
		gint64 begun = g_get_monotonic_time();
		put(dir, "new/settings/runs", all->len % 2 ? "10" : "11");
		double ms = (double)(g_get_monotonic_time() - begun) / 1000;
		g_array_append_val(all, ms);
		usleep(5000);
	}
	qsort(all->data, all->len, sizeof(double), by_value);
	*median = g_array_index(all, double, all->len / 2);
	*worst = g_array_index(all, double, all->len * 99 / 100);
}

/* Reads what grew, as tail -f does, and counts. */
static gpointer watch(gpointer arg)
{
	const char *dir = arg;
	static atomic_long total;
	int in = inotify_init1(IN_CLOEXEC), fds[RUNS];
	long bytes = 0;
	for (int i = 0; i < RUNS; i++) {
		g_autofree char *path = g_strdup_printf("%s/%d.log", dir, i);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0 || inotify_add_watch(in, path, IN_MODIFY) < 0)
			die(path);
	}
	for (;;) {
		struct pollfd p = { .fd = in, .events = POLLIN };
		char buf[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
		if (poll(&p, 1, 2000) == 0 && !atomic_load(&shared->growing))
			break;
		ssize_t n = p.revents ? read(in, buf, sizeof(buf)) : 0;
		for (char *at = buf; at < buf + n;) {
			const struct inotify_event *ev = (const struct inotify_event *)at;
			char text[65536];
			ssize_t got;
			while ((got = read(fds[ev->wd - 1], text, sizeof(text))) > 0)
				bytes += got;
			at += sizeof(*ev) + ev->len;
		}
	}
	atomic_fetch_add(&total, bytes / (long)strlen(LINE));
	return GINT_TO_POINTER((gint)(bytes / (long)strlen(LINE)));
}

static char *start(const char *mountpoint, const char *commit)
{
	g_autofree char *path = g_build_filename(mountpoint, "new/start", NULL);
	char name[256];
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || write(fd, commit, strlen(commit)) < 0)
		die(path);
	ssize_t n = pread(fd, name, sizeof(name) - 1, 0);
	if (n <= 0)
		die("name");
	name[n] = '\0';
	close(fd);
	return g_strdup(g_strstrip(name));
}

int main(int argc, char **argv)
{
	int ready[2];
	char c;
	if (argc != 4) {
		fputs("usage: growth DIR REPO COMMIT\n", stderr);
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	g_autofree char *state = g_build_filename(argv[1], "state", NULL);
	g_autofree char *mnt = g_build_filename(argv[1], "mnt", NULL);
	g_autofree char *runs = NULL;
	g_autofree char *last = NULL;
	if (shared == MAP_FAILED || pipe(ready) != 0 || file_mkdir(mnt, NULL) != 0)
		die(mnt);
	pid_t daemon = fork();
	if (daemon == 0) {
		repo_library_start();
		serve(state, argv[2], mnt, ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		die("the daemon");
	put(mnt, "new/settings/first_runs", "100");
	put(mnt, "new/settings/confidence", "1");
	put(mnt, "new/settings/reproducer", "#!/bin/sh\n");
	g_autofree char *name = start(mnt, argv[3]);
	runs = g_build_filename(mnt, name, "steps/0/runs", NULL);
	last = g_strdup_printf("%s/%d.log", runs, RUNS - 1);
	while (access(last, F_OK) != 0)
		usleep(10000);

	double quiet, quiet_worst, busy, busy_worst;
	GThread *watchers[WATCHERS];
	measure(mnt, &quiet, &quiet_worst);
	atomic_store(&shared->growing, true);
	for (int i = 0; i < WATCHERS; i++)
		watchers[i] = g_thread_new("watch", watch, runs);
	measure(mnt, &busy, &busy_worst);
	atomic_store(&shared->growing, false);
	long grown = atomic_load(&shared->grown), least = G_MAXLONG;
	for (int i = 0; i < WATCHERS; i++) {
		long seen = GPOINTER_TO_INT(g_thread_join(watchers[i]));
		least = MIN(least, seen);
	}
	printf("%.0f lines a second in %d logs; of %ld lines the slowest of %d watchers saw %ld\n",
	       (double)grown / SECONDS, RUNS, grown, WATCHERS, least);
	printf("a user's write: %.2f ms (99 of 100 below %.1f), without growth %.2f ms (%.1f), "
	       "ratio "
	       "%.2f\n",
	       busy, busy_worst, quiet, quiet_worst, busy / quiet);
	kill(daemon, SIGTERM);
	waitpid(daemon, NULL, 0);
	return 0;
}
