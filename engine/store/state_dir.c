/*
 * The layout of the state directory: each path is made in one place, here.
 */
#include "state_dir.h"

#include "engine/base/file.h"

#include "bisectfs/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a daemon that was killed had begun to write. Before now it had other names: those of
 * settings/ are known, as nobody but us makes files there. */
static void sweep_settings(const char *dir)
{
	g_autofree char *files = g_build_filename(dir, SETTING_FILES_DIR, NULL);
	file_remove_temporary(dir);
	file_remove_temporary(files);
	g_autoptr(GPtrArray) names = file_names(dir);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		const char *end = g_str_has_suffix(name, ".tmp") ? strrchr(name, '.') : name;
		g_autofree char *setting = g_strndup(name, (gsize)(end - name));
		g_autofree char *path = g_build_filename(dir, name, NULL);
		if (setting_find(setting) >= 0)
			unlink(path);
	}
}

static void sweep(const char *state)
{
	g_autofree char *defaults = state_dir_setting(state, NULL, NULL);
	g_autofree char *b = g_build_filename(state, "b", NULL);
	g_autoptr(GPtrArray) names = file_names(b);
	sweep_settings(defaults);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *dir = state_dir_bisection(state, name);
		g_autofree char *settings = state_dir_setting(state, name, NULL);
		file_remove_temporary(dir);
		sweep_settings(settings);
	}
}

/* The directories at the top; what is in them is reached through them. */
static const char *const parts[] = { "b",	 "kernels", "libvirt", "new",
				     "promised", "slots",   "trash",   "users" };

static bool is_ours(const char *name)
{
	static const char *const files[] = { "lock", "reserve", "daemon.log", "lost+found" };
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (strcmp(name, parts[i]) == 0)
			return true;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		if (strcmp(name, files[i]) == 0)
			return true;
	}
	return g_str_has_prefix(name, "libvirt-") || g_str_has_prefix(name, "vm-");
}

/* Somebody who gives us /tmp or their home to keep things in goes on using it for other ends. */
static bool is_ours_alone(const char *state)
{
	struct stat st;
	g_autoptr(GPtrArray) names = file_names(state);
	if (stat(state, &st) != 0 || (st.st_mode & S_ISVTX))
		return false;
	for (guint i = 0; i < names->len; i++) {
		if (!is_ours(names->pdata[i]))
			return false;
	}
	return true;
}

static err_t close_to_others(const char *path, struct error *error)
{
	return chmod(path, 0700) == 0 ? 0 : file_error(error, path, "close");
}

static err_t make_parts(const char *state, struct error *error)
{
	g_autofree char *files = g_build_filename(state, "new/settings", SETTING_FILES_DIR, NULL);
	err_t err = file_mkdir(files, error);
	if (!err && is_ours_alone(state))
		err = close_to_others(state, error);
	for (gsize i = 0; !err && i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(state, parts[i], NULL);
		err = file_mkdir(path, error);
		if (!err) /* an earlier version left them open */
			err = close_to_others(path, error);
	}
	return err;
}

err_t state_dir_let_through(const char *dir, struct error *error)
{
	struct stat st;
	if (stat(dir, &st) != 0 || chmod(dir, (st.st_mode & 07777) | S_IXGRP | S_IXOTH) != 0)
		return file_error(error, dir, "open");
	return 0;
}

err_t state_dir_open(const char *dir, int *fd, struct error *error)
{
	err_t err = make_parts(dir, error);
	if (err)
		return err;
	g_autofree char *lock = g_build_filename(dir, "lock", NULL);
	*fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return file_error(error, lock, "open");
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0) {
		sweep(dir);
		return 0;
	}
	int code = errno;
	close(*fd);
	if (code == EWOULDBLOCK)
		return error_set(error, EBUSY,
				 "another bisectfs uses the state directory %s and has not ended: "
				 "give this one --state DIR, or end that one",
				 dir);
	return error_set(error, code, "cannot lock %s: %s", lock, g_strerror(code));
}

void state_dir_note_holder(int fd, const char *mountpoint)
{
	size_t len = strlen(mountpoint);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, mountpoint, len, 0) != (ssize_t)len)
		return; /* a full disk: whoever comes waits instead of being refused at once */
}

char *state_dir_holder(const char *dir)
{
	g_autofree char *lock = g_build_filename(dir, "lock", NULL);
	gsize len;
	char *text = file_read_head(lock, PATH_MAX, &len);
	return text ? text : g_strdup("");
}

char *state_dir_promised(const char *state)
{
	return g_build_filename(state, "promised", NULL);
}

char *state_dir_bisection(const char *state, const char *name)
{
	return g_build_filename(state, "b", name, NULL);
}

char *state_dir_step(const char *state, const char *name, int step)
{
	return g_strdup_printf("%s/b/%s/steps/%d", state, name, step);
}

char *state_dir_run(const char *state, const char *name, int step, int run, const char *suffix)
{
	return g_strdup_printf("%s/b/%s/steps/%d/runs/%d.%s", state, name, step, run, suffix);
}

char *state_dir_setting(const char *state, const char *name, const char *setting)
{
	if (name)
		return g_build_filename(state, "b", name, "settings", setting, NULL);
	return g_build_filename(state, "new", "settings", setting, NULL);
}

err_t state_dir_make_settings(const char *state, const char *name, struct error *error)
{
	g_autofree char *dir = state_dir_bisection(state, name);
	g_autofree char *settings = state_dir_setting(state, name, NULL);
	g_autofree char *files = g_build_filename(settings, SETTING_FILES_DIR, NULL);
	err_t err = file_mkdir(dir, error);
	return err ? err : file_mkdir_readable(files, error);
}

err_t state_dir_sync_bisection(const char *state, const char *name, struct error *error)
{
	g_autofree char *dir = state_dir_bisection(state, name);
	g_autofree char *journal = g_build_filename(dir, "journal", NULL);
	err_t err = file_sync_dir_of(journal, error);
	return err ? err : file_sync_dir_of(dir, error);
}
