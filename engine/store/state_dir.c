#include "state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static err_t fail(struct error *error, const char *path, const char *doing)
{
	int code = errno;
	return error_set(error, code, "cannot %s %s: %s", doing, path, g_strerror(code));
}

err_t store_mkdir(const char *dir, struct error *error)
{
	if (g_mkdir_with_parents(dir, 0755) != 0)
		return fail(error, dir, "create");
	return 0;
}

err_t store_open(const char *dir, int *fd, struct error *error)
{
	static const char *const parts[] = { "b",     "new/settings/files",
					     "slots", "libvirt",
					     "trash", "users" };
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(dir, parts[i], NULL);
		err_t err = store_mkdir(path, error);
		if (err)
			return err;
	}
	/* users own what lies deeper: there they change nothing but in their cages */
	g_autofree char *users = g_build_filename(dir, "users", NULL);
	if (chmod(users, 0700) != 0)
		return fail(error, users, "close");
	g_autofree char *lock = g_build_filename(dir, "lock", NULL);
	*fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return fail(error, lock, "open");
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	int code = errno;
	close(*fd);
	if (code == EWOULDBLOCK)
		return error_set(error, EBUSY,
				 "another bisectfs uses the state directory %s: unmount that one, "
				 "or give this one --state DIR",
				 dir);
	return error_set(error, code, "cannot lock %s: %s", lock, g_strerror(code));
}

char *store_bisection(const char *state, const char *name)
{
	return g_build_filename(state, "b", name, NULL);
}

char *store_step(const char *state, const char *name, int step)
{
	return g_strdup_printf("%s/b/%s/steps/%d", state, name, step);
}

char *store_run(const char *state, const char *name, int step, int run, const char *suffix)
{
	return g_strdup_printf("%s/b/%s/steps/%d/runs/%d.%s", state, name, step, run, suffix);
}

char *store_setting(const char *state, const char *name, const char *setting)
{
	if (name)
		return g_build_filename(state, "b", name, "settings", setting, NULL);
	return g_build_filename(state, "new", "settings", setting, NULL);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *store_names(const char *dir)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;
	while (d && (name = g_dir_read_name(d)))
		g_ptr_array_add(names, g_strdup(name));
	if (d)
		g_dir_close(d);
	g_ptr_array_sort(names, by_name);
	return names;
}

bool store_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int open_below(int dir, const char *path)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct open_how how = { .flags = flags,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	/* Linux before 5.6, or an old seccomp filter: links of directories are followed there */
	if (g_path_is_absolute(path) || strstr(path, "..")) {
		errno = EXDEV;
		return -1;
	}
	return openat(dir, path, flags | O_NOFOLLOW);
}

int store_open_below(const char *dir, const char *path)
{
	struct stat st;
	int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = at < 0 ? -1 : open_below(at, path), why = errno;
	if (at >= 0)
		close(at);
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
		why = EINVAL;
	}
	errno = why;
	return fd;
}

char *store_read_below(const char *dir, const char *path, gsize limit, gsize *len)
{
	int fd = store_open_below(dir, path);
	struct stat st;
	char *text = NULL;
	if (fd >= 0 && fstat(fd, &st) == 0 && (gsize)st.st_size <= limit) {
		g_autofree char *opened = g_strdup_printf("/proc/self/fd/%d", fd);
		g_file_get_contents(opened, &text, len, NULL);
	}
	if (fd >= 0)
		close(fd);
	return text;
}

guint64 store_room(const char *dir)
{
	struct statvfs v;
	if (statvfs(dir, &v) != 0)
		return G_MAXUINT64;
	return (guint64)v.f_bavail * v.f_frsize;
}

static err_t sync_dir_of(const char *path, struct error *error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(error, dir, "open");
	err_t err = fsync(fd) == 0 ? 0 : fail(error, dir, "sync");
	close(fd);
	return err;
}

err_t store_sync_names(const char *state, const char *name, struct error *error)
{
	g_autofree char *dir = store_bisection(state, name);
	g_autofree char *journal = g_build_filename(dir, "journal", NULL);
	err_t err = sync_dir_of(journal, error);
	return err ? err : sync_dir_of(dir, error);
}

static err_t write_all(int fd, const char *data, gsize len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (gsize)n;
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

err_t store_write(const char *path, const void *data, gsize len, int mode, struct error *error)
{
	g_autofree char *temporary = g_strdup_printf("%s.tmp", path);
	unlink(temporary); /* of a daemon that was killed; or a link that somebody put there */
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fail(error, temporary, "create");
	err_t err = write_all(fd, data, len);
	if (!err && fchmod(fd, (mode_t)mode) != 0)
		err = -errno;
	close(fd);
	if (!err && rename(temporary, path) != 0)
		err = -errno;
	if (err) {
		unlink(temporary);
		return error_set(error, -err, "cannot write %s: %s", path, g_strerror(-err));
	}
	return sync_dir_of(path, error);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

err_t store_remove_tree(const char *dir, struct error *error)
{
	if (nftw(dir, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 && errno != ENOENT)
		return fail(error, dir, "remove");
	return 0;
}

static err_t copy_file(const char *from, const char *to, struct error *error)
{
	char *data;
	gsize len;
	struct stat st;
	GError *why = NULL;
	if (stat(from, &st) != 0)
		return fail(error, from, "read");
	if (!g_file_get_contents(from, &data, &len, &why)) {
		err_t err = error_set(error, EIO, "%s", why->message);
		g_error_free(why);
		return err;
	}
	err_t err = store_write(to, data, len, (int)(st.st_mode & 0777), error);
	g_free(data);
	return err;
}

err_t store_copy_tree(const char *from, const char *to, mode_t bits, struct error *error)
{
	err_t err = store_mkdir(to, error);
	DIR *dir = opendir(from);
	struct dirent *d;
	while (!err && dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || g_str_has_suffix(d->d_name, ".tmp"))
			continue;
		g_autofree char *source = g_build_filename(from, d->d_name, NULL);
		g_autofree char *target = g_build_filename(to, d->d_name, NULL);
		struct stat st;
		if (lstat(source, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			err = store_copy_tree(source, target, bits, error);
		else if (S_ISREG(st.st_mode) && (st.st_mode & bits) == bits)
			err = copy_file(source, target, error);
	}
	if (dir)
		closedir(dir);
	return err;
}

err_t store_remove_bisection(const char *state, const char *name, struct error *error)
{
	g_autofree char *from = store_bisection(state, name);
	g_autofree char *to = g_build_filename(state, "trash", name, NULL);
	err_t err = store_remove_tree(to, error); /* of a run that was cut short */
	if (!err && rename(from, to) != 0 && errno != ENOENT)
		err = fail(error, from, "remove");
	if (!err)
		err = sync_dir_of(from, error);
	return err ? err : store_remove_tree(to, error);
}
