/*
 * Writes of users: each becomes a command to the engine, or is collected for one.
 */
#ifndef FS_WRITE_H
#define FS_WRITE_H

#include "fs.h"

/* Why a user must not open the node for writing, as an errno with a sentence; 0: fine. With the
 * tree's lock held. */
int write_refused(const struct node *n, const char **why);

/* What the engine calls the setting that the node is; to be freed. With the tree's lock held. */
char *write_setting(const struct node *n);

void write_data(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		struct fuse_file_info *fi);
void write_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
/* `: > file` or truncate(2); `fi` NULL: by name. */
void write_truncate(fuse_req_t req, fuse_ino_t ino, off_t size, struct fuse_file_info *fi);

#endif
