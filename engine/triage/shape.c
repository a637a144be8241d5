/*
 * Each shape is compiled when it is first asked for and kept for the process's life: there are as
 * many as the tables of this room hold. A lock guards the table of them, not the matching.
 */
#include "shape.h"

#define F_SHAPE "([a-zA-Z0-9_]+)(?:\\.|\\+)"
#define PC_SHAPE "\\[<?(?:0x)?[0-9a-f]+>?\\]"
#define SRC_SHAPE "([a-zA-Z0-9\\-_/.]+\\.[a-z]+:[0-9]+)"

static GHashTable *compiled; /* shape -> GRegex */
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

GRegex *shape_regex(const char *shape)
{
	g_mutex_lock(&compiled_lock);
	if (!compiled)
		compiled = g_hash_table_new(g_str_hash, g_str_equal);
	GRegex *re = g_hash_table_lookup(compiled, shape);
	if (!re) {
		g_autofree char *text = expand(shape);
		g_autoptr(GError) why = NULL;
		re = g_regex_new(text,
				 G_REGEX_RAW | G_REGEX_MULTILINE | G_REGEX_OPTIMIZE |
					 G_REGEX_NEWLINE_LF,
				 0, &why);
		if (!re)
			g_error("%s: %s", shape, why->message); /* one of our own table */
		g_hash_table_insert(compiled, g_strdup(shape), re);
	}
	g_mutex_unlock(&compiled_lock);
	return re;
}

int shape_search(const char *shape, const char *text, gsize len, int *end, GPtrArray *groups)
{
	g_autoptr(GMatchInfo) info = NULL;
	int from = -1, to = -1;
	if (!g_regex_match_full(shape_regex(shape), text, (gssize)len, 0, 0, &info, NULL))
		return -1;
	g_match_info_fetch_pos(info, 0, &from, &to);
	if (end)
		*end = to;
	int n = g_regex_get_capture_count(shape_regex(shape));
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
