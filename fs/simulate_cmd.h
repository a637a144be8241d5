/*
 * The part of `bisectfs plan` that runs the engine on a virtual clock.
 */
#ifndef FS_SIMULATE_CMD_H
#define FS_SIMULATE_CMD_H

#include <glib.h>

struct simulate_range {
	const char *repo, *bad, *culprit; /* revisions; culprit NULL: not given */
	char *const *goods, *const *skips;
};

/* Options of --simulate, for the parser of `plan`. */
extern GOptionEntry simulate_options[];

/* Returns the exit status. */
int simulate_run(const struct simulate_range *range);

#endif
