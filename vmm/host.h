/*
 * A libvirt host: its connection, opened when first needed and again when it was lost, and the
 * events of its domains.
 */
#ifndef VMM_HOST_H
#define VMM_HOST_H

#include "bisectfs/error.h"

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stdint.h>

struct host;

/* `root`: directory of the embedded driver, used for qemu:///embed only. Starts nothing. */
struct host *host_new(const char *uri, const char *root);
/* Ends what runs there and closes the connection. */
void host_free(struct host *h);
const char *host_uri(const struct host *h);
bool host_is_embedded(const struct host *h);

/* A connection for the time of one run. -EHOSTUNREACH and the reason of libvirt. */
err_t host_connect(struct host *h, virConnectPtr *conn, struct error *error);

/* Whether local guests can use KVM; probed once. */
bool host_has_kvm(struct host *h);

/* Brings a kernel to a host on another machine, once: runs of a step share it, and wait here while
 * one of them uploads it. The last few are kept there. `remote` is to be freed. */
err_t host_bring_kernel(struct host *h, virConnectPtr conn, const char *path, char **remote,
			struct error *error);

/* Told when the domain with this UUID is gone; `failed`: killed from outside. Called in libvirt's
 * event thread, not after host_unwatch has returned. */
struct host_watch {
	char uuid[VIR_UUID_STRING_BUFLEN];
	void (*gone)(struct host_watch *w, bool failed);
};
void host_watch(struct host *h, struct host_watch *w);
void host_unwatch(struct host *h, struct host_watch *w);

/* Kills the domain's QEMU where it is a process of ours. libvirt, told to destroy the domain after
 * that, finds it gone; by itself it would ask first, and look again after a fifth of a second. */
void host_kill(const struct host *h, virDomainPtr dom);

/* Starts libvirt's event loop in a thread of its own, once per process. */
err_t host_events_start(struct error *error);

/* Kills what QEMU processes an earlier daemon left behind under this root. Returns their number. */
int host_sweep(const char *root);

/* The reason libvirt gave for its last failure in this thread. */
err_t host_error(struct error *error, int code, const char *doing);

#endif
