/*
 * The event: one fact about one bisection, the only thing that ever changes a session.
 *
 * Events come from users (started, paused, ...), from workers (built, run_done, ...) and from the
 * session's own conclusions (verdict, concluded). Each becomes one line of JSON in the journal
 * before anybody sees its effect. Each kind has a struct of its own with what it says; how that is
 * written, and which values are taken, is a table for each kind in event_fields.c.
 *
 * Strings and lists are owned by the event; lists end with NULL. What a comment calls optional may
 * be NULL. Durations and times are in ns.
 */
#ifndef BISECTFS_EVENT_H
#define BISECTFS_EVENT_H

#include "bisectfs/error.h"
#include "bisectfs/outcome.h"
#include "bisectfs/step.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

enum event_kind {
	EV_NONE,
	EV_CREATED,
	EV_STARTED,
	EV_LOADED,
	EV_STEP,
	EV_BUILT,
	EV_BUILD_FAILED,
	EV_RUN_STARTED,
	EV_RUN_DONE,
	EV_KNOWN,
	EV_VERDICT,
	EV_DROPPED,
	EV_KEPT,
	EV_JUDGED,
	EV_RETEST,
	EV_MINIMIZE,
	EV_ALL_PARENTS, /* of first parents alone: from here on its user wants all followed */
	EV_REOPENED,
	EV_REPORTED,
	EV_DOUBTED,
	EV_FOUND,
	EV_INSIDE,
	EV_CONCLUDED,
	EV_FAILED,
	EV_PAUSED,
	EV_RESUMED,
	EV_ABORTED,
	EV_RESTARTED, /* the daemon came back: what was in flight is no more */
	EV_KINDS
};

/* Highest number of a run; more of them are none that a bisection makes. */
#define EVENT_RUN_MAX 100000

/* Longest duration: four of them can be added. */
#define EVENT_DURATION_MAX (INT64_MAX / 4)

/* Whose a bisection is when its journal does not say. Programs before this one left out every uid
 * and gid from 2147483648 on. Whoever that was, nobody's rights are the only ones that are given
 * away to no one: neither root's nor another user's. */
#define EVENT_NOBODY 65534

/* A draft. */
struct event_created {
	char *name; /* of the bisection */
	uid_t uid;
	gid_t gid;
};

struct event_started {
	char *text;	   /* what the user wrote */
	char *commit;	   /* the bad one to start from; full hash */
	char **goods;	   /* full hashes; may be empty */
	char **judged;	   /* "VERDICT HASH": taken over from another search; optional */
	char **paths;	   /* pathspecs that the search is limited to; optional */
	bool first_parent; /* only first parents are followed */
	json_t *values;	   /* scalar settings, as {"name": "value"} */
	char *host;	   /* this machine */
	char *key; /* digest of all but the kernel that a run's outcome depends on; optional */
};

/* The history has been read. */
struct event_loaded {
	char **releases; /* "NAME HASH", newest first: those to walk; fix: one line, the head */
	char *commit;	 /* copy of the starting commit on the branch, where it is not; optional */
	char *base;	 /* fix: merge base of the starting commit and the branch, if it is another
			  * tree; optional */
	char **options;	 /* Kconfig lines over the baseline; optional */
	bool shallow;	 /* older releases may exist that this clone does not have */
};

/* A commit is to be tested. */
struct event_step {
	int step; /* its number */
	enum step_role role;
	char *commit;	/* full hash */
	char *subject;	/* first paragraph of its message, one line */
	char *release;	/* tag name, or empty; optional */
	char *cc;	/* compiler that it is built with; NULL: the default */
	char **patches; /* applied before building: "pick HASH", "revert HASH", "merge HASH";
			   optional */
	char **options; /* Kconfig lines over the baseline; optional */
	int left;	/* revisions left to test after this step, as git counts; -1: none */
	int roughly;	/* steps that git expects after this one; -1: none */
	bool checked;	/* merge bases of the goods are known to be good (git's BISECT_ANCESTORS_OK)
			 */
	enum verdict presumed; /* known without a test; VERDICT_NONE: it needs one */
	char *reason;	       /* of that, one line; optional */
};

/* The step's kernel is there. */
struct event_built {
	int step;
	int64_t duration;
	char *compiler;	 /* "gcc (Debian ...) 12.2.0, GNU ld (...) 2.40"; optional */
	char *signature; /* hex; optional: NULL where no whole kernel was made */
	char *matched;	 /* line of its log that `fail` matched; optional */
	char *object;	 /* that this line is about, as `make` is told; optional */
	bool alone;	 /* only the object known before was made */
};

/* The step's commit does not build. */
struct event_build_failed {
	int step;
	int64_t duration;
	char *compiler; /* optional */
	char *reason;	/* one line */
	char *object;	/* the file that could not be made, as `make` is told; optional */
	char *matched;	/* line of its log that `fail` matched; optional */
	bool no_tree;	/* nothing was compiled: its tree cannot be had */
	bool alone;	/* only the object known before was made */
};

struct event_run_started {
	int step, run;
};

struct event_run_done {
	int step, run;
	enum outcome_kind outcome;
	enum crash_type type; /* CRASH_NONE where the kernel did not crash */
	int status;	      /* exit status of the reproducer; -1: it did not end */
	int64_t duration;
	int64_t boot; /* part of it until the test began; 0: unknown */
	char *title;  /* of the crash, or why it failed, was skipped or lost; optional */
	char *value;  /* the number that `metric` found, as it was printed; optional */
};

/* Another bisection has tested the kernel that the step has just got. */
struct event_known {
	int step;
	enum verdict verdict;
	int good, bad; /* runs made there */
	char *reason;  /* one line */
};

/* The step is decided. */
struct event_verdict {
	int step;
	enum verdict verdict;
	int same;     /* step whose kernel is the same, and whose verdict this is; -1: none */
	bool by_user; /* its user's judgement, whatever its runs showed */
	char *reason; /* one line */
};

/* The step is not needed any more, or was built for its signature alone. */
struct event_dropped {
	int step;
	char *reason; /* one line */
};

/* kept: chosen again after a user's verdict, the step in progress stays wanted. retest: a user
 * wants this step tested anew. */
struct event_of_step {
	int step;
};

/* A user's verdict on a commit. */
struct event_judged {
	char *commit;  /* full hash */
	char *subject; /* optional */
	enum verdict verdict;
	uid_t uid; /* who said so */
};

/* A user wants the configuration minimised. */
struct event_minimize {
	char **options; /* Kconfig lines over the baseline */
};

/* reopened: the certificate contradicts what was found, the search goes on. failed: the bisection
 * cannot go on. */
struct event_reason {
	char *reason; /* one line */
};

/* What get_maintainer.pl says of the culprit, and what its configuration does. */
struct event_reported {
	char **maintainers; /* "to: ADDRESS", "cc: ADDRESS"; may be empty */
	char **labels;	    /* as those of `found`; optional */
};

/* A run that was made ahead has shown the bug in a commit that its user gave as good: that is
 * tested before the search goes on. */
struct event_doubted {
	char *commit; /* full hash */
	char *reason; /* what the run showed, one line */
};

/* One commit is left, or only skipped ones. */
struct event_found {
	char **candidates; /* full hashes; at least one */
	char **parents;	   /* of the only one; optional */
	char *text;	   /* the only one as `git show --stat` gives it, or those of `borders`, an
			    * empty line between them; optional */
	char **labels;	   /* why it cannot be what it seems, one line each; optional */
	/* Where the bug comes and goes: the candidates, oldest first, as "broken HASH PARENT N" or
	 * "fixed HASH PARENT N". PARENT is "-" for a merge; any of N skipped commits before it may
	 * be it as well. Optional. */
	char **borders;
};

/* The commit of a merge's second side that is the first to break when it is merged onto the first
 * parent; or several, where others have conflicts; or the merge itself: its own changes. */
struct event_inside {
	char **candidates; /* full hashes; at least one */
};

struct event_concluded {
	char *verdict; /* of the bisection, for people */
	bool no_op;    /* the culprit does not change the kernel */
	char *subject; /* of the culprit; optional */
	char *text;    /* first lines of its crash's report; optional */
};

struct event_paused {
	bool by_disk; /* not by a user: nothing can be written */
	char *reason; /* one line */
};

struct event {
	enum event_kind kind;
	int64_t time; /* ns since 1970, UTC */
	union { /* the member of the kind's name; resumed, aborted, restarted, all_parents have none
		 */
		struct event_created created;
		struct event_started started;
		struct event_loaded loaded;
		struct event_step step;
		struct event_built built;
		struct event_build_failed build_failed;
		struct event_run_started run_started;
		struct event_run_done run_done;
		struct event_known known;
		struct event_verdict verdict;
		struct event_dropped dropped;
		struct event_of_step kept, retest;
		struct event_judged judged;
		struct event_minimize minimize;
		struct event_reason reopened, failed;
		struct event_reported reported;
		struct event_doubted doubted;
		struct event_found found;
		struct event_inside inside;
		struct event_concluded concluded;
		struct event_paused paused;
	};
};

/* An event of this kind that says nothing yet and owns nothing: numbers that may be missing are at
 * their "none". */
struct event event_make(enum event_kind kind);
/* Frees what the event owns and makes it one of kind EV_NONE. */
void event_clear(struct event *ev);
/* Makes `to` (whatever it held is lost) own copies of all that `from` owns. */
void event_copy(struct event *to, const struct event *from);
void event_free(void *ev); /* one made with g_new */
const char *event_kind_name(enum event_kind kind);

/* Number of the step and of the run that the event is about; -1: it is about none. */
int event_step(const struct event *ev);
int event_run(const struct event *ev);

/* Hands each text that becomes a line for people (subject, reason, title) to `change`, which may
 * put another in its place. None of them is NULL. */
void event_each_line(struct event *ev, void (*change)(char **line));

/* Whether it says all that its kind has to, in values that can be read again: 0, or -EINVAL with a
 * sentence that names the field. */
err_t event_check(const struct event *ev, struct error *error);

/* A new JSON object; strings are made valid UTF-8. */
json_t *event_to_json(const struct event *ev);
/* Fills `ev` (whatever it held is lost). -EINVAL with the reason when it is not an event this
 * program knows or a field is missing, of the wrong type or out of its range; `ev` is empty then.
 */
err_t event_from_json(const json_t *json, struct event *ev, struct error *error);

#endif
