/*
 * All of a root's QEMUs are found in /proc rather than by their pid files: a probe of capabilities
 * writes its own late, so one whose daemon was killed early has none yet, and libvirt's next start
 * may have removed the directory with it. Words that name the root tell ours from everybody else's,
 * an editor or a `tail` of a file below the root included:
 *
 *   guest   -name guest=NAME,...  and any word with ROOT/ in it
 *   probe   -pidfile ROOT/lib/qemu/qmp-XXXXXX/qmp.pid
 */
#include "qemu_process.h"

#include "engine/base/file.h"

#include <dirent.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CMDLINE_MOST ((gsize)256 << 10) /* longer ones are not libvirt's */

/* Whether `word` is a path below root, or has one in it as QEMU's options do: `file=PATH,...`,
 * `unix:PATH`, `"file":"PATH"`. */
static bool names_root(const char *word, const char *root)
{
	size_t len = strlen(root);
	for (const char *at = word; (at = strstr(at, root)); at += len) {
		if (at[len] == '/' && (at == word || strchr("=:,\"", at[-1])))
			return true;
	}
	return false;
}

bool qemu_process_is_of(const char *cmdline, size_t len, const char *root)
{
	const char *end = cmdline + len, *before = "";
	bool guest = false, named = false;
	if (!len || end[-1] != '\0')
		return false;
	for (const char *word = cmdline; word < end; word += strlen(word) + 1) {
		bool below = names_root(word, root);
		if (below && word[0] == '/' && strcmp(before, "-pidfile") == 0)
			return true;
		guest = guest || (strcmp(before, "-name") == 0 && g_str_has_prefix(word, "guest="));
		named = named || below;
		before = word;
	}
	return guest && named;
}

static bool is_of(pid_t pid, const char *root)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)pid);
	gsize len = 0;
	g_autofree char *text = file_read_head(path, CMDLINE_MOST, &len);
	return text && qemu_process_is_of(text, len, root);
}

/* libvirt sees that a process is gone once its parent (our supervisor) has reaped it. */
static void wait_for_end(int pidfd, pid_t pid)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	poll(&p, 1, 5000);
	for (int i = 0; i < 50 && kill(pid, 0) == 0; i++)
		g_usleep(1000);
}

bool qemu_process_kill(pid_t pid, const char *root)
{
	if (pid <= 1)
		return false;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return false;
	bool killed =
		is_of(pid, root) && syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
	if (killed)
		wait_for_end(pidfd, pid);
	close(pidfd);
	return killed;
}

static int kill_once(const char *root)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int killed = 0;
	while (d && (entry = readdir(d))) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		/* looked at before it is held: most are not ours, and cost less this way */
		if (pid > 1 && is_of(pid, root) && qemu_process_kill(pid, root))
			killed++;
	}
	if (d)
		closedir(d);
	return killed;
}

int qemu_process_kill_all(const char *root)
{
	int all = 0, now = 0;
	/* one that was looking for a place in the background forked while we looked */
	for (int i = 0; i < 10 && (now = kill_once(root)) > 0; i++)
		all += now;
	return all;
}
