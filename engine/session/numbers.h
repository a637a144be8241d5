/*
 * The numbers that runs gave, where the setting `metric` asks for them. Pure.
 */
#ifndef ENGINE_SESSION_NUMBERS_H
#define ENGINE_SESSION_NUMBERS_H

#include "bisectfs/session.h"

/* Whether runs are to give a number. */
bool numbers_wanted(const struct session *s);

/* What was printed, as a number; false: it is none, or not a finite one. */
bool number_parse(const char *text, double *number);

/*
 * What the runs of a step, or of all steps with one kernel, gave. Runs count in the order of their
 * numbers up to the first that is not over: were those taken that end first, a metric that goes
 * with a run's duration would look better than it is.
 */
struct numbers {
	GArray *values; /* double, in the order of runs; turned round where higher is worse, so that
			 * more is better */
	int beyond;	/* numbers there are already behind a run that goes on */
	int lost;	/* runs that ended without one, by the kernel's or the reproducer's fault */
	int infra;	/* by ours */
	const struct run *last_lost; /* of the session; NULL: none */
};
/* Of runs begun at `since` or later (ns since 1970). Runs of steps with the same kernel that were
 * dropped count too. */
void numbers_of_step(const struct session *s, const struct step *step, int64_t since,
		     struct numbers *out);
void numbers_of_kernel(const struct session *s, const char *signature, struct numbers *out);
void numbers_clear(struct numbers *n);

/* Like struct numbers' values; the same sign as printed. "median 12.1 (11.8 to 12.6) of 8": the
 * median, the quartiles and the count. "no number" without any. To be freed. */
char *numbers_text(const struct session *s, const GArray *values);
/* 0 <= q <= 1, between neighbours in proportion; of at least one value. */
double numbers_quantile(const GArray *values, double q);
/* As it was printed: turned round again where higher is worse. */
double numbers_shown(const struct session *s, double value);

#endif
