/*
 * What is deleted: it goes out of the way at once, and its files follow in a thread of its own, so
 * that nobody waits for a tree of thousands.
 */
#ifndef ENGINE_STORE_TRASH_H
#define ENGINE_STORE_TRASH_H

#include "bisectfs/error.h"

struct trash;

/* The directory STATE/trash, made if need be; what an earlier daemon left in it is deleted. */
err_t trash_open(const char *state, struct trash **trash, struct error *error);
/* Waits until all is deleted. */
void trash_close(struct trash *trash);
/* The same without an end. Any thread. */
void trash_wait(struct trash *trash);

/* Moves `path` (a file or tree on the same file system) into the trash; the name it had is durably
 * free when this returns. One that is not there is none to delete. Any thread. */
err_t trash_put(struct trash *trash, const char *path, struct error *error);

#endif
