/*
 * Inside the engine: the core thread's state. Included by the engine's own files only: core.c,
 * facts.c, commands.c, control.c, schedule.c, ahead.c, workers.c, work.c and simulate.c.
 */
#ifndef ENGINE_CORE_CORE_H
#define ENGINE_CORE_CORE_H

#include "engine/base/cancel.h"
#include "engine/base/disk.h"
#include "engine.h"
#include "engine/session/forecast.h"
#include "engine/store/journal.h"
#include "engine/store/kernels.h"
#include "engine/build/prepare.h"
#include "engine/history/repo.h"
#include "engine/base/daemon_log.h"
#include "engine/store/state_dir.h"
#include "engine/triage/symbols.h"

struct bisection {
	struct session *s;
	GString *log;		 /* the bisection log */
	struct journal *journal; /* NULL: a simulated one */
	GQueue backlog;		 /* struct event *: facts that the full disk did not take yet */
	char *recipe;		 /* digest of all but the commit that its kernels are made from */
	GHashTable *compilers;	 /* steps' own: name -> digest */
	char *course;		 /* digest of the settings that guide it through the history */
	struct ahead *ahead;	 /* what may come next; owned by ahead.c */
	guint given_again;	 /* how often a step was given a kernel that it had lost */
};

struct job {
	struct engine *e;
	enum wish_kind kind;
	char *name;
	int step, run;
	int slot; /* of the VM; a builder's place, which has a tree of its own only while it builds
		   */
	struct cancel cancel;
	bool cancelled; /* asked to stop because nothing needs it any more */
	/* A build or a run that no step asks for yet: its step is -1 until one does. The core
	 * thread sets `step` while the worker reads it: both by g_atomic_int_*. */
	bool ahead;
	bool begun_ahead;   /* was so when it was begun */
	guint given_again;  /* the bisection's, when a run was begun */
	bool again;	    /* a build for a step that has been built, and shows that build's log */
	double chance;	    /* that a step will ask for it, when that was looked at last */
	char *key;	    /* of the kernel (build, run) or of the question (next) */
	char *dir;	    /* where its logs go */
	struct kernel made; /* by a build */
	/* a copy of what the worker needs */
	struct settings settings;
	struct spawn_user user; /* whose bisection it is */
	guint said;		/* session_judgement_count when it was handed out */
	char *commit, *cc;
	GStrv patches, options;
	struct next_query query;
	struct event answer; /* EV_NONE: no fact came of it */
	err_t err;
	struct error error;
};

struct start;

/* Whoever does the jobs, and the time they take: threads, or a simulation. */
struct workers {
	void *self;
	/* Takes the job; core_post(MSG_JOB_DONE) ends it, any thread. */
	void (*start)(void *self, struct job *job);
	/* Looks up revisions (commands_resolve); core_post(MSG_RESOLVED) ends it, any thread. */
	void (*lookup)(void *self, struct start *start);
	int64_t (*now)(void *self);    /* ns since 1970; may be set back */
	int64_t (*uptime)(void *self); /* us, never set back */
};

enum message_kind { MSG_COMMAND, MSG_RESOLVED, MSG_JOB_DONE, MSG_STOP };

/* A start, or a user's verdict on a commit, whose revisions are being looked up. */
struct start {
	struct engine *e;
	struct command *command;
	GStrv words;
	char *bad;
	GPtrArray *goods;
	struct next_query *range; /* a verdict of a user: what is known; NULL: a start */
	bool fix;
	err_t err;
	struct error error;
};

struct navigator;

struct message {
	enum message_kind kind;
	union {
		struct command *command;
		struct start *start;
		struct job *job;
	};
};

struct engine {
	char *state, *repo_path;
	const struct profile *profile;
	struct builder builder;
	struct confinement confine;
	const char *uncaged; /* why builds are not isolated; NULL: they are */
	struct runner runner;
	struct engine_view view;
	char host[256];

	GAsyncQueue *queue; /* struct message * */
	GThread *core;
	GThreadPool *historian; /* one thread: struct job * or struct start *; owns `repo` */
	struct repo *repo;

	struct workers workers;
	const struct disk *disk;
	bool on_disk; /* false: a simulation, which leaves no trace */

	GMutex trees_lock;
	bool *tree_busy; /* a build has the slot's tree; by `trees_lock` */

	GMutex symbols_lock;
	struct symbols *symbols; /* the last kernel's index; of `symbols_of`, a file */
	char *symbols_of;

	/* the core thread's own */
	GHashTable *bisections; /* name -> struct bisection * */
	struct settings defaults;
	GPtrArray *jobs; /* struct job * in flight */
	struct kernels *kernels;
	GHashTable *answers; /* the history's: key of the question -> struct event * */
	guint answered;	     /* how many there have been */
	bool *builder_busy, *vm_busy;
	guint turn;		      /* whose wishes come first */
	int lacking[WISH_REPORT + 1]; /* wishes of this turn that got no slot */
	bool stopping;
	err_t stuck;	   /* why the disk takes no facts (-ENOSPC, -EIO ...); 0: it does */
	guint64 room_then; /* free bytes when the disk was found full */
	gint64 retry_at;   /* uptime */
	gint64 expired_at; /* uptime: when old bisections were looked for last */
	int retry_s;
	long events, runs, restarts, faults;
	long reused;		     /* kernels that were not built again */
	long built_ahead, ran_ahead; /* begun before the step that they were for */
};

/* An engine without disk or threads: its owner calls core_turn() whenever something has changed,
 * and runs the clock. */
err_t core_new_simulated(const char *repo, const struct profile *profile, int vms,
			 struct workers workers, struct engine **e, struct error *error);
/* One with these workers and this disk (borrowed), which is not run: its owner calls core_begin()
 * and core_turn(). */
err_t core_new(const struct engine_config *config, const struct disk *disk, struct engine **e,
	       struct error *error);
/* After engine_recover: takes up what was interrupted. */
void core_begin(struct engine *e);
/* Takes the oldest message, if there is one, then schedules. True: more may come of it at once. */
bool core_turn(struct engine *e);
int64_t core_now(const struct engine *e);
/* Whether builds for this user have rights of their own: not the daemon's. */
bool core_is_others(const struct engine *e, struct spawn_user user);
struct bisection *core_find(const struct engine *e, const char *name);
void core_post(struct engine *e, struct message m); /* any thread */
struct bisection *bisection_new(const char *name);
void bisection_free(void *b);

/* Journals, applies and shows one fact; sets its time. Takes over what `ev` owns. */
err_t core_record(struct engine *e, struct bisection *b, struct event *ev, struct error *error);
/* The same for a fact that cannot be refused: when the disk does not take it, it waits in memory,
 * unseen; when it does not fit, the bisection fails. */
void facts_take(struct engine *e, struct bisection *b, struct event *ev);
/* Records all that the session concludes from what is known. */
void facts_conclude(struct engine *e, struct bisection *b);
/* Takes their kernels from the steps that have a verdict or were dropped; from all once the
 * bisection is over. */
void facts_take_kernels(struct engine *e, const struct session *s);
/* Keeps it in memory until there is room. */
void facts_keep(struct bisection *b, const struct event *ev);
/* Writes it down, with the last reserve if need be. */
err_t facts_append(struct engine *e, struct bisection *b, struct event *ev, struct error *error);
/* The disk takes no more (`err` of a write): bisections in progress pause until it does. */
void facts_disk_stuck(struct engine *e, err_t err);
/* Whether a fact did not become one because of the disk, rather than because it does not fit. */
bool facts_is_disk(err_t err);
bool facts_is_full(err_t err); /* and that for want of room */
void facts_look_for_room(struct engine *e);
void facts_reserve(struct engine *e); /* room for the journal, should the disk become full */
/* A new draft on disk; the view does not know it yet. */
err_t core_add(struct engine *e, const char *name, uid_t uid, gid_t gid, struct bisection **b,
	       struct error *error);
void core_drop(struct engine *e, const char *name);
/* From disk first: what users see gone must not come back. */
err_t core_remove(struct engine *e, const char *name, struct error *error);

/* Answers the user's write and frees the command. */
void command_answer(struct command *c, err_t err, const struct error *error);
char *command_text(const struct command *c); /* stripped; new */
GStrv command_words(const char *text);	     /* new */
err_t command_gone(const struct command *c, struct error *error);

/* A write to `control`. */
void control_take(struct engine *e, struct command *c);
/* Of a user's verdict on a commit: looks it up, in the historian; records it, in the core thread.
 */
err_t control_resolve(struct start *st, struct repo *repo, struct error *error);
err_t control_judge(struct engine *e, struct start *st, struct error *error);

void commands_take(struct engine *e, struct command *c);
void commands_resolve(struct start *start); /* in the historian */
void commands_resolved(struct engine *e, struct start *start);
err_t commands_load_settings(struct engine *e, const char *name, struct settings *settings,
			     struct error *error);

/* Stops what nobody wants and starts what can be. */
void schedule(struct engine *e);
void schedule_job_done(struct engine *e, struct job *job);
/* The job in flight for this wish; NULL: none. */
struct job *schedule_find(const struct engine *e, const char *name, const struct wish *w);
/* The job in flight that makes this kernel; NULL: none. */
struct job *schedule_building(const struct engine *e, const char *key);
/* Asks the worker to give up. */
void schedule_stop(struct job *job);
/* The slot's number; -1: all are taken. */
int schedule_free_slot(const bool *busy, int n);
/* A run shows in the mount from before its first line on; that is a fact of its own. False: it
 * could not be recorded. */
bool schedule_announce(struct engine *e, struct bisection *b, int step, int run);
/* Takes over the end of a run. */
void schedule_run_done(struct engine *e, struct bisection *b, struct event *ev);
/* Makes of the end of a run that nothing depended on it any more. */
void schedule_skip_run(struct event *ev);
/* A job for the wish; its slot is the caller's to take. In e->jobs, not started. */
struct job *schedule_job(struct engine *e, struct bisection *b, const struct wish *w, int slot);
void job_free(void *job);

/* Kernels and results of users who build with their own rights are not shared with others: makes
 * digests differ by user. */
void recipe_add_user(const struct engine *e, const struct session *s, GChecksum *sum);

/* What the session wishes; but where the kernel of a step that is being tested is gone, that it is
 * built, in place of any run that has not begun. New. */
GArray *missing_kernel_wishes(const struct engine *e, const struct bisection *b);
/* Gives it to the step, from the store. A kernel that is not the one that the step had ends the
 * bisection. False: it has to be built. */
bool missing_kernel_give(struct engine *e, struct bisection *b, int step,
			 const struct kernel *kernel);
/* Whether a run came to nothing because its kernel was gone when it was to start. */
bool missing_kernel_was_why(const struct engine *e, const struct bisection *b,
			    const struct job *job);

/* A digest of all that the kernel of this commit is made from. To be freed. */
char *recipe_key(struct engine *e, struct bisection *b, const char *commit, const char *cc,
		 char *const *patches, char *const *options);
char *recipe_step_key(struct engine *e, struct bisection *b, const struct step *step);
/* The kernel of a step, if it is there and may be used for it. */
const struct kernel *recipe_find(struct engine *e, const struct bisection *b,
				 const struct step *step, const char *key);

/* Whether it chooses by what a build costs (setting `choice`). */
bool recipe_by_cost(const struct bisection *b);

/* The history's answer to a question, borrowed; NULL: not known yet, `key` (to be freed, may be
 * NULL) names the question. */
const struct event *answers_find(struct engine *e, struct bisection *b, const struct next_query *q,
				 char **key);
void answers_put(struct engine *e, const char *key, const struct event *answer);
void answers_forget(struct engine *e);

/* Speculation: keeps the jobs that may still be of use, starts others where nothing else wants the
 * builders and VMs. */
void ahead_schedule(struct engine *e, GPtrArray *bisections);
/* Makes the wished runs out of such as were begun ahead: all are announced before the end of any is
 * known, as if they had begun now. False: there are none. */
bool ahead_adopt_runs(struct engine *e, struct bisection *b, const GArray *wishes);
/* Makes a fact of the end of one adopted run, the shortest first: so they would have ended if they
 * had begun together. False: there is none. */
bool ahead_deliver_run(struct engine *e, struct bisection *b);
/* Once the bisection is over: deletes what nobody took. `last` (may be NULL) is a job on its way
 * out.
 */
void ahead_clean(struct engine *e, const struct bisection *b, const struct job *last);
void ahead_run_done(struct engine *e, struct job *job);
void ahead_free(struct ahead *ahead);

struct workers workers_threads(struct engine *e);
void workers_free(struct engine *e);

void work_history(struct job *job); /* in the historian: WISH_LOAD, WISH_NEXT */
/* The history's answer alone, or EV_FAILED. */
void work_navigate(struct job *job, const struct navigator *nav);
void work_build(struct job *job); /* in a thread of its own */
void work_run(struct job *job);
void work_report(struct job *job); /* WISH_REPORT: in a thread of its own, with a builder's slot */
/* Shows the log of a build in a step. */
void work_show_log(const struct job *job);

#endif
