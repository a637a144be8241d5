/*
 * The engine knows the state directory, who shows its files does not.
 */
#include "paths.h"

#include "state.h"

#include "engine/store/state_dir.h"

char *paths_step(const struct engine *e, const struct session *s, int step, const char *file)
{
	g_autofree char *dir = state_dir_step(e->state, s->name, step);
	return g_build_filename(dir, file, NULL);
}

char *paths_run(const struct engine *e, const struct session *s, int step, int run,
		const char *suffix)
{
	return state_dir_run(e->state, s->name, step, run, suffix);
}

char *paths_setting(const struct engine *e, const char *name, const char *setting)
{
	return state_dir_setting(e->state, name, setting);
}
