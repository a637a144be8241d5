/*
 * The parts of a mount, made from the bottom up and freed from the top down.
 */
#include "fs.h"

#include "mount_root.h"

#include <unistd.h>

void fs_init(struct mount *m, struct fuse_session *se, const char *mountpoint)
{
	tree_init(&m->tree, geteuid(), getegid());
	m->last_errors = last_errors_new();
	m->watch = watch_new(&m->tree);
	m->publish = publish_new(&m->tree);
	m->notifier = notifier_new(&m->tree, se);
	m->root = mount_root_new(se, mountpoint);
	m->publisher =
		publisher_new(&m->tree, m->publish, m->notifier, mount_root_operations(m->root));
}

void fs_stop(struct mount *m)
{
	publisher_stop(m->publisher);
	publisher_free(m->publisher);
	m->publisher = NULL;
	mount_root_free(m->root);
	notifier_free(m->notifier);
	watch_free(m->watch);
	m->watch = NULL;
}

void fs_clear(struct mount *m)
{
	publish_free(m->publish);
	tree_clear(&m->tree);
	last_errors_free(m->last_errors);
}
