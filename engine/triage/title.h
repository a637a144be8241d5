/*
 * From a report's text to the title, by the rules. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_TITLE_H
#define ENGINE_TRIAGE_TITLE_H

#include "report.h"
#include "rules.h"

struct title {
	char *text;		 /* normalised */
	char *function;		 /* {F} as it was printed, syscall prefix and all; NULL: none */
	char *origin;		 /* of KMSAN: the second function; NULL: none */
	const struct rule *rule; /* NULL: the raw line */
	bool corrupted;
};

void title_make(const struct report *r, struct title *t);
void title_clear(struct title *t);

/* Makes titles of one bug equal: numbers, addresses, names of test programs. New. */
char *title_normalise(const char *text);

/* An expression of the rules' kind, compiled once and kept; never NULL. */
GRegex *title_regex(const char *shape);

#endif
