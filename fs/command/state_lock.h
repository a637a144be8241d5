/*
 * The state directory belongs to one daemon at a time. One whose mount is gone may need some
 * seconds to end its guests and builds; a mount that follows waits for it.
 */
#ifndef FS_COMMAND_STATE_LOCK_H
#define FS_COMMAND_STATE_LOCK_H

#include "bisectfs/error.h"

/* Opens the state directory for the daemon that is to be mounted at `mountpoint`; `fd` keeps it.
 * Waits for a daemon that is ending, 60 s at most, and says so on stderr after one. -EBUSY: the
 * other one is mounted, or has not ended. */
err_t state_lock_take(const char *state, const char *mountpoint, int *fd, struct error *error);

#endif
