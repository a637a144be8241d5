/*
 * Bringing a guest's files to a host that does not see our disk: volumes in a storage pool of ours
 * there, made and filled through libvirt alone.
 */
#ifndef VMM_SHIP_H
#define VMM_SHIP_H

#include "bisectfs/error.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>

/* Whether files have to be brought: the URI names another machine. */
bool ship_is_needed(const char *uri);

/* Uploads the file `path` as a volume named by `prefix` and its content; `remote` (to be freed) is
 * its path on the host. One of that name that is there already may be half of an upload that was
 * cut short: it is used only if `whole` (may be NULL) says so, given its path. */
err_t ship_file(virConnectPtr conn, const char *prefix, const char *path,
		bool (*whole)(const char *remote, void *arg), void *arg, char **remote,
		struct error *error);
/* Deletes the volume at this path. */
void ship_remove(virConnectPtr conn, const char *remote);

#endif
