/*
 * The interface of whoever runs a kernel once: libvirt in vmm/, a fake in tests.
 */
#ifndef BISECTFS_RUNNER_H
#define BISECTFS_RUNNER_H

#include "bisectfs/error.h"
#include "bisectfs/outcome.h"
#include "bisectfs/step.h"

#include <stdint.h>

struct cancel;

/* Everything about one boot. Strings are borrowed for the time of the call; NULL: not set. */
struct run_request {
	const char *kernel;		     /* file */
	const char *reproducer;		     /* file: ELF or script for the guest; NULL: none */
	const char *files;		     /* directory whose files go to /bisect in the guest */
	const char *rootfs;		     /* disk image to run it in */
	const char *log;		     /* file to be written: the console as it comes */
	const char *report;		     /* file to be written when the kernel crashed */
	const char *cmdline, *arch, *domain; /* domain: file with an XML template */
	const char *ready, *pass, *fail;     /* extended regular expressions, empty: not set */
	const char *metric;	 /* expression whose one group is a number; empty: not set */
	const char *skip_status; /* statuses that cannot say, separated by spaces */
	enum verdict on_timeout; /* what the reproducer's time limit means */
	bool boot_only;		 /* the guest's coming up is all that is asked */
	int memory_mib, cpus;
	int boot_timeout_s, timeout_s;
	struct cancel *cancel;
	void (*grew)(void *arg, int64_t size); /* the log has this many bytes now */
	void *arg;
};

struct runner {
	void *self;
	int slots; /* VMs at once */
	/* Blocks until the guest is gone. 0 with the outcome (faults of the host are outcomes too:
	 * OUTCOME_INFRA); -ECANCELED; -ENOSPC: no room for the log. `slot` is 0..slots-1. */
	err_t (*run)(void *self, int slot, const struct run_request *rq, struct outcome *outcome,
		     struct error *error);
};

#endif
