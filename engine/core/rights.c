/*
 * Looks at who could put what in the place that a setting names, not at what is there now alone.
 */
#include "rights.h"
#include "engine/base/file.h"
#include "engine/store/profile.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One who may change it could put a link to anything in its place. */
static bool only_root_changes(const char *path, mode_t kind)
{
	struct stat st;
	return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == kind && st.st_uid == 0 &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* QEMU opens the image, and whatever its header names, with root's rights. */
static err_t check_rootfs(const char *text, struct error *error)
{
	g_autofree char *name = g_strstrip(g_strdup(text));
	char path[PATH_MAX];
	struct stat st;
	if (!realpath(name, path) || stat(path, &st) != 0)
		return error_set(error, EPERM, "rootfs: %s: %s", name, g_strerror(errno));
	bool safe = only_root_changes(path, S_IFREG) && (st.st_mode & S_IROTH);
	for (char *end = strrchr(path, '/'); safe && end; end = strrchr(path, '/')) {
		*end = '\0';
		safe = only_root_changes(*path ? path : "/", S_IFDIR);
	}
	if (safe)
		return 0;
	return error_set(error, EPERM,
			 "rootfs: %s is opened with root's rights: it has to be root's, readable "
			 "for all, in directories that only root can change",
			 name);
}

static bool names_programs(enum setting id)
{
	return id == SET_BUILD || id == SET_COMPILERS || id == SET_MAKE;
}

err_t rights_check_setting(const struct engine *e, struct spawn_user owner, enum setting id,
			   const char *text, struct error *error)
{
	bool empty = !text[strspn(text, " \t\r\n")];
	bool launched = e->profile->launcher && e->profile->launcher[0];
	if (empty || !spawn_is_other(owner))
		return 0;
	if (id == SET_DOMAIN)
		return error_set(error, EPERM,
				 "domain: a template can give a guest every file and device of "
				 "this machine: only bisections of root have one of their own, "
				 "others that of new/settings");
	if (id == SET_ROOTFS)
		return check_rootfs(text, error);
	if (names_programs(id) && e->workers.uncaged && !launched)
		return error_set(error, EPERM,
				 "%s: builds are not isolated here (%s), so only root names their "
				 "programs",
				 setting_name(id), e->workers.uncaged);
	return 0;
}

/* -EACCES when a file of the directory is not for all to read. */
static err_t check_readable(const char *dir, struct error *error)
{
	g_autoptr(GPtrArray) names = file_names(dir);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(dir, names->pdata[i], NULL);
		struct stat st;
		if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size &&
		    !(st.st_mode & S_IROTH))
			return error_set(error, EACCES,
					 "'%s' of new/settings is private to root: mkdir a "
					 "bisection and give it one of your own",
					 (const char *)names->pdata[i]);
	}
	return 0;
}

err_t rights_check_defaults(const struct engine *e, struct spawn_user user, struct error *error)
{
	g_autofree char *settings = state_dir_setting(e->state, NULL, NULL);
	g_autofree char *files = state_dir_setting(e->state, NULL, SETTING_FILES_DIR);
	if (!spawn_is_other(user))
		return 0;
	err_t err = check_readable(settings, error);
	return err ? err : check_readable(files, error);
}
