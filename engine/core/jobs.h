/*
 * Jobs: what the core asks of its workers, and those that are in flight.
 *
 * A job is handed to a worker, which sees what is in it and nothing of the engine, blocks its own
 * thread, and leaves the answer in it. Then the job is the core thread's again. Jobs in flight are
 * listed here, by the core thread alone.
 */
#ifndef ENGINE_CORE_JOBS_H
#define ENGINE_CORE_JOBS_H

#include "bisectfs/session.h"
#include "slots.h"
#include "engine/base/cancel.h"
#include "engine/base/spawn.h"
#include "engine/store/kernels.h"

struct command;
struct job;

enum job_kind {
	JOB_PREPARE, /* makes of the reproducer what the guest runs */
	JOB_LOOKUP,  /* looks up revisions that a user named */
	JOB_LOAD,    /* reads the history: where the bisection begins and ends */
	JOB_NEXT,    /* asks the history for the next commit */
	JOB_BUILD,
	JOB_RUN,
	JOB_REPORT, /* asks get_maintainer.pl */
	JOB_KINDS
};

/* What a kernel is made from. */
struct kernel_source {
	char *key; /* a digest of all of it: names the kernel in the store */
	char *commit;
	char *cc; /* compiler; NULL: the default */
	GStrv patches, options;
	GStrv since;	 /* what has changed since these commits is made first */
	char *object;	 /* only this is made, where make knows it; NULL: all */
	bool all_errors; /* the build goes on after the first one */
};

/* A start, or a user's verdict on a commit. */
struct lookup {
	struct command *command; /* whose answer waits for it */
	GStrv words;		 /* what the user wrote */
	GStrv paths;		 /* a start's: pathspecs; NULL: none */
	bool first_parent;
	bool fix;
	enum verdict verdict; /* the user's; VERDICT_NONE: it is a start */
	/* a verdict: what is known, which it must not contradict */
	struct next_query range;
	bool over; /* and it is to be taken up again */
	/* what the search was started with, in git's words: no word of its user's takes it back */
	char *bad_end; /* NULL: not known yet */
	GStrv good_ends;
	/* a start: the count of changes to its settings when it was asked */
	guint settings_version;
	/* the answer: the starting commit, or that which the verdict is on */
	char *commit;
	char *subject;	   /* of what the verdict is on */
	GPtrArray *goods;  /* char *, NULL-terminated once it is answered */
	GPtrArray *judged; /* the same: "VERDICT HASH SUBJECT", taken over from another search */
	char *key;	   /* of the experiment; NULL: it shares no results */
};

/* Whoever hears of a worker's progress and of a job's end. Any thread. */
struct job_listener {
	void *self;
	/* The job has its answer. It is the listener's from then on. */
	void (*done)(void *self, struct job *job);
	/* The log of a build or run has this many bytes now. */
	void (*grew)(void *self, const struct job *job, int64_t size);
};

/* Whoever does the jobs, and the time they take: threads, or a simulation. */
struct workers {
	void *self;
	/* Takes the job; its listener hears of its end. */
	void (*start)(void *self, struct job *job);
	int64_t (*now)(void *self);    /* ns since 1970; may be set back */
	int64_t (*uptime)(void *self); /* us, never set back */
	const char *uncaged;	       /* why builds are not isolated; NULL: they are */
};

struct job {
	enum job_kind kind;
	guint64 serial; /* of its bisection; 0: of one that is not there yet (a start through new/)
			 */
	char *name;	/* of the bisection; NULL: the defaults (a start through new/) */
	struct settings settings; /* a copy */
	struct spawn_user user;	  /* whose bisection it is */
	struct cancel cancel;
	const struct job_listener *listener;

	/* The step that asks for it; -1: none does yet. The core thread sets it while the worker
	 * reads it: by job_step and jobs_give_to_step. */
	gint step;
	int slot; /* of the VM; a builder's place, which has a tree of its own only while it builds
		   */
	bool ahead; /* begun before a step asked for it */
	/* Objects of a partial clone that it is fetching; 0: it does not. The worker sets it while
	 * the core thread reads it: by job_fetches and job_fetching. */
	gint fetching;
	const char *fetches_from; /* the remote's name, interned; set before `fetching` */
	union {
		struct lookup lookup;
		struct {
			char *commit; /* the starting one */
			GStrv goods;
		} load;
		struct {
			char *key; /* of the question */
			struct next_query query;
			int step; /* number that the answer will have */
		} next;
		struct {
			struct kernel_source source;
			bool again; /* the step has the log of its first build: this one's is not
				       shown */
			struct kernel made; /* the answer; its key is `source`'s */
		} build;
		struct {
			struct kernel_source source;
			int run;
			char *dir; /* where its logs go */
		} run;
		struct {
			char *commit;
			bool maintainers;    /* they are wanted */
			int culprit, parent; /* steps with their kernels; -1: none */
		} report;
	};

	/* the answer */
	struct event answer; /* EV_NONE: no fact came of it */
	err_t err;	     /* -EREMOTEIO: a remote does not give what the repository lacks */
	struct error error;

	/* the core thread's alone */
	struct {
		bool cancelled;		   /* asked to stop because nothing needs it any more */
		bool speculative;	   /* no step asks for it now */
		double chance;		   /* that one will, when that was looked at last */
		guint judgements;	   /* session_judgement_count when it was handed out */
		guint kernels_given_again; /* the bisection's count when it was handed out */
	} plan;
};

/* One for this bisection (NULL: for none that is there), with a copy of its settings. `listener` is
 * borrowed. `polled`: the request to stop has a descriptor. */
struct job *job_new(enum job_kind kind, const struct session *s,
		    const struct job_listener *listener, bool polled);
void job_free(void *job);
int job_step(const struct job *job); /* any thread */
/* It fetches so many objects now, from the remote of this name; 0 and NULL: no more. The worker's.
 */
void job_fetches(struct job *job, guint objects, const char *remote);
/* Objects that it is fetching, 0: none; `remote`: from where, for ever. Any thread. */
guint job_fetching(const struct job *job, const char **remote);
/* What a build or run is made from; NULL: it is neither. */
const struct kernel_source *job_source(const struct job *job);
/* A run's number; -1: it is none. */
int job_run(const struct job *job);
/* The kind of slot that it takes; SLOT_KINDS: none. */
enum slot_kind job_slot_kind(const struct job *job);
/* The run was stopped, nothing depended on it any more: makes that its answer. */
void job_skip_run(struct job *job);
/* Makes of the end of a run that nothing depended on it any more. */
void job_skip_outcome(struct event_run_done *done);
void kernel_source_clear(struct kernel_source *source);

/* ---- in flight: the core thread's ---- */

struct jobs;
struct jobs *jobs_new(void);
void jobs_free(struct jobs *jobs); /* and all in it */
void jobs_add(struct jobs *jobs, struct job *job);
void jobs_end(struct jobs *jobs, struct job *job); /* takes it off the list and frees it */
guint jobs_count(const struct jobs *jobs);
struct job *jobs_at(const struct jobs *jobs, guint i);
/* The job that fulfils this wish of the bisection; NULL: none. */
struct job *jobs_find(const struct jobs *jobs, guint64 serial, const struct wish *w);
bool jobs_fulfils(const struct job *job, guint64 serial, const struct wish *w);
/* The build that makes this kernel; NULL: none. */
struct job *jobs_building(const struct jobs *jobs, const char *key);
/* The question to the history with this key; NULL: none. */
struct job *jobs_asking(const struct jobs *jobs, const char *key);
/* Whether an older bisection of the same name has jobs that are still ending. */
bool jobs_of_namesake(const struct jobs *jobs, const struct session *s);
/* Asks the worker to give up. */
void jobs_stop(struct job *job);
void jobs_stop_all(struct jobs *jobs);
/* A step asks for what was begun ahead; -1: none does any more. */
void jobs_give_to_step(struct job *job, int step);

#endif
