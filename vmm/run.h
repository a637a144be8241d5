/*
 * One run: a fresh domain, its console, its outcome.
 */
#ifndef VMM_RUN_H
#define VMM_RUN_H

#include "bisectfs/runner.h"
#include "busybox.h"
#include "dying_guests.h"
#include "host.h"

/* Where a run takes place, and with what. All borrowed. */
struct run_place {
	struct host *host;
	struct dying_guests *dying; /* takes the guest when the outcome is known */
	const char *state;	    /* directory for the slot's initramfs */
	const char *sockets;	    /* the same by a short name, for its socket */
	const char *init;
	const struct busybox *busybox;
	int slot, number; /* number: no other run of this process has it */
};

/* Blocks until the outcome is known; see struct runner. */
err_t run_once(const struct run_place *place, const struct run_request *rq, struct outcome *outcome,
	       struct error *error);

#endif
