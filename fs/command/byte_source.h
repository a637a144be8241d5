/*
 * Where a log's bytes come from: a descriptor, or another source that is decoded on the way. One
 * thread.
 */
#ifndef FS_COMMAND_BYTE_SOURCE_H
#define FS_COMMAND_BYTE_SOURCE_H

#include <glib.h>
#include <stdbool.h>

struct byte_source {
	/* Up to `n` bytes; 0: the end; -1: it failed, and `why` (to be freed) says how. */
	gssize (*read)(struct byte_source *s, char *buf, gsize n, char **why);
	void (*free)(struct byte_source *s); /* with what it reads from */
};

/* Takes the descriptor, which is closed with it unless it is that of standard input. */
struct byte_source *byte_source_fd(int fd);
/* The same bytes as another source's, which it takes. */
struct byte_source *byte_source_buffered(struct byte_source *from);
/* The first bytes of one of these two, which are not taken; `n` of them unless there are fewer.
 * NULL: they cannot be read. */
const guchar *byte_source_peek(struct byte_source *source, gsize *n, char **why);

/* UTF-16 read as UTF-8; takes `from`. What is no character becomes U+FFFD. */
struct byte_source *byte_source_utf16(struct byte_source *from, bool big_endian);

/* gzip, xz, zstd, bzip2, lz4 and what else libarchive knows; takes `from`. NULL: `why` says what is
 * wrong. */
struct byte_source *byte_source_decompressed(struct byte_source *from, char **why);

static inline void byte_source_free(struct byte_source *s)
{
	if (s)
		s->free(s);
}

#endif
