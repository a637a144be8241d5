/*
 * What a node is: names looked up, attributes read and set, targets of links.
 */
#ifndef FS_ATTR_H
#define FS_ATTR_H

#include "fs.h"

void attr_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void attr_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup);
void attr_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void attr_get(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void attr_set(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
	      struct fuse_file_info *fi);
void attr_readlink(fuse_req_t req, fuse_ino_t ino);

/* The answer to whoever looked the node up: the kernel knows it once more. With the tree's lock
 * held. */
void attr_fill_entry(fuse_req_t req, struct node *n, struct fuse_entry_param *e);

#endif
