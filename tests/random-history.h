/*
 * A bare repository with a random history, the same for the same seed: a main line with branches of
 * a few commits merged into it now and then, every tenth commit of the main line a release (tags
 * v5.4, v5.5, ...). `master` names its end.
 */
#ifndef TESTS_RANDOM_HISTORY_H
#define TESTS_RANDOM_HISTORY_H

#include <glib.h>
#include <stdbool.h>

#define HISTORY_NONE (-1)

struct random_commit {
	char hash[41];
	int parents[2]; /* HISTORY_NONE: no such */
	bool release;
};

struct random_history {
	char *dir; /* of the repository */
	int n;	   /* commits; a parent's number is lower than its child's */
	struct random_commit *commits;
};

/* libgit2 must have been started. Aborts where the repository cannot be written. */
struct random_history *random_history_make(guint32 seed, int commits);
/* With the repository. */
void random_history_free(struct random_history *h);
/* Whether `ancestor` is `commit` or one of its ancestors. */
bool random_history_reaches(const struct random_history *h, int commit, int ancestor);
/* By its hash; HISTORY_NONE: there is none. */
int random_history_find(const struct random_history *h, const char *hash);

#endif
