/*
 * Files by plain system calls. What programs of a source tree may have touched is opened with
 * openat2(2), which keeps to a directory whatever links lie there.
 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

err_t file_error(struct error *error, const char *path, const char *doing)
{
	int code = errno;
	return error_set(error, code, "cannot %s %s: %s", doing, path, g_strerror(code));
}

err_t file_mkdir(const char *dir, struct error *error)
{
	if (g_mkdir_with_parents(dir, 0755) != 0)
		return file_error(error, dir, "create");
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *file_names(const char *dir)
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

bool file_exists(const char *path)
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

int file_open_below(const char *dir, const char *path)
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

char *file_read_below(const char *dir, const char *path, gsize limit, gsize *len)
{
	int fd = file_open_below(dir, path);
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

err_t file_sync_dir_of(const char *path, struct error *error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return file_error(error, dir, "open");
	err_t err = fsync(fd) == 0 ? 0 : file_error(error, dir, "sync");
	close(fd);
	return err;
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

err_t file_write(const char *path, const void *data, gsize len, int mode, struct error *error)
{
	g_autofree char *temporary = g_strdup_printf("%s.tmp", path);
	unlink(temporary); /* of a daemon that was killed; or a link that somebody put there */
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return file_error(error, temporary, "create");
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
	return file_sync_dir_of(path, error);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

err_t file_remove_tree(const char *dir, struct error *error)
{
	if (nftw(dir, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 && errno != ENOENT)
		return file_error(error, dir, "remove");
	return 0;
}

static err_t copy_file(const char *from, const char *to, struct error *error)
{
	char *data;
	gsize len;
	struct stat st;
	GError *why = NULL;
	if (stat(from, &st) != 0)
		return file_error(error, from, "read");
	if (!g_file_get_contents(from, &data, &len, &why)) {
		err_t err = error_set(error, EIO, "%s", why->message);
		g_error_free(why);
		return err;
	}
	err_t err = file_write(to, data, len, (int)(st.st_mode & 0777), error);
	g_free(data);
	return err;
}

err_t file_copy_tree(const char *from, const char *to, mode_t bits, struct error *error)
{
	err_t err = file_mkdir(to, error);
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
			err = file_copy_tree(source, target, bits, error);
		else if (S_ISREG(st.st_mode) && (st.st_mode & bits) == bits)
			err = copy_file(source, target, error);
	}
	if (dir)
		closedir(dir);
	return err;
}

char *file_read_head(const char *path, gsize limit, gsize *len)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	GString *text = g_string_new(NULL);
	char buf[16384];
	ssize_t n = 0;
	while (text->len < limit && (n = read(fd, buf, MIN(sizeof(buf), limit - text->len))) > 0)
		g_string_append_len(text, buf, n);
	close(fd);
	*len = text->len;
	return g_string_free(text, n < 0);
}
