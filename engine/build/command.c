/*
 * A command is the launcher's words, the cage's and its own. Its output goes into the build's log;
 * what it does beyond its limits is the tree's fault, and noted for the reason. Twice a second the
 * free space is looked at, and the caller told.
 */
#include "command.h"

#include "ccache.h"
#include "engine/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void command_add_words(GPtrArray *argv, char *const *words)
{
	for (; words && *words; words++)
		g_ptr_array_add(argv, g_strdup(*words));
}

static void add_cage(const struct build *b, GPtrArray *argv)
{
	const char *own = b->rq->program ? b->rq->program : b->rq->cc;
	g_autofree char *programs = own && g_path_is_absolute(own) ? g_path_get_dirname(own) : NULL;
	if (programs && strcmp(programs, "/") == 0) /* shown without it, and not as it is outside */
		g_clear_pointer(&programs, g_free);
	const char *cache = ccache_dir(b->rq);
	const char *readable[] = { b->rq->slot, programs, NULL };
	const char *writable[] = { b->obj, b->rq->program ? cache : b->conf,
				   b->rq->program ? NULL : cache, NULL };
	struct cage cage = { .readable = readable,
			     .writable = writable,
			     .user = b->rq->confine.user };
	if (b->rq->confine.caged)
		cage_add(argv, &cage);
}

void command_add_launcher(const struct build *b, GPtrArray *argv)
{
	if (b->rq->low_priority)
		command_add_words(argv, (char *[]){ "nice", "-n", "10", NULL });
	command_add_words(argv, b->rq->launcher);
	add_cage(b, argv);
}

GStrv command_environment(const struct build_request *rq)
{
	static const char *const fixed[][2] = {
		{ "KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970" },
		{ "KBUILD_BUILD_USER", "bisectfs" },
		{ "KBUILD_BUILD_HOST", "bisectfs" },
		{ "KBUILD_BUILD_VERSION", "1" },
		{ "SOURCE_DATE_EPOCH", "0" },
		{ "CCACHE_NOHASHDIR", "1" },
		{ "CCACHE_DEPEND", "1" }, /* a miss costs no preprocessor run of its own */
		{ "LC_ALL", "C" },
		{ "LANG", "C" }, /* kbuild drops LC_ALL, and errors are read and compared */
	};
	static const char *const dropped[] = {
		"MAKEFLAGS", "MAKELEVEL", "MFLAGS",	   "ARCH",	    "CROSS_COMPILE",
		"LLVM",	     "LC_CTYPE",  "LC_MESSAGES",   "LANGUAGE",	    "KCFLAGS",
		"O",	     "GIT_DIR",	  "GIT_WORK_TREE", "KCONFIG_CONFIG"
	};
	GStrv env = spawn_environment(rq->confine.user);
	for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
		env = g_environ_setenv(env, fixed[i][0], fixed[i][1], TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(dropped); i++)
		env = g_environ_unsetenv(env, dropped[i]);
	if (rq->ccache_dir)
		env = g_environ_setenv(env, "CCACHE_DIR", rq->ccache_dir, TRUE);
	return g_environ_setenv(env, "CCACHE_BASEDIR", rq->slot, TRUE);
}

/* What cannot be begun is not the commit's fault: a cage that cannot be made, or a program that is
 * not there, as the one that a script's first line names. bwrap's first words say which. */
static err_t check_cage(const struct build *b, off_t begun, struct error *error)
{
	char words[300] = "";
	g_autofree char *path = g_build_filename(b->rq->dir, "build.log", NULL);
	int fd = b->rq->confine.caged ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	if (pread(fd, words, sizeof(words) - 1, begun) < 0)
		words[0] = '\0';
	close(fd);
	words[strcspn(words, "\n")] = '\0';
	static const char not_begun[] = "bwrap: execvp ";
	if (!g_str_has_prefix(words, "bwrap: "))
		return 0;
	if (g_str_has_prefix(words, not_begun))
		return error_set(error, ENOENT,
				 "the build cannot be run: %s (if it is a script: is the program "
				 "that its first line names there?)",
				 words + strlen(not_begun));
	return error_set(error, EPERM, "the build cannot be isolated: %s", words);
}

static void tick(void *arg)
{
	struct build *b = arg;
	space_look(&b->space);
	if (b->rq->tick)
		b->rq->tick(b->rq->arg);
}

err_t command_run(struct build *b, char *const *argv, int *status, struct error *error)
{
	g_autofree char *line = g_strjoinv(" ", (char **)argv);
	build_note(b, "$ %s\n", line);
	struct spawn sp = { .argv = argv,
			    .env = b->env,
			    .output = b->log,
			    .limits = b->rq->confine.limits,
			    .cancel = b->rq->cancel,
			    .tick = tick,
			    .arg = b };
	struct error why;
	off_t begun = lseek(b->log, 0, SEEK_END);
	err_t err = spawn_run(&sp, status, &why);
	if (err == -ETIMEDOUT || err == -EDOM) { /* the tree's fault: this commit does not build */
		build_note(b, "\nerror: the build was stopped: %s\n", why.text);
		g_free(b->excess);
		b->excess = g_strdup_printf("the build was stopped: %s", why.text);
		err = 0;
		*status = 1;
	}
	if (!err && *status != 0)
		err = check_cage(b, begun, &why);
	tick(b);
	if (err && error)
		*error = why;
	return err;
}

/* What a program says on stdout and stderr; NULL: it fails. The user names compilers, so they run
 * in the cage too. */
char *command_output(const struct build *b, char *const *words, const char *last)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	add_cage(b, argv);
	command_add_words(argv, words);
	g_ptr_array_add(argv, g_strdup(last));
	g_ptr_array_add(argv, NULL);
	char *text = NULL;
	int status;
	struct spawn sp = { .argv = (char **)argv->pdata,
			    .env = b->env,
			    .limits = b->rq->confine.limits,
			    .cancel = b->rq->cancel };
	if (spawn_capture(&sp, 65536, &text, &status, NULL) != 0 || status != 0)
		g_clear_pointer(&text, g_free);
	return text;
}
