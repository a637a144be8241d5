/*
 * The handle is opened and closed by the publisher's thread and by a thread that it makes, which
 * share a table of descriptors; the latter polls /proc/self/mountinfo. Who uses the handle counts
 * as a user of it; the last one closes it if the mount has gone meanwhile. No lock is held inside
 * the operations.
 */
#include "mount_root.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct mount_root {
	struct fuse_session *se;
	char *mountpoint;
	GThread *watcher;
	int stop[2]; /* a pipe: ends the watcher */
	GMutex lock;
	/* by `lock` */
	int fd;	   /* O_PATH on a clone of the mount; -1: not (or no more) mounted */
	int users; /* of fd */
	bool gone; /* to be closed by the last of them */
};

/* ---- the handle ---- */

static int get(struct mount_root *r)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&r->lock);
	if (r->fd < 0 || r->gone)
		return -1;
	r->users++;
	return r->fd;
}

/* With the lock held. */
static void close_if_unused(struct mount_root *r)
{
	if (!r->gone || r->users || r->fd < 0)
		return;
	close(r->fd);
	r->fd = -1;
}

static void put(struct mount_root *r)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&r->lock);
	r->users--;
	close_if_unused(r);
}

static bool mount_is_there(unsigned long long id)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	bool there = f == NULL;
	while (f && !there && fgets(line, sizeof(line), f))
		there = strtoull(line, NULL, 10) == id;
	if (f)
		fclose(f);
	return there;
}

/* A clone of the mount keeps the file system alive after fusermount3 -u: it has to be closed then,
 * or the daemon would never end. */
static gpointer watch_mount(gpointer arg)
{
	struct mount_root *r = arg;
	struct statx st = { 0 };
	if (statx(AT_FDCWD, r->mountpoint, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID,
		  &st) != 0)
		return NULL;
	int info = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct pollfd fds[2] = { { .fd = info, .events = POLLPRI | POLLERR },
				 { .fd = r->stop[0], .events = POLLIN } };
	while (mount_is_there(st.stx_mnt_id)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
	}
	if (info >= 0)
		close(info);
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&r->lock);
	r->gone = true;
	close_if_unused(r);
	return NULL;
}

/* ---- the operations ---- */

static void begin(void *self)
{
	struct mount_root *r = self;
	int fuse = fuse_session_fd(r->se);
	if (unshare(CLONE_FILES) == 0)
		close(fuse);
	r->fd = (int)syscall(SYS_open_tree, AT_FDCWD, r->mountpoint,
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (r->fd < 0) /* not privileged: a plain handle; fusermount3 -uz is needed then */
		r->fd = open(r->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* shares this thread's descriptors */
	r->watcher = g_thread_new("mountinfo", watch_mount, r);
}

static void end(void *self)
{
	struct mount_root *r = self;
	if (write(r->stop[1], "", 1) == 1)
		g_thread_join(r->watcher);
}

static err_t make(void *self, const char *path, bool dir)
{
	int root = get(self);
	if (root < 0)
		return -ENODEV;
	int rc = dir ? mkdirat(root, path, 0755) : mknodat(root, path, S_IFREG | 0644, 0);
	err_t err = rc == 0 ? 0 : -errno;
	put(self);
	return err;
}

/* The cheapest operation that gives MODIFY, and its reply carries the new size. */
static void touch(void *self, const char *path)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
	int root = get(self);
	if (root < 0)
		return;
	utimensat(root, path, times, AT_SYMLINK_NOFOLLOW);
	put(self);
}

static void open_and_close(void *self, const char *path)
{
	int root = get(self);
	if (root < 0)
		return;
	int fd = openat(root, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		close(fd);
	put(self);
}

/* As `ln -sfn` does it. */
static err_t set_link(void *self, const char *name, const char *target)
{
	g_autofree char *temporary = g_strdup_printf(".%s.new", name);
	int root = get(self);
	if (root < 0)
		return -ENODEV;
	unlinkat(root, temporary, 0);
	if (symlinkat(target, root, temporary) == 0)
		renameat(root, temporary, root, name);
	put(self);
	return 0;
}

static void remove_link(void *self, const char *name)
{
	int root = get(self);
	if (root < 0)
		return;
	unlinkat(root, name, 0);
	put(self);
}

struct mount_root *mount_root_new(struct fuse_session *se, const char *mountpoint)
{
	struct mount_root *r = g_new0(struct mount_root, 1);
	r->se = se;
	r->mountpoint = g_strdup(mountpoint);
	r->fd = -1;
	g_mutex_init(&r->lock);
	if (pipe2(r->stop, O_CLOEXEC) != 0)
		r->stop[0] = r->stop[1] = -1;
	return r;
}

void mount_root_free(struct mount_root *r)
{
	close(r->stop[0]);
	close(r->stop[1]);
	g_mutex_clear(&r->lock);
	g_free(r->mountpoint);
	g_free(r);
}

struct publisher_mount mount_root_operations(struct mount_root *r)
{
	return (struct publisher_mount){ .self = r,
					 .begin = begin,
					 .end = end,
					 .make = make,
					 .touch = touch,
					 .open_and_close = open_and_close,
					 .link = set_link,
					 .unlink = remove_link };
}
