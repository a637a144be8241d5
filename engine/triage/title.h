/*
 * From a report's text to the title, by the rules (rules.h). Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_TITLE_H
#define ENGINE_TRIAGE_TITLE_H

#include "report.h"
#include "rules.h"

struct title {
	char *text;		 /* normalised */
	char *function;		 /* "$F" as it stands in the title; NULL: the rule has none */
	char *printed;		 /* the same as the report has it; NULL: none was found */
	char *origin;		 /* of KMSAN: the second function; NULL: none */
	const struct rule *rule; /* NULL: the raw line */
	bool corrupted;
};

/* Of any report; title_clear frees what `t` holds. */
void title_make(const struct report *r, struct title *t);
void title_clear(struct title *t);

#endif
