/*
 * The keeper: answers that are to be given when something else has been done, but not later than
 * their time. Whoever comes first gives the answer: the one who has done it, or the keeper's
 * thread.
 */
#ifndef FS_KEEPER_H
#define FS_KEEPER_H

#include <glib.h>

struct keeper;
struct promise;

struct keeper *keeper_new(void);
void keeper_start(struct keeper *k); /* its thread; promises may be given before */
void keeper_stop(struct keeper *k);  /* from now on only promise_keep gives answers */
/* All promises have been kept. */
void keeper_free(struct keeper *k);

/* `fn` is called once: by promise_keep, or after `latest_us` by the keeper's thread. Each promise
 * is passed to promise_keep, be it late. Any thread. */
struct promise *keeper_promise(struct keeper *k, void (*fn)(void *arg), void *arg,
			       gint64 latest_us);
void promise_keep(void *promise); /* any thread; frees it */

#endif
