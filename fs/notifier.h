/*
 * What is told to the kernel, or answered to it, without being asked for by a request of ours: one
 * thread, in order. It is needed because the publisher's thread must not have /dev/fuse open (see
 * mount_root.h).
 */
#ifndef FS_NOTIFIER_H
#define FS_NOTIFIER_H

#define FUSE_USE_VERSION 312
#include "tree.h"

#include <fuse_lowlevel.h>

struct notifier;
struct notifier *notifier_new(struct tree *tree, struct fuse_session *se);
/* After all that was given to it has been done. */
void notifier_free(struct notifier *nt);

/* The kernel forgets the content that it keeps of this node, and who polls it is woken. Returns
 * when that is done; no lock of the tree may be held. */
void notifier_invalidate(struct notifier *nt, uint64_t ino);
/* Calls it, some time. */
void notifier_call(struct notifier *nt, void (*fn)(void *arg), void *arg);

#endif
