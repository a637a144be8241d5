/*
 * An engine whose workers, clock and disk do what the test says. History and journals are real;
 * builds end at once, runs when the test ends them.
 */
#ifndef TESTS_UNIT_CORE_FAKE_WORKERS_H
#define TESTS_UNIT_CORE_FAKE_WORKERS_H

#include "engine/base/disk.h"
#include "engine/core/state.h"
#include "engine/store/profile.h"
#include "tests/random-history.h"

struct fake {
	struct random_history *history;
	char *dir, *state;
	struct profile profile;
	int vms;
	struct disk disk;
	struct engine *e; /* NULL: down */
	struct repo *repo;
	int lock;
	int64_t now, uptime_us; /* ns, us */
	/* the test's to set */
	bool hold_lookups;    /* they are made, but their answers wait in `held` */
	err_t disk_error;     /* what each write of a journal ends with */
	guint64 room, inodes; /* that are free */
	/* what has happened */
	GPtrArray *held;    /* struct job *, the engine's: begun and not ended */
	GPtrArray *removed; /* char *: names of bisections that were removed */
	bool answered;	    /* the last command, with these */
	err_t err;
	struct error error;
};

/* Once in a program, around its tests: libgit2, and no log. */
void fake_library_start(void);
void fake_library_stop(void);

/* A history of `commits` commits, and nothing up yet; settings and `vms` may be changed then. */
void fake_open(struct fake *f, int commits);
void fake_close(struct fake *f);
void fake_boot(struct fake *f);
/* It ends without a word: what it had in memory is gone. */
void fake_kill(struct fake *f);

/* Time goes on, and the engine does what it can. */
void fake_wait(struct fake *f, int64_t s);
/* A user's write. Its answer; 0 while it waits for a lookup that is held. */
err_t fake_command(struct fake *f, enum command_kind kind, const char *name, const char *data);
/* The same, and it must succeed. */
void fake_do(struct fake *f, enum command_kind kind, const char *name, const char *data);
/* A bisection of all commits, named so. */
void fake_start(struct fake *f, const char *name);

/* What is held of this kind and bisection, begun first; NULL: nothing. */
struct job *fake_held(const struct fake *f, enum job_kind kind, const char *name);
/* It ends with the answer that it has. */
void fake_end(struct fake *f, struct job *job);
void fake_end_run(struct fake *f, struct job *run, bool crashed);
/* Ends its runs, all alike, until the step is judged. */
void fake_judge(struct fake *f, const char *name, int step, bool crashed);

const struct session *fake_session(const struct fake *f, const char *name);

#endif
