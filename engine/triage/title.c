#include "title.h"

#include "noise.h"
#include "scan.h"

#include <string.h>

#define F_SHAPE "([a-zA-Z0-9_]+)(?:\\.|\\+)"
#define PC_SHAPE "\\[<?(?:0x)?[0-9a-f]+>?\\]"
#define SRC_SHAPE "([a-zA-Z0-9\\-_/.]+\\.[a-z]+:[0-9]+)"

/* ---- expressions ---- */

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

GRegex *title_regex(const char *shape)
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

/* -1: no match. Groups 1.. are appended to `groups`, if that is given. */
static int search(const char *shape, const char *text, gsize len, int *end, GPtrArray *groups)
{
	g_autoptr(GMatchInfo) info = NULL;
	int from = -1, to = -1;
	if (!g_regex_match_full(title_regex(shape), text, (gssize)len, 0, 0, &info, NULL))
		return -1;
	g_match_info_fetch_pos(info, 0, &from, &to);
	if (end)
		*end = to;
	int n = g_regex_get_capture_count(title_regex(shape));
	for (int g = 1; groups && g <= n; g++) {
		char *value = g_match_info_fetch(info, g);
		g_ptr_array_add(groups, value ? value : g_strdup(""));
	}
	return from;
}

/* ---- stacks ---- */

static const char *const stack_starts[] = {
	"Call (?:T|t)race",
	"Allocated:",
	"Allocated by task [0-9]+:",
	"Freed:",
	"Freed by task [0-9]+:",
	"[^k] backtrace(?: \\(crc [0-9a-f]+\\))?:",
	"Backtrace:",
	"Uninit was stored to memory at",
	"status: [0-9a-f]{16} badaddr: [0-9a-f]{16} cause: [0-9a-f]{16}",
};
#define RISCV_START "status: "

static const char *line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	return nl ? nl : end;
}

static bool fits_line(const char *shape, const char *line, gsize len)
{
	return search(shape, line, len, NULL, NULL) >= 0;
}

static bool starts_stack(const char *line, gsize len)
{
	/* few lines do; the first look is cheap */
	if (!memchr(line, ':', len) && !memmem(line, len, "race", 4) &&
	    !memmem(line, len, "Uninit", 6))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(stack_starts); i++) {
		if (fits_line(stack_starts[i], line, len))
			return true;
	}
	return false;
}

#define FRAME "^ *(?:{PC} ){0,2}{F}"
#define ARM_FRAME "{PC} \\(([a-zA-Z0-9_.]+)\\) from {PC} \\({F}"
#define INJECTED "^ ?(?:{PC})? should_(?:fail|failslab)(?:\\.[a-z0-9.]+)?\\+0x"
#define IP_LINE                                                                \
	"(?:IP|pc |PC is at):? (?:[0-9]+:)?(?:(?:{PC} +){0,2}{F}|0x[0-9a-f]+|" \
	"{PC} +\\[< *\\(null\\)>\\] +\\(null\\))|(?:IP|pc |PC is at):? [0-9]+: +\\(null\\)"
#define CT_LINE "Call Trace:|Call trace:|Backtrace:"

static bool is_frame(const char *line, gsize len)
{
	return fits_line(FRAME, line, len) || fits_line(ARM_FRAME, line, len);
}

/* ---- recipes ---- */

struct trail {
	const char *at, *end; /* lines not used yet */
	const struct rule *rule;
	GPtrArray *names;   /* candidates: noise removed, prefixes cut */
	GPtrArray *printed; /* the same as they were printed */
	bool injected;
};

static bool next_line(struct trail *t, const char **line, gsize *len)
{
	if (t->at >= t->end)
		return false;
	const char *eol = line_end(t->at, t->end);
	*line = t->at;
	*len = (gsize)(eol - t->at);
	t->at = eol < t->end ? eol + 1 : t->end;
	return true;
}

static void add_candidate(struct trail *t, const char *mangled)
{
	g_autofree char *name = noise_demangle(mangled);
	if (!*name || noise_fits(rules_noise, name) || noise_fits(t->rule->noise, name))
		return;
	g_ptr_array_add(t->names, noise_cut(name));
	g_ptr_array_add(t->printed, g_strdup(name));
}

/* What a step of this name looks for in a line. */
static char *shape_of(const char *step)
{
	if (g_str_has_prefix(step, "IP|"))
		return g_strdup_printf(IP_LINE "|%s", step + 3);
	if (strcmp(step, "IP") == 0)
		return g_strdup(IP_LINE);
	return g_strdup(strcmp(step, "CT") == 0 ? CT_LINE : step);
}

static bool take_if_fits(struct trail *t, const char *shape, const char *line, gsize len)
{
	g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
	if (search(shape, line, len, NULL, groups) < 0)
		return false;
	for (guint i = 0; i < groups->len; i++) {
		if (*(char *)groups->pdata[i])
			add_candidate(t, groups->pdata[i]);
	}
	return true;
}

static void go_to(struct trail *t, const char *shape)
{
	const char *line;
	gsize len;
	while (next_line(t, &line, &len)) {
		if (fits_line(INJECTED, line, len)) {
			t->injected = true;
			return;
		}
		if (take_if_fits(t, shape, line, len))
			return;
	}
}

/* Whether the step that follows was done on the way. */
static bool read_trace(struct trail *t, const char *next_shape)
{
	const char *line;
	gsize len;
	while (next_line(t, &line, &len)) {
		if (fits_line(INJECTED, line, len)) {
			t->injected = true;
			return false;
		}
		if (next_shape && take_if_fits(t, next_shape, line, len))
			return true;
		if (starts_stack(line, len))
			return false;
		if (!take_if_fits(t, FRAME, line, len))
			take_if_fits(t, ARM_FRAME, line, len);
	}
	return false;
}

static void run_steps(struct trail *t, const char *recipe)
{
	g_auto(GStrv) steps = g_strsplit(recipe, ";", -1);
	for (int i = 0; steps[i]; i++) {
		g_autofree char *shape = shape_of(steps[i]);
		g_autofree char *next = steps[i + 1] ? shape_of(steps[i + 1]) : NULL;
		bool next_is_trace = next && strcmp(next, "T") == 0;
		if (strcmp(steps[i], "T") != 0)
			go_to(t, shape);
		else if (read_trace(t, next_is_trace ? NULL : next))
			i++;
	}
}

static void trail_start(struct trail *t, const struct rule *rule, const char *from, const char *end)
{
	*t = (struct trail){ .at = from, .end = end, .rule = rule };
	t->names = g_ptr_array_new_with_free_func(g_free);
	t->printed = g_ptr_array_new_with_free_func(g_free);
}

static void trail_clear(struct trail *t)
{
	g_ptr_array_unref(t->names);
	g_ptr_array_unref(t->printed);
}

static char *printed_as(const struct trail *t, const char *name)
{
	for (guint i = 0; name && i < t->names->len; i++) {
		if (strcmp(t->names->pdata[i], name) == 0)
			return g_strdup(t->printed->pdata[i]);
	}
	return g_strdup(name);
}

/* The words between two traces close the list of the first one's candidates, as syzkaller has it.
 */
static bool take_words(struct trail *t, const char *shape, const char *line, gsize len)
{
	int to, from = search(shape, line, len, &to, NULL);
	if (from < 0)
		return false;
	g_ptr_array_add(t->names, g_strndup(line + from, (gsize)(to - from)));
	g_ptr_array_add(t->printed, g_strndup(line + from, (gsize)(to - from)));
	return true;
}

/* Two traces: where a value was used, and where it came from. */
static char *run_two(struct trail *t, struct title *out)
{
	g_auto(GStrv) steps = g_strsplit(t->rule->recipe, ";", -1);
	struct trail second;
	const char *line;
	gsize len;
	bool tracing = true, between = false;
	while (!between && next_line(t, &line, &len)) {
		if (fits_line(INJECTED, line, len)) {
			t->injected = true;
			if (!tracing)
				break;
			tracing = false;
		} else if (take_words(t, steps[1], line, len)) {
			between = true;
		} else if (tracing && starts_stack(line, len)) {
			tracing = false;
		} else if (tracing && !take_if_fits(t, FRAME, line, len)) {
			take_if_fits(t, ARM_FRAME, line, len);
		}
	}
	trail_start(&second, t->rule, t->at, t->end);
	read_trace(&second, NULL);
	out->origin = noise_extract(second.names, EXTRACT_TOP);
	t->injected = t->injected || second.injected || !out->origin;
	trail_clear(&second);
	return noise_extract(t->names, EXTRACT_TOP);
}

/* NULL: none was found. */
static char *find_function(const struct rule *rule, const char *from, const char *end,
			   struct title *out)
{
	struct trail t;
	char *function = NULL;
	g_auto(GStrv) tries = g_strsplit(rule->recipe, ";ELSE;", -1);
	for (char **r = tries; *r; r++) {
		trail_start(&t, rule, from, end);
		if (rule->two_traces) {
			function = run_two(&t, out);
		} else {
			run_steps(&t, *r);
			function = noise_extract(t.names, rule->extractor);
		}
		bool sound = function && !t.injected;
		g_free(out->function);
		out->function = printed_as(&t, function);
		out->corrupted = !sound;
		trail_clear(&t);
		if (sound || !r[1])
			break;
		g_clear_pointer(&function, g_free);
	}
	return function;
}

/* ---- rules ---- */

/* A body's shapes, each on a line below the one before. Its groups; -1: it is not there. */
static int find_body(const struct rule *rule, const char *text, gsize len, GPtrArray *groups)
{
	int end, start = search(rule->body[0], text, len, &end, groups);
	if (start < 0)
		return -1;
	const char *at = line_end(text + end, text + len), *stop = text + len;
	for (int i = 1; i < MOST_SHAPES && rule->body[i]; i++) {
		bool found = false;
		while (!found && at < stop) {
			const char *line = at + 1, *eol;
			if (line >= stop)
				return -1;
			eol = line_end(line, stop);
			found = search(rule->body[i], line, (gsize)(eol - line), NULL, groups) >= 0;
			at = eol;
		}
		if (!found)
			return -1;
	}
	return start;
}

struct choice {
	const struct rule *rule;
	GPtrArray *groups;
	int start;
	bool head_without_body;
};

/* The rule whose head comes first; of several there the first whose body is there too. */
static void choose_rule(const struct rule *rules, const char *text, gsize len, struct choice *c)
{
	int first = -1;
	*c = (struct choice){ 0 };
	for (const struct rule *r = rules; r && r->head; r++) {
		g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
		/* a head that would come later than one that has been seen is out */
		int start = search(r->head, text, len, NULL, groups);
		if (start < 0 || (first >= 0 && start > first) || (start == first && c->rule))
			continue;
		if (first < 0 || start < first) {
			g_clear_pointer(&c->groups, g_ptr_array_unref);
			c->rule = NULL;
		}
		first = start;
		if (r->body[0]) {
			g_ptr_array_set_size(groups, 0);
			start = find_body(r, text, len, groups);
			if (start < 0) {
				c->head_without_body = true;
				continue;
			}
		}
		c->rule = r;
		c->start = start;
		c->groups = g_ptr_array_ref(groups);
	}
}

static char *fill_in(const struct rule *rule, const GPtrArray *groups, const char *function)
{
	GString *out = g_string_new(NULL);
	for (const char *p = rule->title; *p; p++) {
		if (*p == '$' && p[1] == 'F') {
			g_string_append(out, function ? function : "corrupted");
			p++;
		} else if (*p == '$' && g_ascii_isdigit(p[1])) {
			guint g = (guint)(p[1] - '1');
			g_string_append(out, g < groups->len ? groups->pdata[g] : "");
			p++;
		} else {
			g_string_append_c(out, *p);
		}
	}
	return g_string_free(out, FALSE);
}

static char *raw_line(const struct report *r)
{
	const char *word = scan_header(r->header);
	const char *at = memmem(r->all->str, r->text, word, strlen(word));
	if (!at)
		at = r->all->str;
	const char *eol = line_end(at, r->all->str + r->text);
	return g_strndup(at, (gsize)(eol - at));
}

/* ---- what a title must not depend on ---- */

static void replace_all(GString *s, const char *shape, const char *with)
{
	for (int i = 0; i < 200; i++) {
		g_autofree char *now = g_regex_replace(title_regex(shape), s->str, (gssize)s->len,
						       0, with, 0, NULL);
		if (!now || strcmp(now, s->str) == 0)
			return;
		g_string_assign(s, now);
	}
}

#define TITLE_BYTES 120

char *title_normalise(const char *text)
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
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
		replace_all(s, changes[i][0], changes[i][1]);
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

/* ---- damage ---- */

#define NEXT_LINES 15

/* After the first stack of this kind there have to be frames. */
static bool stack_is_sound(const char *start, const char *end, bool riscv)
{
	struct trail t = { .at = start, .end = end };
	const char *line;
	gsize len;
	int lines = 0;
	bool frame = false, other = false;
	next_line(&t, &line, &len);
	while (next_line(&t, &line, &len) && lines < NEXT_LINES) {
		lines++;
		other = other || starts_stack(line, len);
		frame = frame || (!other && (is_frame(line, len) ||
					     memmem(line, len, "(stack is not available)", 24)));
	}
	return lines + 1 >= 3 && (frame || riscv);
}

static bool lacks_trace(const struct report *r)
{
	const char *text = r->all->str, *end = text + r->all->len;
	bool any = false;
	for (gsize i = 0; i < G_N_ELEMENTS(stack_starts); i++) {
		int at = search(stack_starts[i], text, r->all->len, NULL, NULL);
		if (at < 0)
			continue;
		const char *line = text + at;
		while (line > text && line[-1] != '\n')
			line--;
		bool riscv = g_str_has_prefix(stack_starts[i], RISCV_START);
		if (!stack_is_sound(line, end, riscv))
			return true;
		any = true;
	}
	return !any;
}

void title_make(const struct report *r, struct title *t)
{
	struct choice c;
	*t = (struct title){ 0 };
	const char *text = r->all->str, *end = text + r->text;
	choose_rule(rules_of(scan_header(r->header)), text, r->text, &c);
	g_autofree char *title = NULL;
	if (c.rule) {
		g_autofree char *function =
			c.rule->recipe ? find_function(c.rule, text + c.start, end, t) : NULL;
		title = fill_in(c.rule, c.groups, function);
		t->corrupted =
			t->corrupted || c.rule->corrupted || (!c.rule->no_trace && lacks_trace(r));
	} else {
		title = raw_line(r);
		t->corrupted = c.head_without_body;
	}
	t->rule = c.rule;
	t->corrupted = t->corrupted ||
		       search("\\[ *[0-9]+\\.[0-9]+\\]", title, strlen(title), NULL, NULL) >= 0;
	t->text = title_normalise(title);
	g_clear_pointer(&c.groups, g_ptr_array_unref);
}

void title_clear(struct title *t)
{
	g_free(t->text);
	g_free(t->function);
	g_free(t->origin);
	*t = (struct title){ 0 };
}
