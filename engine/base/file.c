/*
 * Files by plain system calls. What programs of a source tree may have touched is opened with
 * openat2(2), which keeps to a directory whatever links lie there.
 *
 * A file is written as ".NAME.tmp" beside it and renamed. In the same directory, because a rename
 * must not leave the file system, and because files are written outside the state directory too.
 * With a dot in front, because users name files of theirs in the same directories, through the
 * mount, which takes no name that begins with one. Always the same name for a file, so that a
 * process that is killed leaves one at most, which the next write replaces.
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

static err_t make_directories(const char *dir, int mode, struct error *error)
{
	if (g_mkdir_with_parents(dir, mode) != 0)
		return file_error(error, dir, "create");
	return 0;
}

err_t file_mkdir(const char *dir, struct error *error)
{
	return make_directories(dir, 0700, error);
}

err_t file_mkdir_readable(const char *dir, struct error *error)
{
	return make_directories(dir, 0755, error);
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

char *file_read_opened(int fd, gsize limit, gsize *len)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || st.st_size < 0 || (gsize)st.st_size > limit)
		return NULL;
	gsize size = (gsize)st.st_size; /* it may grow meanwhile: no more than this */
	char *text = g_try_malloc(size + 1);
	ssize_t n = 1;
	for (*len = 0; text && *len < size && n > 0; *len += n > 0 ? (gsize)n : 0)
		n = read(fd, text + *len, size - *len);
	if (text && n < 0)
		g_clear_pointer(&text, g_free);
	if (text)
		text[*len] = '\0';
	return text;
}

char *file_read_below(const char *dir, const char *path, gsize limit, gsize *len)
{
	int fd = file_open_below(dir, path);
	char *text = fd >= 0 ? file_read_opened(fd, limit, len) : NULL;
	if (fd >= 0)
		close(fd);
	return text;
}

err_t file_sync(const char *path, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : error_set(error, errno, "cannot open %s: %s", path,
						   g_strerror(errno));
	err_t err = fsync(fd) == 0 ? 0
				   : error_set(error, errno, "cannot sync %s: %s", path,
					       g_strerror(errno));
	close(fd);
	return err;
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

#define TEMPORARY_PREFIX "."
#define TEMPORARY_SUFFIX ".tmp"

static char *temporary_of(const char *path)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *base = g_path_get_basename(path);
	return g_strdup_printf("%s/" TEMPORARY_PREFIX "%s" TEMPORARY_SUFFIX, dir, base);
}

void file_remove_temporary(const char *dir)
{
	g_autoptr(GPtrArray) names = file_names(dir);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *path = g_build_filename(dir, name, NULL);
		if (g_str_has_prefix(name, TEMPORARY_PREFIX) &&
		    g_str_has_suffix(name, TEMPORARY_SUFFIX))
			unlink(path);
	}
}

err_t file_write(const char *path, const void *data, gsize len, int mode, struct error *error)
{
	g_autofree char *temporary = temporary_of(path);
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
		if (d->d_name[0] == '.') /* the directory itself, and what is being written */
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
