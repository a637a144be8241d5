/*
 * The few calls by which journals and the watch over free room meet the disk, so that a test can
 * put a disk between that fills up, tears a write or dies.
 */
#ifndef ENGINE_BASE_DISK_H
#define ENGINE_BASE_DISK_H

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
};

/* Free bytes of the file system that holds `dir`; UINT64_MAX when that cannot be told. */
guint64 disk_room(const char *dir);

/* The real one. */
extern const struct disk disk_real;

#endif
