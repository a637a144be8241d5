/*
 * Every run has a domain name of its own, so whatever libvirt keeps under a domain's name is never
 * looked at again. With no driver open nothing below a root is in use but etc/ (written anew at
 * each start) and cache/ (QEMU's capabilities: seconds to find out): the rest is removed whole,
 * after the processes, which may still write there.
 */
#include "sweep.h"

#include "engine/base/file.h"
#include "qemu_process.h"
#include "short_path.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

static void remove_files(const char *root)
{
	static const char *const parts[] = { "run", "lib", "log" };
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *dir = g_build_filename(root, parts[i], NULL);
		file_remove_tree(dir, NULL); /* what can't be removed is in nobody's way */
	}
}

void sweep_root(const char *root)
{
	qemu_process_kill_all(root);
	remove_files(root);
}

/* "libvirt", "libvirt-N": also of hosts that the profile has no more. */
static bool is_root(const char *name)
{
	return strcmp(name, "libvirt") == 0 || g_str_has_prefix(name, "libvirt-");
}

/* "vm-N.sock", "vm-N.cpio": the same for slots. */
static bool is_of_slot(const char *name)
{
	return g_str_has_prefix(name, "vm-") &&
	       (g_str_has_suffix(name, ".sock") || g_str_has_suffix(name, ".cpio"));
}

/* Command lines name the root as the daemon did that began them. */
static void end_processes(const GPtrArray *paths, const char *name)
{
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *root = g_build_filename(g_ptr_array_index(paths, i), name, NULL);
		qemu_process_kill_all(root);
	}
}

void sweep_state(const char *state)
{
	g_autoptr(GPtrArray) names = file_names(state);
	g_autoptr(GPtrArray) paths = short_path_all(state);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *path = g_build_filename(state, name, NULL);
		if (is_root(name)) {
			end_processes(paths, name);
			remove_files(path);
		} else if (is_of_slot(name)) {
			unlink(path);
		}
	}
}

static void remove_named(const char *dir, const char *name)
{
	g_autoptr(GPtrArray) names = file_names(dir);
	gsize len = strlen(name);
	for (guint i = 0; i < names->len; i++) {
		const char *found = g_ptr_array_index(names, i);
		/* NAME.log, NAME_VARS.fd, not those of a guest whose number has one digit more */
		if (strncmp(found, name, len) != 0 || g_ascii_isalnum(found[len]))
			continue;
		g_autofree char *path = g_build_filename(dir, found, NULL);
		unlink(path);
	}
}

void sweep_domain(const char *root, const char *name)
{
	static const char *const dirs[] = { "log/qemu", "lib/qemu/nvram" };
	for (gsize i = 0; i < G_N_ELEMENTS(dirs); i++) {
		g_autofree char *dir = g_build_filename(root, dirs[i], NULL);
		remove_named(dir, name);
	}
}
