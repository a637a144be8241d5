/*
 * Where a bisection's files lie, for who shows them. Thin: the layout itself is the state
 * directory's. New strings, to be freed; any thread.
 */
#ifndef ENGINE_CORE_PATHS_H
#define ENGINE_CORE_PATHS_H

#include "bisectfs/session.h"

struct engine;

/* `file`: build.log, config. */
char *paths_step(const struct engine *e, const struct session *s, int step, const char *file);
/* `suffix`: log, report. */
char *paths_run(const struct engine *e, const struct session *s, int step, int run,
		const char *suffix);
/* `name` NULL: the defaults of new bisections. `setting`: also files, files/NAME. */
char *paths_setting(const struct engine *e, const char *name, const char *setting);

#endif
