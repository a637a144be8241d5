/*
 * A binary heap: the children of entry i are 2i + 1 and 2i + 2, and none is before its parent. Each
 * entry carries its number of arrival, so that equal dates keep the order in which they came.
 */
#include "queue.h"

static bool before(const struct queue_entry *a, const struct queue_entry *b)
{
	return a->date != b->date ? a->date > b->date : a->entered < b->entered;
}

void queue_init(struct queue *q)
{
	*q = (struct queue){ 0 };
}

void queue_clear(struct queue *q)
{
	g_free(q->heap);
}

bool queue_is_empty(const struct queue *q)
{
	return q->size == 0;
}

uint32_t queue_head(const struct queue *q)
{
	return q->heap[0].commit;
}

void queue_push(struct queue *q, uint64_t date, uint32_t commit)
{
	struct queue_entry e = { .date = date, .entered = q->entered++, .commit = commit };
	if (q->size == q->room)
		q->heap = g_renew(struct queue_entry, q->heap, q->room = 2 * q->room + 16);
	struct queue_entry *heap = q->heap;
	guint i = q->size++;
	for (; i > 0 && before(&e, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = e;
}

uint32_t queue_pop(struct queue *q)
{
	struct queue_entry *heap = q->heap;
	uint32_t commit = heap[0].commit;
	struct queue_entry last = heap[--q->size];
	guint n = q->size, i = 0;
	while (2 * i + 1 < n) {
		guint child = 2 * i + 1;
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &last))
			break;
		heap[i] = heap[child];
		i = child;
	}
	if (n)
		heap[i] = last;
	return commit;
}
