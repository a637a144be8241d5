/*
 * The git directory is named, so git neither looks for one nor minds whose it is. Variables of the
 * daemon's own environment that would name another one are left out. A question allows no
 * transport: in a partial clone an object that is asked for would be fetched, into the user's
 * repository.
 */
#include "git_program.h"

#include "engine/base/spawn.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define TIMEOUT_S 60
#define FETCH_TIMEOUT_S 3600
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

/* The transports that are built into git: not those that a URL chooses a program for. All else is
 * what git itself does when it fetches for a partial clone (fetch_objects in promisor-remote.c),
 * without a look at the refs of the repository that is borrowed from, whose configuration is not
 * ours. */
static const char *const fetch_options[] = { "protocol.allow=never",
					     "protocol.file.allow=always",
					     "protocol.git.allow=always",
					     "protocol.ssh.allow=always",
					     "protocol.http.allow=always",
					     "protocol.https.allow=always",
					     "core.alternateRefsCommand=true",
					     "core.askPass=",
					     "core.hooksPath=/dev/null",
					     "credential.interactive=false",
					     "fetch.negotiationAlgorithm=noop",
					     "gc.auto=0",
					     "http.lowSpeedLimit=1",
					     "http.lowSpeedTime=120",
					     "maintenance.auto=false" };

static err_t run_fetch(const char *gitdir, const char *remote, bool below, struct spawn *sp,
		       int *status, struct error *error)
{
	static const char *const words[] = { "fetch",
					     "--quiet",
					     "--no-tags",
					     "--no-prune",
					     "--no-write-fetch-head",
					     "--no-auto-gc",
					     "--recurse-submodules=no",
					     "--stdin" };
	g_autofree char *option = g_strdup_printf("--git-dir=%s", gitdir);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_auto(GStrv) env = environment();
	env = g_environ_unsetenv(env, "GIT_ASKPASS");
	env = g_environ_unsetenv(env, "SSH_ASKPASS");
	env = g_environ_setenv(env, "SSH_ASKPASS_REQUIRE", "never", TRUE);
	g_ptr_array_add(argv, "git");
	g_ptr_array_add(argv, option);
	for (gsize i = 0; i < G_N_ELEMENTS(fetch_options); i++) {
		g_ptr_array_add(argv, "-c");
		g_ptr_array_add(argv, (char *)fetch_options[i]);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		g_ptr_array_add(argv, (char *)words[i]);
	/* what is asked for by name is given whatever the filter says */
	g_ptr_array_add(argv, below ? "--filter=blob:none" : "--filter=tree:0");
	g_ptr_array_add(argv, (char *)remote);
	g_ptr_array_add(argv, NULL);
	sp->argv = (char *const *)argv->pdata;
	sp->env = env;
	return spawn_run(sp, status, error);
}

err_t git_program_fetch(const char *gitdir, const char *remote, int ids, bool below,
			struct cancel *cancel, char **text, int *status, struct error *error)
{
	if (!git_program_exists())
		return error_set(error, ENOENT, "there is no git on this machine");
	int fd = memfd_create("git", MFD_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "memfd_create: %s", g_strerror(errno));
	struct spawn sp = { .input = ids,
			    .output = fd,
			    .own_session = true,
			    .limits = { .timeout_s = FETCH_TIMEOUT_S, .output_mib = 64 },
			    .cancel = cancel };
	err_t err = run_fetch(gitdir, remote, below, &sp, status, error);
	if (!err) {
		*text = g_malloc0(MOST + 1);
		if (pread(fd, *text, MOST, 0) < 0)
			**text = '\0';
	}
	close(fd);
	return err;
}
