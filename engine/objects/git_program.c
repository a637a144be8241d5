/*
 * The git directory is named, so git neither looks for one nor minds whose it is. Variables of the
 * daemon's own environment that would name another one are left out. No transport is allowed: in a
 * partial clone an object that is asked for would be fetched, into the user's repository.
 */
#include "git_program.h"

#include "engine/base/spawn.h"

#include <errno.h>

#define TIMEOUT_S 60
#define MOST ((size_t)1 << 20)

bool git_program_exists(void)
{
	g_autofree char *path = g_find_program_in_path("git");
	return path != NULL;
}

static GStrv environment(void)
{
	static const char *const others[] = { "GIT_DIR",
					      "GIT_WORK_TREE",
					      "GIT_COMMON_DIR",
					      "GIT_INDEX_FILE",
					      "GIT_NAMESPACE",
					      "GIT_OBJECT_DIRECTORY",
					      "GIT_ALTERNATE_OBJECT_DIRECTORIES" };
	GStrv env = g_get_environ();
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		env = g_environ_unsetenv(env, others[i]);
	env = g_environ_setenv(env, "GIT_OPTIONAL_LOCKS", "0", TRUE);
	env = g_environ_setenv(env, "GIT_NO_LAZY_FETCH", "1", TRUE); /* git 2.44 */
	env = g_environ_setenv(env, "GIT_TERMINAL_PROMPT", "0", TRUE);
	return g_environ_setenv(env, "LC_ALL", "C.UTF-8", TRUE);
}

err_t git_program_ask(const char *gitdir, const char *const *words, char **text, int *status,
		      struct error *error)
{
	if (!git_program_exists())
		return error_set(error, ENOENT, "there is no git on this machine");
	g_autofree char *option = g_strdup_printf("--git-dir=%s", gitdir);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_auto(GStrv) env = environment();
	g_ptr_array_add(argv, "git");
	g_ptr_array_add(argv, option);
	g_ptr_array_add(argv, "-c");
	g_ptr_array_add(argv, "protocol.allow=never"); /* git before 2.44 */
	for (; *words; words++)
		g_ptr_array_add(argv, (char *)*words);
	g_ptr_array_add(argv, NULL);
	struct spawn sp = { .argv = (char *const *)argv->pdata,
			    .env = env,
			    .output = -1,
			    .limits = { .timeout_s = TIMEOUT_S } };
	return spawn_capture(&sp, MOST, text, status, error);
}
