/*
 * posix_spawn(3), then a loop: poll(2) for the child's end (a pidfd) and the request to stop, and
 * between looks at what it uses. The child is reaped last of all: as long as it is not, neither its
 * pid nor its process group can be given to others, and to kill them is safe.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static err_t start(const struct spawn *sp, pid_t *pid, struct error *error)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	if (sp->input > 0)
		posix_spawn_file_actions_adddup2(&files, sp->input, 0);
	else
		posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (sp->output >= 0)
		posix_spawn_file_actions_adddup2(&files, sp->output, 1);
	else
		posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	if (sp->dir)
		posix_spawn_file_actions_addchdir_np(&files, sp->dir);
	/* the daemon blocks or ignores signals that its children need */
	sigemptyset(&none);
	sigfillset(&defaults);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setpgroup(&attr, 0);
	/* a session of its own begins with a process group of its own */
	posix_spawnattr_setflags(
		&attr, (short)((sp->own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP) |
			       POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
	int rc = posix_spawnp(pid, sp->argv[0], &files, &attr, sp->argv,
			      sp->env ? sp->env : environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	if (rc)
		return error_set(error, rc, "cannot start %s: %s", sp->argv[0], g_strerror(rc));
	return 0;
}

/* ---- what it uses ---- */

struct process {
	pid_t pid, parent;
	guint64 pages;
	bool ours;
};

static bool read_process(const char *name, struct process *p)
{
	g_autofree char *path = g_build_filename("/proc", name, "stat", NULL);
	g_autofree char *text = NULL;
	if (!g_ascii_isdigit(*name) || !g_file_get_contents(path, &text, NULL, NULL))
		return false;
	const char *rest = strrchr(text, ')'); /* the program's name holds whatever it likes */
	*p = (struct process){ .pid = atoi(name) };
	if (!rest || sscanf(rest, ") %*c %d", &p->parent) != 1)
		return false;
	for (int field = 3; rest && field <= 24; field++) /* rss is the 24th: proc(5) */
		rest = strchr(rest + 1, ' ');
	p->pages = rest ? g_ascii_strtoull(rest, NULL, 10) : 0;
	return true;
}

/* Descendants come to have higher numbers than their parents, but for where numbers start anew: so
 * it is looked through until nothing is added. */
static void measure(pid_t pid, int *processes, guint64 *bytes)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct process));
	g_autoptr(GHashTable) ours = g_hash_table_new(NULL, NULL);
	GDir *d = g_dir_open("/proc", 0, NULL);
	const char *name;
	struct process p;
	while (d && (name = g_dir_read_name(d))) {
		if (read_process(name, &p))
			g_array_append_val(all, p);
	}
	if (d)
		g_dir_close(d);
	*processes = 0;
	*bytes = 0;
	for (bool more = true; more;) {
		more = false;
		for (guint i = 0; i < all->len; i++) {
			struct process *one = &g_array_index(all, struct process, i);
			if (one->ours ||
			    !(one->pid == pid ||
			      g_hash_table_contains(ours, GINT_TO_POINTER(one->parent))))
				continue;
			one->ours = more = true;
			g_hash_table_add(ours, GINT_TO_POINTER(one->pid));
			++*processes;
			*bytes += one->pages * (guint64)sysconf(_SC_PAGESIZE);
		}
	}
}

static err_t check_output(const struct spawn *sp, struct error *error)
{
	off_t limit = (off_t)sp->limits.output_mib << 20;
	struct stat st;
	if (!limit || sp->output < 0 || fstat(sp->output, &st) != 0 || st.st_size <= limit)
		return 0;
	return error_set(error, EDOM, "it printed more than %d MiB", sp->limits.output_mib);
}

static err_t check_processes(const struct spawn *sp, pid_t pid, struct error *error)
{
	const struct spawn_limits *l = &sp->limits;
	int processes;
	guint64 bytes;
	if (!l->processes && !l->memory_mib)
		return 0;
	measure(pid, &processes, &bytes);
	if (l->processes && processes > l->processes)
		return error_set(error, EDOM, "it had more than %d processes", l->processes);
	if (l->memory_mib && bytes > (guint64)l->memory_mib << 20)
		return error_set(error, EDOM, "it used more than %d MiB of memory", l->memory_mib);
	return 0;
}

/* ---- running ---- */

/* How often to look, ms: at /proc it costs, at the size of a file it does not, and a program may
 * print a gigabyte in a second. */
#define LOOK_AT_PROCESSES 500
#define LOOK_AT_OUTPUT 50
#define LOOK_WITHOUT_PIDFD 20

struct child {
	const struct spawn *sp;
	pid_t pid;
	int pidfd; /* readable when it has ended; -1: this kernel, a filter of system calls or the
		    * number of descriptors allows none, and it has to be asked for */
	gint64 end, looked; /* monotonic us: when its time is over; when /proc was looked at */
};

/* It has ended, and is not reaped: its number stays its own. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid;
}

/* How long nothing has to be looked at, ms. */
static int pause_of(const struct child *c, gint64 left)
{
	int most = c->pidfd < 0		      ? LOOK_WITHOUT_PIDFD
		   : c->sp->limits.output_mib ? LOOK_AT_OUTPUT
					      : LOOK_AT_PROCESSES;
	return (int)MIN(left, most);
}

/* Waits for something to happen, or until it is time to look. */
static void wait_for_event(const struct child *c, gint64 left)
{
	struct pollfd fds[2] = { { .fd = c->pidfd, .events = POLLIN },
				 { .fd = c->sp->cancel ? c->sp->cancel->fd : -1,
				   .events = POLLIN } };
	poll(fds, 2, pause_of(c, left));
}

static err_t look_at_processes(struct child *c, struct error *error)
{
	gint64 now = g_get_monotonic_time();
	if (now - c->looked < LOOK_AT_PROCESSES * 1000)
		return 0;
	c->looked = now;
	if (c->sp->tick)
		c->sp->tick(c->sp->arg);
	return check_processes(c->sp, c->pid, error);
}

/* Until it has ended (0), or is to be killed. */
static err_t await(struct child *c, struct error *error)
{
	const struct spawn *sp = c->sp;
	err_t err = 0;
	while (!err && !has_ended(c->pid)) {
		gint64 left = sp->limits.timeout_s ? (c->end - g_get_monotonic_time()) / 1000 + 1
						   : G_MAXINT;
		if (sp->cancel && cancel_asked(sp->cancel))
			return error_set(error, ECANCELED, "stopped");
		if (left <= 0)
			return error_set(error, ETIMEDOUT, "it did not end within %d s",
					 sp->limits.timeout_s);
		wait_for_event(c, left);
		err = check_output(sp, error);
		if (!err)
			err = look_at_processes(c, error);
	}
	return err;
}

err_t spawn_run(const struct spawn *sp, int *status, struct error *error)
{
	struct child c = { .sp = sp };
	int st = 0;
	*status = -1;
	err_t err = start(sp, &c.pid, error);
	if (err)
		return err;
	c.looked = g_get_monotonic_time();
	c.end = c.looked + (gint64)sp->limits.timeout_s * G_USEC_PER_SEC;
	c.pidfd = (int)syscall(SYS_pidfd_open, c.pid, 0);
	err = await(&c, error);
	if (c.pidfd >= 0)
		close(c.pidfd);
	/* With what it left running in the background; and before it is reaped, since from then on
	 * the number of the group may be another's. */
	kill(-c.pid, SIGKILL);
	while (waitpid(c.pid, &st, 0) < 0 && errno == EINTR)
		;
	*status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	return err;
}

bool spawn_is_other(struct spawn_user user)
{
	return geteuid() == 0 && user.uid != 0;
}

GStrv spawn_environment(struct spawn_user user)
{
	static const char *const harmless[] = { "PATH", "LANG", "LC_ALL", "TZ" };
	GStrv kept = NULL;
	if (!spawn_is_other(user))
		return g_get_environ();
	for (gsize i = 0; i < G_N_ELEMENTS(harmless); i++) {
		const char *value = g_getenv(harmless[i]);
		if (value)
			kept = g_environ_setenv(kept, harmless[i], value, TRUE);
	}
	return kept ? kept : g_new0(char *, 1);
}

void spawn_add_user(GPtrArray *argv, struct spawn_user user)
{
	g_ptr_array_add(argv, g_strdup("setpriv"));
	g_ptr_array_add(argv, g_strdup_printf("--reuid=%u", user.uid));
	g_ptr_array_add(argv, g_strdup_printf("--regid=%u", user.gid));
	g_ptr_array_add(argv, g_strdup("--clear-groups"));
	g_ptr_array_add(argv, g_strdup("--inh-caps=-all"));
	g_ptr_array_add(argv, g_strdup("--"));
}

err_t spawn_capture(const struct spawn *sp, size_t most, char **text, int *status,
		    struct error *error)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "memfd_create: %s", g_strerror(errno));
	struct spawn own = *sp;
	own.output = fd;
	own.limits.timeout_s = sp->limits.timeout_s ? MIN(sp->limits.timeout_s, 120) : 120;
	own.limits.output_mib = sp->limits.output_mib ? MIN(sp->limits.output_mib, 64) : 64;
	err_t err = spawn_run(&own, status, error);
	if (!err) {
		*text = g_malloc(most + 1);
		ssize_t n = pread(fd, *text, most, 0);
		(*text)[n > 0 ? n : 0] = '\0';
	}
	close(fd);
	return err;
}
