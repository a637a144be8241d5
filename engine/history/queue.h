/*
 * The priority queue of a walk, in git's order: newest commit first, and first come first served
 * among equals (prio-queue.c of git counts insertions for that). One thread at a time.
 */
#ifndef ENGINE_HISTORY_QUEUE_H
#define ENGINE_HISTORY_QUEUE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct queue_entry {
	uint64_t date;
	uint64_t entered; /* number of its arrival */
	uint32_t commit;
};

struct queue {
	struct queue_entry *heap;
	guint size, room; /* how many are in it, and how many it has room for */
	uint64_t entered; /* pushed so far */
};

/* queue_clear frees what queue_init has made; commits may be left in it. */
void queue_init(struct queue *q);
void queue_clear(struct queue *q);
/* `date`: seconds since 1970. A commit may be in the queue more than once. */
void queue_push(struct queue *q, uint64_t date, uint32_t commit);
bool queue_is_empty(const struct queue *q);
/* The next commit; these two not on an empty queue. */
uint32_t queue_head(const struct queue *q);
uint32_t queue_pop(struct queue *q);

/* How many are in it, and each of them, in no order that means anything. Inline since merge bases
 * are looked for by going through all of them again and again. */
static inline guint queue_size(const struct queue *q)
{
	return q->size;
}

static inline uint32_t queue_commit(const struct queue *q, guint i)
{
	return q->heap[i].commit;
}

#endif
