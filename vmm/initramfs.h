/*
 * The guest's initramfs: our init, busybox, the reproducer and the user's further files, as the
 * cpio archive (newc, not compressed: unpacking costs the guest more than reading) that kernels
 * unpack at boot. Any thread.
 */
#ifndef VMM_INITRAMFS_H
#define VMM_INITRAMFS_H

#include "bisectfs/error.h"
#include "console.h"

struct initramfs {
	const char *init;	/* our init, static */
	const char *busybox;	/* static busybox */
	char *const *applets;	/* names that busybox answers to */
	const char *reproducer; /* executable; NULL: the guest has to come up, no more */
	const char *files;	/* directory, may be missing */
	const struct console_words *words;
	int timeout_s;
	int has_rootfs;
};

err_t initramfs_write(const struct initramfs *in, const char *path, struct error *error);

#endif
