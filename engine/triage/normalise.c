/*
 * A list of replacements, each made until nothing changes any more (they overlap: two numbers may
 * share the blank between them), then the title's own limits: printable ASCII, single blanks, 120
 * bytes.
 */
#include "normalise.h"

#include "shape.h"

#include <string.h>

static bool has_digit(const char *text)
{
	return text[strcspn(text, "0123456789")] != '\0';
}

static void replace_all(GString *s, const char *shape, const char *with)
{
	if (!shape_fits(shape, s->str, s->len))
		return;
	for (int i = 0; i < 200; i++) {
		g_autofree char *now = g_regex_replace(shape_regex(shape), s->str, (gssize)s->len,
						       0, with, 0, NULL);
		if (!now || strcmp(now, s->str) == 0)
			return;
		g_string_assign(s, now);
	}
}

#define TITLE_BYTES 120
#define HEX 2 /* the replacement of addresses */

char *normalise_title(const char *text)
{
	static const char *const changes[][2] = {
		{ "syz-executor\\.?[0-9]+(?:[/:][0-9]+)?", "syz-executor" },
		{ "syzkaller[0-9]+(?:[/:][0-9]+)?", "syzkaller" },
		{ "([^a-zA-Z0-9])(?:0x)?[0-9a-f]{6,}", "\\1ADDR" },
		{ "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}", "IP" },
		{ "(\\.[a-zA-Z0-9_]+)(?::[0-9]+)+", "\\1:LINE" },
		{ "([a-zA-Z][a-zA-Z0-9_.]+)\\+0x[0-9a-z]+/0x[0-9a-z]+", "\\1" },
		{ "CPU#[0-9]+", "CPU" },
		{ "([^a-zA-Z0-9_])[0-9]+([^a-zA-Z0-9_]|$)", "\\1NUM\\2" },
		{ "[0-9]{7,}", "NUM" },
	};
	GString *s = g_string_new_len(text, (gssize)MIN(strlen(text), 4096));
	/* all but the hex digits need a decimal one */
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		if (i == HEX || has_digit(s->str))
			replace_all(s, changes[i][0], changes[i][1]);
	}
	if (s->len > TITLE_BYTES)
		g_string_truncate(s, TITLE_BYTES);
	GString *out = g_string_new(NULL);
	for (gsize i = 0; i < s->len; i++) {
		guchar c = s->str[i] == '\t' ? ' ' : (guchar)s->str[i];
		bool blank = c == ' ' && (!out->len || out->str[out->len - 1] == ' ');
		if (c >= 0x20 && c < 0x7f && !blank)
			g_string_append_c(out, (char)c);
	}
	g_string_free(s, TRUE);
	return g_strchomp(g_string_free(out, FALSE));
}
