/*
 * The daemon's own handle on its mount, and the operations that the publisher performs through it.
 *
 * It must not keep an unmount from happening, nor outlive it: a clone of the mount, which is closed
 * when the mount is seen to be gone. And a kill -9 of the daemon must end the connection although
 * the publisher may be inside a request to it: so that thread has descriptors of its own, without
 * /dev/fuse.
 */
#ifndef FS_MOUNT_ROOT_H
#define FS_MOUNT_ROOT_H

#include "publisher.h"

struct mount_root;
struct mount_root *mount_root_new(struct fuse_session *se, const char *mountpoint);
/* After the publisher has ended. */
void mount_root_free(struct mount_root *r);
struct publisher_mount mount_root_operations(struct mount_root *r);

#endif
