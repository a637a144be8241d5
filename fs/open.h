/*
 * Files opened, read and polled.
 */
#ifndef FS_OPEN_H
#define FS_OPEN_H

#include "fs.h"

void open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void open_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void open_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
	       struct fuse_pollhandle *ph);
void open_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

#endif
