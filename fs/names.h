/*
 * Names made, removed and changed.
 */
#ifndef FS_NAMES_H
#define FS_NAMES_H

#include "fs.h"

void names_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void names_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void names_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void names_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		  struct fuse_file_info *fi);
void names_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void names_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name);
void names_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
		  const char *newname, unsigned int flags);
void names_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name);

#endif
