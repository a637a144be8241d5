/*
 * The reproducer as the guest gets it: an ELF program or script as it is, C source compiled.
 */
#ifndef ENGINE_PREPARE_H
#define ENGINE_PREPARE_H

#include "bisectfs/error.h"
#include "bisectfs/settings.h"

/* Reads the file `from`, leaves an executable in `to`. A missing or empty `from` leaves none. */
err_t prepare_reproducer(const char *from, const char *to, const struct settings *settings,
			 struct error *error);

#endif
