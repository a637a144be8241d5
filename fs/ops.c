/*
 * Each operation is in the file of its idea: attr (what a node is), dir (listings), open (reading),
 * write, names (making and removing). What means nothing on this mount is refused here.
 */
#include "ops.h"

#include "attr.h"
#include "dir.h"
#include "names.h"
#include "open.h"
#include "request.h"
#include "write.h"

#include <errno.h>

static void fsync_done(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino;
	(void)datasync;
	(void)fi;
	fuse_reply_err(req, 0); /* what was acknowledged is on disk */
}

static void count_files(fuse_req_t req, fuse_ino_t ino)
{
	struct tree *t = &request_mount(req)->tree;
	struct statvfs st = { .f_bsize = 4096, .f_frsize = 4096, .f_namemax = 255 };
	(void)ino;
	g_mutex_lock(&t->lock);
	st.f_files = g_hash_table_size(t->nodes);
	g_mutex_unlock(&t->lock);
	fuse_reply_statfs(req, &st);
}

const struct fuse_lowlevel_ops ops_table = {
	.lookup = attr_lookup,
	.forget = attr_forget,
	.forget_multi = attr_forget_multi,
	.getattr = attr_get,
	.setattr = attr_set,
	.readlink = attr_readlink,
	.mknod = names_mknod,
	.mkdir = names_mkdir,
	.unlink = names_unlink,
	.rmdir = names_rmdir,
	.symlink = names_symlink,
	.rename = names_rename,
	.link = names_link,
	.open = open_file,
	.read = open_read,
	.write = write_data,
	.flush = write_flush,
	.release = open_release,
	.fsync = fsync_done,
	.opendir = dir_open,
	.readdir = dir_read,
	.readdirplus = dir_read_plus,
	.releasedir = dir_release,
	.statfs = count_files,
	.create = names_create,
	.poll = open_poll,
};
