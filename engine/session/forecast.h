/*
 * What a bisection may test next, worked out while its current step is still open: the commits that
 * would follow on either verdict, with the chance of each. Pure over the session; what the history
 * answers comes through a callback.
 */
#ifndef ENGINE_SESSION_FORECAST_H
#define ENGINE_SESSION_FORECAST_H

#include "bisectfs/session.h"

/* One commit that may come. */
struct forecast {
	enum verdict first;	/* the open step's verdict that leads to it */
	double chance;		/* given that verdict, 0..1 */
	int runs;		/* that it would be given, as far as is known now */
	const struct event *ev; /* EV_STEP as the history would answer; borrowed from `ask` */
};

/* The history's answer to a question, borrowed until the forecast is made again; NULL: not known.
 */
typedef const struct event *forecast_ask(const struct next_query *q, void *arg);

/* At most `limit` commits for each verdict of the open step, most probable first (struct forecast).
 * Without an open step the list is empty. */
GArray *forecast_make(const struct session *s, int limit, forecast_ask *ask, void *arg);

/* Chance that the open step will be bad, from its runs so far. `now`: ns since 1970; a run that has
 * been going on for longer than crashes of this bug took so far speaks for good. */
double forecast_odds(const struct session *s, int64_t now);

/* Two equal questions have equal texts. To be freed. */
char *forecast_key(const struct next_query *q);

#endif
