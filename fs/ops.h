/*
 * The table of operations that libfuse calls, with a struct mount as user data.
 */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "fs.h"

extern const struct fuse_lowlevel_ops ops_table;

#endif
