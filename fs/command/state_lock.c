/*
 * The lock file has the holder's mount point. Where that is still in the mount table, waiting would
 * be in vain; a daemon whose mount is in another mount namespace can't be seen and is waited for.
 */
#include "state_lock.h"

#include "complain.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <glib.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MOST ((gint64)60 * G_USEC_PER_SEC)
#define WAIT_SILENT ((gint64)1 * G_USEC_PER_SEC)
#define LOOK_EVERY ((gulong)50 * 1000) /* microseconds */

static bool is_mounted(const char *mountpoint)
{
	FILE *table = setmntent("/proc/self/mounts", "r");
	struct mntent *m;
	bool found = false;
	while (table && !found && (m = getmntent(table)))
		found = strcmp(m->mnt_type, "fuse.bisectfs") == 0 &&
			strcmp(m->mnt_dir, mountpoint) == 0;
	if (table)
		endmntent(table);
	return found;
}

err_t state_lock_take(const char *state, const char *mountpoint, int *fd, struct error *error)
{
	gint64 begun = g_get_monotonic_time(), waited = 0;
	bool said = false;
	err_t err;
	while ((err = state_dir_open(state, fd, error)) == -EBUSY && waited < WAIT_MOST) {
		g_autofree char *holder = state_dir_holder(state);
		if (*holder && is_mounted(holder))
			return error_set(
				error, EBUSY,
				"another bisectfs, mounted at %s, uses the state directory "
				"%s: unmount that one, or give this one --state DIR",
				holder, state);
		if (!said && waited > WAIT_SILENT) {
			complain(0, "waiting until the bisectfs that was mounted at %s has ended",
				 *holder ? holder : "another place");
			said = true;
		}
		g_usleep(LOOK_EVERY);
		waited = g_get_monotonic_time() - begun;
	}
	if (!err)
		state_dir_note_holder(*fd, mountpoint);
	return err;
}
