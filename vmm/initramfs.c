#include "initramfs.h"

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

static err_t add(struct writer *w, const char *name, mode_t mode, const char *target, dev_t dev,
		 const void *data, gsize len)
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
	if (!err && len && archive_write_data(w->archive, data, len) != (la_ssize_t)len)
		err = failed(w);
	archive_entry_free(e);
	return err;
}

static err_t add_dir(struct writer *w, const char *name)
{
	return add(w, name, S_IFDIR | 0755, NULL, 0, NULL, 0);
}

static err_t add_file(struct writer *w, const char *name, const char *path, mode_t mode)
{
	g_autofree char *data = NULL;
	gsize len;
	GError *why = NULL;
	if (g_file_get_contents(path, &data, &len, &why))
		return add(w, name, S_IFREG | mode, NULL, 0, data, len);
	err_t err = error_set(w->error, ENOENT, "%s", why->message);
	g_error_free(why);
	return err;
}

static err_t add_applets(struct writer *w, char *const *applets)
{
	err_t err = 0;
	for (; applets && *applets && !err; applets++) {
		if (strcmp(*applets, "busybox") == 0)
			continue;
		g_autofree char *name = g_strdup_printf("bin/%s", *applets);
		err = add(w, name, S_IFLNK | 0777, "busybox", 0, NULL, 0);
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

static err_t add_all(struct writer *w, const struct initramfs *in)
{
	static const char *const dirs[] = { "bin", "sbin", "dev", "proc",  "sys",
					    "tmp", "root", "etc", "bisect" };
	err_t err = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(dirs) && !err; i++)
		err = add_dir(w, dirs[i]);
	if (!err) /* the kernel opens it for init before devtmpfs is there */
		err = add(w, "dev/console", S_IFCHR | 0600, NULL, makedev(5, 1), NULL, 0);
	if (!err)
		err = add_file(w, "init", in->init, 0755);
	if (!err)
		err = add_file(w, "bin/busybox", in->busybox, 0755);
	if (!err)
		err = add_applets(w, in->applets);
	if (!err)
		err = add_user_files(w, in->files);
	if (!err)
		err = add_file(w, "bisect/reproducer", in->reproducer, 0755);
	if (!err) {
		g_autofree char *run =
			g_strdup_printf("%s %d %d\n", in->nonce, in->timeout_s, in->has_rootfs);
		err = add(w, "bisect/.run", S_IFREG | 0600, NULL, 0, run, strlen(run));
	}
	return err;
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
