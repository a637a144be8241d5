#include "pattern.h"

#include <errno.h>
#include <string.h>

struct pattern {
	GRegex *regex;
	/* what stands before its one group, the group, what follows; NULL: not asked for */
	GRegex *part[3];
};

/* ---- from POSIX's words to PCRE2's ---- */

struct translation {
	const char *p;
	GString *out;
	bool repeatable; /* what was read last can be repeated */
	bool repeated;	 /* ... and is */
	const char *why; /* it is no such expression */
	double sum[64];	 /* see below: by depth of parentheses */
	double atom;
	int depth;
	int groups;
	bool alternates;     /* there is a '|' outside of all parentheses */
	gsize opens, closes; /* in `out`: where the last outermost group begins and ends */
};

#define DEPTH_MAX ((int)G_N_ELEMENTS(((struct translation *)NULL)->sum))

/* PCRE2 writes out what is repeated, and each state may be active at each byte of a line: about so
 * many states, of which a few dozen characters ("((a{99}){99}){99}") could make millions. */
#define STATES_MAX 5000.0

static void atom(struct translation *t)
{
	t->repeatable = true;
	t->repeated = false;
	t->atom = 1;
	t->sum[t->depth]++;
}

static void repeat(struct translation *t, double times)
{
	if (!t->repeatable)
		t->why = "there is nothing to repeat";
	else if (t->repeated)
		t->why = "what is repeated can be repeated again only in parentheses";
	t->repeated = true;
	if (times > 1) {
		t->sum[t->depth] += t->atom * (times - 1);
		t->atom *= times;
	}
}

/* {N}, {N,}, {N,M}, {,M}; anything else in braces is what it is. */
static void read_brace(struct translation *t)
{
	char *end;
	const char *p = t->p + 1;
	bool low = g_ascii_isdigit(*p);
	guint64 least = low ? g_ascii_strtoull(p, &end, 10) : 0, most = least;
	p = low ? end : p;
	bool comma = *p == ',', high = comma && g_ascii_isdigit(p[1]);
	if (high)
		most = g_ascii_strtoull(p + 1, &end, 10);
	p = high ? end : p + comma;
	if (*p != '}' || (!low && !high)) {
		g_string_append(t->out, "\\{");
		atom(t);
		t->p++;
		return;
	}
	if (least > 32767 || most > 32767 || (high && most < least))
		t->why = "the numbers in braces are too large, or not in order";
	repeat(t, (double)MAX(most, least) + (comma && !high));
	if (comma && !high)
		g_string_append_printf(t->out, "{%d,}", (int)least);
	else
		g_string_append_printf(t->out, "{%d,%d}", (int)least, (int)most);
	t->p = p + 1;
}

/* A class between [: and :]. */
static bool read_class(struct translation *t)
{
	const char *end = t->p[1] == ':' ? strstr(t->p + 2, ":]") : NULL;
	if (t->p[1] == '.' || t->p[1] == '=')
		t->why = "collating elements are not supported";
	if (!end)
		return false;
	g_string_append_len(t->out, t->p, end + 2 - t->p);
	t->p = end + 2;
	return true;
}

static void read_set(struct translation *t)
{
	g_string_append_c(t->out, *t->p++);
	if (*t->p == '^')
		g_string_append_c(t->out, *t->p++);
	for (bool first = true; *t->p && (first || *t->p != ']') && !t->why; first = false) {
		if (*t->p == '[' && read_class(t))
			continue;
		if (strchr("\\[]", *t->p)) /* they are nothing special here */
			g_string_append_c(t->out, '\\');
		g_string_append_c(t->out, *t->p++);
	}
	if (*t->p != ']')
		t->why = t->why ? t->why : "a '[' has no ']'";
	else
		g_string_append_c(t->out, *t->p++);
	atom(t);
}

/* Those of GNU's extensions that grep -E knows too; before any other letter it stands for nothing.
 */
static void read_escape(struct translation *t)
{
	static const struct {
		char c;
		const char *pcre;
	} gnu[] = { { 'w', "\\w" }, { 'W', "\\W" }, { 's', "\\s" },	   { 'S', "\\S" },
		    { 'b', "\\b" }, { 'B', "\\B" }, { '<', "\\b(?=\\w)" }, { '>', "\\b(?<=\\w)" },
		    { '`', "\\A" }, { '\'', "\\z" } };
	char c = *++t->p;
	const char *pcre = NULL;
	if (!c) {
		t->why = "it ends with a '\\'";
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(gnu); i++)
		pcre = gnu[i].c == c ? gnu[i].pcre : pcre;
	if (g_ascii_isdigit(c))
		t->why = "back references are not supported";
	else if (pcre)
		g_string_append(t->out, pcre);
	else if (g_ascii_isalnum(c) || c & 0x80)
		g_string_append_c(t->out, c);
	else
		g_string_append_printf(t->out, "\\%c", c);
	t->p++;
	atom(t);
}

static void open_group(struct translation *t)
{
	if (!t->depth)
		t->opens = t->out->len;
	g_string_append_c(t->out, *t->p++);
	t->groups++;
	t->repeatable = false;
	if (++t->depth == DEPTH_MAX) {
		t->why = "its parentheses are nested too deep";
		t->depth--;
	}
	t->sum[t->depth] = 0;
}

static void close_group(struct translation *t)
{
	g_string_append_c(t->out, *t->p++);
	if (!t->depth) {
		t->why = "a ')' has no '('";
		return;
	}
	double inner = t->sum[t->depth--] + 1;
	if (!t->depth)
		t->closes = t->out->len;
	atom(t);
	t->sum[t->depth] += inner - 1;
	t->atom = inner;
}

static void read_next(struct translation *t)
{
	char c = *t->p;
	switch (c) {
	case '\\':
		read_escape(t);
		return;
	case '[':
		read_set(t);
		return;
	case '{':
		read_brace(t);
		return;
	case '(':
		open_group(t);
		return;
	case ')':
		close_group(t);
		return;
	case '*':
	case '+':
	case '?':
		repeat(t, c == '+' ? 2 : 1);
		break;
	case '|':
	case '^':
	case '$':
		t->alternates = t->alternates || (c == '|' && !t->depth);
		t->repeatable = false;
		break;
	default:
		atom(t);
	}
	g_string_append_c(t->out, c);
	t->p++;
}

static const char *translate(struct translation *t)
{
	while (*t->p && !t->why)
		read_next(t);
	if (!t->why && t->depth)
		t->why = "a '(' has no ')'";
	if (!t->why && !(t->sum[0] <= STATES_MAX))
		t->why = "it repeats too much";
	return t->why;
}

/* ---- matching ---- */

static GRegex *compile(const char *pcre, struct error *error)
{
	g_autoptr(GError) why = NULL;
	GRegex *regex = g_regex_new(pcre,
				    G_REGEX_RAW | G_REGEX_DOTALL | G_REGEX_DOLLAR_ENDONLY |
					    G_REGEX_NO_AUTO_CAPTURE,
				    0, &why);
	if (!regex)
		error_set(error, EINVAL, "%s", why->message);
	return regex;
}

static err_t compile_parts(const struct translation *t, struct pattern *p, struct error *error)
{
	const char *pcre = t->out->str;
	gsize ends[] = { 0, t->opens, t->closes, t->out->len };
	if (t->groups != 1)
		return error_set(error, EINVAL,
				 "one pair of parentheses round the number is needed, it has %d",
				 t->groups);
	if (t->closes - t->opens == strlen("()"))
		return error_set(error, EINVAL, "nothing is in the parentheses");
	if (pcre[t->closes] && strchr("*+?{", pcre[t->closes]))
		return error_set(error, EINVAL, "what is in parentheses must not be repeated");
	if (t->alternates)
		return error_set(error, EINVAL,
				 "outside of the parentheses a '|' leaves open which number is "
				 "meant");
	for (int i = 0; i < 3; i++) {
		g_autofree char *part = g_strndup(pcre + ends[i], ends[i + 1] - ends[i]);
		p->part[i] = compile(part, error);
		if (!p->part[i])
			return -EINVAL;
	}
	return 0;
}

static err_t make(const char *text, bool with_group, struct pattern **out, struct error *error)
{
	g_autoptr(GString) pcre = g_string_new(NULL);
	struct translation t = { .p = text, .out = pcre };
	const char *refused = translate(&t);
	if (refused)
		return error_set(error, EINVAL, "%s", refused);
	struct pattern *p = g_new0(struct pattern, 1);
	p->regex = compile(pcre->str, error);
	err_t err = !p->regex ? -EINVAL : with_group ? compile_parts(&t, p, error) : 0;
	if (err)
		pattern_free(p);
	else
		*out = p;
	return err;
}

err_t pattern_new(const char *text, struct pattern **out, struct error *error)
{
	return make(text, false, out, error);
}

err_t pattern_new_group(const char *text, struct pattern **out, struct error *error)
{
	return make(text, true, out, error);
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	for (int i = 0; i < 3; i++) {
		if (p->part[i])
			g_regex_unref(p->part[i]);
	}
	if (p->regex)
		g_regex_unref(p->regex);
	g_free(p);
}

bool pattern_find(const struct pattern *p, const char *line, int *from, int *to)
{
	g_autoptr(GMatchInfo) match = NULL;
	return g_regex_match_all(p->regex, line, 0, &match) &&
	       (!from || g_match_info_fetch_pos(match, 0, from, to));
}

/* All places at which a match that begins at `from` can end, the last one first. */
static GArray *ends_from(const GRegex *regex, const char *line, int from)
{
	g_autoptr(GMatchInfo) match = NULL;
	GArray *ends = g_array_new(FALSE, FALSE, sizeof(int));
	int begin, end;
	if (!g_regex_match_all_full(regex, line, -1, from, G_REGEX_MATCH_ANCHORED, &match, NULL))
		return ends;
	for (int i = 0; i < g_match_info_get_match_count(match); i++) {
		if (g_match_info_fetch_pos(match, i, &begin, &end))
			g_array_append_val(ends, end);
	}
	return ends;
}

static bool reaches(const GRegex *regex, const char *line, int from, int to)
{
	g_autoptr(GArray) ends = ends_from(regex, line, from);
	for (guint i = 0; i < ends->len; i++) {
		if (g_array_index(ends, int, i) == to)
			return true;
	}
	return false;
}

enum { NOT_ASKED, YES, NO };

/* An automaton keeps no groups. So each part is matched by one of its own, from where the part
 * before it can end: as far to the right as the rest allows, which is POSIX's rule. What can end a
 * match is asked once for each place, so the time is at most that of a search, twice. */
bool pattern_find_group(const struct pattern *p, const char *line, int *from, int *to)
{
	int begin, end;
	if (!pattern_find(p, line, &begin, &end))
		return false;
	g_autofree char *rest = g_malloc0((gsize)(end - begin) + 1);
	g_autoptr(GArray) opens = ends_from(p->part[0], line, begin);
	for (guint i = 0; i < opens->len; i++) {
		int open = g_array_index(opens, int, i);
		g_autoptr(GArray) closes = ends_from(p->part[1], line, open);
		for (guint k = 0; open <= end && k < closes->len; k++) {
			int close = g_array_index(closes, int, k);
			char *known = close <= end ? &rest[close - begin] : NULL;
			if (known && *known == NOT_ASKED)
				*known = reaches(p->part[2], line, close, end) ? YES : NO;
			if (known && *known == YES) {
				*from = open;
				*to = close;
				return true;
			}
		}
	}
	return false;
}

struct last {
	char *text;
	struct pattern *pattern; /* NULL: it is none */
};

static void last_free(void *p)
{
	struct last *last = p;
	g_free(last->text);
	pattern_free(last->pattern);
	g_free(last);
}

bool pattern_matches(const char *text, const char *line)
{
	static GPrivate kept = G_PRIVATE_INIT(last_free);
	struct last *last = g_private_get(&kept);
	if (!last || strcmp(last->text, text) != 0) {
		last = g_new0(struct last, 1);
		last->text = g_strdup(text);
		pattern_new(text, &last->pattern, NULL);
		g_private_replace(&kept, last);
	}
	return last->pattern && pattern_find(last->pattern, line, NULL, NULL);
}
