/*
 * What a kernel is made from, and what an answer of the history depends on: digests by which what
 * is known already is found again. The core thread's.
 */
#ifndef ENGINE_CORE_RECIPE_H
#define ENGINE_CORE_RECIPE_H

#include "state.h"

/* To be cleared with kernel_source_clear. */
struct kernel_source recipe_of_step(struct engine *e, struct bisection *b, const struct step *step);
struct kernel_source recipe_of_choice(struct engine *e, struct bisection *b,
				      const struct event_step *choice);
/* The key alone, to be freed. */
char *recipe_key(struct engine *e, struct bisection *b, const struct step *step);
/* The kernel of a step, if it is there and may be used for it. */
const struct kernel *recipe_find(struct engine *e, const struct bisection *b,
				 const struct step *step, const char *key);

/* Whether it chooses by what a build costs (setting `choice`). */
bool recipe_by_cost(const struct bisection *b);
/* Names a question to the history: equal where the answers are. To be freed. */
char *recipe_question(struct engine *e, struct bisection *b, const struct next_query *q);

#endif
