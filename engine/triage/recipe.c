/*
 * A recipe is read step by step while one cursor moves down the report's lines, never back: a step
 * looks for a line, the step "T" reads a trace. Functions on the way become candidates unless they
 * are noise; which of them names the bug is the extractor's to say (noise.h).
 */
#include "recipe.h"

#include "demangle.h"
#include "noise.h"
#include "shape.h"
#include "stack.h"

#include <string.h>

/* syzkaller's, and what other machines print of their registers: powerpc's dots of functions, mips
 * and loongarch (epc, era), s390 (PSW), sparc (TPC), m68k (PC), csky, parisc (IAOQ), alpha and
 * ia64. */
#define IP_LINE                                                                                  \
	"(?:IP|pc |PC is at):? (?:[0-9]+:)?(?:(?:{PC} +){0,2}\\.?{F}|0x[0-9a-f]+|"               \
	"{PC} +\\[< *\\(null\\)>\\] +\\(null\\))|(?:IP|pc |PC is at):? [0-9]+: +\\(null\\)|"     \
	"\\b(?:epc|era|ERA|pc|PC) *: (?:0x)?[0-9a-f]{6,16} \\(?{F}|"                             \
	"Krnl PSW *: [0-9a-f]+ [0-9a-f]+ \\({F}|\\bT?PC: <{F}|\\bPC: {PC} {F}|IAOQ\\[0\\]: {F}|" \
	"\\b(?:pc|ip) is at {F}"
#define CT_LINE "Call Trace:|Call trace:|Backtrace:|^Trace:$"

struct cursor {
	const char *at, *end; /* lines not used yet */
	const struct rule *rule;
	GPtrArray *names;   /* candidates: noise removed, prefixes cut */
	GPtrArray *printed; /* the same as they were printed */
	bool injected;
	bool arm; /* only frames that name their caller in the same line */
};

static bool next_line(struct cursor *t, const char **line, gsize *len)
{
	return stack_next_line(&t->at, t->end, line, len);
}

static void add_candidate(struct cursor *t, const char *mangled)
{
	g_autofree char *name = demangle_name(mangled);
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

static bool take_if_fits(struct cursor *t, const char *shape, const char *line, gsize len)
{
	g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
	if (shape_search(shape, line, len, NULL, groups) < 0)
		return false;
	for (guint i = 0; i < groups->len; i++) {
		if (*(char *)groups->pdata[i])
			add_candidate(t, groups->pdata[i]);
	}
	return true;
}

static void go_to(struct cursor *t, const char *shape)
{
	const char *line;
	gsize len;
	while (next_line(t, &line, &len)) {
		if (shape_fits(STACK_INJECTED, line, len)) {
			t->injected = true;
			return;
		}
		if (take_if_fits(t, shape, line, len))
			return;
	}
}

/* Whether the step that follows was done on the way. */
static bool read_trace(struct cursor *t, const char *next_shape)
{
	const char *line;
	gsize len;
	while (next_line(t, &line, &len)) {
		if (shape_fits(STACK_INJECTED, line, len)) {
			t->injected = true;
			return false;
		}
		if (next_shape && take_if_fits(t, next_shape, line, len))
			return true;
		if (stack_starts(line, len))
			return false;
		if (t->arm || !take_if_fits(t, STACK_FRAME, line, len))
			take_if_fits(t, STACK_ARM_FRAME, line, len);
	}
	return false;
}

static void run_steps(struct cursor *t, const char *recipe)
{
	g_auto(GStrv) steps = g_strsplit(recipe, ";", -1);
	for (int i = 0; steps[i]; i++) {
		g_autofree char *shape = shape_of(steps[i]);
		g_autofree char *next = steps[i + 1] ? shape_of(steps[i + 1]) : NULL;
		bool next_is_trace = next && strcmp(next, "T") == 0;
		t->arm = strcmp(steps[i], "ARM") == 0;
		if (strcmp(steps[i], "T") != 0 && !t->arm)
			go_to(t, shape);
		else if (read_trace(t, next_is_trace ? NULL : next))
			i++;
	}
}

static void cursor_init(struct cursor *t, const struct rule *rule, const char *from,
			const char *end)
{
	*t = (struct cursor){ .at = from, .end = end, .rule = rule };
	t->names = g_ptr_array_new_with_free_func(g_free);
	t->printed = g_ptr_array_new_with_free_func(g_free);
}

static void cursor_clear(struct cursor *t)
{
	g_ptr_array_unref(t->names);
	g_ptr_array_unref(t->printed);
}

/* The words between two traces close the list of the first one's candidates, as syzkaller has it.
 */
static bool take_words(struct cursor *t, const char *shape, const char *line, gsize len)
{
	int to, from = shape_search(shape, line, len, &to, NULL);
	if (from < 0)
		return false;
	g_ptr_array_add(t->names, g_strndup(line + from, (gsize)(to - from)));
	g_ptr_array_add(t->printed, g_strndup(line + from, (gsize)(to - from)));
	return true;
}

/* Two traces: where a value was used, and where it came from. */
static void run_two(struct cursor *t, struct recipe_result *out)
{
	g_auto(GStrv) steps = g_strsplit(t->rule->recipe, ";", -1);
	struct cursor second;
	const char *line;
	gsize len;
	bool tracing = true, between = false;
	while (!between && next_line(t, &line, &len)) {
		if (shape_fits(STACK_INJECTED, line, len)) {
			t->injected = true;
			if (!tracing)
				break;
			tracing = false;
		} else if (take_words(t, steps[1], line, len)) {
			between = true;
		} else if (tracing && stack_starts(line, len)) {
			tracing = false;
		} else if (tracing && !take_if_fits(t, STACK_FRAME, line, len)) {
			take_if_fits(t, STACK_ARM_FRAME, line, len);
		}
	}
	cursor_init(&second, t->rule, t->at, t->end);
	read_trace(&second, NULL);
	guint at;
	out->origin = g_strdup(noise_extract(second.names, EXTRACT_TOP, &at));
	t->injected = t->injected || second.injected || !out->origin;
	cursor_clear(&second);
}

/* For a stall without any known caller the top frame has to do, which syzkaller does not believe.
 */
static void extract(const struct cursor *t, bool syzbot, struct recipe_result *out)
{
	guint at;
	const char *name = noise_extract(t->names, t->rule->extractor, &at);
	if (!name && !syzbot && t->rule->extractor == EXTRACT_STALL)
		name = noise_extract(t->names, EXTRACT_TOP, &at);
	out->function = g_strdup(name);
	out->printed = name ? g_strdup(g_ptr_array_index(t->printed, at)) : NULL;
	out->sound = name && !t->injected;
}

/* The recipe's tries: those of syzkaller, then ours (rules.h). They point into `recipe`. */
static GPtrArray *tries_of(char *recipe, bool syzbot)
{
	static const char other[] = ";ELSE;";
	GPtrArray *tries = g_ptr_array_new();
	char *ours = strstr(recipe, ";OURS;");
	if (ours)
		*ours = '\0';
	for (char *at = recipe; at;) {
		char *next = strstr(at, other);
		g_ptr_array_add(tries, at);
		if (next)
			*next = '\0';
		at = next ? next + strlen(other) : NULL;
	}
	if (ours && !syzbot)
		g_ptr_array_add(tries, ours + strlen(";OURS;"));
	return tries;
}

void recipe_run(const struct rule *rule, const char *from, const char *end, bool syzbot,
		struct recipe_result *out)
{
	g_autofree char *recipe = g_strdup(rule->recipe);
	g_autoptr(GPtrArray) tries = tries_of(recipe, syzbot);
	*out = (struct recipe_result){ 0 };
	for (guint i = 0; i < tries->len && !out->sound; i++) {
		struct cursor t;
		recipe_clear(out);
		cursor_init(&t, rule, from, end);
		if (rule->two_traces)
			run_two(&t, out);
		else
			run_steps(&t, g_ptr_array_index(tries, i));
		extract(&t, syzbot, out);
		cursor_clear(&t);
	}
}

void recipe_clear(struct recipe_result *result)
{
	g_free(result->function);
	g_free(result->printed);
	g_free(result->origin);
	*result = (struct recipe_result){ 0 };
}
