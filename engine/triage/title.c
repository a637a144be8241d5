/*
 * Of the rules of the crash line's header the one is taken whose head comes first in the report and
 * whose body is there too; its recipe finds the function, and its title is filled in with that and
 * with the groups. A report that no rule knows is called by its crash line.
 */
#include "title.h"

#include "normalise.h"
#include "recipe.h"
#include "scan.h"
#include "shape.h"
#include "stack.h"

#include <string.h>

/* ---- the rule ---- */

/* A body's shapes, each on a line below the one before. Its groups; -1: it is not there. */
static int find_body(const struct rule *rule, const char *text, gsize len, GPtrArray *groups)
{
	int end, start = shape_search(rule->body[0], text, len, &end, groups);
	if (start < 0)
		return -1;
	const char *at = stack_line_end(text + end, text + len), *stop = text + len;
	for (int i = 1; i < MOST_SHAPES && rule->body[i]; i++) {
		bool found = false;
		while (!found && at < stop) {
			const char *line = at + 1, *eol;
			if (line >= stop)
				return -1;
			eol = stack_line_end(line, stop);
			found = shape_search(rule->body[i], line, (gsize)(eol - line), NULL,
					     groups) >= 0;
			at = eol;
		}
		if (!found)
			return -1;
	}
	return start;
}

struct match {
	const struct rule *rule;
	GPtrArray *groups;
	int start;
	bool head_without_body;
};

/* The rule whose head comes first; of several there the first whose body is there too. */
static void match_rule(const struct rule *rules, const char *text, gsize len, struct match *c)
{
	int first = -1;
	*c = (struct match){ 0 };
	for (const struct rule *r = rules; r && r->head; r++) {
		g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
		/* a head that would come later than one that has been seen is out */
		int start = shape_search(r->head, text, len, NULL, groups);
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
	const char *eol = stack_line_end(at, r->all->str + r->text);
	return g_strndup(at, (gsize)(eol - at));
}

void title_make(const struct report *r, struct title *t)
{
	struct match c;
	*t = (struct title){ 0 };
	const char *text = r->all->str, *end = text + r->text;
	match_rule(rules_of(scan_header(r->header)), text, r->text, &c);
	g_autofree char *title = NULL;
	if (c.rule) {
		struct recipe_result result = { .sound = true };
		if (c.rule->recipe)
			recipe_run(c.rule, text + c.start, end, r->syzbot, &result);
		title = fill_in(c.rule, c.groups, result.function);
		if (strstr(c.rule->title, "$F"))
			t->function = g_strdup(result.function ? result.function : "corrupted");
		t->printed = g_steal_pointer(&result.printed);
		t->origin = g_steal_pointer(&result.origin);
		t->corrupted = !result.sound || c.rule->corrupted ||
			       (!c.rule->no_trace && stack_is_missing(r->all->str, r->all->len));
		recipe_clear(&result);
	} else {
		title = raw_line(r);
		t->corrupted = c.head_without_body;
	}
	t->rule = c.rule;
	/* a console prefix in the middle: two lines were printed into each other */
	t->corrupted = t->corrupted || shape_fits("\\[ *[0-9]+\\.[0-9]+\\]", title, strlen(title));
	t->text = normalise_title(title);
	g_clear_pointer(&c.groups, g_ptr_array_unref);
}

void title_clear(struct title *t)
{
	g_free(t->text);
	g_free(t->function);
	g_free(t->printed);
	g_free(t->origin);
	*t = (struct title){ 0 };
}
