/*
 * What an experiment is known by.
 */
#ifndef ENGINE_STORE_EXPERIMENT_H
#define ENGINE_STORE_EXPERIMENT_H

#include "bisectfs/settings.h"
#include "engine/base/spawn.h"

/* A digest of all that a run's outcome depends on beside the kernel: where it is equal, bisections
 * share their results. Of the bisection `name` (NULL: of the defaults); `user` NULL: its builds
 * have the daemon's rights. To be freed; NULL where a result depends on the bisection itself.
 * Reads the files among the settings; any thread. */
char *experiment_key(const char *state, const char *name, const struct settings *settings,
		     const struct spawn_user *user);

/* Kernels and results of users who build with their own rights are not shared with others: makes
 * digests differ by user. NULL: adds nothing. */
void experiment_add_user(GChecksum *sum, const struct spawn_user *user);

#endif
