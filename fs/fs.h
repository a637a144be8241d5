/*
 * The mount: what the user sees of the engine, as files.
 *
 * In come facts of the engine (the view's calls, in its core thread) and requests of the kernel
 * (libfuse's threads); out go commands to the engine, answers to the kernel, and events to whoever
 * watches:
 *
 *   engine -> view -> publish_*() -> queue -> publisher --syscall--> kernel -> names, attr -> tree
 *              |                                                        \--> inotify
 *              +- nodes, render: what a bisection's files hold
 *
 *   kernel -> handler (any of libfuse's threads)
 *     reads  (attr, dir, open): the node under the tree's lock -> reply
 *     writes (write, names):    a command -> engine's core thread -> done -> publisher (after what
 *                               the command changed is visible) -> reply
 *     of the publisher itself:  apply the prepared change -> reply
 *
 * `tree` is what the mount shows at this moment; `watch` are readers that wait. No lock is held
 * while a file is read, the kernel is called or a request is answered. fs/ knows of the engine what
 * engine.h says, and nothing of libgit2 and libvirt. Only fs/command starts and ends it.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include "last_errors.h"
#include "publisher.h"
#include "tree.h"
#include "watch.h"

#include "engine/core/engine.h"

struct mount {
	struct tree tree;
	struct publish *publish; /* the queue of changes */
	struct publisher *publisher;
	struct notifier *notifier;
	struct mount_root *root;
	struct watch *watch;
	struct last_errors *last_errors;
	struct engine *engine; /* not of the following: made and freed by who owns the mount */
};

/* All but the engine. Changes can be queued from now on; publisher_start once it is mounted. */
void fs_init(struct mount *m, struct fuse_session *se, const char *mountpoint);
/* After the engine has stopped and no request is answered any more: what is queued is done, readers
 * that still wait get ENODEV. */
void fs_stop(struct mount *m);
/* After the engine and the view are freed. */
void fs_clear(struct mount *m);

/* Attributes and lookups may be kept by the kernel this long (seconds): all that changes is
 * published, which renews them. */
#define FS_TIMEOUT 1.0

#endif
