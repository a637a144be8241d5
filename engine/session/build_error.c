/*
 * The rules are a table of expressions, each with what takes the place of its matches, and are gone
 * through in order. They cover what gcc, clang, the GNU and LLVM linkers, GNU make and modpost
 * print.
 */
#include "build_error.h"

#include "engine/base/pattern.h"

#include <glib.h>

static const struct {
	const char *expression, *instead;
} rules[] = {
	{ "^\\s+|\\s+$", "" },
	{ "\\bmake\\[\\d+\\]:", "make:" },
	/* FILE:LINE, FILE:LINE:COLUMN; in make's words [Makefile:LINE: TARGET] */
	{ "(?<=[\\w)}])(?::\\d+)+(?=[:\\]),\\s]|$)", "" },
	{ "\\+0x[0-9a-fA-F]+", "" }, /* a place in a section */
	/* the compiler's own names and files, which it numbers or draws by chance */
	{ "\\b(__compiletime_assert_|__UNIQUE_ID_[A-Za-z]+_?|__func__\\.|__already_done\\.)\\d+",
	  "\\1" },
	{ "/tmp/cc\\w{6}\\.", "/tmp/cc." },
};

char *build_error_normal(const char *line)
{
	static GRegex *compiled[G_N_ELEMENTS(rules)];
	static gsize ready;
	if (g_once_init_enter(&ready)) {
		for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
			compiled[i] = g_regex_new(rules[i].expression, G_REGEX_RAW, 0, NULL);
		g_once_init_leave(&ready, 1);
	}
	char *text = g_strdup(line);
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		char *next = g_regex_replace(compiled[i], text, -1, 0, rules[i].instead, 0, NULL);
		if (!next) /* it is too much for the matcher: as it is */
			continue;
		g_free(text);
		text = next;
	}
	return text;
}

char *build_error_matched(const char *line, const char *fail)
{
	struct pattern *pattern = NULL;
	int from = 0, to = 0;
	bool found = pattern_new(fail, &pattern, NULL) == 0 &&
		     pattern_find(pattern, line, &from, &to) && to > from;
	pattern_free(pattern);
	/* a byte that is matched may be a part of a character */
	g_autofree char *text = found ? g_utf8_make_valid(line + from, to - from) : NULL;
	return build_error_normal(text ? text : line);
}
