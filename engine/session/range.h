/*
 * The way through the history: what a session tests next, and between which commits it searches.
 * Pure.
 */
#ifndef ENGINE_SESSION_RANGE_H
#define ENGINE_SESSION_RANGE_H

#include "bisectfs/session.h"

/* What comes after the steps so far; ROLES: nothing, the bisection can be concluded. */
enum step_role range_next(const struct session *s);

/* The step of this role that was made last; NULL: none. */
const struct step *range_step(const struct session *s, enum step_role role);

bool range_is_fix(const struct session *s);

/* Splits "NAME HASH". Both are to be freed. */
void range_split(const char *line, char **name, char **commit);

/* Kconfig lines to be tested next by minimisation, or NULL when it is over (or there is none).
 * New, to be freed. */
GStrv range_smaller(const struct session *s);
/* Those that are in use: NULL when the configuration is the whole one. New, to be freed. */
GStrv range_options(const struct session *s);

/* The ends of the range now, in git's words. New; `bad` is NULL where there is none. */
void range_ends(const struct session *s, char **bad, GStrv *goods);

/* What guides the search, in the order in which it became known; of each commit what holds now. */
struct range_fact {
	const char *commit;  /* of the session */
	const char *subject; /* NULL where only a user named it */
	enum verdict verdict;
	bool release; /* an end of the range, not asked for by the search */
	bool chosen;  /* the search asked for it: it lay within the range of then */
};
GArray *range_facts(const struct session *s); /* struct range_fact, new */

#endif
