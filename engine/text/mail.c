#include "mail.h"

#include "bisection_log.h"
#include "engine/session/range.h"

#include <string.h>

static bool has_culprit(const struct session *s)
{
	return session_has_answer(s) && s->found && s->found[0] && !s->found[1] && s->found_text;
}

char *report_subject(const struct session *s)
{
	/* "commit ...\nAuthor: ...\n\n    SUBJECT\n": the first indented line */
	const char *at = s->found_text ? strstr(s->found_text, "\n    ") : NULL;
	return at ? g_strndup(at + 5, strcspn(at + 5, "\n")) : g_strdup("");
}

static bool is_tag(const char *line)
{
	static const char *const tags[] = { "Signed-off-by:",	"Reviewed-by:", "Acked-by:",
					    "Reported-by:",	"Tested-by:",	"Cc:",
					    "Co-developed-by:", "Suggested-by:" };
	for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
		if (g_ascii_strncasecmp(line, tags[i], strlen(tags[i])) == 0)
			return true;
	}
	return false;
}

/* An address in a header or a tag: between <>, or the only word with an @. */
static char *address_of(const char *text)
{
	const char *open = strrchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
	char *address =
		close ? g_strndup(open + 1, (gsize)(close - open - 1)) : g_strstrip(g_strdup(text));
	bool odd = !strchr(address, '@') || strpbrk(address, " \t\"<>,") != NULL;
	for (const char *p = address; *p; p++)
		odd = odd || (guchar)*p < 0x21 || (guchar)*p > 0x7e;
	if (odd)
		g_clear_pointer(&address, g_free);
	return address;
}

static void add_address(GPtrArray *all, const char *text)
{
	char *address = address_of(text);
	if (!address || g_ascii_strcasecmp(address, "stable@vger.kernel.org") == 0 ||
	    g_ptr_array_find_with_equal_func(all, address, g_str_equal, NULL))
		g_free(address);
	else
		g_ptr_array_add(all, address);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *own_addresses(const struct session *s)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
	if (!s->found || !s->found[0] || s->found[1] || !s->found_text)
		return all;
	g_auto(GStrv) lines = g_strsplit(s->found_text, "\n", -1);
	for (char **l = lines; *l; l++) {
		if (g_str_has_prefix(*l, "Author: "))
			add_address(all, *l + strlen("Author: "));
		else if (g_str_has_prefix(*l, "    ") && is_tag(*l + 4))
			add_address(all, strchr(*l, ':') + 1);
	}
	return all;
}

static bool is_recipient(const GPtrArray *lines, const char *address)
{
	for (guint i = 0; i < lines->len; i++) {
		if (g_ascii_strcasecmp((const char *)g_ptr_array_index(lines, i) + 4, address) == 0)
			return true;
	}
	return false;
}

GPtrArray *report_recipients(const struct session *s)
{
	g_autoptr(GPtrArray) own = own_addresses(s);
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < own->len; i++)
		g_ptr_array_add(lines, g_strdup_printf("to: %s", (char *)own->pdata[i]));
	for (char **m = s->maintainers; m && *m && own->len <= REPORT_ENOUGH; m++) {
		if (!is_recipient(lines, *m + 4))
			g_ptr_array_add(lines, g_strdup(*m));
	}
	g_ptr_array_sort(lines, by_text); /* cc before to, each by address */
	return lines;
}

bool report_needs_maintainers(const struct session *s)
{
	g_autoptr(GPtrArray) own = own_addresses(s);
	return own->len <= REPORT_ENOUGH;
}

static const char *title_of_crash(const struct session *s)
{
	const struct run *crash = session_crash(s, NULL, NULL);
	return crash ? crash->title : "";
}

/* A header must stay one line whatever a commit's subject holds. */
static void header(GString *out, const char *name, const char *value)
{
	g_string_append_printf(out, "%s: ", name);
	for (; *value; value++)
		g_string_append_c(out, (guchar)*value < 0x20 ? ' ' : *value);
	g_string_append_c(out, '\n');
}

static void recipients_header(GString *out, const char *name, const GPtrArray *all,
			      const char *prefix)
{
	g_autoptr(GString) list = g_string_new(NULL);
	for (guint i = 0; i < all->len; i++) {
		const char *line = g_ptr_array_index(all, i);
		if (g_str_has_prefix(line, prefix))
			g_string_append_printf(list, "%s%s", list->len ? ", " : "",
					       line + strlen(prefix));
	}
	if (list->len)
		header(out, name, list->str);
}

void report_mail(const struct session *s, const char *crash, GString *out)
{
	if (!has_culprit(s))
		return;
	g_autoptr(GPtrArray) all = report_recipients(s);
	g_autofree char *subject = report_subject(s);
	const char *title = title_of_crash(s);
	g_autofree char *about = g_strdup_printf("[bisected] %s", *title ? title : subject);
	recipients_header(out, "To", all, "to: ");
	recipients_header(out, "Cc", all, "cc: ");
	header(out, "Subject", about);
	g_string_append(out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
			     "Content-Transfer-Encoding: 8bit\n\n");
	g_string_append_printf(out, "A bisection has found the commit that %s this:\n\n",
			       strcmp(settings_text(&s->settings, SET_MODE), "fix") == 0 ? "fixed"
											 : "began");
	g_string_append_printf(out, "%s\n\n%s\n", s->found_text, s->verdict);
	g_string_append_printf(out, "%d revisions were tested, starting from %s.\n",
			       session_tested(s), s->bad);
	if (*crash)
		g_string_append_printf(out, "\nThe crash:\n\n%s", crash);
	g_string_append_printf(out, "\nThe bisection log:\n\n%s", s->log->str);
}

static void escaped(GString *out, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *safe = g_markup_escape_text(valid, -1);
	g_string_append(out, safe);
}

static void html_step(const struct session *s, int n, GString *out)
{
	const struct step *step = session_step(s, n);
	g_autofree char *build = log_duration(step->build_ns / 100000000 * 100000000);
	g_string_append_printf(out, "<tr class=\"%s\"><td>%d</td><td>%s</td><td>",
			       verdict_name(step->verdict), n, verdict_name(step->verdict));
	g_string_append_printf(out, "<code>%.12s</code> ", step->commit);
	escaped(out, step->release);
	g_string_append_c(out, ' ');
	escaped(out, step->subject);
	g_string_append(out, "</td><td>");
	escaped(out, step->reason ? step->reason : "");
	g_string_append_printf(out, "</td><td><a href=\"../steps/%d/build.log\">%s</a></td><td>", n,
			       build);
	for (guint k = 0; k < step->runs->len; k++)
		g_string_append_printf(out, "<a href=\"../steps/%d/runs/%u.log\">%u</a> ", n, k, k);
	g_string_append(out, "</td></tr>\n");
}

static const char page_head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<style>\n"
	"body { font: 15px/1.5 sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em }\n"
	"table { border-collapse: collapse; width: 100% }\n"
	"td, th { text-align: left; padding: .2em .6em; border-bottom: 1px solid #ccc }\n"
	"tr.bad td:nth-child(2) { color: #b00 } tr.good td:nth-child(2) { color: #070 }\n"
	"pre { background: #f4f4f4; padding: 1em; overflow: auto }\n</style>\n";

void report_html(const struct session *s, const char *crash, GString *out)
{
	if (!session_over(s) && !session_has_answer(s))
		return;
	g_autofree char *begun = log_time(s->started);
	g_autofree char *total = log_duration(s->ended - s->started);
	g_string_append(out, page_head);
	g_string_append_printf(out, "<title>Bisection %s</title></head><body>\n<h1>", s->name);
	escaped(out, *title_of_crash(s) ? title_of_crash(s) : s->name);
	g_string_append(out, "</h1>\n<p><strong>");
	escaped(out, s->verdict);
	g_string_append_printf(
		out, "</strong></p>\n<p>Started from <code>%s</code> at %s, took %s.</p>\n", s->bad,
		begun, total);
	if (has_culprit(s)) {
		g_string_append(out, "<h2>The commit</h2>\n<pre>");
		escaped(out, s->found_text);
		g_string_append(out, "</pre>\n");
	}
	g_string_append(out, "<h2>The way</h2>\n<table><tr><th>step</th><th>verdict</th>"
			     "<th>commit</th><th>why</th><th>build</th><th>runs</th></tr>\n");
	for (int n = 0; n < (int)s->steps->len; n++)
		html_step(s, n, out);
	g_string_append(out, "</table>\n");
	if (*crash) {
		g_string_append(out, "<h2>The crash</h2>\n<pre>");
		escaped(out, crash);
		g_string_append(out, "</pre>\n");
	}
	g_string_append(out, "<p><a href=\"../log\">The bisection log</a></p>\n</body></html>\n");
}

void report_git_log(const struct session *s, GString *out)
{
	const char *start = strstr(s->log->str, "# git bisect start ");
	if ((!session_over(s) && !session_has_answer(s)) || !start)
		return;
	g_string_append_printf(out, "%.*s\n", (int)strcspn(start + 2, "\n"), start + 2);
	g_autoptr(GArray) facts = path_facts(s);
	for (guint i = 0; i < facts->len; i++) {
		const struct path_fact *f = &g_array_index(facts, struct path_fact, i);
		const char *term = session_git_term(s, f->verdict);
		if (f->release) /* the range that the start names */
			continue;
		g_string_append_printf(out, "# %s: [%s] ", term, f->commit);
		for (const char *p = f->subject ? f->subject : ""; *p; p++)
			g_string_append_c(out, (guchar)*p < 0x20 ? ' ' : *p);
		g_string_append_printf(out, "\ngit bisect %s %s\n", term, f->commit);
	}
}
