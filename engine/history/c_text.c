/*
 * One pass over the text, with lines that a backslash joins joined before. A directive ends with
 * its line and keeps its blanks, since they tell `#define F (x)` from `#define F(x)`. Elsewhere a
 * blank stays between two words, or between two operators that would be another one together.
 */
#include "c_text.h"

#include <string.h>

struct reader {
	const char *p, *end;
	GString *out;
	bool directive; /* within a line that begins with # */
	bool fresh;	/* nothing of this line yet */
	bool blank;	/* since what was written last */
};

static GString *join_lines(const char *text, gsize len)
{
	GString *out = g_string_sized_new(len);
	for (const char *p = text, *end = text + len; p < end; p++) {
		if (*p == '\\' && p + 1 < end && p[1] == '\n')
			p++;
		else if (*p == '\\' && p + 2 < end && p[1] == '\r' && p[2] == '\n')
			p += 2;
		else
			g_string_append_c(out, *p);
	}
	return out;
}

static bool is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_' || c == '.' || c == '$' || (guchar)c >= 0x80;
}

/* Whether the two must not touch: `a b`, `+ +`, `/ *`, `L "x"`. */
static bool need_blank(char before, char after)
{
	bool quote = after == '"' || after == '\'';
	if (is_word(before) && (is_word(after) || quote))
		return true;
	return strchr("+-*/%<>=!&|^#:", before) && strchr("+-*/%<>=!&|^#:", after);
}

static void begin_token(struct reader *r, char first)
{
	if (r->fresh && first == '#') {
		if (r->out->len && r->out->str[r->out->len - 1] != '\n')
			g_string_append_c(r->out, '\n');
		r->directive = true;
	} else if (r->blank && r->out->len) {
		char before = r->out->str[r->out->len - 1];
		if (before != '\n' && (r->directive || need_blank(before, first)))
			g_string_append_c(r->out, ' ');
	}
	r->fresh = r->blank = false;
}

static void end_line(struct reader *r)
{
	if (r->directive)
		g_string_append_c(r->out, '\n');
	r->directive = false;
	r->fresh = r->blank = true;
}

/* A string or a character, to its end or that of the line. */
static void copy_quoted(struct reader *r)
{
	char quote = *r->p;
	g_string_append_c(r->out, *r->p++);
	while (r->p < r->end && *r->p != quote && *r->p != '\n') {
		if (*r->p == '\\' && r->p + 1 < r->end && r->p[1] != '\n')
			g_string_append_c(r->out, *r->p++);
		g_string_append_c(r->out, *r->p++);
	}
	if (r->p < r->end && *r->p == quote)
		g_string_append_c(r->out, *r->p++);
}

static bool skip_comment(struct reader *r)
{
	if (*r->p != '/' || r->p + 1 >= r->end)
		return false;
	if (r->p[1] == '/') {
		while (r->p < r->end && *r->p != '\n')
			r->p++;
	} else if (r->p[1] == '*') {
		r->p += 2;
		while (r->p < r->end && !(*r->p == '*' && r->p + 1 < r->end && r->p[1] == '/'))
			r->p++;
		r->p = MIN(r->p + 2, r->end);
	} else {
		return false;
	}
	r->blank = true;
	return true;
}

static GString *bare(const char *text, gsize len)
{
	GString *joined = join_lines(text, len);
	struct reader r = { .p = joined->str,
			    .end = joined->str + joined->len,
			    .out = g_string_sized_new(joined->len),
			    .fresh = true };
	while (r.p < r.end) {
		if (*r.p == '\n') {
			end_line(&r);
			r.p++;
		} else if (g_ascii_isspace(*r.p)) {
			r.blank = true;
			r.p++;
		} else if (!skip_comment(&r)) {
			begin_token(&r, *r.p);
			if (*r.p == '"' || *r.p == '\'')
				copy_quoted(&r);
			else
				g_string_append_c(r.out, *r.p++);
		}
	}
	end_line(&r);
	g_string_free(joined, TRUE);
	return r.out;
}

bool c_text_same(const char *a, gsize a_len, const char *b, gsize b_len)
{
	GString *x = bare(a, a_len), *y = bare(b, b_len);
	bool same = g_string_equal(x, y);
	g_string_free(x, TRUE);
	g_string_free(y, TRUE);
	return same;
}
