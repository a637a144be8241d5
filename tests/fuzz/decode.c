/*
 * libFuzzer's target for what decodes a log: any bytes are a compressed file or UTF-16, given out
 * in pieces of any size. Each comes to an end, or says what is wrong.
 */
#include "fs/command/byte_source.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	struct byte_source base;
	const uint8_t *at, *end;
	size_t piece;
};

static gssize give(struct byte_source *base, char *buf, gsize n, char **why)
{
	struct bytes *s = (struct bytes *)base;
	(void)why;
	n = MIN(n, MIN(s->piece, (size_t)(s->end - s->at)));
	memcpy(buf, s->at, n);
	s->at += n;
	return (gssize)n;
}

static void keep(struct byte_source *base)
{
	(void)base;
}

/* An archive may grow without end: some of it is enough. */
#define MOST ((size_t)4 << 20)

static void drain(struct byte_source *source, size_t piece, bool utf8)
{
	size_t total = 0;
	char *why = NULL, *buf = malloc(piece);
	gssize n;
	while (total < MOST && (n = source->read(source, buf, piece, &why)) > 0) {
		if ((size_t)n > piece)
			abort();
		total += (size_t)n;
		if (utf8 && piece > 4096 && !memchr(buf, 0, (size_t)n) &&
		    !g_utf8_validate(buf, n, NULL))
			abort();
	}
	if (total < MOST && n < 0 && !why)
		abort();
	g_free(why);
	free(buf);
	byte_source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t piece = data[1] + 8u;
	struct bytes bytes = { .base = { .read = give, .free = keep },
			       .at = data + 2,
			       .end = data + size,
			       .piece = piece };
	char *why = NULL;
	gsize n = data[1];
	struct byte_source *source = byte_source_buffered(&bytes.base);
	if (!byte_source_peek(source, &n, &why))
		abort();
	if (data[0] & 1) {
		drain(byte_source_utf16(source, data[0] & 2), data[0] & 4 ? 65536 : piece, true);
	} else {
		source = byte_source_decompressed(source, &why);
		if (source)
			drain(source, 65536, false);
		else if (!why)
			abort();
	}
	g_free(why);
	return 0;
}
