/*
 * The first bytes say what it is. Of a stream that does not fit in memory what lies before the
 * crash is forgotten, and of what follows enough is kept.
 */
#include "log_input.h"

#include "byte_source.h"
#include "lazy.h"

#include "engine/triage/triage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((gsize)1 << 20)
#define LOOK_AT ((gsize)8 << 20)     /* bytes that are looked at together */
#define BEFORE ((gsize)512 << 10)    /* and of these, when they hold no crash, what is kept */
#define MOST_AFTER ((gsize)64 << 20) /* what can follow a crash and still matter */

/* ---- what it is ---- */

static bool begins(const guchar *p, gsize n, const char *magic, gsize len)
{
	return n >= len && memcmp(p, magic, len) == 0;
}

static bool is_compressed(const guchar *p, gsize n)
{
	static const struct {
		const char *magic;
		gsize len;
	} known[] = { { "\x1f\x8b", 2 },
		      { "\xfd"
			"7zXZ",
			5 },
		      { "\x28\xb5\x2f\xfd", 4 },
		      { "BZh", 3 },
		      { "\x04\x22\x4d\x18", 4 },
		      { "LZIP", 4 },
		      { "\x1f\x9d", 2 },
		      { "\x89LZO\0\r\n\x1a\n", 9 } };
	for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
		if (begins(p, n, known[i].magic, known[i].len))
			return true;
	}
	return false;
}

enum encoding { BYTES, UTF16_LE, UTF16_BE };

/* By its byte order mark; without one by what text of one language looks like: every second byte
 * is zero. */
static enum encoding encoding_of(const guchar *p, gsize n)
{
	gsize zero[2] = { 0 };
	if (begins(p, n, "\xff\xfe", 2))
		return UTF16_LE;
	if (begins(p, n, "\xfe\xff", 2))
		return UTF16_BE;
	n = MIN(n & ~(gsize)1, 128);
	for (gsize i = 0; i < n; i++)
		zero[i % 2] += !p[i];
	if (n < 16 || zero[0] + zero[1] < n / 2 - n / 16)
		return BYTES;
	return zero[1] == zero[0] + zero[1] ? UTF16_LE : !zero[1] ? UTF16_BE : BYTES;
}

/* ---- streams ---- */

struct stream {
	GString *text;
	struct prefix_form *form;
	gsize looked;
	bool found;
};

/* Forgets what cannot matter any more. */
static void look(struct stream *s)
{
	const char *nl = memrchr(s->text->str, '\n', s->text->len);
	gsize whole = nl ? (gsize)(nl - s->text->str) : s->text->len;
	if (!s->form->lines)
		prefix_learn(s->form, s->text->str, whole);
	s->found = triage_any(s->form, s->text->str, whole);
	if (!s->found && whole > BEFORE) {
		const char *from = memchr(s->text->str + whole - BEFORE, '\n', BEFORE);
		g_string_erase(s->text, 0,
			       from ? from + 1 - s->text->str : (gssize)(whole - BEFORE));
	}
	s->looked = s->text->len;
}

static void read_stream(struct byte_source *from, struct log_input *in, char **why)
{
	struct stream s = { .text = g_string_new(NULL), .form = &in->form };
	g_autofree char *buf = g_malloc(CHUNK);
	gssize n;
	while ((n = from->read(from, buf, CHUNK, why)) > 0) {
		if (s.found && s.text->len > MOST_AFTER)
			continue;
		g_string_append_len(s.text, buf, n);
		if (!s.found && s.text->len - s.looked >= LOOK_AT)
			look(&s);
	}
	if (!s.form->lines)
		prefix_learn(s.form, s.text->str, s.text->len);
	in->bytes = g_string_free_to_bytes(s.text);
}

static struct byte_source *decompressed(struct byte_source *from, char **why)
{
	struct byte_source *(*open)(struct byte_source *, char **) =
		lazy_function("byte_source_decompressed", why);
	if (open)
		return open(from, why);
	byte_source_free(from);
	return NULL;
}

static bool read_decoded(struct byte_source *source, struct log_input *in, char **why)
{
	gsize n = 128;
	const guchar *p = byte_source_peek(source, &n, why);
	if (p && is_compressed(p, n)) {
		source = decompressed(source, why);
		if (source) { /* may be UTF-16 inside */
			source = byte_source_buffered(source);
			n = 128;
			p = byte_source_peek(source, &n, why);
		}
	}
	if (!source || !p) {
		byte_source_free(source);
		return false;
	}
	enum encoding encoding = encoding_of(p, n);
	if (encoding != BYTES)
		source = byte_source_utf16(source, encoding == UTF16_BE);
	read_stream(source, in, why);
	byte_source_free(source);
	return true;
}

/* A plain file is mapped, not read: its size does not matter. */
static bool map_file(int fd, struct log_input *in)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    lseek(fd, 0, SEEK_CUR) != 0)
		return false;
	g_autoptr(GMappedFile) map = g_mapped_file_new_from_fd(fd, FALSE, NULL);
	if (!map)
		return false;
	const char *text = g_mapped_file_get_contents(map);
	gsize len = g_mapped_file_get_length(map);
	if (is_compressed((const guchar *)text, len) ||
	    encoding_of((const guchar *)text, len) != BYTES)
		return false;
	in->bytes = g_mapped_file_get_bytes(map);
	prefix_learn(&in->form, text, len);
	return true;
}

bool log_input_read(const char *path, struct log_input *in, char **why)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	*in = (struct log_input){ 0 };
	*why = NULL;
	if (fd < 0) {
		*why = g_strdup(g_strerror(errno));
		return false;
	}
	if (map_file(fd, in)) {
		if (path)
			close(fd);
		return true;
	}
	return read_decoded(byte_source_fd(fd), in, why);
}

void log_input_clear(struct log_input *in)
{
	g_clear_pointer(&in->bytes, g_bytes_unref);
}
