/*
 * A bisection as the core thread keeps it: the session and what surrounds it.
 */
#ifndef ENGINE_CORE_BISECTION_H
#define ENGINE_CORE_BISECTION_H

#include "bisectfs/session.h"

struct journal;
struct ahead;
struct ahead_runs;

struct bisection {
	struct session *s;
	GString *log;		   /* the bisection log */
	struct journal *journal;   /* NULL: a simulated one */
	GQueue waiting;		   /* struct event *: facts that the full disk did not take yet */
	bool prepared;		   /* the guest's reproducer is there */
	bool after_namesake;	   /* jobs of an older one of its name may have left files */
	guint kernels_given_again; /* to steps whose kernel was deleted */
	guint settings_version;	   /* of a draft: changes with each of its settings */
	/* recipe.c's, worked out once: settings do not change any more after the start */
	char *recipe;	       /* digest of all but the commit that its kernels are made from */
	GHashTable *compilers; /* steps' own: name -> digest */
	char *guidance;	       /* digest of the settings that guide it through the history */
	struct ahead *ahead;   /* ahead.c's: what may come next */
	GDestroyNotify ahead_free;
	struct ahead_runs *ahead_runs; /* ahead_runs.c's */
	GDestroyNotify ahead_runs_free;
};

/* `serial`: never used before, so that who holds it notices when the name is another's. */
struct bisection *bisection_new(const char *name, guint64 serial);
void bisection_free(void *b);

#endif
