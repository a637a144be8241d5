/*
 * Inside the engine: the core thread's state. Included by core.c, commands.c, schedule.c and
 * work.c only.
 */
#ifndef ENGINE_CORE_H
#define ENGINE_CORE_H

#include "cancel.h"
#include "engine.h"
#include "journal.h"
#include "repo.h"
#include "store.h"
#include "triage/symbolise.h"

struct bisection {
	struct session *s;
	struct journal *journal;
	GQueue backlog; /* struct event *: facts that the full disk did not take yet */
};

struct job {
	struct engine *e;
	enum wish_kind kind;
	char *name;
	int step, run, slot;
	struct cancel cancel;
	bool cancelled; /* asked to stop because nothing needs it any more */
	/* a copy of what the worker needs */
	struct settings settings;
	guint said; /* session_said when it was handed out */
	char *commit, *cc;
	GStrv patches, options;
	struct next_query query;
	struct event answer; /* EV_NONE: no fact came of it */
	err_t err;
	struct error error;
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
	struct runner runner;
	struct engine_view view;
	char host[256];

	GAsyncQueue *queue; /* struct message * */
	GThread *core;
	GThreadPool *historian; /* one thread: struct job * or struct start *; owns `repo` */
	struct repo *repo;

	GMutex symbols_lock;
	struct symbols *symbols; /* the last kernel's index; of `symbols_of`, a file */
	char *symbols_of;

	/* the core thread's own */
	GHashTable *bisections; /* name -> struct bisection * */
	struct settings defaults;
	GPtrArray *jobs; /* struct job * in flight */
	bool *builder_busy, *vm_busy;
	guint turn; /* whose wishes come first */
	bool stopping;
	bool disk_full;
	guint64 room_then; /* free bytes when the disk was found full */
	gint64 retry_at;   /* monotonic us */
	int retry_s;
	long events, runs, restarts, faults;
};

struct bisection *core_find(const struct engine *e, const char *name);
void core_post(struct engine *e, struct message m); /* any thread */
/* Journals, applies and shows one fact; sets its time. Takes over what `ev` owns. */
err_t core_record(struct engine *e, struct bisection *b, struct event *ev, struct error *error);
/* The disk is full: in-progress bisections pause until there is room. */
void core_disk_full(struct engine *e);
/* A new draft on disk; the view does not know it yet. */
err_t core_add(struct engine *e, const char *name, int uid, int gid, struct bisection **b,
	       struct error *error);
void core_drop(struct engine *e, const char *name);

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

void work_history(struct job *job); /* in the historian: WISH_LOAD, WISH_NEXT */
void work_build(struct job *job);   /* in a thread of its own */
void work_run(struct job *job);
void work_report(struct job *job); /* WISH_REPORT: in a thread of its own, with a builder's slot */

#endif
