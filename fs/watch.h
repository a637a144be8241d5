/*
 * Readers that wait: poll(2) on values, blocking reads of `wait` and `events`. A waiting reader is
 * a queued request and nothing else: no thread, so any number of them slows nobody down.
 */
#ifndef FS_WATCH_H
#define FS_WATCH_H

#define FUSE_USE_VERSION 312
#include "tree.h"

#include <fuse_lowlevel.h>

/* Whoever polls this node, to be woken; with the tree's lock held. */
GSList *watch_take_polls(struct node *n);
/* Wakes and frees them; without the lock: the kernel is told. */
void watch_wake_polls(GSList *polls);
/* One poll handle per open file: a new one replaces the old. With the tree's lock held. */
void watch_set_poll(struct node *n, const void *file, struct fuse_pollhandle *ph);
void watch_drop_poll(struct node *n, const void *file);

struct watch;
struct watch *watch_new(struct tree *tree);
/* Readers still waiting get ENODEV. */
void watch_free(struct watch *w);

/* Answers a read of a `wait` node at once, or when watch_ended is called for it. */
void watch_read_wait(struct watch *w, fuse_req_t req, struct node *n, size_t size, off_t off);
/* `ino` of the node whose content is there now, or that was removed. */
void watch_ended(struct watch *w, uint64_t ino);

/* Where a reader of `events` is. */
struct event_cursor {
	guint64 next;	  /* number of the next line */
	GString *pending; /* of a line, not delivered yet */
};
struct event_cursor *watch_cursor_new(struct watch *w);
void watch_cursor_free(struct event_cursor *c);
void watch_read_events(struct watch *w, fuse_req_t req, struct event_cursor *c, size_t size);
/* One more line (with its newline); takes over the reference. */
void watch_event(struct watch *w, GBytes *line);

#endif
