/*
 * A bisection on a virtual clock: the real session, scheduler and history; builds and runs that
 * take the time they are said to take and show what a hidden truth says. Nothing touches the disk.
 */
#ifndef ENGINE_SIMULATE_SIMULATE_H
#define ENGINE_SIMULATE_SIMULATE_H

#include "bisectfs/session.h"
#include "engine/store/profile.h"
#include "engine/history/repo.h"

/* How numbers scatter round their mean. */
enum noise_shape {
	NOISE_NORMAL,
	NOISE_HEAVY,  /* heavy tails: Student's t with three degrees of freedom */
	NOISE_SKEWED, /* a long tail on the worse side: lognormal */
	NOISE_SHAPES
};

struct simulation {
	/* what is searched for: full hashes */
	const char *bad, *culprit;
	char *const *goods; /* empty: the walk over the releases finds one */
	char *const *skips; /* do not build; NULL: none */
	/* the machine, and how long things take (seconds) */
	int builders, vms;
	double build_s, test_s;
	double object_s; /* with the setting `test` = build: to make one object */
	double crash_s;	 /* into a run, on average, until its crash shows; 0: at its end */
	bool ahead;	 /* build and run what may come next */
	/* the reproducer */
	double reproducibility; /* chance that a run of a commit with the bug shows it */
	double noise;		/* chance that a run of any commit crashes without it */
	/* where `settings` has a metric: the numbers of runs */
	double metric_noise;  /* standard deviation over the mean */
	double metric_change; /* how much the bug makes the mean worse, of it */
	enum noise_shape metric_shape;
	const struct settings *settings;
	guint64 seed; /* same seed, same outcomes, however they are scheduled */
};

struct simulated {
	char *verdict; /* of the bisection */
	GStrv found;   /* candidates; NULL: none */
	int runs;      /* that were counted */
	int tested;    /* revisions */
	int64_t total_ns, build_ns, test_ns;
	char *log;
};
void simulated_clear(struct simulated *out);

/* A machine that simulates, kept for many bisections of one repository. */
struct simulator;
err_t simulator_new(const char *repo, const struct simulation *machine, struct simulator **sim,
		    struct error *error);
void simulator_free(struct simulator *sim);
struct repo *simulator_repo(struct simulator *sim);
/* -EDEADLK: nothing goes on any more, which would be a fault of the scheduler. */
err_t simulator_run(struct simulator *sim, const struct simulation *what, struct simulated *out,
		    struct error *error);

#endif
