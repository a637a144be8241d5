#include "pattern.h"

#include <errno.h>
#include <string.h>

struct pattern {
	GRegex *regex;
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

int pattern_groups(const char *text)
{
	g_autoptr(GString) pcre = g_string_new(NULL);
	struct translation t = { .p = text, .out = pcre };
	translate(&t);
	return t.groups;
}

/* ---- matching ---- */

err_t pattern_new(const char *text, struct pattern **out, struct error *error)
{
	g_autoptr(GString) pcre = g_string_new(NULL);
	g_autoptr(GError) why = NULL;
	struct translation t = { .p = text, .out = pcre };
	const char *refused = translate(&t);
	if (refused)
		return error_set(error, EINVAL, "%s", refused);
	GRegex *regex = g_regex_new(pcre->str,
				    G_REGEX_RAW | G_REGEX_DOTALL | G_REGEX_DOLLAR_ENDONLY |
					    G_REGEX_NO_AUTO_CAPTURE,
				    0, &why);
	if (!regex)
		return error_set(error, EINVAL, "%s", why->message);
	*out = g_new(struct pattern, 1);
	(*out)->regex = regex;
	return 0;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	g_regex_unref(p->regex);
	g_free(p);
}

bool pattern_find(const struct pattern *p, const char *line, int *from, int *to)
{
	g_autoptr(GMatchInfo) match = NULL;
	return g_regex_match_all(p->regex, line, 0, &match) &&
	       (!from || g_match_info_fetch_pos(match, 0, from, to));
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
