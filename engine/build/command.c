#include "command.h"

#include "build_log.h"
#include "cage.h"
#include "slot.h"
#include "engine/base/spawn.h"
#include "engine/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- running commands ---- */

void build_note(struct build *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vdprintf(b->log, fmt, ap);
	va_end(ap);
}

void build_end_part(struct build *b, const char *part)
{
	gint64 now = g_get_monotonic_time();
	g_string_append_printf(b->took, "%s%s %.1f s", b->took->len ? ", " : "", part,
			       (double)(now - b->since) / G_USEC_PER_SEC);
	b->since = now;
}

bool build_has_word(const struct build *b, const char *variable)
{
	for (char **w = b->words; *w; w++) {
		if (g_str_has_prefix(*w, variable))
			return true;
	}
	return false;
}

void build_add_words(GPtrArray *argv, char *const *words)
{
	for (; words && *words; words++)
		g_ptr_array_add(argv, g_strdup(*words));
}

static bool have_program(const char *name)
{
	g_autofree char *path = g_find_program_in_path(name);
	return path != NULL;
}

static gpointer find_ccache_dir(gpointer arg)
{
	char *argv[] = { "ccache", "--get-config=cache_dir", NULL };
	char *text = NULL;
	int status = -1;
	(void)arg;
	struct spawn sp = { .argv = argv };
	if (spawn_capture(&sp, 4096, &text, &status, NULL) != 0 || status != 0 ||
	    !g_path_is_absolute(g_strstrip(text)) || file_mkdir(text, NULL) != 0)
		g_clear_pointer(&text, g_free);
	return text;
}

/* Shared by all slots, so each may write there. NULL: there is none. */
static const char *ccache_dir(void)
{
	static GOnce once = G_ONCE_INIT;
	return g_once(&once, find_ccache_dir, NULL);
}

static const char *cache_of(const struct build_request *rq)
{
	if (!rq->ccache || !have_program("ccache"))
		return NULL;
	return rq->ccache_dir ? rq->ccache_dir : ccache_dir();
}

/* In a cage /tmp is the build's own, in memory. */
void build_watch_space(struct build *b)
{
	space_init(&b->space, b->rq->disk,
		   build_is_others(b) ? (uid_t)b->rq->confine.user.uid : geteuid());
	space_add(&b->space, b->obj);
	space_add(&b->space, b->rq->dir);
	space_add(&b->space, cache_of(b->rq));
	if (!b->rq->confine.caged)
		space_add(&b->space, g_get_tmp_dir());
}

bool build_is_others(const struct build *b)
{
	return b->rq->confine.caged && spawn_is_other(b->rq->confine.user);
}

err_t build_mkdir(const struct build *b, const char *dir, struct error *error)
{
	const struct spawn_user *user = &b->rq->confine.user;
	err_t err = file_mkdir(dir, error);
	if (!err && build_is_others(b) && lchown(dir, (uid_t)user->uid, (gid_t)user->gid) != 0)
		err = error_set(error, errno, "%s: %s", dir, g_strerror(errno));
	return err;
}

void build_add_cage(const struct build *b, GPtrArray *argv)
{
	const char *own = b->rq->program ? b->rq->program : b->rq->cc;
	g_autofree char *programs = own && g_path_is_absolute(own) ? g_path_get_dirname(own) : NULL;
	if (programs && strcmp(programs, "/") == 0) /* shown without it, and not as it is outside */
		g_clear_pointer(&programs, g_free);
	const char *cache = cache_of(b->rq);
	const char *readable[] = { b->rq->slot, programs, NULL };
	const char *writable[] = { b->obj, b->rq->program ? cache : b->conf,
				   b->rq->program ? NULL : cache, NULL };
	struct cage cage = { .readable = readable,
			     .writable = writable,
			     .user = b->rq->confine.user };
	if (b->rq->confine.caged)
		cage_add(argv, &cage);
}

void build_add_launcher(const struct build *b, GPtrArray *argv)
{
	if (b->rq->low_priority)
		build_add_words(argv, (char *[]){ "nice", "-n", "10", NULL });
	build_add_words(argv, b->rq->launcher);
	build_add_cage(b, argv);
}

GStrv build_make_command(const struct build *b, const char *obj, const char *target)
{
	GPtrArray *argv = g_ptr_array_new();
	build_add_launcher(b, argv);
	g_ptr_array_add(argv, g_strdup("make"));
	g_ptr_array_add(argv, g_strdup("-C"));
	g_ptr_array_add(argv, g_strdup(slot_src(b->slot)));
	g_ptr_array_add(argv, g_strdup_printf("O=%s", obj));
	g_ptr_array_add(argv, g_strdup_printf("-j%d", b->rq->jobs));
	g_ptr_array_add(argv, g_strdup("LOCALVERSION="));
	const char *through = b->rq->ccache && have_program("ccache") ? "ccache " : "";
	if (b->rq->cc) {
		g_ptr_array_add(argv, g_strdup_printf("CC=%s%s", through, b->rq->cc));
	} else if (*through && !build_has_word(b, "CC=")) {
		g_autofree char *cross = NULL;
		for (char **w = b->words; *w; w++) {
			if (g_str_has_prefix(*w, "CROSS_COMPILE="))
				cross = g_strdup(*w + strlen("CROSS_COMPILE="));
		}
		bool llvm = build_has_word(b, "LLVM=");
		g_ptr_array_add(argv,
				llvm ? g_strdup("CC=ccache clang")
				     : g_strdup_printf("CC=ccache %sgcc", cross ? cross : ""));
	}
	for (char **w = b->words; *w; w++) { /* the setting `compilers` is the more special one */
		if (!b->rq->cc || !g_str_has_prefix(*w, "CC="))
			g_ptr_array_add(argv, g_strdup(*w));
	}
	g_ptr_array_add(argv, g_strdup(target));
	g_ptr_array_add(argv, NULL);
	return (GStrv)g_ptr_array_free(argv, FALSE);
}

GStrv build_environment(const struct build_request *rq)
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
	};
	static const char *const dropped[] = {
		"MAKEFLAGS", "MAKELEVEL", "MFLAGS",  "ARCH",	      "CROSS_COMPILE", "LLVM",
		"KCFLAGS",   "O",	  "GIT_DIR", "GIT_WORK_TREE", "KCONFIG_CONFIG"
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

/* A cage that could not be made says so in its first words: that is not the commit's fault. */
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
	if (!g_str_has_prefix(words, "bwrap: "))
		return 0;
	return error_set(error, EPERM, "the build cannot be isolated: %s", words);
}

static void tick(void *arg)
{
	struct build *b = arg;
	space_look(&b->space);
	if (b->rq->tick)
		b->rq->tick(b->rq->arg);
}

err_t build_run(struct build *b, char *const *argv, int *status, struct error *error)
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

/* ---- why a build failed ---- */

err_t build_broken(struct build *b, struct error *error)
{
	g_autofree char *log = g_build_filename(b->rq->dir, "build.log", NULL);
	struct build_log found;
	build_log_read(log, &found);
	err_t err = space_judge(&b->space, found.claim, error);
	if (err) {
		g_free(found.reason);
		return err;
	}
	b->result->broken = true;
	b->result->reason =
		b->excess ? g_steal_pointer(&b->excess) : g_steal_pointer(&found.reason);
	g_free(found.reason);
	/* the tree's own directory says nothing to a reader */
	g_auto(GStrv) parts = g_strsplit(b->result->reason, slot_src(b->slot), -1);
	g_free(b->result->reason);
	b->result->reason = g_strjoinv("", parts);
	if (b->result->reason[0] == '/')
		memmove(b->result->reason, b->result->reason + 1, strlen(b->result->reason));
	return 0;
}
