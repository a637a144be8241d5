/*
 * A bug that comes and goes: the history has found verdicts that contradict a single culprit along
 * one line, and the borders between its stretches. Before they are named, both sides of each are
 * tested until they are as sure as a certificate is. Pure.
 */
#ifndef ENGINE_SESSION_BORDERS_H
#define ENGINE_SESSION_BORDERS_H

#include "bisectfs/session.h"

struct border {
	bool fixed;   /* the bug goes here; else it comes */
	char *commit; /* from here on it is so */
	char *parent; /* NULL: a merge */
	int skipped;  /* commits before it that cannot be tested: it may be one of these */
};

/* "broken HASH PARENT N", "fixed HASH PARENT N"; PARENT may be "-". False: it is none. */
bool border_parse(const char *line, struct border *border);
char *border_print(const struct border *border); /* new */
/* "broken by HASH or one of N before it", for people; to be freed. */
char *border_text(const struct border *border);
void border_clear(struct border *border);

/* Whether all lines are borders (NULL: there are none): 0, or -EINVAL with the one that is not. */
err_t borders_check(char *const *lines, struct error *error);

/* A given good commit has the bug, and something that was tested has not: the history has to say
 * whether that lies above. */
bool borders_may_be(const struct session *s);

/* What is to be tested next for the borders that were found, ROLES: nothing. `commit` (may be NULL)
 * gets the commit, to be freed. */
enum step_role borders_next(const struct session *s, char **commit);

/* A side of a border has turned out to be of the other kind: the search has to go on. The reason is
 * to be freed; NULL: no such contradiction. */
char *borders_contradiction(const struct session *s);

/* "inconclusive: comes and goes: ...", to be freed. */
char *borders_verdict(const struct session *s);

#endif
