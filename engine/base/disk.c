#include "disk.h"

#include <sys/statvfs.h>
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

static guint64 real_room(void *self, const char *dir)
{
	(void)self;
	return disk_room(dir);
}

const struct disk disk_real = {
	.write = real_write,
	.sync = real_sync,
	.truncate = real_truncate,
	.room = real_room,
};
