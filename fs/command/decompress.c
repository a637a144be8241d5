/*
 * libarchive finds out which program has compressed the bytes; what is inside counts as one file.
 */
#include "byte_source.h"
#include "lazy.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

struct archive_source {
	struct byte_source base, *from;
	struct archive *archive;
	char *why; /* the source below failed */
	char raw[65536];
};

static la_ssize_t give(struct archive *a, void *arg, const void **buffer)
{
	struct archive_source *s = arg;
	*buffer = s->raw;
	gssize n = s->from->read(s->from, s->raw, sizeof(s->raw), &s->why);
	if (n < 0)
		archive_set_error(a, EIO, "%s", s->why ? s->why : "input failed");
	return n;
}

static gssize archive_source_read(struct byte_source *base, char *buf, gsize n, char **why)
{
	struct archive_source *s = (struct archive_source *)base;
	gssize got = archive_read_data(s->archive, buf, n);
	if (got >= 0)
		return got;
	const char *text = archive_error_string(s->archive);
	*why = g_strdup(text ? text : "damaged");
	return -1;
}

static void archive_source_free(struct byte_source *base)
{
	struct archive_source *s = (struct archive_source *)base;
	archive_read_free(s->archive);
	byte_source_free(s->from);
	g_free(s->why);
	g_free(s);
}

LAZY_FUNCTION struct byte_source *byte_source_decompressed(struct byte_source *from, char **why)
{
	struct archive_source *s = g_new0(struct archive_source, 1);
	struct archive_entry *entry;
	s->base = (struct byte_source){ .read = archive_source_read, .free = archive_source_free };
	s->from = from;
	s->archive = archive_read_new();
	archive_read_support_filter_all(s->archive);
	archive_read_support_format_raw(s->archive);
	if (archive_read_open(s->archive, s, NULL, give, NULL) == ARCHIVE_OK &&
	    archive_read_next_header(s->archive, &entry) == ARCHIVE_OK) {
		/* it begins like a compressed file: where no program knows it, it is damaged */
		if (archive_filter_code(s->archive, 0) != ARCHIVE_FILTER_NONE)
			return &s->base;
		*why = g_strdup("begins as a compressed file, and is damaged");
	} else {
		const char *text = archive_error_string(s->archive);
		*why = g_strdup(text ? text : "damaged");
	}
	archive_source_free(&s->base);
	return NULL;
}
