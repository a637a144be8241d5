/*
 * The few calls by which journals and the watch over free room meet the disk, so that a test can
 * put a disk between that fills up, tears a write or dies.
 */
#ifndef ENGINE_BASE_DISK_H
#define ENGINE_BASE_DISK_H

#include "bisectfs/error.h"

#include <glib.h>
#include <sys/types.h>

struct disk {
	void *self;
	/* As write(2), fdatasync(2), ftruncate(2): -1 and errno. */
	ssize_t (*write)(void *self, int fd, const void *data, size_t len);
	int (*sync)(void *self, int fd);
	int (*truncate)(void *self, int fd, off_t size);
	/* Free bytes of the file system that holds `dir`. */
	guint64 (*room)(void *self, const char *dir);
	/* Files that it has room for still. */
	guint64 (*inodes)(void *self, const char *dir);
	/* See disk_probe. */
	err_t (*probe)(void *self, const char *dir, uid_t user, gsize bytes);
};

/* Free bytes of the file system that holds `dir`; UINT64_MAX when that cannot be told. */
guint64 disk_room(const char *dir);
/* Inodes that are free there; UINT64_MAX when that cannot be told, or where they are not counted.
 */
guint64 disk_inodes(const char *dir);

/* Whether a new file of `bytes` bytes can be written in the directory `dir` now: 0, -ENOSPC,
 * -EDQUOT, or what else stands in the way (-EACCES, -EROFS, -ENOENT ...). It is tried, since a
 * quota is not to be seen in the free room of a file system; the file is gone afterwards. As a file
 * of `user`, with that user's quota and rights, where we are root and may choose; else as our own.
 * Any thread; blocks for as long as the disk takes. */
err_t disk_probe(const char *dir, uid_t user, gsize bytes);

/* The real one. */
extern const struct disk disk_real;

#endif
