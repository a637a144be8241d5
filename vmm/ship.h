/*
 * Bringing a guest's files to a host that does not see our disk: volumes in a storage pool of ours
 * there, made and filled through libvirt alone. Their names carry an id of the state directory, so
 * that each daemon deletes its own only, also those that one before it has left.
 */
#ifndef VMM_SHIP_H
#define VMM_SHIP_H

#include "bisectfs/error.h"

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

/* Whether files have to be brought: the URI names another machine. */
bool ship_is_needed(const char *uri);

/* The volumes of one host. Any thread; what is brought at the same time waits for one another. */
struct ship;
/* `root`: directory that keeps the id; made when first needed. */
struct ship *ship_new(const char *root);
/* Deletes the kernels there; `conn` NULL: they stay until the next daemon comes. */
void ship_free(struct ship *s, virConnectPtr conn);

/* Brings the file `path`, once: runs of a step share it. The last few are kept there. `remote`, to
 * be freed, is its path on the host. */
err_t ship_kernel(struct ship *s, virConnectPtr conn, const char *path, char **remote,
		  struct error *error);
/* Brings a file of one run, which deletes it by ship_remove. */
err_t ship_initrd(struct ship *s, virConnectPtr conn, const char *path, char **remote,
		  struct error *error);
void ship_remove(virConnectPtr conn, const char *remote);

/* An empty file for what the console of the run `number` prints, which QEMU writes there itself:
 * a pty forgets what was not read yet when QEMU ends. To be deleted by ship_remove. */
err_t ship_console(struct ship *s, virConnectPtr conn, int number, char **remote,
		   struct error *error);
/* Appends what it holds from byte `from` on, at most `most` bytes. */
err_t ship_read(virConnectPtr conn, const char *remote, int64_t from, gsize most, GString *out,
		struct error *error);

/* Deletes all volumes of this state directory that the host has, of whichever daemon. */
void ship_sweep(struct ship *s, virConnectPtr conn);

#endif
