/*
 * An open file: what this opener sees and has written so far.
 */
#ifndef FS_HANDLE_H
#define FS_HANDLE_H

#include "ops.h"

struct handle {
	struct node *node;  /* referenced */
	GMutex lock;	    /* of what follows */
	GBytes *snapshot;   /* content as it was at open, or at the last read from offset 0 */
	unsigned seen;	    /* version of that */
	int fd;		    /* NODE_FILE, NODE_LARGE: its content; -1: none */
	GByteArray *buffer; /* NODE_LARGE: what is being written; NULL: nothing yet */
	bool dirty;
	GString *reply; /* name of what a start through new/ made, until it is read */
	struct event_cursor *cursor;
	GPtrArray *entries; /* of a directory: struct dir_entry */
};

struct dir_entry {
	char *name;
	uint64_t ino;
	mode_t mode;
};

/* With the tree's lock held. */
struct handle *handle_new(struct mount *m, struct node *n);
void handle_free(struct mount *m, struct handle *h);
static inline struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

/* Operations on open files, for the table in ops.c. */
void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi);
void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph);
void fs_truncate(fuse_req_t req, fuse_ino_t ino, off_t size, struct fuse_file_info *fi);

/* Remembers why an operation of this user was refused (last_error). */
void mount_refuse(struct mount *m, uid_t uid, const struct error *error);
bool mount_is_publisher(struct mount *m, fuse_req_t req);
/* Sends a command; its answer goes through `done` below. */
char *mount_setting_word(const struct node *n); /* what the engine calls it; new */
struct command *mount_command(struct mount *m, fuse_req_t req, enum command_kind kind,
			      const struct node *n);

/* Attributes and lookups may be kept by the kernel this long (seconds): all that changes is
 * published, which renews them. */
#define FS_TIMEOUT 1.0

#endif
