/*
 * C source is compiled in a temporary directory that is given to the user, by a program with that
 * user's rights; what lies there afterwards is trusted no more than a file of any user's.
 */
#include "prepare.h"

#include "engine/base/spawn.h"
#include "engine/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The compiler that makes programs for the guest, from the words of the setting `make`. */
static char *guest_compiler(const struct settings *settings)
{
	g_auto(GStrv) words = NULL;
	if (*settings_text(settings, SET_MAKE))
		g_shell_parse_argv(settings_text(settings, SET_MAKE), NULL, &words, NULL);
	for (char **w = words; w && *w; w++) {
		if (g_str_has_prefix(*w, "CROSS_COMPILE="))
			return g_strdup_printf("%sgcc", *w + strlen("CROSS_COMPILE="));
	}
	return g_strdup("cc");
}

/* ---- compiling, in a directory of the user's own ---- */

struct compilation {
	char *dir, *source, *program;
	struct spawn_user user;
	bool other; /* the user is not us */
	const struct spawn_limits *limits;
	struct cancel *cancel;
};

/* It is the user's directory, where something else may lie at any moment: to remove what is in it
 * takes no more rights than the user has. */
static void remove_as_user(const struct compilation *w)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	char *rm[] = { "rm", "-rf", "--", w->source, w->program, NULL };
	int status;
	spawn_add_user(argv, w->user);
	for (char **p = rm; *p; p++)
		g_ptr_array_add(argv, g_strdup(*p));
	g_ptr_array_add(argv, NULL);
	g_auto(GStrv) env = spawn_environment(w->user);
	struct spawn sp = { .argv = (char **)argv->pdata, .env = env, .output = -1 };
	spawn_run(&sp, &status, NULL);
	rmdir(w->dir);
}

static void compilation_clear(struct compilation *w)
{
	if (w->dir && w->other)
		remove_as_user(w);
	else if (w->dir)
		file_remove_tree(w->dir, NULL);
	g_free(w->dir);
	g_free(w->source);
	g_free(w->program);
}

static err_t compilation_open(struct compilation *w, const char *data, gsize len,
			      struct error *error)
{
	w->other = spawn_is_other(w->user);
	w->dir = g_dir_make_tmp("bisectfs-cc-XXXXXX", NULL);
	if (!w->dir)
		return error_set(error, EIO, "no temporary directory can be made: %s",
				 g_strerror(errno));
	w->source = g_build_filename(w->dir, "reproducer.c", NULL);
	w->program = g_build_filename(w->dir, "reproducer", NULL);
	err_t err = file_write(w->source, data, len, 0600, error);
	if (!err && w->other &&
	    (chown(w->source, (uid_t)w->user.uid, (gid_t)w->user.gid) != 0 ||
	     chown(w->dir, (uid_t)w->user.uid, (gid_t)w->user.gid) != 0))
		err = error_set(error, errno, "%s: %s", w->dir, g_strerror(errno));
	return err;
}

static err_t run_compiler(const struct compilation *w, const struct settings *settings,
			  struct error *error)
{
	g_autofree char *cc = guest_compiler(settings);
	char *compile[] = { cc,		"-O1", "-static", "-pthread", "-w", "-o",
			    w->program, "-x",  "c",	  w->source,  NULL };
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	if (w->other)
		spawn_add_user(argv, w->user);
	for (char **p = compile; *p; p++)
		g_ptr_array_add(argv, g_strdup(*p));
	g_ptr_array_add(argv, NULL);
	g_autofree char *text = NULL;
	int status = -1;
	g_auto(GStrv) env = spawn_environment(w->user);
	struct spawn sp = {
		.argv = (char **)argv->pdata,
		.env = env,
		.dir = w->dir,
		.limits = *w->limits,
		.cancel = w->cancel,
	};
	err_t err = spawn_capture(&sp, 2000, &text, &status, error);
	if (err)
		error_prefix(error, "%s", cc);
	if (err || status == 0)
		return err;
	const char *why = text ? strstr(text, "error:") : NULL;
	g_autofree char *line = g_strndup(why ? why : "", strcspn(why ? why : "", "\n"));
	return error_set(error, EINVAL,
			 "the reproducer is neither ELF nor a script with '#!', and as C source it "
			 "does not compile: %s",
			 *line ? line : "cc failed");
}

#define PROGRAM_LIMIT ((gsize)256 << 20) /* a guest has to hold it */

/* It is the user's directory: what lies there under the name may be anything. */
static err_t take_program(const struct compilation *w, const char *to, struct error *error)
{
	int fd = file_open_below(w->dir, "reproducer");
	struct stat st;
	gsize len = 0;
	bool theirs =
		fd >= 0 && fstat(fd, &st) == 0 && (!w->other || st.st_uid == (uid_t)w->user.uid);
	g_autofree char *program = theirs ? file_read_opened(fd, PROGRAM_LIMIT, &len) : NULL;
	if (fd >= 0)
		close(fd);
	if (!program)
		return error_set(error, EINVAL, "the compiler left no program, or one over %zu MiB",
				 PROGRAM_LIMIT >> 20);
	return file_write(to, program, len, 0700, error);
}

static err_t compile(const char *data, gsize len, const char *to, const struct settings *settings,
		     struct spawn_user user, const struct spawn_limits *limits,
		     struct cancel *cancel, struct error *error)
{
	struct compilation w = { .user = user, .limits = limits, .cancel = cancel };
	err_t err = compilation_open(&w, data, len, error);
	if (!err)
		err = run_compiler(&w, settings, error);
	if (!err)
		err = take_program(&w, to, error);
	compilation_clear(&w);
	return err;
}

err_t prepare_reproducer(const char *from, const char *to, const struct settings *settings,
			 struct spawn_user user, const struct spawn_limits *limits,
			 struct cancel *cancel, struct error *error)
{
	g_autofree char *data = NULL;
	gsize len = 0;
	if (!g_file_get_contents(from, &data, &len, NULL) || !len)
		return 0;
	if (cancel && cancel_asked(cancel))
		return error_set(error, ECANCELED, "stopped");
	if ((len > 4 && memcmp(data, "\177ELF", 4) == 0) ||
	    (len > 2 && data[0] == '#' && data[1] == '!'))
		return file_write(to, data, len, 0700, error); /* it may be private */
	return compile(data, len, to, settings, user, limits, cancel, error);
}
