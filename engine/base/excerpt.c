/*
 * Compilers print a chain of included files and the function before an error, the source line and
 * notes behind it; make and kbuild print lines of another form before and after all that.
 */
#include "excerpt.h"

#include "file.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define LOG_LIMIT ((gsize)16 << 20)
#define MOST_BEFORE 6
#define MOST_BEHIND 14

/* "  CC      fs/proc/uptime.o", "make[1]: ...", "$ make ...", and our own last line */
static bool is_of_make(const char *line)
{
	bool step = g_str_has_prefix(line, "  ") && g_ascii_isupper(line[2]) &&
		    g_ascii_isupper(line[3]);
	return step || g_str_has_prefix(line, "make") || g_str_has_prefix(line, "$ ") ||
	       g_str_has_prefix(line, "took: ") || !*line;
}

static int find(char *const *lines, const char *line)
{
	for (int i = 0; lines[i]; i++) {
		if (strstr(lines[i], line))
			return i;
	}
	return -1;
}

/* What stands before the line's beginning, where it is the name of a directory. */
static char *directory_before(const char *whole, const char *line)
{
	const char *at = strstr(whole, line);
	char *before = g_strndup(whole, (gsize)(at - whole));
	if (*before != '/' || !g_str_has_suffix(before, "/"))
		g_clear_pointer(&before, g_free);
	return before;
}

static char *join(char *const *lines, int from, int to, const char *directory)
{
	GString *out = g_string_new(NULL);
	for (int i = from; i <= to; i++) {
		g_auto(GStrv) parts = directory ? g_strsplit(lines[i], directory, -1) : NULL;
		g_autofree char *text = parts ? g_strjoinv("", parts) : NULL;
		g_string_append_printf(out, "%s\n", text ? text : lines[i]);
	}
	g_autofree char *valid = g_utf8_make_valid(out->str, (gssize)out->len);
	g_string_free(out, TRUE);
	return g_steal_pointer(&valid);
}

char *excerpt_read(const char *path, const char *line)
{
	gsize len;
	g_autofree char *text = file_read_head(path, LOG_LIMIT, &len);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	int at = find(lines, line), from = at, to = at;
	if (at < 0)
		return g_strdup_printf("%s\n", line);
	while (from > 0 && at - from < MOST_BEFORE && !is_of_make(lines[from - 1]))
		from--;
	while (!is_of_make(lines[at]) && lines[to + 1] && to - at < MOST_BEHIND &&
	       !is_of_make(lines[to + 1]))
		to++;
	g_autofree char *directory = directory_before(lines[at], line);
	return join(lines, from, to, directory);
}
