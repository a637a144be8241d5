/*
 * The publisher: makes changes visible, each with the event that a local file system would give.
 *
 * The kernel makes inotify events only for operations that go through it. So one thread of the
 * daemon performs, on the daemon's own mount, the operation that stands for each change (mkdirat,
 * mknodat, utimensat, open and close, rename). The handlers recognise that thread and apply the
 * prepared change to the tree; the kernel then tells the watchers:
 *
 *   core thread -> view -> publish_*() -> queue -> publisher --syscall--> kernel -> handler -> tree
 *                                                                            \--> inotify
 *
 * Content is set in the tree before the operation, so a watcher that reads on an event finds it.
 */
#ifndef FS_PUBLISH_H
#define FS_PUBLISH_H

#define FUSE_USE_VERSION 312
#include "tree.h"

#include <fuse_lowlevel.h>

struct publisher;

struct publisher *publisher_new(struct tree *tree, struct fuse_session *se, const char *mountpoint);
/* Once the mount is there. */
void publisher_start(struct publisher *p);
/* Performs what is queued and ends the thread. */
void publisher_stop(struct publisher *p);
void publisher_free(struct publisher *p);

/* Queueing; any thread, never blocks. `path` is below the root. Nodes are handed over. */
void publish_add(struct publisher *p, const char *path, struct node *n); /* file or directory */
void publish_value(struct publisher *p, const char *path, GBytes *data); /* MODIFY, CLOSE_WRITE */
void publish_quiet(struct publisher *p, const char *path, GBytes *data); /* content, no event */
void publish_text_growth(struct publisher *p, const char *path, GBytes *data); /* MODIFY */
void publish_file_growth(struct publisher *p, const char *path, int64_t size); /* MODIFY */
void publish_file_done(struct publisher *p, const char *path);		       /* CLOSE_WRITE */
void publish_link(struct publisher *p, const char *path, const char *target);
void publish_unlink(struct publisher *p, const char *path);
/* Calls `fn` in a thread that may answer requests, after all that was queued before. */
void publish_call(struct publisher *p, void (*fn)(void *arg), void *arg);
/* The same for the answer to a write; but no later than a second from now. While a write waits, the
 * kernel holds a lock on its file; a rename of two files holds one and waits for the other, and the
 * publisher may wait for that one. Only an answer that does not wait for it ends this. */
void publish_reply(struct publisher *p, void (*fn)(void *arg), void *arg);

/* For the handlers. */
bool publisher_is(const struct publisher *p, pid_t tid);
/* The node to attach for the operation in progress (its reference is the caller's), or NULL. */
struct node *publisher_take(struct publisher *p);

#endif
