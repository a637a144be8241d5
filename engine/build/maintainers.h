/*
 * Who looks after the code that a commit touches: scripts/get_maintainer.pl of the commit's own
 * tree.
 */
#ifndef ENGINE_BUILD_MAINTAINERS_H
#define ENGINE_BUILD_MAINTAINERS_H

#include "cage.h"
#include "engine/base/cancel.h"

#include <glib.h>

struct slot_objects;

/* Checks the commit out in the slot and asks the script: lines "to: ADDRESS" and "cc: ADDRESS" into
 * a new list, empty where there is no such script or it fails. `confine`: in which cage it runs.
 * Blocks; the slot's thread. -ECANCELED; -EREMOTEIO as for slot_checkout; another error: the slot
 * cannot be used. */
err_t maintainers_ask(const struct slot_objects *from, const char *slot, const char *commit,
		      const struct confinement *confine, struct cancel *cancel, char ***list,
		      struct error *error);

/* Sorts the script's output as syzbot does: maintainers, supporters and the subsystem's lists are
 * `to`, others `cc`; linux-kernel comes last, and is `to` only where no other list is. Appends new
 * strings to `out`, each address once. */
void maintainers_parse(const char *text, GPtrArray *out);

#endif
