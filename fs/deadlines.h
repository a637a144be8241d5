/*
 * Calls that are to be made when something else has been done, but not later than their time.
 * Whoever comes first makes the call: who has done it, or the thread that watches the time.
 */
#ifndef FS_DEADLINES_H
#define FS_DEADLINES_H

#include <glib.h>

struct deadlines;
struct deadline;

struct deadlines *deadlines_new(void);
void deadlines_start(struct deadlines *d); /* its thread; deadlines may be set before */
void deadlines_stop(struct deadlines *d);  /* from now on only deadlines_done makes calls */
/* All deadlines have been passed to deadlines_done. */
void deadlines_free(struct deadlines *d);

/* `fn` is called once: by deadlines_done, or after `latest_us` by the thread. Each deadline is
 * passed to deadlines_done, be it late. Any thread. */
struct deadline *deadlines_set(struct deadlines *d, void (*fn)(void *arg), void *arg,
			       gint64 latest_us);
void deadlines_done(void *deadline); /* any thread; frees it */

#endif
