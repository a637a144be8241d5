#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
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
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	int rc = posix_spawnp(pid, sp->argv[0], &files, &attr, sp->argv,
			      sp->env ? sp->env : environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	if (rc)
		return error_set(error, rc, "cannot start %s: %s", sp->argv[0], g_strerror(rc));
	return 0;
}

/* 0: it ended; -ETIMEDOUT, -ECANCELED: it is to be killed. */
static err_t await(const struct spawn *sp, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	gint64 end = g_get_monotonic_time() + sp->timeout_s * G_USEC_PER_SEC;
	err_t err = 0;
	while (pidfd >= 0) {
		struct pollfd fds[2] = { { .fd = pidfd, .events = POLLIN },
					 { .fd = sp->cancel ? sp->cancel->fd : -1,
					   .events = POLLIN } };
		gint64 left = sp->timeout_s ? (end - g_get_monotonic_time()) / 1000 + 1 : 3600000;
		if (left <= 0) {
			err = -ETIMEDOUT;
			break;
		}
		int wait = sp->tick ? (int)MIN(left, 500) : (int)MIN(left, 3600000);
		int n = poll(fds, 2, wait);
		if (fds[0].revents)
			break;
		if (n > 0 && fds[1].revents) {
			err = -ECANCELED;
			break;
		}
		if (sp->tick)
			sp->tick(sp->arg);
	}
	if (pidfd >= 0)
		close(pidfd);
	return err;
}

err_t spawn_run(const struct spawn *sp, int *status, struct error *error)
{
	pid_t pid;
	int st = 0;
	*status = -1;
	err_t err = start(sp, &pid, error);
	if (err)
		return err;
	err = await(sp, pid);
	if (err)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL); /* what it left running in the background */
	*status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	if (err == -ETIMEDOUT)
		return error_set(error, ETIMEDOUT, "%s did not end within %d s", sp->argv[0],
				 sp->timeout_s);
	if (err == -ECANCELED)
		return error_set(error, ECANCELED, "%s was stopped", sp->argv[0]);
	return 0;
}

err_t spawn_capture(char *const *argv, const char *dir, size_t limit, char **text, int *status,
		    struct error *error)
{
	int fd = memfd_create("output", MFD_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "memfd_create: %s", g_strerror(errno));
	struct spawn sp = { .argv = argv, .dir = dir, .output = fd, .timeout_s = 120 };
	err_t err = spawn_run(&sp, status, error);
	if (!err) {
		*text = g_malloc(limit + 1);
		ssize_t n = pread(fd, *text, limit, 0);
		(*text)[n > 0 ? n : 0] = '\0';
	}
	close(fd);
	return err;
}
