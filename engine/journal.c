#include "journal.h"

#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct journal {
	const struct disk *disk;
	int fd;
	char *path;
	off_t size;   /* of all acknowledged lines */
	off_t before; /* without the last of them */
};

static int take_back(const struct journal *j, off_t size)
{
	return j->disk->truncate(j->disk->self, j->fd, size);
}

static err_t replay_line(const char *line, size_t len,
			 err_t (*replay)(const struct event *, void *, struct error *), void *arg,
			 struct error *error)
{
	json_error_t why;
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (!json)
		return error_set(error, EINVAL, "not JSON: %s", why.text);
	struct event ev;
	err_t err = event_from_json(json, &ev, error);
	if (!err) {
		err = replay(&ev, arg, error);
		event_clear(&ev);
	}
	json_decref(json);
	return err;
}

static err_t replay_all(struct journal *j, const char *data, size_t len,
			err_t (*replay)(const struct event *, void *, struct error *), void *arg,
			struct error *error)
{
	size_t at = 0;
	for (int n = 1; at < len; n++) {
		const char *eol = memchr(data + at, '\n', len - at);
		if (!eol)
			break;
		size_t line = (size_t)(eol - data) - at;
		err_t err = replay_line(data + at, line, replay, arg, error);
		if (err) {
			error_prefix(error, "%s:%d", j->path, n);
			return err;
		}
		at += line + 1;
	}
	j->size = j->before = (off_t)at;
	if (at < len && take_back(j, j->size) != 0)
		return error_set(error, errno, "%s: cannot drop the torn last line: %s", j->path,
				 g_strerror(errno));
	return 0;
}

static err_t read_all(struct journal *j, char **data, size_t *len, struct error *error)
{
	struct stat st;
	if (fstat(j->fd, &st) != 0)
		return error_set(error, errno, "%s: %s", j->path, g_strerror(errno));
	*data = g_malloc((gsize)st.st_size + 1);
	*len = 0;
	while (*len < (size_t)st.st_size) {
		ssize_t n = pread(j->fd, *data + *len, (size_t)st.st_size - *len, (off_t)*len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(error, errno, "%s: %s", j->path, g_strerror(errno));
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

err_t journal_open(const char *path, const struct disk *disk,
		   err_t (*replay)(const struct event *, void *, struct error *), void *arg,
		   struct journal **journal, struct error *error)
{
	struct journal *j = g_new0(struct journal, 1);
	j->disk = disk;
	j->path = g_strdup(path);
	j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	g_autofree char *data = NULL;
	size_t len = 0;
	err_t err = 0;
	if (j->fd < 0)
		err = error_set(error, errno, "%s: %s", path, g_strerror(errno));
	if (!err)
		err = read_all(j, &data, &len, error);
	if (!err)
		err = replay_all(j, data, len, replay, arg, error);
	if (err) {
		journal_close(j);
		return err;
	}
	*journal = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	g_free(j->path);
	g_free(j);
}

static err_t write_line(struct journal *j, const char *line, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = j->disk->write(j->disk->self, j->fd, line + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return j->disk->sync(j->disk->self, j->fd) == 0 ? 0 : -errno;
}

err_t journal_append(struct journal *j, const struct event *ev, struct error *error)
{
	json_t *json = event_to_json(ev);
	char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(json);
	if (!text)
		return error_set(error, EINVAL, "%s: the event has no JSON form", j->path);
	size_t len = strlen(text);
	text[len++] = '\n'; /* in place of the NUL */
	err_t err = write_line(j, text, len);
	free(text);
	if (!err) {
		j->before = j->size;
		j->size += (off_t)len;
		return 0;
	}
	/* Half a line must not stay: the next append would make one bad line of both. */
	if (take_back(j, j->size) != 0)
		return error_set(error, EIO, "%s: cannot take back half a record: %s", j->path,
				 g_strerror(errno));
	return error_set(error, -err, "%s: %s", j->path, g_strerror(-err));
}

void journal_take_back(struct journal *j)
{
	if (j->before < j->size && take_back(j, j->before) == 0)
		j->size = j->before;
}
