/*
 * Free room is looked at before a disk that was full is tried again, since each try that fails
 * makes all bisections pause anew. A quota is not to be seen in it: there a file is written.
 */
#include "disk_watch.h"

#include "engine/base/daemon_log.h"
#include "engine/base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define RESERVE_BYTES (1 << 20)
#define ROOM_TO_GO_ON ((guint64)4 << 20)
#define FILES_TO_GO_ON 16
#define LONGEST_PAUSE_S 60

struct disk_watch {
	char *state; /* NULL: nothing is written */
	const struct disk *disk;
	err_t error;
	/* when the disk failed last */
	guint64 room, files;
	gint64 retry_at; /* uptime, us */
	int pause_s;
};

/* Room kept back for the journal, so that a full disk can still be recorded. */
static void reserve(const struct disk_watch *watch)
{
	g_autofree char *path = g_build_filename(watch->state, "reserve", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, RESERVE_BYTES) != 0)
		unlink(path);
	close(fd);
}

void disk_watch_release(struct disk_watch *watch)
{
	g_autofree char *path = g_build_filename(watch->state, "reserve", NULL);
	unlink(path);
}

struct disk_watch *disk_watch_new(const char *state, const struct disk *disk)
{
	struct disk_watch *watch = g_new0(struct disk_watch, 1);
	watch->state = g_strdup(state);
	watch->disk = disk;
	if (state)
		reserve(watch);
	return watch;
}

void disk_watch_free(struct disk_watch *watch)
{
	g_free(watch->state);
	g_free(watch);
}

bool disk_watch_is_full(err_t err)
{
	return err == -ENOSPC || err == -EDQUOT;
}

bool disk_watch_is_fault(err_t err)
{
	return err && err != -EINVAL; /* that one says that the fact does not fit */
}

static guint64 room(const struct disk_watch *watch)
{
	return watch->disk->room(watch->disk->self, watch->state);
}

static guint64 files(const struct disk_watch *watch)
{
	return watch->disk->inodes(watch->disk->self, watch->state);
}

bool disk_watch_failed(struct disk_watch *watch, err_t err, gint64 uptime)
{
	if (watch->error)
		return false;
	watch->error = err;
	watch->room = room(watch);
	watch->files = files(watch);
	watch->pause_s = MIN(MAX(watch->pause_s * 2, 1), LONGEST_PAUSE_S);
	watch->retry_at = uptime + watch->pause_s * G_USEC_PER_SEC;
	daemon_log(DAEMON_LOG_WARNING, NULL, "nothing can be written to %s: %s", watch->state,
		   g_strerror(-err));
	return true;
}

void disk_watch_was_full(struct disk_watch *watch)
{
	watch->error = -ENOSPC;
	watch->room = watch->files = 0;
	watch->retry_at = G_MININT64;
}

err_t disk_watch_error(const struct disk_watch *watch)
{
	return watch->error;
}

char *disk_watch_reason(const struct disk_watch *watch)
{
	if (watch->error == -ENOSPC)
		return g_strdup_printf("no room left in %s: it goes on when there is",
				       watch->state);
	if (watch->error == -EDQUOT)
		return g_strdup_printf("the quota of %s is used up: it goes on when it allows "
				       "a write again",
				       watch->state);
	return g_strdup_printf("nothing can be written to %s: %s; it goes on when it can",
			       watch->state, g_strerror(-watch->error));
}

static bool has_more_room(const struct disk_watch *watch)
{
	guint64 bytes = room(watch), inodes = files(watch);
	return (bytes > watch->room && bytes - watch->room > ROOM_TO_GO_ON) ||
	       (inodes > watch->files && inodes - watch->files > FILES_TO_GO_ON);
}

static bool may_work(const struct disk_watch *watch)
{
	if (watch->error == -ENOSPC)
		return has_more_room(watch);
	if (watch->error == -EDQUOT)
		return watch->disk->probe(watch->disk->self, watch->state, geteuid(),
					  ROOM_TO_GO_ON) == 0;
	return true;
}

bool disk_watch_try_again(struct disk_watch *watch, gint64 uptime)
{
	if (!watch->state)
		return false;
	if (!watch->error) { /* well for a while: the next pause is a short one */
		bool long_ago = uptime > watch->retry_at + LONGEST_PAUSE_S * G_USEC_PER_SEC;
		if (watch->pause_s && (long_ago || has_more_room(watch)))
			watch->pause_s = 0;
		return false;
	}
	if (uptime < watch->retry_at)
		return false;
	if (!may_work(watch)) {
		watch->retry_at = uptime + G_USEC_PER_SEC;
		return false;
	}
	watch->error = 0;
	daemon_log(DAEMON_LOG_INFO, NULL, "trying to write to %s again", watch->state);
	reserve(watch);
	return true;
}
