/*
 * Looks a state directory through and changes nothing: what cannot be read, what is missing, what
 * was left half done.
 */
#ifndef ENGINE_STORE_FSCK_H
#define ENGINE_STORE_FSCK_H

#include "bisectfs/error.h"

#include <stdbool.h>

struct fsck {
	/* One line each, in the order in which they are found. `harmless`: the next mount sees to
	 * it. */
	void (*found)(void *arg, bool harmless, const char *path, const char *what);
	void *arg;
	int bisections, runs, kernels; /* what there is */
	int problems, notes;
};

/* -EBUSY: a daemon uses it; -ENOENT, -EINVAL: it is no state directory. Problems are no error. */
err_t fsck_state(struct fsck *f, const char *state, struct error *error);

#endif
