/*
 * The supervisor: the small parent of the daemon. Guests (QEMU processes) and whatever a build
 * leaves behind become its children, so that none of them outlives the daemon, however that ends.
 *
 *   shell -> supervisor (child subreaper) -> daemon (FUSE, libvirt) -> QEMU, make ...
 */
#ifndef FS_COMMAND_SUPERVISOR_H
#define FS_COMMAND_SUPERVISOR_H

#include <stdbool.h>

struct supervisor {
	bool foreground;
	const char *mountpoint; /* detached when the daemon dies without unmounting */
	/* The daemon; returns its exit status. Calls supervisor_ready once it is usable. */
	int (*daemon)(void *arg, int ready_fd);
	void *arg;
};

/* Runs it. In the foreground: returns when the daemon has ended, with its status. Else: returns 0
 * as soon as the daemon is usable, or its status when it ended before. */
int supervisor_run(const struct supervisor *sv);
void supervisor_ready(int ready_fd);

/* Detaches a mount whose daemon is gone ("Transport endpoint is not connected"). False: it was
 * none. */
bool supervisor_detach_dead(const char *mountpoint);

#endif
