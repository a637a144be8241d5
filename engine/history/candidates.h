/*
 * The candidates for the first bad commit, and how evenly each divides them: what `git bisect`
 * works out before it chooses (bisect.c of git). One thread at a time, that of the walk.
 */
#ifndef ENGINE_HISTORY_CANDIDATES_H
#define ENGINE_HISTORY_CANDIDATES_H

#include "walk.h"

struct candidates {
	struct walk *w;
	GArray *list;	 /* uint32_t: commits, oldest first as git's list is turned round */
	GArray *weights; /* int64_t by position in list, below 0: not worked out */
	GArray *at;	 /* uint32_t by commit: position + 1 in list, 0: not in it */
	int64_t counted; /* how many of the list count: in a limited one not those that change
			  * nothing, which are never chosen either */
};

/* `w` has to live as long; candidates_clear frees the arrays. */
void candidates_init(struct candidates *cs, struct walk *w);
void candidates_clear(struct candidates *cs);

/* Fills the list, once: what `bad` reaches and none of the `n` `goods`. -ENOENT and a reason where
 * a commit is missing. */
err_t candidates_list(struct candidates *cs, uint32_t bad, const uint32_t *goods, uint32_t n,
		      struct error *error);

/* Works weights out. Returns the position of the first that git would find near enough to half,
 * where `stop_early` is set and there is one; else -1, and candidates_halving knows what git takes.
 * All weights are known only where it is not set. */
int64_t candidates_weigh(struct candidates *cs, bool stop_early);

/* By position in the list. Whether it counts: */
bool candidates_counts(const struct candidates *cs, guint i);
uint32_t candidates_commit(const struct candidates *cs, guint i);
/* Candidates that this one reaches, itself included: those left when it is bad. */
int64_t candidates_weight(const struct candidates *cs, guint i);
/* Candidates that a test of this one rules out at least, whatever it says: at most half of all. */
int64_t candidates_distance(const struct candidates *cs, guint i);
/* Position of the first with the greatest distance, once candidates_weigh has found none. */
int64_t candidates_halving(const struct candidates *cs);

#endif
