/*
 * Escape sequences are dropped in all the ways in which loggers write the escape.
 */
#include "clean.h"

#include <string.h>

/* End of a colour or cursor sequence at `p` (ESC itself, or how loggers write it); NULL: none. */
static const char *skip_escape(const char *p, const char *end)
{
	static const char *const escapes[] = { "\033", "^[", "#033", "\\x1b", "\\033" };
	for (gsize i = 0; i < G_N_ELEMENTS(escapes); i++) {
		gsize n = strlen(escapes[i]);
		if ((gsize)(end - p) <= n || memcmp(p, escapes[i], n) != 0 || p[n] != '[')
			continue;
		const char *q = p + n + 1;
		while (q < end && (g_ascii_isdigit(*q) || *q == ';' || *q == '?'))
			q++;
		if (q < end && g_ascii_isalpha(*q))
			return q + 1;
	}
	/* the ESC was lost, "[32m" is left */
	if (*p == '[') {
		const char *q = p + 1;
		while (q < end && q - p < 12 && (g_ascii_isdigit(*q) || *q == ';'))
			q++;
		if (q < end && *q == 'm' && q > p + 1)
			return q + 1;
	}
	return NULL;
}

void clean_line(const char *line, gsize len, gsize most, GString *out)
{
	const char *p = line, *end = line + len;
	g_string_truncate(out, 0);
	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (; p < end && out->len < most; p++) {
		const char *after =
			*p == '\033' || *p == '[' || *p == '^' || *p == '#' || *p == '\\'
				? skip_escape(p, end)
				: NULL;
		if (after)
			p = after - 1;
		else if (*p == '\xc2' && p + 1 < end && p[1] == '\xa0')
			g_string_append_c(out, ' '), p++; /* a blank that a browser has copied */
		else if (*p != '\r')
			g_string_append_c(out, *p ? *p : '\1');
	}
	while (out->len && (out->str[out->len - 1] == ' ' || out->str[out->len - 1] == '\t'))
		g_string_truncate(out, out->len - 1);
}
