/*
 * A libvirt host: its connection, opened when first needed and again when it was lost, and the
 * events of its domains. Any thread, unless said otherwise; no call is kept waiting by another
 * host's connection.
 */
#ifndef VMM_HOST_H
#define VMM_HOST_H

#include "bisectfs/error.h"

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>

struct host;
struct ship;

/* `root`: directory of what we keep for this host, of the embedded driver if it is one. Starts
 * nothing. */
struct host *host_new(const char *uri, const char *root);
/* Ends what runs there and closes the connection. Nobody may be using the host. */
void host_free(struct host *h);
const char *host_uri(const struct host *h);
bool host_is_embedded(const struct host *h);

/* A connection for the time of one run, to be closed. -EHOSTUNREACH and the reason of libvirt. */
err_t host_connect(struct host *h, virConnectPtr *conn, struct error *error);

/* Whether guests on this machine can use KVM; probed once. */
bool host_has_kvm(struct host *h);

/* The files brought there; borrowed. */
struct ship *host_ship(struct host *h);

/* Told when the domain with this UUID is gone; `failed`: killed from outside. Called in libvirt's
 * event thread with a lock of the host's held, not after host_unwatch has returned. */
struct host_watch {
	char uuid[VIR_UUID_STRING_BUFLEN];
	void (*gone)(struct host_watch *w, bool failed);
};
void host_watch(struct host *h, struct host_watch *w);
void host_unwatch(struct host *h, struct host_watch *w);

/* Ends the domain; returns when libvirt knows it no more. */
void host_destroy(const struct host *h, virDomainPtr dom);

#endif
