/*
 * The engine: what the mount sees of everything behind it.
 *
 * One core thread owns all sessions. Commands of users and facts of workers come to it through one
 * queue; each fact is journalled, applied, shown (through the view below) and then new work is
 * handed out. Workers are threads with one job; they answer with facts.
 */
#ifndef ENGINE_CORE_ENGINE_H
#define ENGINE_CORE_ENGINE_H

#include "bisectfs/runner.h"
#include "bisectfs/session.h"
#include "engine/core/paths.h"
#include "engine/build/builder.h"
#include "engine/store/profile.h"

/* What the engine tells the mount. All calls but `grew` come from the core thread; the session is
 * valid during the call only. None may block. */
struct engine_view {
	void *self;
	void (*added)(void *self, const struct session *s, bool by_mkdir);
	/* Each fact, once, in the order of the journal; those of a new bisection (created, and
	 * started where it was started at once) come before it is added. */
	void (*changed)(void *self, const struct session *s, const struct event *ev);
	void (*removed)(void *self, const char *name);
	/* `name` NULL: the defaults of new bisections. */
	void (*setting)(void *self, const char *name, const char *setting);
	/* About once a second while something runs, and after every change. */
	void (*tick)(void *self);
	/* A log of this step has `size` bytes now; run -1: build.log. Any thread. */
	void (*grew)(void *self, const char *name, int step, int run, int64_t size);
};

struct engine_config {
	const char *state, *repo; /* directories, absolute */
	const struct profile *profile;
	struct builder builder;
	struct runner runner;
	struct engine_view view;
};

struct engine;
/* Opens the repository, the state directory must be locked already (state_dir_open). Borrows what
 * the configuration points to. */
err_t engine_new(const struct engine_config *config, struct engine **engine, struct error *error);
/* Reads what is recorded; calls view.added for each bisection. Before engine_run. A journal that
 * cannot be read is an error: nothing is guessed. */
err_t engine_recover(struct engine *e, struct error *error);
/* Starts the core thread: interrupted bisections go on. */
void engine_run(struct engine *e);
/* Stops the workers, VMs included, and the core thread. Nothing recorded is lost. */
void engine_stop(struct engine *e);
void engine_free(struct engine *e);

enum command_kind {
	CMD_MKDIR,   /* a draft named `name` */
	CMD_RMDIR,   /* and all its data */
	CMD_START,   /* `name` NULL: a new one with the defaults; data: "BAD [GOOD...]" */
	CMD_CONTROL, /* data: pause, resume, abort */
	CMD_SET,     /* setting `word` of `name` (NULL: defaults) becomes `data` */
	CMD_MODE,    /* the large setting or further file `word` gets the permissions `mode` */
	CMD_UNSET,   /* removes the further file `word` ("files/NAME") */
};

/* A user's command. Made by command_new, owned by the engine from engine_command on. */
struct command {
	enum command_kind kind;
	char *name, *word;
	uid_t uid;
	gid_t gid;
	int mode; /* CMD_MODE, CMD_SET: permission bits of a large setting; -1: as they are */
	GBytes *data;
	char *made; /* the name that a start through new/ got */
	/* Called once, in the core thread, after the command took effect or was refused. */
	void (*done)(struct command *c, err_t err, const struct error *error);
	void *arg;
};
struct command *command_new(enum command_kind kind, const char *name, uid_t uid, gid_t gid);
void command_free(struct command *c);
void engine_command(struct engine *e, struct command *c); /* any thread */

/* For the view, in the core thread only. */
const struct settings *engine_defaults(const struct engine *e);
void engine_each(const struct engine *e, void (*fn)(const struct session *s, void *arg), void *arg);
/* The bisection log of one of its sessions. */
const GString *engine_log(const struct engine *e, const struct session *s);
const struct session *engine_last(const struct engine *e); /* started last; NULL: none */
struct engine_load {
	int builders, builders_busy, vms, vms_busy;
	int builders_ahead, vms_ahead; /* of the busy ones: for steps that may come */
	long events, runs, restarts, faults;
	long reused;		     /* kernels that were not built again */
	long built_ahead, ran_ahead; /* begun before the step that they were for */
	const char *uncaged;	     /* why builds are not isolated; NULL: they are */
	err_t stuck; /* why the disk takes no facts (-ENOSPC, -EIO ...); 0: it does */
};
void engine_load(const struct engine *e, struct engine_load *load);

/* Now, ns since 1970. */
int64_t engine_now(void);

#endif
