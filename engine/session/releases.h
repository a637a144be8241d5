/*
 * Release tags: their order, and which of them a walk back tests (syzbot's pick). Pure.
 */
#ifndef ENGINE_SESSION_RELEASES_H
#define ENGINE_SESSION_RELEASES_H

#include <glib.h>
#include <stdbool.h>

struct release_version {
	int major, minor, patch; /* patch 0: a plain vX.Y */
	bool candidate;		 /* vX.Y-rcN */
};

/* vX.Y, vX.Y.Z, vX.Y-rcN; false for any other tag. */
bool release_parse(const char *name, struct release_version *v);
int release_compare(const struct release_version *a, const struct release_version *b);

/* Indexes (guint) of the releases to test among `n` names, newest first, none older than `oldest`
 * (that one itself is tested). */
GArray *releases_pick(const char *const *names, guint n, const char *oldest);

#endif
