/*
 * The real disk: each call is a system call, but for the probe, which makes a file without a name
 * and has room allocated for it. Quotas do not bind root, so where the file is to be another user's
 * a thread of its own takes on that user's effective id: raw system calls change one thread alone,
 * and its real id stays, so that the user can send it no signals.
 */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static ssize_t real_write(void *self, int fd, const void *data, size_t len)
{
	(void)self;
	return write(fd, data, len);
}

static int real_sync(void *self, int fd)
{
	(void)self;
	return fdatasync(fd);
}

static int real_truncate(void *self, int fd, off_t size)
{
	(void)self;
	return ftruncate(fd, size);
}

guint64 disk_room(const char *dir)
{
	struct statvfs v;
	if (statvfs(dir, &v) != 0)
		return G_MAXUINT64;
	return (guint64)v.f_bavail * v.f_frsize;
}

guint64 disk_inodes(const char *dir)
{
	struct statvfs v;
	if (statvfs(dir, &v) != 0 || !v.f_files)
		return G_MAXUINT64;
	return v.f_favail;
}

static guint64 real_room(void *self, const char *dir)
{
	(void)self;
	return disk_room(dir);
}

static guint64 real_inodes(void *self, const char *dir)
{
	(void)self;
	return disk_inodes(dir);
}

/* ---- can it be written? ---- */

static int open_nameless(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	/* file systems that make no files without a name */
	g_autofree char *path = g_build_filename(dir, ".room-XXXXXX", NULL);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static err_t write_bytes(int fd, gsize bytes)
{
	char block[65536];
	memset(block, 'x', sizeof(block)); /* zeros may take no room */
	while (bytes) {
		ssize_t n = write(fd, block, MIN(bytes, sizeof(block)));
		if (n < 0 && errno != EINTR)
			return -errno;
		bytes -= n > 0 ? (gsize)n : 0;
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

static err_t fill(int fd, gsize bytes)
{
	if (!bytes || fallocate(fd, 0, 0, (off_t)bytes) == 0)
		return 0;
	if (errno != ENOSPC && errno != EDQUOT)
		return write_bytes(fd, bytes);
	return -errno;
}

struct probe {
	const char *dir;
	uid_t user;
	gsize bytes;
	err_t err;
};

static void try_file(struct probe *p)
{
	int fd = open_nameless(p->dir);
	p->err = fd < 0 ? -errno : fill(fd, p->bytes);
	if (fd >= 0 && close(fd) != 0 && !p->err) /* NFS says it here */
		p->err = -errno;
}

static gpointer try_as_user(gpointer arg)
{
	struct probe *p = arg;
	if (syscall(SYS_setresuid, -1, p->user, -1) == 0)
		try_file(p);
	else
		p->err = -errno;
	return NULL; /* and the thread with its id is gone */
}

err_t disk_probe(const char *dir, uid_t user, gsize bytes)
{
	struct probe p = { .dir = dir, .user = user, .bytes = bytes };
	if (geteuid() == 0 && user != 0)
		g_thread_join(g_thread_new("probe", try_as_user, &p));
	else
		try_file(&p);
	return p.err;
}

static err_t real_probe(void *self, const char *dir, uid_t user, gsize bytes)
{
	(void)self;
	return disk_probe(dir, user, bytes);
}

const struct disk disk_real = {
	.write = real_write,
	.sync = real_sync,
	.truncate = real_truncate,
	.room = real_room,
	.inodes = real_inodes,
	.probe = real_probe,
};
