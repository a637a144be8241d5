/*
 * The part of `bisectfs plan` that runs the engine on a virtual clock.
 */
#ifndef FS_COMMAND_SIMULATE_H
#define FS_COMMAND_SIMULATE_H

#include <glib.h>

struct simulate_range {
	const char *repo, *bad, *culprit; /* revisions; culprit NULL: not given */
	char *const *goods, *const *skips;
};

struct simulate_options {
	double build_time, object_time, test_time, crash_time; /* seconds */
	double reproducibility, noise, confidence;
	double metric_noise, metric_change; /* percent; negative: no metric */
	char *metric_shape;
	int builders, vms, runs, times;
	gint64 seed;
	gboolean no_ahead, no_certify;
	char *test; /* what the setting of this name is; NULL: its default */
};
extern const struct simulate_options simulate_defaults;
/* Adds them to the parser of `plan`, which writes into `o`. */
void simulate_add_options(GOptionContext *context, struct simulate_options *o);

/* Returns the exit status. */
int simulate_run(const struct simulate_range *range, const struct simulate_options *options);

#endif
