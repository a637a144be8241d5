/*
 * Verdicts that contradict a single culprit: along one line of history a commit has the bug, a
 * later one has not, and one after that has it again. Then the bug comes and goes in stretches, and
 * each border between two of them is searched like a culprit of its own. Keeps nothing between
 * calls. Pure but for loading commits. One thread at a time, that of the history.
 */
#ifndef ENGINE_HISTORY_STRETCHES_H
#define ENGINE_HISTORY_STRETCHES_H

#include "choose.h"

struct stretches_query {
	uint32_t top; /* newest end of the search; what it does not reach is not looked at */
	/* The oldest end: what does not contain it is not looked at, as commits beside it may be
	 * without the bug because they never had it. NO_COMMIT: any commit is looked at. */
	uint32_t bottom;
	const uint32_t *bad, *good; /* tested: they have the bug, have it not; the caller's */
	uint32_t nbad, ngood;
	/* How a border is searched: bad, goods and checked are not read; skips: what cannot be
	 * tested. */
	struct choose_query how;
};

struct stretches_border {
	bool fixed;	  /* the bug goes here; else it comes */
	uint32_t commit;  /* from here on it is so */
	uint32_t skipped; /* commits before it that cannot be tested: it may be one of these */
};

enum stretches_kind {
	STRETCHES_NONE,	 /* the verdicts go with one culprit */
	STRETCHES_TEST,	 /* `choice.commit` is to be tested: a border is between `low`, `high` */
	STRETCHES_FOUND, /* all borders are known */
};

struct stretches {
	enum stretches_kind kind;
	struct choice choice; /* STRETCHES_TEST: kind CHOICE_TEST */
	struct stretches_border between;
	uint32_t low, high; /* STRETCHES_TEST: tested, `low` is an ancestor of `high` */
	GArray *borders;    /* struct stretches_border, oldest first; STRETCHES_FOUND: at least two
			     */
};

/* `out` need not be initialised. -ENOENT: a commit is missing; nothing has to be cleared then. */
err_t stretches_next(struct history *h, const struct stretches_query *q, struct stretches *out,
		     struct error *error);
/* Frees what it holds. */
void stretches_clear(struct stretches *s);

#endif
