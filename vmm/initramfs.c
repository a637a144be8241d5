/*
 * Files go from their disk into the archive piece by piece: what users add may be large. A file
 * that changes its size meanwhile is cut, or filled up with zeros, as its header said.
 */
#include "initramfs.h"

#include "engine/base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PIECE ((gsize)256 << 10)
#define FILE_MOST ((off_t)0xffffffff) /* as the format has it */

struct writer {
	struct archive *archive;
	struct error *error;
};

static err_t failed(struct writer *w)
{
	int code = archive_errno(w->archive);
	return error_set(w->error, code > 0 ? code : EIO, "cannot write the initramfs: %s",
			 archive_error_string(w->archive));
}

static err_t add_header(struct writer *w, const char *name, mode_t mode, const char *target,
			dev_t dev, gsize len)
{
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_pathname(e, name);
	archive_entry_set_mode(e, mode);
	archive_entry_set_size(e, (la_int64_t)len);
	archive_entry_set_mtime(e, 0, 0);
	if (target)
		archive_entry_set_symlink(e, target);
	if (dev)
		archive_entry_set_rdev(e, dev);
	err_t err = archive_write_header(w->archive, e) == ARCHIVE_OK ? 0 : failed(w);
	archive_entry_free(e);
	return err;
}

static err_t add_data(struct writer *w, const void *data, gsize len)
{
	return archive_write_data(w->archive, data, len) == (la_ssize_t)len ? 0 : failed(w);
}

static err_t add_dir(struct writer *w, const char *name)
{
	return add_header(w, name, S_IFDIR | 0755, NULL, 0, 0);
}

static err_t add_content(struct writer *w, const char *path, int fd, gsize len)
{
	g_autofree char *piece = g_malloc(PIECE);
	err_t err = 0;
	for (gsize done = 0; !err && done < len;) {
		ssize_t n = pread(fd, piece, MIN(PIECE, len - done), (off_t)done);
		if (n < 0)
			err = file_error(w->error, path, "read");
		else if (n == 0)
			return 0; /* libarchive fills up what the header announced */
		else
			err = add_data(w, piece, (gsize)n);
		done += n > 0 ? (gsize)n : 0;
	}
	return err;
}

static err_t add_open_file(struct writer *w, const char *name, const char *path, int fd,
			   mode_t mode)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return file_error(w->error, path, "read");
	if (!S_ISREG(st.st_mode))
		return error_set(w->error, EINVAL, "%s is no file", path);
	if (st.st_size > FILE_MOST)
		return error_set(w->error, EFBIG, "%s is too large for the guest's initramfs",
				 path);
	err_t err = add_header(w, name, S_IFREG | mode, NULL, 0, (gsize)st.st_size);
	return err ? err : add_content(w, path, fd, (gsize)st.st_size);
}

static err_t add_file(struct writer *w, const char *name, const char *path, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return file_error(w->error, path, "open");
	err_t err = add_open_file(w, name, path, fd, mode);
	close(fd);
	return err;
}

static err_t add_applets(struct writer *w, char *const *applets)
{
	err_t err = 0;
	for (; applets && *applets && !err; applets++) {
		if (strcmp(*applets, "busybox") == 0)
			continue;
		g_autofree char *name = g_strdup_printf("bin/%s", *applets);
		err = add_header(w, name, S_IFLNK | 0777, "busybox", 0, 0);
	}
	return err;
}

static err_t add_user_files(struct writer *w, const char *dir)
{
	DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *entry;
	err_t err = 0;
	while (d && !err && (entry = readdir(d))) {
		g_autofree char *path = g_build_filename(dir, entry->d_name, NULL);
		g_autofree char *name = g_strdup_printf("bisect/%s", entry->d_name);
		struct stat st;
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			err = add_file(w, name, path, 0755);
	}
	if (d)
		closedir(d);
	return err;
}

/* What our init reads first of all, and removes. */
static err_t add_instructions(struct writer *w, const struct initramfs *in)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (int i = 0; i < CONSOLE_WORDS; i++)
		g_string_append_printf(text, "%s ", in->words->word[i]);
	g_string_append_printf(text, "%d %d\n", in->timeout_s, in->has_rootfs);
	err_t err = add_header(w, "bisect/.run", S_IFREG | 0600, NULL, 0, text->len);
	return err ? err : add_data(w, text->str, text->len);
}

static err_t add_all(struct writer *w, const struct initramfs *in)
{
	static const char *const dirs[] = { "bin", "sbin", "dev", "proc",  "sys",
					    "tmp", "root", "etc", "bisect" };
	err_t err = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(dirs) && !err; i++)
		err = add_dir(w, dirs[i]);
	if (!err) /* the kernel opens it for init before devtmpfs is there */
		err = add_header(w, "dev/console", S_IFCHR | 0600, NULL, makedev(5, 1), 0);
	if (!err)
		err = add_file(w, "init", in->init, 0755);
	if (!err)
		err = add_file(w, "bin/busybox", in->busybox, 0755);
	if (!err)
		err = add_applets(w, in->applets);
	if (!err)
		err = add_user_files(w, in->files);
	if (!err && in->reproducer)
		err = add_file(w, "bisect/reproducer", in->reproducer, 0755);
	return err ? err : add_instructions(w, in);
}

err_t initramfs_write(const struct initramfs *in, const char *path, struct error *error)
{
	struct writer w = { .archive = archive_write_new(), .error = error };
	archive_write_set_format_cpio_newc(w.archive);
	archive_write_add_filter_none(w.archive);
	/* the reproducer in it may be private to its owner */
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	err_t err = 0;
	if (fd < 0)
		err = error_set(error, errno, "cannot create %s: %s", path, g_strerror(errno));
	else if (archive_write_open_fd(w.archive, fd) != ARCHIVE_OK)
		err = failed(&w);
	if (!err)
		err = add_all(&w, in);
	if (!err && archive_write_close(w.archive) != ARCHIVE_OK)
		err = failed(&w);
	archive_write_free(w.archive);
	if (fd >= 0)
		close(fd);
	return err;
}
