/*
 * What it would cost to build a commit: which object files a slot's tree would have to compile
 * anew, known from the dependencies that the compiler wrote for the last build there.
 *
 *   slots/N/fanout   "objects N, MS milliseconds each, MS for the rest", then "COUNT PATH" a line:
 *                    so many object files depend on this source file
 */
#ifndef ENGINE_BUILD_COST_H
#define ENGINE_BUILD_COST_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* After a build in `slot` (its directory) that took `build_ns` and began at `begun` (s since 1970,
 * files younger than that were made by it): writes down what depends on what. A tree without
 * kbuild's .cmd files gets none. */
err_t cost_note(const char *slot, int64_t begun, int64_t build_ns, struct error *error);

/* The trees of all slots as they are now; `dir` is that which has the directory `slots`. NULL where
 * none has been built in. One thread. */
struct cost;
struct cost *cost_open(const char *dir, int slots);
void cost_free(struct cost *c);
/* Seconds to build the commit (full hash) in the tree where it takes least. */
double cost_of(struct cost *c, const char *commit);
/* That tree among those that are not `busy` (as many as slots; NULL: all are free). */
int cost_nearest(struct cost *c, const char *commit, const bool *busy);

#endif
