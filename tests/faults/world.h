/*
 * A machine that can be trusted with nothing: a clock that jumps, a disk that fills up, tears a
 * write or dies, builds that fail, guests that are lost. Everything it does follows from one seed.
 * The engine on it is the real one, with journals and kernels in a real directory.
 */
#ifndef TESTS_FAULTS_WORLD_H
#define TESTS_FAULTS_WORLD_H

#include "engine/base/disk.h"
#include "engine/core/state.h"
#include "engine/simulate/agenda.h"
#include "engine/store/profile.h"
#include "tests/random-history.h"

struct oracle;

/* What the commits really are. */
struct truth {
	int culprit; /* the commit that broke it; fix: that mended it */
	bool fix;
	bool *has_bug;	     /* by number of the commit */
	bool *broken;	     /* does not build */
	int *kernel;	     /* commit whose kernel is the same */
	bool compiles;	     /* the bug is that it does not compile */
	double shows;	     /* chance that the bug shows in a run; 1: the truth is always told */
	double noise;	     /* that something else crashes */
	double lost, untold; /* that a run is lost, or cannot tell */
	bool boots;	     /* the test is to come up, and the bug is not to */
	bool unexecutable;   /* the reproducer cannot be executed */
	bool metric;	     /* runs give a number: about 100, or about 80 where the bug shows */
};

#define METRIC_GOOD 100.0
#define METRIC_BAD 80.0

enum death { DEATH_BEFORE, DEATH_TORN, DEATH_AFTER, DEATHS };

struct world {
	guint64 seed;
	GRand *chance;
	const struct random_history *history;
	struct truth truth;
	struct profile profile;
	int vms;
	bool minimizes;
	char *state;
	struct engine *e; /* NULL: down */
	struct repo *repo;
	struct disk disk;
	int lock;
	struct oracle *oracle;
	/* time, ns */
	int64_t now, uptime;
	struct agenda agenda; /* in uptime */
	/* the disk */
	int writes_left; /* until it dies; -1: it does not */
	enum death death;
	bool dead, full;
	int64_t full_until; /* uptime */
	err_t full_error;   /* -ENOSPC, or -EDQUOT where it is a quota */
	double deletes;	   /* chance that somebody deletes a kernel that a guest is to start with */
	double bad_writes; /* chance of -EIO */
	GHashTable *leavings; /* inode -> where it was to be cut off, and could not be */
	/* what has happened */
	int answers, commands;
	bool verbose;
	GChecksum *trace; /* of all that was shown: equal for equal seeds */
};

/* Bytes of a file that the engine takes for written. */
off_t world_written(const struct world *w, const char *path);

/* Draws. */
bool world_chance(struct world *w, double p);
int world_pick(struct world *w, int from, int to); /* from <= x < to */

/* Says what is wrong and how to see it again, and ends the program. */
void world_fail(const struct world *w, const char *format, ...) G_GNUC_PRINTF(2, 3) G_GNUC_NORETURN;
void world_say(const struct world *w, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The agenda's: what is left of a job that is stopped. */
void world_stop(void *world, struct job *job);

/* The daemon comes up over what is in the state directory, and goes on. */
void world_boot(struct world *w);
/* It ends without a word: what it had in memory is gone. */
void world_kill(struct world *w);
/* It is asked to end. */
void world_shut_down(struct world *w);

/* Time goes on to the next end of anything. False: nothing is going on. */
bool world_advance(struct world *w);
void world_wait(struct world *w, double s);

/* A user's write; the answer is counted. */
void world_command(struct world *w, enum command_kind kind, const char *name, const char *word,
		   const char *data);

#endif
