/*
 * Steps that are judged by their build alone (`test` = `build`): no kernel is run. Pure.
 */
#ifndef ENGINE_SESSION_BUILD_VERDICT_H
#define ENGINE_SESSION_BUILD_VERDICT_H

#include "bisectfs/session.h"

/* The step's verdict with its reason (one line, to be freed), from its build; VERDICT_NONE: it is
 * not over. */
enum verdict build_verdict(const struct session *s, int n, char **reason);

/* Which of the errors of a build that failed (NULL or empty: not known) the step is judged by: the
 * first one that is the bug, else the first. An index. */
guint build_verdict_pick(const struct session *s, int n, char *const *errors);

/* Whether steps of this role make all, and go on after the first error: what they say is compared
 * with others. */
bool build_verdict_makes_all(enum step_role role);
/* The object that tells for a step with this number and role whether the bug is there, as `make` is
 * told; NULL: all has to be made. Of the session. */
const char *build_verdict_object(const struct session *s, int n, enum step_role role);

/* Whether the starting commit's bug may be looked for in what its range has changed: where another
 * error would do as well. */
bool build_verdict_may_guess(const struct session *s);

/* The last bad step whose build shows the bug; -1: none. */
int build_verdict_bug(const struct session *s);

/* The last step that has made all of the commit, unpatched, and was judged by that; -1: none. */
int build_verdict_whole(const struct session *s, const char *commit);
/* All of the culprit was made and does not show what its object alone has shown: the reason, to be
 * freed; NULL: no such contradiction. */
char *build_verdict_contradiction(const struct session *s);

#endif
