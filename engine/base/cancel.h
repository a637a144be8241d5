/*
 * A request to stop, shared by the one who asks and the worker: a flag and a descriptor to poll.
 */
#ifndef ENGINE_BASE_CANCEL_H
#define ENGINE_BASE_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

struct cancel {
	atomic_bool asked;
	int fd; /* eventfd: readable from the moment of asking on; -1: not pollable */
};

void cancel_init(struct cancel *c, bool pollable);
void cancel_clear(struct cancel *c);
void cancel_ask(struct cancel *c); /* any thread, any number of times */
bool cancel_asked(const struct cancel *c);

#endif
