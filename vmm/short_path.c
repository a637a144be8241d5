/*
 * Directories for the link, best first: $XDG_RUNTIME_DIR/bisectfs, /run/bisectfs (root) or
 * /run/user/UID/bisectfs, and /tmp/bisectfs-UID, which are looked at before they are used: in /tmp
 * anybody may have made one of that name.
 */
#include "short_path.h"

#include "engine/base/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_NAME_MOST 107
#define LIBVIRT_ADDS 66 /* "/libvirt-9/lib/qemu/domain-12345-", 20 of the name, "/monitor.sock" */
#define MOST (SOCKET_NAME_MOST - LIBVIRT_ADDS)
#define HASH 10

static void add_candidate(GPtrArray *dirs, const char *parent, const char *name)
{
	if (!parent || parent[0] != '/' || strlen(parent) + 1 + strlen(name) + 1 + HASH > MOST)
		return;
	g_ptr_array_add(dirs, g_build_filename(parent, name, NULL));
}

static GPtrArray *candidates(void)
{
	GPtrArray *dirs = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *run = g_strdup_printf("/run/user/%u", (unsigned)geteuid());
	g_autofree char *own = g_strdup_printf("bisectfs-%u", (unsigned)geteuid());
	add_candidate(dirs, g_getenv("XDG_RUNTIME_DIR"), "bisectfs");
	add_candidate(dirs, geteuid() == 0 ? "/run" : run, "bisectfs");
	add_candidate(dirs, "/tmp", own);
	return dirs;
}

static char *link_in(const char *dir, const char *state)
{
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, state, -1);
	return g_strdup_printf("%s/%.*s", dir, HASH, hash);
}

GPtrArray *short_path_all(const char *state)
{
	g_autoptr(GPtrArray) dirs = candidates();
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(all, g_strdup(state));
	for (guint i = 0; i < dirs->len; i++)
		g_ptr_array_add(all, link_in(g_ptr_array_index(dirs, i), state));
	return all;
}

/* Nobody else can put a link of his own there. */
static bool is_ours_alone(const char *dir)
{
	struct stat st;
	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool points_to(const char *path, const char *state)
{
	g_autofree char *target = g_file_read_link(path, NULL);
	return target && strcmp(target, state) == 0;
}

/* Of daemons that were killed, and whose state directories are not there any more. */
static void remove_dangling(const char *dir)
{
	g_autoptr(GPtrArray) names = file_names(dir);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(dir, g_ptr_array_index(names, i), NULL);
		struct stat st;
		if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && stat(path, &st) != 0 &&
		    errno == ENOENT)
			unlink(path);
	}
}

/* In one step: while guests start, another thread may make it too. */
static bool make_link(const char *path, const char *state)
{
	static gint made;
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *next =
		g_strdup_printf("%s.%d.%d", path, (int)getpid(), g_atomic_int_add(&made, 1));
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return false;
	if (!is_ours_alone(dir))
		return false;
	remove_dangling(dir);
	if (symlink(state, next) == 0 && rename(next, path) == 0)
		return true;
	unlink(next);
	return false;
}

err_t short_path_make(const char *state, char **path, struct error *error)
{
	g_autoptr(GPtrArray) dirs = candidates();
	for (guint i = 0; i < dirs->len; i++) {
		g_autofree char *link = link_in(g_ptr_array_index(dirs, i), state);
		if (make_link(link, state)) {
			*path = g_steal_pointer(&link);
			return 0;
		}
	}
	if (strlen(state) > MOST)
		return error_set(
			error, ENAMETOOLONG,
			"the state directory %s is too long for the sockets of guests, and no "
			"short name for it can be made in %s: make that directory yours alone, "
			"set XDG_RUNTIME_DIR, or give --state DIR of at most %d bytes",
			state, (char *)g_ptr_array_index(dirs, dirs->len - 1), MOST);
	*path = g_strdup(state);
	return 0;
}

err_t short_path_keep(const char *path, const char *state, struct error *error)
{
	if (strcmp(path, state) == 0 || points_to(path, state) || make_link(path, state))
		return 0;
	return error_set(error, EIO,
			 "%s, the short name of %s, was removed and cannot be made again", path,
			 state);
}

void short_path_remove(const char *path, const char *state)
{
	if (strcmp(path, state) != 0 && points_to(path, state))
		unlink(path);
}
