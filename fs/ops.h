/*
 * The FUSE operations: names to nodes, user writes to commands. The life of a request:
 *
 *   kernel -> handler (any of libfuse's threads)
 *     reads:  the node under the tree's lock -> reply
 *     writes: a command -> engine's core thread -> done -> publisher (after what the command
 *             changed is visible) -> reply
 *     of the publisher itself: apply the prepared change -> reply
 */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "publish.h"
#include "watch.h"

#include "engine/core/engine.h"

struct mount {
	struct tree tree;
	struct publisher *publisher;
	struct watch *watch;
	struct engine *engine;
	GMutex errors_lock;
	GHashTable *errors; /* uid -> last error's text */
};

extern const struct fuse_lowlevel_ops fs_ops;

#endif
