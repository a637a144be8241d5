/*
 * How far a bisection is, for people and for programs: steps done and to go, a bar, the time that
 * is left, what is being done. Times are ns.
 */
#ifndef FS_PROGRESS_H
#define FS_PROGRESS_H

#include "bisectfs/session.h"
#include "engine/core/engine.h"

struct progress {
	int done, left; /* steps */
	int64_t eta;	/* ns from now; -1: not known */
};

struct progress progress_of(const struct session *s, int64_t now);
/* Runs of the step whose outcome is known. */
int progress_runs_finished(const struct step *step);

/* Append their part of a line. */
void progress_bar(GString *out, const struct session *s, const struct progress *p);
void progress_eta(GString *out, const struct session *s, const struct progress *p);
void progress_doing(GString *out, const struct session *s, const struct engine *e);

#endif
