/*
 * What is to happen at a time to come, on a clock that a simulation turns: the jobs that its
 * workers have, each with the moment of its end. One thread.
 */
#ifndef ENGINE_SIMULATE_AGENDA_H
#define ENGINE_SIMULATE_AGENDA_H

#include "engine/core/jobs.h"

struct appointment {
	int64_t at; /* ns, on the simulation's clock */
	struct job *job;
	guint64 turn;  /* of two at the same time the older comes first */
	bool stopping; /* it was not wanted any more, and is being stopped */
};

struct agenda {
	GArray *all; /* struct appointment; a handful: looked through, not sorted */
	guint64 turns;
	/* Makes the answer of a job that is stopped. */
	void (*stop)(void *self, struct job *job);
	void *self; /* for `stop` */
};

void agenda_init(struct agenda *agenda, void (*stop)(void *self, struct job *job), void *self);
void agenda_clear(struct agenda *agenda);

void agenda_add(struct agenda *agenda, int64_t at, struct job *job);
/* What comes first; jobs cancelled since the last call end a guest's or a compiler's teardown from
 * `now` on at the latest. NULL: nothing is to come. Valid until the agenda changes. */
const struct appointment *agenda_first(struct agenda *agenda, int64_t now);
/* Takes it off. */
struct job *agenda_take(struct agenda *agenda, const struct appointment *a);

#endif
