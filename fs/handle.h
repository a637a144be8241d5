/*
 * An open file or directory: what this opener sees and has written so far.
 */
#ifndef FS_HANDLE_H
#define FS_HANDLE_H

#include "fs.h"

struct handle {
	struct node *node; /* referenced */

	/* by the tree's lock */
	GBytes *snapshot; /* content as it was at open, or at the last read from offset 0 */
	unsigned seen;	  /* version of that */

	GMutex lock; /* of the following */
	int fd;	     /* NODE_FILE, NODE_LARGE: its content; -1: none yet; once set it stays */
	GByteArray *buffer; /* NODE_LARGE: what is being written; NULL: nothing yet */
	bool dirty;
	GString *reply; /* name of what a start through new/ made, until it is read */

	/* set when it is opened */
	struct event_cursor *cursor;
	GPtrArray *entries; /* of a directory: struct dir_entry, see dir.c */
};

/* With the tree's lock held. */
struct handle *handle_new(struct node *n);
/* Without. */
void handle_free(struct mount *m, struct handle *h);
struct handle *handle_of(const struct fuse_file_info *fi);
/* Whether what it was opened on has been removed. */
bool handle_is_stale(struct mount *m, const struct handle *h);
/* A descriptor of the file that holds the content, borrowed; -1: there is none, errno is set where
 * it cannot be opened and 0 where there is nothing yet. */
int handle_fd(struct mount *m, struct handle *h);

#endif
