/*
 * Reachability: does a commit contain another one? One thread at a time, that of the history.
 */
#ifndef ENGINE_HISTORY_REACH_H
#define ENGINE_HISTORY_REACH_H

#include "history.h"

#include <stdbool.h>

/* Whether `ancestor` is reachable from `c` (a commit reaches itself), through all parents. Loads
 * what it passes: -ENOENT and a reason where a commit is missing, `yes` is false then. */
err_t reach_ancestor(struct history *h, uint32_t c, uint32_t ancestor, bool *yes,
		     struct error *error);
/* Sets the mark (marks.h) of each ancestor of `c`, not of `c` itself. -ENOENT as above. */
err_t reach_all(struct history *h, uint32_t c, GByteArray *marks, struct error *error);

#endif
