/*
 * Who may be a root's QEMU is read from the pid files below it, and from /proc: a probe of
 * capabilities writes its pid file late, so one whose daemon was killed early has none. Words that
 * name the root tell ours from everybody else's, an editor or a `tail` of a file below the root
 * included:
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
#include <sys/stat.h>
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

/* A command line lies in its process's memory, so reading it may wait for as long as that process
 * hangs in a page fault. Only of those that may be ours it is read at all: QEMU runs as our user.
 */
static bool may_be_ours(pid_t pid)
{
	g_autofree char *dir = g_strdup_printf("/proc/%d", (int)pid);
	g_autofree char *path = g_build_filename(dir, "comm", NULL);
	struct stat st;
	gsize len;
	if (stat(dir, &st) != 0 || st.st_uid != geteuid())
		return false;
	g_autofree char *name = file_read_head(path, 64, &len);
	return name && g_str_has_prefix(name, "qemu");
}

static int kill_listed(const char *root)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int killed = 0;
	while (d && (entry = readdir(d))) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		if (pid > 1 && may_be_ours(pid) && qemu_process_kill(pid, root))
			killed++;
	}
	if (d)
		closedir(d);
	return killed;
}

pid_t qemu_process_read_pid(const char *path)
{
	gsize len;
	g_autofree char *text = file_read_head(path, 32, &len);
	return text ? (pid_t)atoi(text) : 0;
}

/* Those with a pid file in this directory or one below. */
static int kill_by_files(const char *dir, const char *root)
{
	g_autoptr(GPtrArray) names = file_names(dir);
	int killed = 0;
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(dir, g_ptr_array_index(names, i), NULL);
		struct stat st;
		if (lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			killed += kill_by_files(path, root);
		else if (S_ISREG(st.st_mode) && g_str_has_suffix(path, ".pid") &&
			 qemu_process_kill(qemu_process_read_pid(path), root))
			killed++;
	}
	return killed;
}

int qemu_process_kill_all(const char *root)
{
	int all = kill_by_files(root, root), now = 0;
	/* again as long as there were any: one may have forked, to go to the background, unseen */
	for (int i = 0; i < 10 && (now = kill_listed(root)) > 0; i++)
		all += now;
	return all;
}
