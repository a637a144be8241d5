/*
 * Facts: journalled, applied, shown, and what follows from them concluded; and what happens when
 * the disk does not take them. The core thread's.
 */
#ifndef ENGINE_CORE_FACTS_H
#define ENGINE_CORE_FACTS_H

#include "state.h"

/* A fact that may be refused, as one of a user's: journals, applies and shows it and what follows;
 * sets its time. On an error it did not happen: -EINVAL where it does not fit, else the disk's
 * errno, also while facts of before still wait for the disk. Takes over what `ev` owns. */
err_t facts_record(struct engine *e, struct bisection *b, struct event *ev, struct error *error);
/* The same for one that cannot be refused, as a worker's: when the disk does not take it, it waits
 * in memory, unseen; when it does not fit, the bisection fails. */
void facts_take(struct engine *e, struct bisection *b, struct event *ev);
/* Records all that the session concludes from what is known. */
void facts_conclude(struct engine *e, struct bisection *b);

/* Takes the kernels away from steps that need them no more: what a step has is not the store's to
 * delete. */
void facts_take_kernels(struct engine *e, const struct session *s);

/* Writes it down, with the last reserve if need be, and no more. */
err_t facts_append(struct engine *e, struct bisection *b, const struct event *ev,
		   struct error *error);
/* Keeps it in memory until the disk takes it. Takes over what `ev` owns. */
void facts_wait(struct bisection *b, struct event *ev);

/* A write failed with `err`: bisections in progress pause until the disk takes facts again. */
void facts_disk_failed(struct engine *e, err_t err);
/* About once a second: tries whether it does, and goes on. */
void facts_try_disk(struct engine *e);
/* Whether facts of this bisection are taken now. */
bool facts_are_taken(const struct engine *e, const struct bisection *b);

#endif
