/*
 * Steps of a search by numbers (the setting `metric`): each is measured until its numbers are like
 * those of one end and not like those of the other. Pure.
 */
#ifndef ENGINE_SESSION_METRIC_H
#define ENGINE_SESSION_METRIC_H

#include "numbers.h"

/* Numbers that the step still needs before it is looked at next; 0: it can be judged. The step may
 * be one that the session does not have yet. */
int metric_needed(const struct session *s, const struct step *step);
/* VERDICT_NONE: more runs are needed. `reason`: one line, to be freed; NULL: not asked for. */
enum verdict metric_judge(const struct session *s, const struct step *step, char **reason);
/* More runs were lost by our fault than can be made again. */
bool metric_is_fault(const struct session *s, const struct step *step);
/* Chance that the step will be bad, from its numbers so far; -1: they say nothing yet. */
double metric_odds(const struct session *s, const struct step *step);

/* Why the search is not worth going on with: steps in a row whose numbers are like neither end's.
 * To be freed; NULL: it goes on. */
char *metric_stuck(const struct session *s);

/* ---- the certificate ---- */

/* Whether the commit, the culprit or its parent, whose kernel has this signature, has been measured
 * enough. */
bool metric_is_sure(const struct session *s, const char *commit, const char *signature);
/* Chance that two samples of one and the same kernel differ as those of culprit and parent do; -1:
 * one of both has no numbers. */
double metric_same_chance(const struct session *s, const char *culprit, const char *parent);
/* The chance above is small enough. */
bool metric_differs(const struct session *s, double same_chance);

#endif
