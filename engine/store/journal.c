/*
 * A line is written and synced, and counts from then on; its size is kept beside. What a write that
 * failed has left behind the last counted line is cut off, at once or before the next one is
 * appended. Reading goes line by line with the checksum of all before it, and hands each event on.
 */
#include "journal.h"

#include "engine/base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ,"sum":"01234567"} */
#define SUM_HEX 8
#define SUM_KEY ",\"sum\":\""
#define SUM_END "\"}"
#define SUM_LENGTH (strlen(SUM_KEY) + SUM_HEX + strlen(SUM_END))

struct journal {
	const struct disk *disk;
	int fd;
	char *path;
	off_t size; /* of all acknowledged lines */
	bool torn;  /* something lies behind them */
	char sum[SUM_HEX + 1];
};

/* ---- checksums ---- */

/* Of a line without its own sum, and of all lines before it. */
static void sum_up(const char *before, const char *line, size_t len, char *sum)
{
	g_autoptr(GChecksum) all = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(all, (const guchar *)before, (gssize)strlen(before));
	g_checksum_update(all, (const guchar *)line, (gssize)len);
	g_strlcpy(sum, g_checksum_get_string(all), SUM_HEX + 1);
}

static bool has_sum(const char *line, size_t len)
{
	const char *end = line + len;
	return len > SUM_LENGTH && memcmp(end - SUM_LENGTH, SUM_KEY, strlen(SUM_KEY)) == 0 &&
	       memcmp(end - strlen(SUM_END), SUM_END, strlen(SUM_END)) == 0;
}

/* Journals of before there were sums have none at all. */
static err_t check_sum(char *sum, const char *line, size_t len, struct error *error)
{
	char wanted[SUM_HEX + 1];
	if (!has_sum(line, len))
		return *sum ? error_set(error, EINVAL, "the checksum is missing") : 0;
	sum_up(sum, line, len - SUM_LENGTH, wanted);
	const char *given = line + len - strlen(SUM_END) - SUM_HEX;
	if (memcmp(given, wanted, SUM_HEX) != 0)
		return error_set(error, EINVAL, "the checksum does not fit: the file was changed");
	memcpy(sum, wanted, sizeof(wanted));
	return 0;
}

/* ---- reading ---- */

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

/* What is left behind the last newline was never acknowledged; but for the newline itself, which
 * may have been damaged. */
static err_t check_torn(const char *sum, const char *line, size_t len, struct error *error)
{
	char trial[SUM_HEX + 1];
	memcpy(trial, sum, sizeof(trial));
	if (len && has_sum(line, len - 1) && check_sum(trial, line, len - 1, NULL) == 0)
		return error_set(error, EINVAL, "the end of the line is damaged");
	return 0;
}

static err_t replay_all(struct journal *j, const char *data, size_t len,
			err_t (*replay)(const struct event *, void *, struct error *), void *arg,
			struct error *error)
{
	const char *eol;
	size_t at = 0;
	err_t err = 0;
	int n = 1;
	for (; !err && (eol = memchr(data + at, '\n', len - at)); n++) {
		size_t line = (size_t)(eol - data) - at;
		err = check_sum(j->sum, data + at, line, error);
		if (!err)
			err = replay_line(data + at, line, replay, arg, error);
		at += line + 1;
	}
	if (err)
		n--;
	else
		err = check_torn(j->sum, data + at, len - at, error);
	if (err)
		error_prefix(error, "%s:%d", j->path, n);
	j->size = (off_t)at;
	return err;
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

static err_t read_journal(struct journal *j, int flags,
			  err_t (*replay)(const struct event *, void *, struct error *), void *arg,
			  size_t *torn, struct error *error)
{
	g_autofree char *data = NULL;
	size_t len = 0;
	j->fd = open(j->path, flags | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return error_set(error, errno, "%s: %s", j->path, g_strerror(errno));
	err_t err = read_all(j, &data, &len, error);
	if (!err)
		err = replay_all(j, data, len, replay, arg, error);
	*torn = len - (size_t)j->size;
	return err;
}

err_t journal_read(const char *path, err_t (*replay)(const struct event *, void *, struct error *),
		   void *arg, size_t *torn, struct error *error)
{
	struct journal *j = g_new0(struct journal, 1);
	j->path = g_strdup(path);
	err_t err = read_journal(j, O_RDONLY, replay, arg, torn, error);
	journal_close(j);
	return err;
}

/* ---- writing ---- */

/* Half a line must not stay: the next append would make one bad line of both. */
static int drop_torn(struct journal *j)
{
	if (j->torn && j->disk->truncate(j->disk->self, j->fd, j->size) == 0)
		j->torn = false;
	return j->torn ? -1 : 0;
}

err_t journal_open(const char *path, const struct disk *disk,
		   err_t (*replay)(const struct event *, void *, struct error *), void *arg,
		   struct journal **journal, struct error *error)
{
	struct journal *j = g_new0(struct journal, 1);
	size_t torn;
	j->disk = disk;
	j->path = g_strdup(path);
	err_t err = read_journal(j, O_RDWR | O_CREAT | O_APPEND, replay, arg, &torn, error);
	j->torn = torn > 0;
	if (!err && drop_torn(j) != 0)
		err = error_set(error, errno, "%s: cannot drop the torn last line: %s", path,
				g_strerror(errno));
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

/* The line as it is written, its newline included; NULL: it has no JSON form. */
static char *make_line(struct journal *j, const struct event *ev, char *sum)
{
	json_t *json = event_to_json(ev);
	char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(json);
	if (!text)
		return NULL;
	size_t len = strlen(text) - 1; /* without the brace */
	sum_up(j->sum, text, len, sum);
	char *line = g_strdup_printf("%.*s" SUM_KEY "%s" SUM_END "\n", (int)len, text, sum);
	free(text);
	return line;
}

err_t journal_append(struct journal *j, const struct event *ev, struct error *error)
{
	char sum[SUM_HEX + 1];
	g_autofree char *line = make_line(j, ev, sum);
	if (!line)
		return error_set(error, EINVAL, "%s: the event has no JSON form", j->path);
	size_t len = strlen(line);
	if (drop_torn(j) != 0)
		return error_set(error, EIO, "%s: cannot take back half a record: %s", j->path,
				 g_strerror(errno));
	err_t err = write_line(j, line, len);
	if (!err) {
		j->size += (off_t)len;
		memcpy(j->sum, sum, sizeof(sum));
		return 0;
	}
	j->torn = true;
	drop_torn(j); /* or before the next */
	return error_set(error, -err, "%s: %s", j->path, g_strerror(-err));
}
