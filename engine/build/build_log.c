/*
 * The log is read in blocks of a fixed size, of which one line at a time is kept, and of a line not
 * more than LINE_LIMIT bytes: what comes behind is passed over.
 */
#include "build_log.h"

#include "space.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 65536
#define LINE_LIMIT 65536
#define REASON_LIMIT 300 /* bytes */

static bool is_error_line(const char *line)
{
	return strstr(line, "error: ") || strstr(line, "Error ") || strstr(line, "*** ") ||
	       strstr(line, "undefined reference") || strstr(line, "rror:");
}

struct scan {
	struct build_log *found;
	GString *line, *last; /* the present one; what is kept of the last that counts */
};

/* As much of a line as is shown. */
static char *shown(const char *line, gsize len)
{
	char *text = g_utf8_make_valid(line, (gssize)MIN(len, REASON_LIMIT));
	if (strlen(text) > REASON_LIMIT)
		*g_utf8_find_prev_char(text, text + REASON_LIMIT + 1) = '\0';
	return text;
}

static void end_line(struct scan *s)
{
	const char *line = s->line->str;
	while (g_ascii_isspace(*line))
		line++;
	gsize len = s->line->len - (gsize)(line - s->line->str);
	if (!s->found->claim)
		s->found->claim = space_claim(line);
	if (len && !g_str_has_prefix(line, "$ ") && !s->found->reason) {
		if (is_error_line(line))
			s->found->reason = shown(line, len);
		g_string_truncate(s->last, 0);
		g_string_append_len(s->last, line, (gssize)MIN(len, REASON_LIMIT));
	}
	g_string_truncate(s->line, 0);
}

static void add(struct scan *s, const char *data, gsize len)
{
	gsize room = LINE_LIMIT - s->line->len;
	g_string_append_len(s->line, data, (gssize)MIN(len, room));
}

static void scan_block(struct scan *s, const char *data, gsize len)
{
	for (const char *end = data + len, *nl; data < end; data = nl + 1) {
		nl = memchr(data, '\n', (gsize)(end - data));
		add(s, data, (gsize)((nl ? nl : end) - data));
		if (!nl)
			return;
		end_line(s);
	}
}

static void scan_file(struct scan *s, int fd)
{
	g_autofree char *block = g_malloc(BLOCK);
	ssize_t n;
	while ((n = read(fd, block, BLOCK)) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			scan_block(s, block, (gsize)n);
	}
	end_line(s);
}

void build_log_read(const char *path, struct build_log *found)
{
	struct scan s = { .found = found };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	*found = (struct build_log){ 0 };
	s.line = g_string_new(NULL);
	s.last = g_string_new(NULL);
	if (fd >= 0) {
		scan_file(&s, fd);
		close(fd);
	}
	if (!found->reason)
		found->reason = s.last->len ? shown(s.last->str, s.last->len)
					    : g_strdup("the build failed");
	g_string_free(s.line, TRUE);
	g_string_free(s.last, TRUE);
}
