/*
 * Guests whose outcome is known and whose domain is still there. Ending one takes libvirt a fifth
 * of a second at least, and the slot's next run need not wait for that. Any thread.
 */
#ifndef VMM_DYING_GUESTS_H
#define VMM_DYING_GUESTS_H

#include "guest.h"

struct dying_guest {
	struct guest *guest; /* a reference */
	struct host *host;   /* borrowed */
	virConnectPtr conn;  /* to be closed */
	char *volume, *copy; /* of this run alone, to be deleted there; NULL: none */
};

struct dying_guests;
struct dying_guests *dying_guests_new(int threads);
/* Takes over what `d` holds. */
void dying_guests_add(struct dying_guests *all, const struct dying_guest *d);
/* Waits until no more than so many are left. */
void dying_guests_wait(struct dying_guests *all, int most);
/* Waits for all. */
void dying_guests_free(struct dying_guests *all);

#endif
