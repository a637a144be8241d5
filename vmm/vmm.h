/*
 * The VM room: kernels in, outcomes out. Knows libvirt and guests, nothing of bisection.
 *
 * Each run is one fresh domain on one of the hosts: created paused, its console opened, resumed,
 * watched until console.c knows the outcome, destroyed.
 */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "bisectfs/runner.h"

struct vmm_host {
	const char *uri;
	int vms;
};

struct vmm;
/* `state`: the daemon's state directory; `init`: path of our guest init. Kills what an earlier
 * daemon left running under this state directory. Connects to nobody yet. */
err_t vmm_new(const struct vmm_host *hosts, int n, const char *state, const char *init,
	      struct vmm **vmm, struct error *error);
/* Waits until nothing is left of the guests whose runs are over: they are ended while others begin.
 */
void vmm_settle(struct vmm *vmm);
void vmm_free(struct vmm *vmm);
/* Borrowed from `vmm`. */
struct runner vmm_runner(struct vmm *vmm);

#endif
