/*
 * A byte of marks for each commit of a history: what a walk has to remember of it. Zero until it is
 * written. One thread at a time.
 */
#ifndef ENGINE_HISTORY_MARKS_H
#define ENGINE_HISTORY_MARKS_H

#include "history.h"

#include <string.h>

/* The commit's byte, which the next call may move: `marks` grows with the history. Here and not in
 * a .c file since walks call it for each parent of each commit. */
static inline guint8 *marks_at(GByteArray *marks, const struct history *h, uint32_t c)
{
	if (c >= marks->len) {
		guint old = marks->len;
		guint size = MAX(history_size(h), c + 1);
		g_byte_array_set_size(marks, size + size / 2);
		memset(marks->data + old, 0, marks->len - old);
	}
	return &marks->data[c];
}

#endif
