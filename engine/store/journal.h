/*
 * The journal of one bisection: an append-only file, one JSON object a line per event, on disk
 * before anybody sees the event. Reading it again gives the session again.
 *
 * A line without its newline was never acknowledged (power loss, kill): it is dropped on opening.
 * Anything else that is not understood is refused, naming file and line. Each line ends with a
 * checksum of itself and all before it: what a failing disk or an editor changed is noticed.
 */
#ifndef ENGINE_STORE_JOURNAL_H
#define ENGINE_STORE_JOURNAL_H

#include "bisectfs/event.h"

struct disk;
struct journal;

/* Opens or creates `path` on the disk (borrowed), hands each recorded event to `replay` in order.
 * An error of `replay` is an error of the journal; the text then names file and line. */
err_t journal_open(const char *path, const struct disk *disk,
		   err_t (*replay)(const struct event *, void *, struct error *), void *arg,
		   struct journal **journal, struct error *error);
void journal_close(struct journal *journal);
/* The same for one that is only looked at. `torn`: bytes at the end that were never acknowledged.
 */
err_t journal_read(const char *path, err_t (*replay)(const struct event *, void *, struct error *),
		   void *arg, size_t *torn, struct error *error);

/* Appends and syncs. On any error (-ENOSPC ...) the file is as before: the event did not happen. */
err_t journal_append(struct journal *journal, const struct event *ev, struct error *error);

#endif
