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
	q->heap = g_array_new(FALSE, FALSE, sizeof(struct queue_entry));
	q->entered = 0;
}

void queue_clear(struct queue *q)
{
	g_array_free(q->heap, TRUE);
}

bool queue_is_empty(const struct queue *q)
{
	return q->heap->len == 0;
}

uint32_t queue_head(const struct queue *q)
{
	return g_array_index(q->heap, struct queue_entry, 0).commit;
}

void queue_push(struct queue *q, uint64_t date, uint32_t commit)
{
	struct queue_entry e = { .date = date, .entered = q->entered++, .commit = commit };
	g_array_append_val(q->heap, e);
	struct queue_entry *heap = (struct queue_entry *)(void *)q->heap->data;
	guint i = q->heap->len - 1;
	for (; i > 0 && before(&e, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = e;
}

uint32_t queue_pop(struct queue *q)
{
	struct queue_entry *heap = (struct queue_entry *)(void *)q->heap->data;
	uint32_t commit = heap[0].commit;
	struct queue_entry last = heap[q->heap->len - 1];
	g_array_set_size(q->heap, q->heap->len - 1);
	guint n = q->heap->len, i = 0;
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
