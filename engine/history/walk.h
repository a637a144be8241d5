/*
 * Walks over a history in git's order: one queue by date, newest first, first come first served
 * among equals. Internal to choose.c and mergebase.c.
 */
#ifndef ENGINE_HISTORY_WALK_H
#define ENGINE_HISTORY_WALK_H

#include "history.h"

#include <stdbool.h>

struct queue {
	GArray *heap; /* struct queue_entry */
	uint64_t entered;
};
void queue_init(struct queue *q);
void queue_clear(struct queue *q);
void queue_push(struct queue *q, int64_t date, uint32_t commit);
bool queue_is_empty(const struct queue *q);
uint32_t queue_head(const struct queue *q);
uint32_t queue_pop(struct queue *q);

/* Marks of one process of git on its commits. */
enum {
	WALK_SEEN = 1,		/* was enqueued */
	WALK_UNINTERESTING = 2, /* reachable from a tip that is excluded */
	WALK_PARSED = 4,	/* this process has read it: marks travel through it */
	WALK_QUEUED = 8,
	WALK_COUNTED = 16,
	WALK_SKIPPED = 32,
	WALK_PAINT_BAD = 64,
	WALK_PAINT_GOOD = 128,
};
/* And for painting only. */
enum { PAINT_STALE = 1, PAINT_RESULT = 2 };

struct walk {
	struct history *h;
	GByteArray *marks; /* grows with the history */
	GByteArray *paint;
	bool first_parent;
};
void walk_init(struct walk *w, struct history *h, bool first_parent);
void walk_clear(struct walk *w);
guint8 *walk_marks(struct walk *w, uint32_t c);
guint8 *walk_paint(struct walk *w, uint32_t c);
/* Loads and marks as parsed. */
err_t walk_parse(struct walk *w, uint32_t c, struct error *error);
/* Forgets all but what is parsed. */
void walk_restart(struct walk *w);

/* The candidates: reachable from `tips` and not from `excluded`, into `list` (uint32_t), newest
 * first as git appends them, with git's rule for when to stop. `tips` and `excluded` enter the
 * queue in this order: first `first` (excluded or not), then the others in ascending order of their
 * ids. */
err_t walk_list(struct walk *w, uint32_t first, bool first_excluded, const uint32_t *others,
		uint32_t n, GArray *list, struct error *error);

/* Commits reachable from `bad` and from any of `goods` that no other such commit reaches, newest
 * first, into `bases` (uint32_t). */
err_t walk_merge_bases(struct walk *w, uint32_t bad, const uint32_t *goods, uint32_t n,
		       GArray *bases, struct error *error);

#endif
