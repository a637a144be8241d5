/*
 * Delta debugging (Zeller's ddmin): a small set of things that still shows the bug. Pure.
 */
#ifndef ENGINE_SESSION_MINIMIZE_H
#define ENGINE_SESSION_MINIMIZE_H

#include "bisectfs/session.h"

enum minimize_answer { MINIMIZE_UNKNOWN, MINIMIZE_CRASHES, MINIMIZE_CLEAN };

/* Tests that one minimisation takes at most: each is a kernel to be built. */
#define MINIMIZE_TESTS 40

/* `ask` is given indexes below `n` (guint, ascending) and says whether these alone still crash. All
 * of them are known to. Returns the smallest set found, `*over` being true; or the set that has to
 * be tested next, `*over` being false. */
GArray *minimize(guint n, enum minimize_answer (*ask)(const GArray *kept, void *arg), void *arg,
		 bool *over);

/* Kconfig lines of the session's configuration to be tested next, or NULL when its minimisation is
 * over (or there is none). New. */
GStrv minimize_next(const struct session *s);
/* Those that are in use: NULL when the configuration is the whole one. New. */
GStrv minimize_in_use(const struct session *s);

#endif
