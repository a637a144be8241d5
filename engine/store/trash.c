/*
 * rename(2) into a directory aside, then one thread that deletes what lies there.
 */
#include "trash.h"

#include "engine/base/daemon_log.h"
#include "engine/base/file.h"

#include <errno.h>
#include <stdio.h>

struct trash {
	char *dir;
	GThreadPool *thread;
	GMutex lock;
	GCond emptied;
	/* guarded by `lock` */
	guint64 names;
	guint left; /* that the thread has not deleted yet */
};

static void delete_one(gpointer data, gpointer arg)
{
	struct trash *trash = arg;
	g_autofree char *path = data;
	struct error why;
	if (file_remove_tree(path, &why) != 0)
		daemon_log(DAEMON_LOG_WARNING, NULL, "%s", why.text);
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&trash->lock);
	if (--trash->left == 0)
		g_cond_broadcast(&trash->emptied);
}

/* Takes over `path`, which lies in the trash. */
static void push(struct trash *trash, char *path)
{
	g_mutex_lock(&trash->lock);
	trash->left++;
	g_mutex_unlock(&trash->lock);
	g_thread_pool_push(trash->thread, path, NULL);
}

/* Names go on after those that lie there. */
static void take_over(struct trash *trash)
{
	g_autoptr(GPtrArray) names = file_names(trash->dir);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		trash->names = MAX(trash->names, g_ascii_strtoull(name, NULL, 10));
		push(trash, g_build_filename(trash->dir, name, NULL));
	}
}

err_t trash_open(const char *state, struct trash **out, struct error *error)
{
	struct trash *trash = g_new0(struct trash, 1);
	g_mutex_init(&trash->lock);
	g_cond_init(&trash->emptied);
	trash->dir = g_build_filename(state, "trash", NULL);
	trash->thread = g_thread_pool_new(delete_one, trash, 1, FALSE, NULL);
	err_t err = file_mkdir(trash->dir, error);
	if (err) {
		trash_close(trash);
		return err;
	}
	take_over(trash);
	*out = trash;
	return 0;
}

void trash_close(struct trash *trash)
{
	if (!trash)
		return;
	g_thread_pool_free(trash->thread, FALSE, TRUE);
	g_mutex_clear(&trash->lock);
	g_cond_clear(&trash->emptied);
	g_free(trash->dir);
	g_free(trash);
}

void trash_wait(struct trash *trash)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&trash->lock);
	while (trash->left)
		g_cond_wait(&trash->emptied, &trash->lock);
}

static char *free_name(struct trash *trash)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&trash->lock);
	return g_strdup_printf("%s/%" G_GUINT64_FORMAT, trash->dir, ++trash->names);
}

err_t trash_put(struct trash *trash, const char *path, struct error *error)
{
	g_autofree char *to = free_name(trash);
	if (rename(path, to) != 0)
		return errno == ENOENT ? 0 : file_error(error, path, "remove");
	push(trash, g_steal_pointer(&to));
	return file_sync_dir_of(path, error);
}
