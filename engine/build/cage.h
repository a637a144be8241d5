/*
 * A cage for programs that come out of a source tree: no network, processes of their own that all
 * end with the first one, everything read-only but the directories named, none of root's powers.
 * Made by bubblewrap, where it is there and works.
 */
#ifndef ENGINE_BUILD_CAGE_H
#define ENGINE_BUILD_CAGE_H

#include "engine/base/spawn.h"

#include <stdbool.h>

/* Why there can be no cages here, one line; NULL: there can. Tried once; any thread. */
const char *cage_missing(void);

struct cage {
	/* Directories that may lie where the cage shows nothing (/tmp, /run; below directories that
	 * the user cannot search), and those that it may write to. They must exist.
	 * NULL-terminated; NULL: none. */
	const char *const *readable, *const *writable;
	struct spawn_user user; /* where it is another one: whose rights the command has */
};

/* How programs that come out of a tree are held. */
struct confinement {
	bool caged;		/* in a cage as above */
	struct spawn_user user; /* whose work it is; matters in a cage alone */
	struct spawn_limits limits;
};

/* Appends the words that a command in a cage begins with. */
void cage_add(GPtrArray *argv, const struct cage *cage);

#endif
