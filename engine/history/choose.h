/*
 * The next commit, chosen as `git bisect` chooses it (git's bisect.c and revision.c, 2.39 to 2.55:
 * the same rules), from a history, one bad, the goods and the skips. Pure but for loading commits.
 * One thread at a time, that of the history.
 */
#ifndef ENGINE_HISTORY_CHOOSE_H
#define ENGINE_HISTORY_CHOOSE_H

#include "history.h"
#include "walk.h"

#include <stdbool.h>

struct choose_query {
	uint32_t bad;
	const uint32_t *goods, *skips; /* the caller's, `ngoods` and `nskips` of them */
	uint32_t ngoods, nskips;
	bool checked; /* the merge bases need no check any more */
	bool first_parent;
	const struct walk_limit *limit; /* to commits that change something; NULL: to none */
	/* Seconds that testing this commit would take, negative: not known. NULL: git's choice.
	 * Else the candidate is taken that costs least for what its test tells. */
	double (*cost)(void *arg, uint32_t commit);
	void *arg;
};

enum choice_kind {
	CHOICE_TEST,	     /* test `commit` */
	CHOICE_MERGE_BASE,   /* test `commit` first: a good is not an ancestor of the bad */
	CHOICE_FOUND,	     /* `commit` is the first bad one */
	CHOICE_ONLY_SKIPPED, /* any of `candidates` */
	/* the bad itself is a merge base: goods and bad are the wrong way round */
	CHOICE_BASE_IS_BAD,
};

struct choice {
	enum choice_kind kind;
	uint32_t commit;
	uint32_t left;	     /* "N revisions left to test after this" */
	uint32_t roughly;    /* "(roughly M steps)" */
	uint32_t all;	     /* candidates that were left */
	bool checked;	     /* to be handed in with the next query */
	GArray *candidates;  /* uint32_t; CHOICE_ONLY_SKIPPED: skipped ones, then the bad */
	GArray *passed_over; /* uint32_t: merge bases that were skipped, git warns of them */
};

/* `choice` need not be initialised. -EINVAL: a good commit contains the bad one, or no candidate
 * changes what the search is limited to; -ENOENT: a commit
 * is missing; nothing has to be cleared then. */
err_t choose_next(struct history *h, const struct choose_query *q, struct choice *choice,
		  struct error *error);
/* Frees its arrays. */
void choose_clear(struct choice *choice);

#endif
