/*
 * The queue of changes that are to become visible, each with the event that a local file system
 * would give. Any thread may add to it, none is blocked; the publisher (publisher.h) takes them
 * out.
 *
 * A change names its node by a directory node, which it holds, and a path below that one. Names
 * below a bisection's directory are never used again, but the directory's own is (rmdir x; mkdir
 * x): what was queued for the old x finds the old x, which is gone, and is dropped.
 *
 * The tree's lock must not be held by callers.
 */
#ifndef FS_PUBLISH_H
#define FS_PUBLISH_H

#include "tree.h"

struct publish;

struct publish *publish_new(struct tree *tree);
void publish_free(struct publish *q);

/* A file or directory (its reference is handed over) into the directory `path`; "" is `dir`. */
void publish_add(struct publish *q, struct node *dir, const char *path, struct node *n);
/* New content; the reference is handed over. MODIFY, CLOSE_WRITE. */
void publish_value(struct publish *q, struct node *dir, const char *path, GBytes *data);
void publish_quiet(struct publish *q, struct node *dir, const char *path, GBytes *data); /* none */
void publish_text_growth(struct publish *q, struct node *dir, const char *path,
			 GBytes *data); /* MODIFY */
/* The file behind the node has grown: MODIFY. Its size is looked at when that is published. */
void publish_file_growth(struct publish *q, struct node *dir, const char *path);
void publish_file_done(struct publish *q, struct node *dir, const char *path); /* CLOSE_WRITE */
/* Links at the mount's top. */
void publish_link(struct publish *q, const char *name, const char *target);
void publish_unlink(struct publish *q, const char *name);
/* Calls `fn` in a thread that may answer requests, after all that was queued before. */
void publish_call(struct publish *q, void (*fn)(void *arg), void *arg);
/* The same for the answer to a write; but no later than a second from now. While a write waits, the
 * kernel holds a lock on its file; a rename of two files holds one and waits for the other, and the
 * publisher may wait for that one. Only an answer that does not wait for it ends this. */
void publish_reply(struct publish *q, void (*fn)(void *arg), void *arg);

/* ---- for the publisher ---- */

enum change_kind {
	CHANGE_ADD,
	CHANGE_VALUE,
	CHANGE_QUIET,
	CHANGE_TEXT_GROWTH,
	CHANGE_FILE_GROWTH,
	CHANGE_FILE_DONE,
	CHANGE_LINK,
	CHANGE_UNLINK,
	CHANGE_CALL,
	CHANGE_STOP, /* nothing comes after it */
};

struct change {
	enum change_kind kind;
	struct node *dir;  /* referenced; NULL: CALL, STOP */
	char *path;	   /* below it */
	char *target;	   /* LINK */
	struct node *node; /* ADD: until it has been made */
	GBytes *data;
	void (*fn)(void *arg);
	void *arg;
};

void publish_start(struct publish *q); /* answers are in time from now on */
void publish_stop(struct publish *q);  /* puts CHANGE_STOP at the end */
/* The next one, to be freed with publish_change_free; NULL: none for so long. */
struct change *publish_take(struct publish *q, guint64 timeout_us);
void publish_change_free(struct publish *q, struct change *c);

#endif
