/*
 * The guest's serial line as a socket: we listen, QEMU connects. For guests on this machine; unlike
 * a pty it has no name that two guests could be given one after the other while a reader of the
 * first still holds it, and unlike a file it loses nothing when the disk is full.
 */
#ifndef VMM_SERIAL_H
#define VMM_SERIAL_H

#include "bisectfs/error.h"

struct serial {
	char path[108]; /* as long as a socket's name may be */
	int listener, fd;
};

/* `dir`: the state directory by a name that is short enough (short_path.h); `slot`: of the VM.
 * Replaces what an earlier daemon left. */
err_t serial_listen(struct serial *s, const char *dir, int slot, struct error *error);
/* The descriptor to poll for input: of the connection, or of the listener before there is one. */
int serial_fd(const struct serial *s);
/* Bytes read (0: nothing now), -1: the other side is gone. Takes the connection when it comes. */
int serial_read(struct serial *s, char *buf, int size);
void serial_close(struct serial *s);

#endif
