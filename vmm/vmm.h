/*
 * The VM room: kernels in, outcomes out. It knows libvirt and guests, nothing of bisection.
 *
 * What comes in is a run_request: a kernel, what to run in it, limits. What goes out is the
 * outcome, the console's log and, after a crash, the report. Each run is one fresh domain in a slot
 * of one of the hosts: created paused, its console opened, resumed, watched until console.c knows
 * the outcome, destroyed.
 *
 *   vmm          slots and hosts, and what is set up for all runs
 *   run          one run:
 *     initramfs    what the guest boots into, with guest/init as its first process
 *     domain       the domain as XML
 *     guest        domain and console
 *     console      from console bytes to the outcome
 *     test_output  what the lines of a test say, and its end
 *     tap          the cases of a suite
 *   dying_guests the end of a run, beside the next one
 *   host         a libvirt connection
 *   ship         files for hosts elsewhere
 *   probe        whether KVM works
 *   sweep        what a killed daemon left
 *   qemu_process its processes
 */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "bisectfs/runner.h"

struct vmm_host {
	const char *uri;
	int vms;
};

struct vmm;
/* `state`: the daemon's state directory, locked by it; `init`: path of our guest init. Ends what an
 * earlier daemon left running under this state directory. Connects to nobody yet. */
err_t vmm_new(const struct vmm_host *hosts, int n, const char *state, const char *init,
	      struct vmm **vmm, struct error *error);
/* Waits until nothing is left of the guests whose runs are over: they are ended while others begin.
 */
void vmm_settle(struct vmm *vmm);
void vmm_free(struct vmm *vmm);
/* Borrowed from `vmm`. Its slots may run at the same time, each one thing at once. */
struct runner vmm_runner(struct vmm *vmm);

#endif
