/*
 * Walks over a history as one process of git makes them: which commits are reachable from some tips
 * and not from others, newest first. The order and what is left out by wrong dates are git's, see
 * walk.c. One thread at a time, that of the history.
 */
#ifndef ENGINE_HISTORY_WALK_H
#define ENGINE_HISTORY_WALK_H

#include "history.h"

#include <stdbool.h>

/* Marks of one process of git on its commits. */
enum {
	WALK_SEEN = 1,		/* was enqueued */
	WALK_UNINTERESTING = 2, /* reachable from a tip that is excluded */
	WALK_PARSED = 4,	/* this process has read it: marks travel through it */
	WALK_QUEUED = 8,
	WALK_SKIPPED = 16, /* a user's skip: set and read by choose.c */
	WALK_BOTTOM = 32,  /* one of the tips that are excluded */
	WALK_SAME = 64,	   /* does not change what the walk is limited to (git's TREESAME) */
};

/* What a list may be limited to: commits that change something. */
struct walk_limit {
	void *self;
	/* Whether the commit leaves it as in this parent (NO_COMMIT: as in an empty tree). Both are
	 * loaded. -ENOENT and a reason where an object is missing. */
	err_t (*is_same)(void *self, uint32_t commit, uint32_t parent, bool *same,
			 struct error *error);
};

struct walk {
	struct history *h;
	GByteArray *marks; /* by commit, see marks.h */
	bool first_parent; /* as `git bisect --first-parent`; may be changed between lists */
	/* Limited lists are simplified as git does it by default: of a merge that is the same as
	 * one of its parents the other parents are not followed. NULL: no limit; may be changed
	 * between lists. */
	const struct walk_limit *limit;
	GArray *only_parent; /* uint32_t by commit, as far as it goes: the one parent that it was
			      * left with; NO_COMMIT: it has all */
};

/* `h` has to live as long as the walk; walk_clear frees the marks. */
void walk_init(struct walk *w, struct history *h, bool first_parent);
void walk_clear(struct walk *w);
/* The commit's marks; the next call may move them. */
guint8 *walk_marks(struct walk *w, uint32_t c);
/* Loads and marks as parsed. -ENOENT and a reason where the commit is missing. */
err_t walk_parse(struct walk *w, uint32_t c, struct error *error);
/* Its `n` parents as the walk goes: all, or the one that it was left with. For loaded commits,
 * until the next is loaded. */
const uint32_t *walk_parents(const struct walk *w, uint32_t c, uint32_t *n);
/* Forgets all but what is parsed. */
void walk_restart(struct walk *w);

/* The candidates: reachable from the tips and not from those that are excluded, appended to `list`
 * (uint32_t), newest first. The tips enter the queue in git's order: `first` (one of the excluded
 * where `first_excluded` is set), then the `n` commits of `others` (excluded where it is not) in
 * ascending order of their ids. */
err_t walk_list(struct walk *w, uint32_t first, bool first_excluded, const uint32_t *others,
		uint32_t n, GArray *list, struct error *error);

#endif
