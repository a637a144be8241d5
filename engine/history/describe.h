/*
 * Answers of the history as events of a session. Blocks; the thread that owns the repository.
 */
#ifndef ENGINE_HISTORY_DESCRIBE_H
#define ENGINE_HISTORY_DESCRIBE_H

#include "choose.h"
#include "navigate.h"
#include "stretches.h"

/* All fill `answer`, which has to be cleared (event_clear), and is EV_NONE after an error: -EINVAL
 * where what is asked for is none, -ENOENT where a commit is missing. */

/* EV_STEP for this commit (full hash) with its subject, compiler and patches. */
err_t describe_step(const struct navigator *nav, const struct next_query *q, enum step_role role,
		    const char *commit, int step, struct event *answer, struct error *error);

/* EV_FOUND for CHOICE_FOUND, CHOICE_ONLY_SKIPPED. */
err_t describe_found(const struct navigator *nav, const struct choice *choice, struct event *answer,
		     struct error *error);

/* EV_STEP or EV_KEPT for STRETCHES_TEST. */
err_t describe_stretches_test(const struct navigator *nav, const struct next_query *q,
			      const struct stretches *found, int step, struct event *answer,
			      struct error *error);

/* EV_FOUND for STRETCHES_FOUND. */
err_t describe_borders(const struct navigator *nav, const struct stretches *found,
		       struct event *answer, struct error *error);

/* EV_FOUND where a given good commit has the bug and no line of verdicts says more: it alone. */
void describe_good_is_bad(const struct next_query *q, struct event *answer);

/* EV_INSIDE for CHOICE_FOUND, CHOICE_ONLY_SKIPPED; for this commit (full hash) where there is
 * nothing to choose. */
void describe_inside(const struct navigator *nav, const struct choice *choice,
		     struct event *answer);
void describe_merge_alone(const char *commit, struct event *answer);

#endif
