/*
 * The libvirt domain of one run, as XML.
 */
#ifndef VMM_DOMAIN_H
#define VMM_DOMAIN_H

#include "bisectfs/error.h"

#include <stdbool.h>

struct domain {
	const char *name, *arch;     /* arch: x86_64, i686, aarch64 */
	const char *kernel, *initrd; /* initrd NULL: none */
	const char *cmdline;	     /* words of the user's, put last */
	const char *serial;	     /* socket that takes the console; NULL: a pty */
	const char *copy;	     /* file on the host that gets what the pty does; NULL: none */
	const char *rootfs;	     /* disk image, attached read-only; NULL: none */
	int memory_mib, cpus;
	bool kvm;
};

/* From the built-in template, or from `template` (its text) when that is not NULL. In a template
 * these stand for the values: @NAME@ @TYPE@ @MEMORY@ (MiB) @CPUS@ @KERNEL@ @INITRD@ @CMDLINE@
 * @ROOTFS@ @SERIAL@ (an element). To be freed; NULL and a reason for an architecture that is not
 * known. */
char *domain_xml(const struct domain *d, const char *template, struct error *error);

#endif
