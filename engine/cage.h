/*
 * A cage for programs that come out of a source tree: no network, processes of their own that all
 * end with the first one, everything read-only but the directories named, none of root's powers.
 * Made by bubblewrap, where it is there and works.
 */
#ifndef ENGINE_CAGE_H
#define ENGINE_CAGE_H

#include <glib.h>

/* Why there can be no cages here, one line; NULL: there can. Tried once; any thread. */
const char *cage_missing(void);

/* Appends the words that a command in a cage begins with. `readable` are directories that may lie
 * where the cage shows nothing (/tmp, /run), `writable` those that it may write to; they
 * must exist. Both NULL-terminated. */
void cage_add(GPtrArray *argv, const char *const *readable, const char *const *writable);

#endif
