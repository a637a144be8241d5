/*
 * The reproducer as the guest gets it: an ELF program or script as it is, C source compiled.
 */
#ifndef ENGINE_PREPARE_H
#define ENGINE_PREPARE_H

#include "bisectfs/error.h"
#include "bisectfs/settings.h"

/* Whose file is compiled: with this user's rights, so that its source includes only what the user
 * may read. Anybody's but root's makes a difference only where we are root. */
struct prepare_user {
	int uid, gid;
};

/* Reads the file `from`, leaves an executable in `to`. A missing or empty `from` leaves none.
 * Blocks while it is compiled. */
err_t prepare_reproducer(const char *from, const char *to, const struct settings *settings,
			 struct prepare_user user, struct error *error);

#endif
