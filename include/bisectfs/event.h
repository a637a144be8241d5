/*
 * The event: one fact about one bisection, the only thing that ever changes a session.
 *
 * Events come from users (started, paused, ...), from workers (built, run_done, ...) and from the
 * session's own conclusions (verdict, concluded). Each becomes one line of JSON in the journal
 * before anybody sees its effect. Which fields a kind uses is written in event.c, in one table.
 */
#ifndef BISECTFS_EVENT_H
#define BISECTFS_EVENT_H

#include "bisectfs/error.h"
#include "bisectfs/outcome.h"

#include <jansson.h>
#include <stdint.h>

enum event_kind {
	EV_NONE,
	EV_CREATED,	 /* a draft: name, uid, gid */
	EV_STARTED,	 /* text as written, bad commit, good commits, scalar settings, host */
	EV_LOADED,	 /* history read: releases to walk (cause) or the head to test (fix) */
	EV_STEP,	 /* a commit is to be tested */
	EV_BUILT,	 /* the step's kernel is there: compiler, signature */
	EV_BUILD_FAILED, /* the step's commit does not build: reason */
	EV_RUN_STARTED,
	EV_RUN_DONE, /* its outcome */
	EV_KNOWN,    /* another bisection has tested this kernel: verdict, counts, reason */
	EV_VERDICT,  /* the step is decided */
	EV_DROPPED,  /* the step is not needed any more, or was built for its signature alone */
	EV_KEPT,     /* chosen again after a user's verdict: the step in progress stays wanted */
	EV_JUDGED,   /* a user's verdict on a commit */
	EV_RETEST,   /* a user wants this step tested anew */
	EV_MINIMIZE, /* a user wants the configuration minimised: options */
	EV_REOPENED, /* the certificate contradicts what was found: the search goes on */
	EV_REPORTED, /* what get_maintainer.pl says: list of "to: ADDRESS", "cc: ADDRESS" */
	EV_FOUND,    /* one commit is left, or only skipped ones: the candidates */
	EV_CONCLUDED,
	EV_FAILED, /* the bisection cannot go on: reason */
	EV_PAUSED, /* by a user, or by the disk (reason says so, role is "disk") */
	EV_RESUMED,
	EV_ABORTED,
	EV_RESTARTED, /* the daemon came back: what was in flight is no more */
	EV_KINDS
};

struct event {
	enum event_kind kind;
	int64_t time;	  /* ns since 1970, UTC */
	int64_t duration; /* ns the work took */
	int64_t boot;	  /* ns of it until the test began; 0: unknown */
	int step;	  /* -1: none */
	int run;	  /* -1: none */
	int left;	  /* revisions left to test after this step, as git counts; -1: none */
	int roughly;	  /* steps that git expects after this one; -1: none */
	int uid, gid;
	int checked; /* merge bases of the goods are known to be good (git's BISECT_ANCESTORS_OK) */
	int outcome; /* enum outcome_kind */
	int type;    /* enum crash_type */
	int status;  /* exit status of the reproducer */
	int same;    /* step whose kernel is the same; -1: none */
	int good, bad;	 /* runs counted elsewhere; -1: none */
	char *name;	 /* of the bisection */
	char *text;	 /* what the user wrote; the first lines shown at the end */
	char *commit;	 /* full hash */
	char *subject;	 /* first paragraph of its message, one line */
	char *release;	 /* tag name or empty */
	char *role;	 /* what a step is for: original, release, head, search */
	char *verdict;	 /* of a step or of the bisection */
	char *reason;	 /* one line */
	char *title;	 /* of a crash */
	char *compiler;	 /* "gcc (Debian ...) 12.2.0, GNU ld (...) 2.40" */
	char *signature; /* hex */
	char *host;
	char *cc;   /* compiler that the step is built with; NULL: the default */
	char *key;  /* digest of all but the kernel that a run's outcome depends on */
	char *base; /* fix: merge base of the starting commit and the branch, if it is another tree
		     */
	char **parents; /* of what was found */
	char **patches; /* applied before building: "pick HASH", "revert HASH" */
	char **options; /* Kconfig lines over the baseline */
	char **list;	/* goods, releases ("NAME HASH") or candidates; NULL-terminated */
	json_t *values; /* settings, as {"name": "value"} */
};

/* An event of this kind with every number at "none". Owns nothing yet. */
struct event event_make(enum event_kind kind);
/* Frees what the event owns (all strings, list, values) and empties it. */
void event_clear(struct event *ev);
/* Makes `to` (whatever it held is lost) own copies of all that `from` owns. */
void event_copy(struct event *to, const struct event *from);
void event_free(void *ev); /* one made with g_new */
const char *event_kind_name(enum event_kind kind);

/* A new reference to a JSON object holding just the fields that the kind uses. */
json_t *event_to_json(const struct event *ev);
/* Reads one; `ev` need not be initialised. -EINVAL with the reason; unknown kinds are refused by
 * name, so that a journal from a newer version is never half understood. */
err_t event_from_json(const json_t *json, struct event *ev, struct error *error);

#endif
