/*
 * Answers what a session asks of the history: where a bisection begins and ends, which commit comes
 * next, with which compiler and patches. Reads the repository, nothing else; blocks; the thread
 * that owns `repo`.
 */
#ifndef ENGINE_HISTORY_NAVIGATE_H
#define ENGINE_HISTORY_NAVIGATE_H

#include "bisectfs/session.h"
#include "repo.h"

struct cost;

struct navigator {
	struct repo *repo;
	const struct settings *settings;
	/* contents of the large settings; NULL: empty */
	const char *compilers, *backports, *config, *baseline;
	struct cost *cost; /* NULL: git's choice */
};

/* For WISH_LOAD: EV_LOADED. `bad` is the starting commit, `goods` those given with it. */
err_t navigate_load(const struct navigator *nav, const char *bad, char *const *goods,
		    struct event *answer, struct error *error);

/* For WISH_NEXT: EV_STEP (numbered `step`), EV_FOUND or EV_KEPT. */
err_t navigate_next(const struct navigator *nav, const struct next_query *q, int step,
		    struct event *answer, struct error *error);

/* Checks the large settings that name commits and tags. -EINVAL with setting and line. */
err_t navigate_check(const struct navigator *nav, struct error *error);

/* Kconfig lines that `config` sets otherwise than `baseline`; NULL where there are none. */
GStrv navigate_options(const char *config, const char *baseline);

#endif
