/*
 * The session: one bisection as a pure state machine.
 *
 * Events go in (session_apply), state is what can be read from the struct, and what the session
 * wants next comes out as decisions and wishes. No clock, no I/O, no threads: time is a field of
 * the event, so the same events always give the same session, live or replayed.
 *
 * Owned by the engine's core thread; others see it only inside calls that this thread makes.
 *
 * This is the face of engine/session, whose files are named below: session_* functions are in the
 * file that is about the same.
 */
#ifndef BISECTFS_SESSION_H
#define BISECTFS_SESSION_H

#include "bisectfs/event.h"
#include "bisectfs/settings.h"
#include "bisectfs/step.h"

#include <glib.h>
#include <sys/types.h>

enum session_state {
	STATE_DRAFT,
	STATE_QUEUED, /* started; its history is not read yet */
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_DONE,
	STATE_FAILED,
	STATE_ABORTED,
	SESSION_STATES
};

enum step_state { STEP_BUILDING, STEP_TESTING, STEP_DONE };

struct run {
	enum outcome_kind outcome; /* OUTCOME_NONE while it runs */
	enum crash_type type;
	int status;
	int64_t started, duration; /* ns */
	char *title;
	char *value;   /* the number that `metric` found, as printed; NULL: none */
	double number; /* the same, read once; only of a run that ended well with a number */
};

struct step {
	enum step_state state;
	enum step_role role;
	enum verdict verdict;
	char *commit, *subject, *release;
	char *reason, *compiler, *signature;
	bool build_failed;
	char *object;	   /* that could not be made, or that `matched` is about; NULL: unknown */
	bool no_tree;	   /* nothing was compiled: its tree cannot be had */
	bool alone;	   /* only the object known before was made, no whole kernel */
	char *matched;	   /* line of the build's log that `fail` matched; NULL: none */
	char *build_error; /* why it does not build; NULL: it does, or is not built yet */
	char *title;	   /* of the bug that its build shows; NULL: none */
	bool dropped;	   /* ended without a verdict */
	bool interrupted;  /* dropped because the bisection ended: its test counts for nothing */
	bool by_user;	   /* its verdict is its user's judgement, no measurement */
	enum verdict presumed;	   /* known when it was chosen: needs no test */
	int same_as;		   /* step whose verdict it took: the same kernel; -1: none */
	enum verdict known;	   /* another bisection's verdict on this kernel */
	int known_good, known_bad; /* and its runs */
	char *cc;		   /* compiler; NULL: the default */
	GStrv patches;	   /* "pick HASH", "revert HASH", "merge HASH": applied before building */
	GStrv options;	   /* Kconfig lines over the baseline; NULL: the whole config */
	int left, roughly; /* git's estimate when it was chosen; -1: none */
	int64_t started;   /* ns since 1970 */
	int64_t build_ns;
	GArray *runs; /* struct run, index is the run's number */
};

/* A user's verdict on a commit, given when there were `after` steps. */
struct judgement {
	char *commit;
	char *subject;	      /* NULL: not known */
	enum verdict verdict; /* bad: it crashes, in both modes */
	guint after;
	bool during_step; /* the last of them was not judged yet: its verdict is the later word */
};

struct session {
	char *name;
	guint64 serial; /* tells it from others that had the name; its owner's, in no journal */
	uid_t uid;
	gid_t gid;
	enum session_state state;
	enum session_state paused_from; /* queued or running */
	bool paused_by_disk;
	int64_t created, started, changed, ended; /* ns since 1970; 0: not yet */
	struct settings settings;
	char *text;    /* what was written to `start` */
	char *bad;     /* starting commit */
	char *given;   /* as the user gave it, where `bad` is its copy on the branch; else NULL */
	char *base;    /* fix in another tree: the merge base; else NULL */
	char *key;     /* of the experiment: results are shared where it is equal */
	GStrv goods;   /* given */
	char *doubted; /* one of them that a run has shown to have the bug; NULL: none */
	GStrv paths;   /* pathspecs that it is limited to; NULL: to none */
	bool first_parent; /* only first parents are followed */
	GStrv releases;	   /* "NAME HASH", newest first: those to walk; fix: one line, the head */
	bool loaded;
	bool shallow;	  /* the repository's history ends before the oldest release */
	GPtrArray *steps; /* struct step * */
	/* The range as it was when the search began, in git's words; NULL before. */
	char *search_bad;
	GStrv search_goods;
	int checked; /* merge bases of the goods need no test any more */
	bool flaky;
	double reproducibility; /* 0..1, from the first step on; -1 before */
	double confidence;	/* product over good steps */
	GArray *judgements;	/* struct judgement */
	GArray *retests;	/* int: steps to be tested anew */
	guint retests_begun;	/* how many of them have their step */
	bool replan;		/* a user's verdict may have changed what comes next */
	GStrv options;		/* Kconfig lines that the config has over the baseline */
	bool minimize;		/* they are to be minimised */
	GStrv found;		/* candidates; NULL until the search ends */
	GStrv parents;		/* of the one that was found */
	GStrv inside;		/* which commit of a merge's side breaks; NULL: not known */
	guint found_at;		/* number of steps when it was found */
	GStrv borders;		/* where the bug comes and goes, see borders.h; NULL: it does not */
	bool reported;
	GStrv maintainers;		   /* "to: ADDRESS", "cc: ADDRESS" */
	GStrv found_labels, config_labels; /* of the one that was found; see labels.h */
	char *found_text; /* the commit as `git show --stat` gives it, or those of `borders` */
	char *verdict, *error, *status_reason;
	bool no_op;		   /* the verdict is that the culprit does not change the kernel */
	int64_t build_ns, test_ns; /* totals */
	int64_t idle_ns;	   /* it was over, before its user took it up again */
	int restarts;
};

/* ---- state.c: its life, and what can be read from it without a rule ---- */

struct session *session_new(const char *name);
void session_free(struct session *s);

const char *session_state_name(enum session_state state);
const char *step_state_name(enum step_state state);

bool session_in_progress(const struct session *s); /* queued, running or paused */
/* Done; or done once, and being minimised now: the answer stands. */
bool session_has_answer(const struct session *s);
bool session_over(const struct session *s); /* done, failed or aborted */
/* From its start to now or its end, without the time in which it was over. */
int64_t session_duration(const struct session *s, int64_t now);
struct step *session_step(const struct session *s, int n); /* NULL where there is none */
/* Its kernel is its commit's own, in the configuration in use: it says what that commit is. */
bool step_is_of_commit(const struct step *step);
struct run *step_run(const struct step *step, int k);
/* What it showed, as one line: its outcome, or the number that it gave. */
void run_print(const struct run *r, char *text, int size);
/* It was stopped because nothing depended on it any more, and says nothing. */
bool run_was_stopped(const struct run *r);
/* The step that shows the bug first; NULL: none yet. */
const struct step *session_first_step(const struct session *s);
/* Its number; that of the step to come where there is none. */
int session_first(const struct session *s);
/* The last step of this role, and of this commit (NULL: of any), that was not interrupted; NULL:
 * none. */
const struct step *session_find_step(const struct session *s, enum step_role role,
				     const char *commit);
/* Steps that were really tested. */
int session_tested(const struct session *s);
/* How often a user has changed what is known: an answer made before the last time is out of date.
 */
guint session_judgement_count(const struct session *s);

/* ---- fits.c, apply.c: what events do to it ---- */

/* Whether it would take this event: 0, or -EINVAL with the reason. Asked before the event is
 * written down: one on disk that does not fit could never be read again. */
err_t session_fits(const struct session *s, const struct event *ev, struct error *error);

/* Takes one event. -EINVAL as session_fits says (a damaged or foreign journal); the session is
 * unchanged then. */
err_t session_apply(struct session *s, const struct event *ev, struct error *error);

/* ---- conclude.c ---- */

/* A conclusion that the state allows now (a step's verdict, the end): fills `ev` and returns true.
 * The caller sets its time, journals and applies it, and asks again. */
bool session_decide(const struct session *s, struct event *ev);

/* Whether the step, just built, may take over what another bisection found out about its kernel
 * (EV_KNOWN). */
bool session_may_take_over(const struct session *s, int n);

/* ---- wishes.c ---- */

enum wish_kind {
	WISH_LOAD,   /* read history, prepare the reproducer: answer EV_LOADED or EV_FAILED */
	WISH_NEXT,   /* choose or describe the next commit: answer EV_STEP, EV_FOUND, EV_FAILED */
	WISH_BUILD,  /* answer EV_BUILT, EV_BUILD_FAILED */
	WISH_RUN,    /* EV_RUN_STARTED, then EV_RUN_DONE */
	WISH_REPORT, /* who is to be told of the culprit: answer EV_REPORTED */
};

struct wish {
	enum wish_kind kind;
	int step; /* WISH_NEXT: the number that it will have */
	int run;
};

/* Appends all that the session wants done now (struct wish), most wanted first. What is in flight
 * already is in the list as long as it is wanted: what is missing from it can be stopped. */
void session_wishes(const struct session *s, GArray *wishes);

/* ---- next.c ---- */

/* What WISH_NEXT asks for: a fixed commit (role and commit), or the choice between these. Verdicts
 * are in git's words: fix mode turns them round. */
struct next_query {
	enum step_role role;
	char *commit;  /* NULL for ROLE_SEARCH */
	char *release; /* name, may be NULL */
	char *cc;      /* compiler whatever `compilers` says; empty: the default; NULL: as it says
			*/
	char *bad;
	GStrv goods;
	GStrv skips;
	GStrv paths; /* as in the session; NULL: none */
	bool first_parent;
	int checked;
	double test_s; /* that the tests of a step took so far, on average */
	char *current; /* step in progress that may be chosen again; NULL: none */
	GStrv patches, options;
	char *start; /* fix: the starting commit, for "does this commit have the bug yet?" */
	/* What has been tested; in cause mode only where verdicts may contradict one culprit. */
	GStrv crashed, clean, untestable;
	/* The ends that a line of verdicts which contradict one culprit lies between; `bottom` may
	 * be NULL. `top` is NULL where there are no such verdicts. */
	char *top, *bottom;
	char *merge_alone; /* ROLE_INSIDE: the merge that is the answer itself; NULL: it is not */
	char *bad_good;	   /* a given good commit that has the bug: the answer without such a line;
			    * NULL: none */
};
void session_next_query(const struct session *s, struct next_query *q);
void next_query_clear(struct next_query *q);

/* ---- range.c: what is known of commits ---- */

/* What is known of a commit: a user's verdict, else that of the step that tested it last. */
enum verdict session_verdict_of(const struct session *s, const char *commit);
/* "bad" or "good" as `git bisect` is told: fix mode turns the words round. */
const char *session_git_term(const struct session *s, enum verdict v);

/* ---- tally.c: runs and crashes ---- */

/* Runs that the step may take at most. */
int session_runs_wanted(const struct session *s, const struct step *step);
/* A step that ran the kernel with this signature and was judged by its own runs; -1: none. */
int session_step_with_kernel(const struct session *s, const char *signature);
/* Whether a run that ended so would count as bad in a step that is not the first. */
bool session_outcome_is_bad(const struct session *s, const struct event_run_done *done);
/* Bad runs that make a commit of the search bad. */
int session_bad_runs_wanted(const struct session *s);
/* Its good and bad runs. */
void session_counts(const struct session *s, int n, int *good, int *bad);
/* A run whose title stands for the bug, a crash where there is one, else another failure: that of
 * the last bad step that has one; NULL: none. */
const struct run *session_crash(const struct session *s, int *step, int *run);
/* The run whose crash, or else other failure, represents a step; -1: none. */
int step_representative(const struct session *s, const struct step *step);

#endif
