/*
 * The program that the guest's initramfs has its commands from.
 */
#ifndef VMM_BUSYBOX_H
#define VMM_BUSYBOX_H

#include <glib.h>
#include <stdbool.h>

struct busybox {
	char *path;    /* of a static one; NULL: there is none on this machine */
	GStrv applets; /* names that it answers to */
};

void busybox_find(struct busybox *b);
void busybox_clear(struct busybox *b);
/* Whether a program runs where there are no libraries, as in the guest. */
bool busybox_is_static(const char *path);

#endif
