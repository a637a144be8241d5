/*
 * The reproducer as the guest gets it: an ELF program or script as it is, C source compiled.
 */
#ifndef ENGINE_BUILD_PREPARE_H
#define ENGINE_BUILD_PREPARE_H

#include "bisectfs/error.h"
#include "bisectfs/settings.h"
#include "engine/base/cancel.h"
#include "engine/base/spawn.h"

/* Reads the file `from`, leaves an executable in `to`. A missing or empty `from` leaves none. It is
 * compiled with the rights of `user` and within `limits`, so that it includes only what that user
 * may read. Blocks while it is compiled; `cancel` (may be NULL) ends that at once, with -ECANCELED.
 * One thread at a time for one `to`. */
err_t prepare_reproducer(const char *from, const char *to, const struct settings *settings,
			 struct spawn_user user, const struct spawn_limits *limits,
			 struct cancel *cancel, struct error *error);

#endif
