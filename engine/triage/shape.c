/*
 * Each shape is compiled when it is first asked for and kept for the process's life: there are as
 * many as the tables of this room hold. A lock guards the table of them, not the matching.
 */
#include "shape.h"

#include <string.h>

#define F_SHAPE "([a-zA-Z0-9_]+)(?:\\.|\\+)"
#define PC_SHAPE "\\[<?(?:0x)?[0-9a-f]+>?\\]"
#define SRC_SHAPE "([a-zA-Z0-9\\-_/.]+\\.[a-z]+:[0-9]+)"

/* Translating to machine code costs more than it saves for one small log. */
#define MANY_USES 100
#define LONG_TEXT ((gsize)64 << 10)

static GHashTable *compiled; /* shape -> struct compiled; guarded by the lock */
static GMutex compiled_lock;

static char *expand(const char *shape)
{
	static const char *const pieces[][2] = { { "{F}", F_SHAPE },
						 { "{PC}", PC_SHAPE },
						 { "{SRC}", SRC_SHAPE },
						 { "{REST}", "(.*)" } };
	GString *s = g_string_new(shape);
	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++)
		g_string_replace(s, pieces[i][0], pieces[i][1], 0);
	return g_string_free(s, FALSE);
}

struct compiled {
	GRegex *plain, *fast; /* fast: translated to machine code, NULL: not yet */
	guint uses;
};

static GRegex *compile(const char *shape, GRegexCompileFlags more)
{
	g_autofree char *text = expand(shape);
	g_autoptr(GError) why = NULL;
	GRegex *re = g_regex_new(text, G_REGEX_RAW | G_REGEX_MULTILINE | G_REGEX_NEWLINE_LF | more,
				 0, &why);
	if (!re)
		g_error("%s: %s", shape, why->message); /* one of our own table */
	return re;
}

static GRegex *regex_for(const char *shape, gsize len)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&compiled_lock);
	(void)locker;
	if (!compiled)
		compiled = g_hash_table_new(g_str_hash, g_str_equal);
	struct compiled *c = g_hash_table_lookup(compiled, shape);
	if (!c) {
		c = g_new0(struct compiled, 1);
		c->plain = compile(shape, 0);
		g_hash_table_insert(compiled, g_strdup(shape), c);
	}
	if (!c->fast && (len >= LONG_TEXT || ++c->uses >= MANY_USES))
		c->fast = compile(shape, G_REGEX_OPTIMIZE);
	return c->fast ? c->fast : c->plain;
}

GRegex *shape_regex(const char *shape)
{
	return regex_for(shape, 0);
}

/* How many of the shape's first bytes stand for themselves; 0 where one of several shapes may fit.
 */
static gsize literal_prefix(const char *shape)
{
	gsize n = strcspn(shape, "\\.[({*+?|^$");
	int depth = 0;
	for (const char *p = shape; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '(' || *p == '[')
			depth++;
		else if (*p == ')' || *p == ']')
			depth--;
		else if (*p == '|' && depth <= 0)
			return 0;
	}
	return n && strchr("*?{", shape[n]) && shape[n] ? n - 1 : n;
}

int shape_search(const char *shape, const char *text, gsize len, int *end, GPtrArray *groups)
{
	g_autoptr(GMatchInfo) info = NULL;
	int from = -1, to = -1;
	/* most shapes of a table fit nothing in most logs: those need not even be compiled */
	gsize literal = literal_prefix(shape);
	if (literal > 1 && !memmem(text, len, shape, literal))
		return -1;
	GRegex *re = regex_for(shape, len);
	if (!g_regex_match_full(re, text, (gssize)len, 0, 0, &info, NULL))
		return -1;
	g_match_info_fetch_pos(info, 0, &from, &to);
	if (end)
		*end = to;
	int n = g_regex_get_capture_count(re);
	for (int g = 1; groups && g <= n; g++) {
		char *value = g_match_info_fetch(info, g);
		g_ptr_array_add(groups, value ? value : g_strdup(""));
	}
	return from;
}

bool shape_fits(const char *shape, const char *line, gsize len)
{
	return shape_search(shape, line, len, NULL, NULL) >= 0;
}
