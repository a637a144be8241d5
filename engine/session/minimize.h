/*
 * Delta debugging (Zeller's ddmin): a small set of things that still shows the bug. Pure, and
 * played from its beginning at each call, with the answers known so far: so it needs no state.
 */
#ifndef ENGINE_SESSION_MINIMIZE_H
#define ENGINE_SESSION_MINIMIZE_H

#include <glib.h>
#include <stdbool.h>

enum minimize_answer { MINIMIZE_UNKNOWN, MINIMIZE_CRASHES, MINIMIZE_CLEAN };

/* Tests that one minimisation takes at most: each is a kernel to be built. */
#define MINIMIZE_TESTS 40

/* `ask` is given indexes below `n` (guint, ascending) and says whether these alone still crash. All
 * of them are known to. Returns the smallest set found, `*over` being true; or the set that has to
 * be tested next, `*over` being false. */
GArray *minimize(guint n, enum minimize_answer (*ask)(const GArray *kept, void *arg), void *arg,
		 bool *over);

#endif
