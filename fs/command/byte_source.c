/*
 * The two sources that need GLib alone. A descriptor's first bytes are read ahead into a buffer,
 * from which they are given out first.
 */
#include "byte_source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define AHEAD 512

struct buffered {
	struct byte_source base, *source; /* or, where that is NULL: */
	int fd;
	guchar ahead[AHEAD];
	gsize from, to;
};

static gssize read_below(struct buffered *s, void *buf, gsize n, char **why)
{
	gssize got;
	if (s->source)
		return s->source->read(s->source, buf, n, why);
	do
		got = read(s->fd, buf, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		*why = g_strdup(g_strerror(errno));
	return got;
}

static gssize buffered_read(struct byte_source *base, char *buf, gsize n, char **why)
{
	struct buffered *s = (struct buffered *)base;
	if (s->from == s->to)
		return read_below(s, buf, n, why);
	n = MIN(n, s->to - s->from);
	memcpy(buf, s->ahead + s->from, n);
	s->from += n;
	return (gssize)n;
}

static void buffered_free(struct byte_source *base)
{
	struct buffered *s = (struct buffered *)base;
	byte_source_free(s->source);
	if (!s->source && s->fd != STDIN_FILENO)
		close(s->fd);
	g_free(s);
}

static struct byte_source *new_buffered(struct byte_source *source, int fd)
{
	struct buffered *s = g_new0(struct buffered, 1);
	s->base = (struct byte_source){ .read = buffered_read, .free = buffered_free };
	s->source = source;
	s->fd = fd;
	return &s->base;
}

struct byte_source *byte_source_fd(int fd)
{
	return new_buffered(NULL, fd);
}

struct byte_source *byte_source_buffered(struct byte_source *from)
{
	return new_buffered(from, -1);
}

const guchar *byte_source_peek(struct byte_source *base, gsize *n, char **why)
{
	struct buffered *s = (struct buffered *)base;
	while (s->to < MIN(*n, AHEAD)) {
		gssize got = read_below(s, s->ahead + s->to, AHEAD - s->to, why);
		if (got < 0)
			return NULL;
		if (!got)
			break;
		s->to += (gsize)got;
	}
	*n = s->to;
	return s->ahead;
}

/* ---- UTF-16 ---- */

struct utf16_source {
	struct byte_source base, *from;
	GIConv converter;
	char raw[4096];
	gsize have; /* bytes in `raw` that are not converted yet */
	bool ended;
};

static gssize utf16_read(struct byte_source *base, char *buf, gsize n, char **why)
{
	struct utf16_source *s = (struct utf16_source *)base;
	gsize left = n;
	while (left == n && n >= 8) {
		if (!s->ended && s->have < 4) {
			gssize got = s->from->read(s->from, s->raw + s->have,
						   sizeof(s->raw) - s->have, why);
			if (got < 0)
				return -1;
			s->ended = got == 0;
			s->have += (gsize)got;
		}
		if (s->have < 2)
			break; /* half a unit may be left at the end */
		char *in = s->raw;
		gsize in_left = s->have;
		if (g_iconv(s->converter, &in, &in_left, &buf, &left) == (gsize)-1 &&
		    (errno == EILSEQ || (errno == EINVAL && s->ended && in == s->raw)) &&
		    left >= 3 && in_left >= 2) {
			memcpy(buf, "\xef\xbf\xbd", 3);
			buf += 3;
			left -= 3;
			in += 2;
			in_left -= 2;
		}
		memmove(s->raw, in, in_left);
		if (in_left == s->have && !s->ended) { /* half a pair: more has to come */
			gssize got = s->from->read(s->from, s->raw + in_left,
						   sizeof(s->raw) - in_left, why);
			if (got < 0)
				return -1;
			s->ended = got == 0;
			in_left += (gsize)got;
		}
		s->have = in_left;
	}
	return (gssize)(n - left);
}

static void utf16_free(struct byte_source *base)
{
	struct utf16_source *s = (struct utf16_source *)base;
	byte_source_free(s->from);
	g_iconv_close(s->converter);
	g_free(s);
}

struct byte_source *byte_source_utf16(struct byte_source *from, bool big_endian)
{
	struct utf16_source *s = g_new0(struct utf16_source, 1);
	s->base = (struct byte_source){ .read = utf16_read, .free = utf16_free };
	s->from = from;
	s->converter = g_iconv_open("UTF-8", big_endian ? "UTF-16BE" : "UTF-16LE");
	return &s->base;
}
