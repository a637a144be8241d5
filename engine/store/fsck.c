/*
 * Holds the lock of the state directory while it looks, so that nothing changes meanwhile. Each
 * journal is read as a mount would read it, into a session of its own; what that session says to
 * have happened is then looked for on disk. Settings are checked as a write of them would be.
 */
#include "fsck.h"

#include "journal.h"
#include "engine/base/file.h"
#include "state_dir.h"

#include "bisectfs/session.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static void found(struct fsck *f, bool harmless, const char *path, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
static void found(struct fsck *f, bool harmless, const char *path, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	f->problems += !harmless;
	f->notes += harmless;
	f->found(f->arg, harmless, path, what);
}

static err_t replay(const struct event *ev, void *arg, struct error *error)
{
	struct session *s = arg;
	if (ev->kind == EV_CREATED && g_strcmp0(ev->created.name, s->name) != 0)
		return error_set(error, EINVAL, "this is the journal of '%s'", ev->created.name);
	return session_apply(s, ev, error);
}

/* A run that has its outcome has its log, unless it never came to that. */
static void check_runs(struct fsck *f, const char *state, const struct session *s)
{
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		for (guint k = 0; k < step->runs->len; k++) {
			const struct run *r = step_run(step, (int)k);
			g_autofree char *log = state_dir_run(state, s->name, (int)i, (int)k, "log");
			bool ran = r->outcome != OUTCOME_NONE && r->outcome != OUTCOME_INFRA &&
				   !run_was_stopped(r);
			f->runs += ran;
			if (ran && !file_exists(log))
				found(f, false, log, "missing: the log of a finished run");
		}
	}
}

static void check_settings(struct fsck *f, const char *state, const struct session *s)
{
	struct settings trial;
	settings_init(&trial);
	for (int i = 0; i < SETTINGS; i++) {
		const char *name = setting_name((enum setting)i);
		g_autofree char *path = state_dir_setting(state, s->name, name);
		g_autofree char *text = NULL;
		struct error why;
		gsize len;
		if (!g_file_get_contents(path, &text, &len, NULL))
			continue;
		err_t err = setting_is_large((enum setting)i)
				    ? setting_check_large((enum setting)i, text, len, &why)
				    : settings_set(&trial, (enum setting)i, text, len, &why);
		if (err)
			found(f, false, path, "%s", why.text);
	}
	settings_clear(&trial);
}

static void check_bisection(struct fsck *f, const char *state, const char *name)
{
	g_autofree char *dir = state_dir_bisection(state, name);
	g_autofree char *journal = g_build_filename(dir, "journal", NULL);
	g_autofree char *ahead = g_build_filename(dir, "ahead", NULL);
	struct session *s = session_new(name);
	struct error why;
	size_t torn = 0;
	err_t err = journal_read(journal, replay, s, &torn, &why);
	if (err)
		found(f, false, journal,
		      "%s; nothing is mounted with it: put back a copy of the file, or move %s "
		      "away",
		      g_str_has_prefix(why.text, journal) ? why.text + strlen(journal) + 1
							  : why.text,
		      dir);
	else if (!s->created)
		found(f, true, dir, "made by a command that was never answered");
	if (torn && !err)
		found(f, true, journal, "the last %zu bytes were never acknowledged", torn);
	if (file_exists(ahead) && session_over(s))
		found(f, true, ahead, "left by work ahead");
	f->bisections += !err && s->created;
	if (!err)
		check_runs(f, state, s);
	check_settings(f, state, s);
	session_free(s);
}

static void check_kernel(struct fsck *f, const char *dir)
{
	g_autofree char *result = g_build_filename(dir, "result", NULL);
	g_autofree char *kernel = g_build_filename(dir, "kernel", NULL);
	json_error_t why;
	json_t *json;
	if (g_str_has_suffix(dir, ".part")) {
		found(f, true, dir, "a build that was cut short");
		return;
	}
	json = json_load_file(result, 0, &why);
	if (!json)
		found(f, true, result, "%s: it will be built again", why.text);
	else if (json_object_get(json, "signature") && !file_exists(kernel))
		found(f, true, kernel, "missing: it will be built again");
	f->kernels += json != NULL;
	json_decref(json);
}

static void check_trash(struct fsck *f, const char *state)
{
	g_autofree char *trash = g_build_filename(state, "trash", NULL);
	g_autoptr(GPtrArray) names = file_names(trash);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(trash, names->pdata[i], NULL);
		found(f, true, path, "was removed, and is not gone yet");
	}
}

static err_t take_lock(const char *state, int *fd, struct error *error)
{
	g_autofree char *lock = g_build_filename(state, "lock", NULL);
	*fd = open(lock, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return error_set(error, errno, "%s is no state directory: %s: %s", state, lock,
				 g_strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	int code = errno;
	close(*fd);
	return error_set(error, code == EWOULDBLOCK ? EBUSY : code,
			 code == EWOULDBLOCK ? "%s is in use: unmount it first"
					     : "%s cannot be locked",
			 state);
}

err_t fsck_state(struct fsck *f, const char *state, struct error *error)
{
	int fd;
	err_t err = take_lock(state, &fd, error);
	if (err)
		return err;
	g_autofree char *b = g_build_filename(state, "b", NULL);
	g_autofree char *kernels = g_build_filename(state, "kernels", NULL);
	g_autoptr(GPtrArray) names = file_names(b);
	g_autoptr(GPtrArray) keys = file_names(kernels);
	for (guint i = 0; i < names->len; i++)
		check_bisection(f, state, g_ptr_array_index(names, i));
	for (guint i = 0; i < keys->len; i++) {
		g_autofree char *dir = g_build_filename(kernels, keys->pdata[i], NULL);
		check_kernel(f, dir);
	}
	check_trash(f, state);
	close(fd);
	return 0;
}
