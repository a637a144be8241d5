/*
 * Whether the state directory's disk takes facts: notes when it does not, and tells when to try
 * again. A megabyte is kept back, so that a full disk can still be recorded. The core thread's.
 */
#ifndef ENGINE_CORE_DISK_WATCH_H
#define ENGINE_CORE_DISK_WATCH_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>

struct disk;
struct disk_watch;

/* `state` NULL: nothing is written. `disk` is borrowed. */
struct disk_watch *disk_watch_new(const char *state, const struct disk *disk);
void disk_watch_free(struct disk_watch *watch);

/* Whether a fact did not become one because of the disk, rather than because it does not fit. */
bool disk_watch_is_fault(err_t err);
/* And that for want of room or quota. */
bool disk_watch_is_full(err_t err);

/* A write failed with `err` (-ENOSPC, -EIO ...). `uptime`: us. True: it is the first since the disk
 * was well. */
bool disk_watch_failed(struct disk_watch *watch, err_t err, gint64 uptime);
/* It was full when an earlier daemon ended: it is tried once there is any room. */
void disk_watch_was_full(struct disk_watch *watch);
/* Why the disk takes no facts; 0: it does. */
err_t disk_watch_error(const struct disk_watch *watch);
/* A sentence for people, to be freed. */
char *disk_watch_reason(const struct disk_watch *watch);
/* Asked about once a second. True: the disk is to be tried again (and there is no error until the
 * next failure): after a pause that grows to a minute and, where there was no room, once there is
 * more of it or, under a quota, once a write fits again. */
bool disk_watch_try_again(struct disk_watch *watch, gint64 uptime);
/* Gives up the room kept back. */
void disk_watch_release(struct disk_watch *watch);

#endif
