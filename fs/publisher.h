/*
 * The publisher: the thread that makes queued changes visible.
 *
 * The kernel makes inotify events only for operations that go through it. So this thread performs,
 * on the daemon's own mount, the operation that stands for each change. The handlers recognise it
 * and apply the prepared change to the tree; the kernel then tells the watchers:
 *
 *   queue (publish.h) -> publisher --syscall--> kernel -> handler -> tree
 *                                                  \--> inotify
 *
 * Content is set in the tree before the operation, so a watcher that reads on an event finds it.
 * Where there is no mount (not yet, or no more) the tree is all that changes.
 */
#ifndef FS_PUBLISHER_H
#define FS_PUBLISHER_H

#include "notifier.h"
#include "publish.h"

/* The operations on the mount, by path below its root; in the publisher's thread. Real ones are in
 * mount_root.c. */
struct publisher_mount {
	void *self;
	void (*begin)(void *self); /* first and last of all */
	void (*end)(void *self);
	/* A directory or a file. -errno; -ENODEV: there is no mount. */
	err_t (*make)(void *self, const char *path, bool dir);
	void (*touch)(void *self, const char *path);	      /* MODIFY */
	void (*open_and_close)(void *self, const char *path); /* CLOSE_WRITE */
	/* Without a moment in which there is none. -ENODEV as above. */
	err_t (*link)(void *self, const char *name, const char *target);
	void (*unlink)(void *self, const char *name);
};

struct publisher;

/* Borrows the queue and the tree. */
struct publisher *publisher_new(struct tree *tree, struct publish *queue, struct notifier *notifier,
				struct publisher_mount mount);
/* Once the mount is there. */
void publisher_start(struct publisher *p);
/* Performs what is queued and ends the thread. */
void publisher_stop(struct publisher *p);
void publisher_free(struct publisher *p);

/* For the handlers. */
bool publisher_is(const struct publisher *p, pid_t tid);
/* The node to attach to `dir` for the operation in progress (its reference is the caller's), or
 * NULL: another directory of that name was meant. With the tree's lock held. */
struct node *publisher_take(struct publisher *p, const struct node *dir);

#endif
