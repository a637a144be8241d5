/*
 * Answers what a session asks of the history: where a bisection begins and ends, which commit comes
 * next, with which compiler and patches. Reads the repository, nothing else; blocks; the thread
 * that owns `repo`.
 */
#ifndef ENGINE_HISTORY_NAVIGATE_H
#define ENGINE_HISTORY_NAVIGATE_H

#include "bisectfs/session.h"
#include "repo.h"

/* What is known of builds, by whoever has built before. */
struct build_estimate {
	void *self;
	/* Seconds to build this commit (its full hash); below 0: not known. NULL: the choice does
	 * not look at what builds cost, it is git's. */
	double (*seconds)(void *self, const char *commit);
};

/* All that an answer depends on beside the question; the caller's, for the time of the call. */
struct navigator {
	struct repo *repo;
	const struct settings *settings;
	/* contents of the large settings; NULL: empty */
	const char *compilers, *backports, *config, *baseline, *bisect_log;
	struct build_estimate estimate;
};

/* For WISH_LOAD: EV_LOADED. `bad` is the starting commit, `goods` those given with it (NULL: none).
 * The answer has to be cleared (event_clear). -EINVAL: the revisions do not make a bisection, the
 * reason is for its user; -ENOENT: a commit is missing; the errors of missing_fetch. */
err_t navigate_load(const struct navigator *nav, const char *bad, char *const *goods,
		    struct event *answer, struct error *error);

/* For WISH_NEXT: EV_STEP (numbered `step`), EV_FOUND or EV_KEPT. Answer and errors as above. */
err_t navigate_next(const struct navigator *nav, const struct next_query *q, int step,
		    struct event *answer, struct error *error);

/* Kconfig lines that `config` sets otherwise than `baseline`, to be freed; NULL where there are
 * none. Pure. */
GStrv navigate_options(const char *config, const char *baseline);

#endif
