/*
 * The engine: what the mount sees of everything behind it.
 *
 * Commands of users and answers of workers come in, through one queue, to one thread, the core
 * thread, which owns all sessions. Each fact is journalled, applied, shown (through the view
 * below), and then new work is handed out. Who may call what is said with each function; everything
 * else in this room is the core thread's own.
 */
#ifndef ENGINE_CORE_ENGINE_H
#define ENGINE_CORE_ENGINE_H

#include "bisectfs/session.h"
#include "command.h"
#include "paths.h"

struct disk;
struct profile;
struct workers;

/* What the engine tells the mount. All calls but `grew` come from the core thread; the session is
 * valid during the call only. None may block. A name may be used again: `serial` (also in the
 * session) tells which bisection is meant. */
struct engine_view {
	void *self;
	void (*added)(void *self, const struct session *s, bool by_mkdir);
	/* Each fact, once, in the order of the journal; those of a new bisection (created, and
	 * started where it was started at once) come before it is added. */
	void (*changed)(void *self, const struct session *s, const struct event *ev);
	void (*removed)(void *self, const char *name, guint64 serial);
	/* `name` NULL: the defaults of new bisections. */
	void (*setting)(void *self, const char *name, const char *setting);
	/* About once a second while something runs, and after every change. */
	void (*tick)(void *self);
	/* A log of this step has `size` bytes now; run -1: build.log. Any thread. */
	void (*grew)(void *self, const char *name, guint64 serial, int step, int run, int64_t size);
};

/* All that is pointed to is borrowed, but for the strings. */
struct engine_config {
	const char *state; /* directory, absolute; its lock is held already (state_dir_open). NULL:
			    * a simulation, which leaves no trace */
	const struct profile *profile;
	const struct workers *workers; /* copied */
	int vms;		       /* that they run at once */
	const struct disk *disk;       /* NULL: the real one */
	struct engine_view view;
};

struct engine;
err_t engine_new(const struct engine_config *config, struct engine **engine, struct error *error);
/* Reads what is recorded; calls view.added for each bisection. Before engine_run. A journal that
 * cannot be read is an error: nothing is guessed. */
err_t engine_recover(struct engine *e, struct error *error);
/* Starts the core thread: interrupted bisections go on. */
void engine_run(struct engine *e);
/* Stops the workers' jobs, VMs included, and the core thread. Nothing recorded is lost. */
void engine_stop(struct engine *e);
void engine_free(struct engine *e);

/* Takes the command over. Any thread. */
void engine_command(struct engine *e, struct command *c);

/* For the view, in the core thread only. */
const struct settings *engine_defaults(const struct engine *e);
void engine_each(const struct engine *e, void (*fn)(const struct session *s, void *arg), void *arg);
/* The bisection log of one of its sessions. */
const GString *engine_log(const struct engine *e, const struct session *s);
const struct session *engine_last(const struct engine *e); /* started last; NULL: none */

/* What has happened since the daemon began. */
struct engine_counters {
	long events, runs, restarts, faults;
	long reused;		     /* kernels that were not built again */
	long built_ahead, ran_ahead; /* begun before the step that they were for */
};

struct engine_load {
	int builders, builders_busy, vms, vms_busy;
	int builders_ahead, vms_ahead; /* of the busy ones: for steps that may come */
	struct engine_counters counters;
	const char *uncaged; /* why builds are not isolated; NULL: they are */
	err_t disk_error;    /* why the disk takes no facts (-ENOSPC, -EIO ...); 0: it does */
};
/* Whether its reproducer is being made ready: the history is read after that. */
bool engine_is_preparing(const struct engine *e, const struct session *s);
/* Objects of a partial clone that are being fetched for this step (-1: for whatever the bisection
 * needs now); 0: none. `remote`: from where. */
guint engine_fetching(const struct engine *e, const struct session *s, int step,
		      const char **remote);
void engine_load(const struct engine *e, struct engine_load *load);

/* Now, ns since 1970. Any thread. */
int64_t engine_now(void);

#endif
