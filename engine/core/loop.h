/*
 * The core thread's loop: one message after the other, and what follows from it. A simulation turns
 * it by itself.
 */
#ifndef ENGINE_CORE_LOOP_H
#define ENGINE_CORE_LOOP_H

#include "state.h"

void loop_init(struct engine *e); /* makes the queue and the listener of its jobs */
void loop_clear(struct engine *e);

/* Any thread; each takes over what it is given. */
void loop_post_command(struct engine *e, struct command *c);
void loop_post_job(struct engine *e, struct job *job);
void loop_post_stop(struct engine *e);
bool loop_has_messages(const struct engine *e);

/* Takes up what was interrupted, after recover. */
void loop_begin(struct engine *e);
/* Takes the oldest message, if there is one, then schedules. True: more may come of it at once. */
bool loop_turn(struct engine *e);
/* Turns until it is stopped and all jobs have ended. */
void loop_run(struct engine *e);

#endif
