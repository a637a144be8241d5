/*
 * Finds the function that a title names, by a rule's recipe (rules.h says what its steps are).
 * Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_RECIPE_H
#define ENGINE_TRIAGE_RECIPE_H

#include "rules.h"

#include <glib.h>

struct recipe_result {
	char *function; /* as it stands in the title; NULL: none was found */
	char *printed;	/* the same as the report has it, a syscall's prefix and all; NULL: none */
	char *origin;	/* of a rule with two traces: the second one's function; NULL: none */
	bool sound;	/* there is one, and no fault was injected on the way to it */
};

/* Reads from `from` to `end`; `rule` has a recipe. `syzbot`: the report is one of syzbot's
 * (report.h). recipe_clear frees what the result holds. */
void recipe_run(const struct rule *rule, const char *from, const char *end, bool syzbot,
		struct recipe_result *result);
void recipe_clear(struct recipe_result *result);

#endif
