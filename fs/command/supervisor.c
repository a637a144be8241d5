/*
 * The supervisor forks the daemon and then only reaps, passes signals on, and ends what is left
 * when the daemon has ended. It has one thread, and starts nothing that could need the mount. Kept
 * small: it must not die, since with it the daemon does.
 */
#include "supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* The one global: a signal handler has nothing else to find the daemon by. */
static volatile sig_atomic_t daemon_pid;

static void forward(int sig)
{
	if (daemon_pid > 0)
		kill((pid_t)daemon_pid, sig);
}

static void handle_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = forward, .sa_flags = SA_RESTART };
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &sa, NULL);
}

static void reset_signals(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

/* Kills our children; those of each then become ours, until nobody is left. */
static void end_children(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	for (;;) {
		FILE *f = fopen(path, "re");
		int pid, n = 0;
		while (f && fscanf(f, "%d", &pid) == 1) {
			kill(pid, SIGKILL);
			n++;
		}
		if (f)
			fclose(f);
		pid_t done = waitpid(-1, NULL, 0);
		if (done < 0 && errno == ECHILD)
			return;
		if (!f) /* no such file in this kernel: reaping is all that can be done */
			return;
	}
}

static void detach(const char *mountpoint)
{
	if (umount2(mountpoint, MNT_DETACH) == 0 || geteuid() == 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", "-q", mountpoint, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

bool supervisor_detach_dead(const char *mountpoint)
{
	struct statfs st; /* stat(2) may be answered from what the kernel remembers */
	if (statfs(mountpoint, &st) == 0 || errno != ENOTCONN)
		return false;
	detach(mountpoint);
	return true;
}

static int supervise(const struct supervisor *sv, pid_t daemon)
{
	int st = 0;
	pid_t done;
	while ((done = waitpid(-1, &st, 0)) != daemon) {
		if (done < 0 && errno != EINTR)
			break;
	}
	end_children();
	if (WIFEXITED(st)) {
		supervisor_detach_dead(sv->mountpoint); /* it may have ended without a word */
		return WEXITSTATUS(st);
	}
	detach(sv->mountpoint); /* it died with the mount in place: leave it usable */
	return 1;
}

static void to_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, fd);
		close(null);
	}
}

/* A crash that dumps core waits for all threads to stop, and the publisher, in a request to our own
 * mount, would wait for ever for the one that crashed. So a crash ends as a kill does, which leaves
 * nothing behind. */
#ifndef __SANITIZE_ADDRESS__ /* which has its own to say */
static void on_crash(int sig)
{
	static const char text[] = "bisectfs: internal error: killed by a signal of its own: ";
	char number[] = { (char)('0' + sig / 10), (char)('0' + sig % 10), '\n' };
	if (write(2, text, sizeof(text) - 1) < 0 || write(2, number, sizeof(number)) < 0)
		sig = 0; /* nobody reads it */
	kill(getpid(), SIGKILL);
}
#endif

static void handle_crashes(void)
{
#ifndef __SANITIZE_ADDRESS__
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	struct sigaction sa = { .sa_handler = on_crash };
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &sa, NULL);
#endif
}

static int run_supervisor(const struct supervisor *sv, int ready_fd)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	handle_signals();
	pid_t self = getpid(), pid = fork();
	if (pid < 0) {
		perror("bisectfs: fork");
		return 1;
	}
	if (pid == 0) {
		reset_signals();
		handle_crashes();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(1); /* the supervisor died in between */
		exit(sv->daemon(sv->arg, ready_fd));
	}
	daemon_pid = pid;
	if (ready_fd >= 0)
		close(ready_fd);
	if (!sv->foreground) { /* a pipe that the caller reads must not wait for us */
		to_null(0);
		to_null(1);
		to_null(2);
	}
	return supervise(sv, pid);
}

void supervisor_ready(int ready_fd)
{
	if (ready_fd < 0)
		return;
	if (write(ready_fd, "R", 1) != 1)
		return; /* who started us is gone */
	close(ready_fd);
}

int supervisor_run(const struct supervisor *sv)
{
	int ends[2], st = 0;
	char c;
	if (sv->foreground)
		return run_supervisor(sv, -1);
	if (pipe2(ends, O_CLOEXEC) != 0) {
		perror("bisectfs: pipe");
		return 1;
	}
	pid_t pid = fork();
	if (pid < 0) {
		perror("bisectfs: fork");
		return 1;
	}
	if (pid == 0) {
		close(ends[0]);
		setsid();
		_exit(run_supervisor(sv, ends[1]));
	}
	close(ends[1]);
	ssize_t n;
	while ((n = read(ends[0], &c, 1)) < 0 && errno == EINTR)
		;
	close(ends[0]);
	if (n == 1)
		return 0;
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(st) && WEXITSTATUS(st) ? WEXITSTATUS(st) : 1;
}
