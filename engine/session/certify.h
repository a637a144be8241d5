/*
 * The certificate: after the search, the culprit and its parent are tested until both are as sure
 * as `confidence` asks, and so is the starting commit with the culprit reverted. Pure.
 */
#ifndef ENGINE_SESSION_CERTIFY_H
#define ENGINE_SESSION_CERTIFY_H

#include "bisectfs/session.h"
#include "tally.h"

/* What is to be tested next for what was found; ROLES: nothing. `commit` (may be NULL) gets, for
 * ROLE_CULPRIT, ROLE_PARENT and ROLE_SIDE, on which commit; of the session. */
enum step_role certify_next(const struct session *s, const char **commit);

/* Signature of a commit's kernel with the configuration in use; NULL: it was never built. */
const char *certify_signature(const struct session *s, const char *commit);

/* The last step with that kernel; -1: none. */
int certify_step_of(const struct session *s, const char *commit);

/* Where `compilers` changes from the parent to the culprit. */
struct certify_border {
	const char *before, *after; /* of the session; NULL: the default */
};
/* Whether it does, as far as both have been built or tried. */
bool certify_border(const struct session *s, struct certify_border *border);
/* The step that has built the parent with the culprit's compiler; NULL: none. */
const struct step *certify_compiler_step(const struct session *s,
					 const struct certify_border *border);
/* The step that reverts (fix: applies) what was found; NULL: none. */
const struct step *certify_revert_step(const struct session *s);

/* The commit's kernel has been tested until its verdict is as sure as `confidence` asks. */
bool certify_is_sure(const struct session *s, const char *commit);

/* The culprit and its parent are the same kernel: the commit cannot have changed anything. */
bool certify_is_no_op(const struct session *s);

/* A search that is limited to paths: the parent of what was found that has the bug as well (in fix
 * mode is without it as well), so no commit that changes these paths brought it in. NULL: none. */
const char *certify_outside_paths(const struct session *s);

/* The parent, which the search took for clean, has shown the bug: the search has to go on. The
 * reason is to be freed; NULL: no such contradiction. */
char *certify_contradiction(const struct session *s);

/* The numbers of culprit and parent differ, where there are any: else neither can be what changed
 * them alone. */
bool certify_tells_apart(const struct session *s);

/* How sure the result is, 0..1. With a certificate it is the chance that the side shown clean
 * really is, over all rates at which the bug may show; without one syzbot's product over the good
 * steps. */
double certify_confidence(const struct session *s);

/* Whether the setting asks for a certificate. */
bool certify_is_wanted(const struct session *s);
/* The only parent of the culprit; NULL for a merge. Of the session. */
const char *certify_parent(const struct session *s);
/* The culprit is a merge, and each of its parents was tested and is without the bug (fix: has it):
 * its sides only break (fix: mend) it together. */
bool certify_only_together(const struct session *s);
/* The culprit has several parents. */
bool certify_is_merge(const struct session *s);
/* In a search of first parents: another parent of the merge that was found that is as the merge is,
 * so that the culprit lies on that side. NULL: none is known. Of the session. */
const char *certify_side_alone(const struct session *s);
/* Reverting the culprit on itself gives its first parent, and what has no parent cannot be
 * reverted: false then. */
bool certify_revert_tells_more(const struct session *s);
/* Chance that a kernel shown clean in these runs has the bug all the same. */
double certify_miss_probability(const struct session *s, const struct tally *t);

#endif
