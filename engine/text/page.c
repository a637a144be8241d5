/*
 * The page is one table row a step between a fixed head and foot; all that comes from outside is
 * escaped by GLib.
 */
#include "page.h"

#include "format.h"
#include "engine/session/labels.h"
#include "report.h"

#include <string.h>

static void escaped(GString *out, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *safe = g_markup_escape_text(valid, -1);
	g_string_append(out, safe);
}

static void html_step(const struct session *s, int n, GString *out)
{
	const struct step *step = session_step(s, n);
	g_autofree char *build = format_duration(step->build_ns / 100000000 * 100000000);
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

void page_print(const struct session *s, const char *crash, GString *out)
{
	if (!session_over(s) && !session_has_answer(s))
		return;
	g_autofree char *begun = format_time(s->started);
	g_autofree char *total = format_duration(session_duration(s, s->ended));
	g_string_append(out, page_head);
	g_string_append_printf(out, "<title>Bisection %s</title></head><body>\n<h1>", s->name);
	escaped(out, *report_title(s) ? report_title(s) : s->name);
	g_string_append(out, "</h1>\n<p><strong>");
	escaped(out, s->verdict);
	g_string_append_printf(
		out, "</strong></p>\n<p>Started from <code>%s</code> at %s, took %s.</p>\n", s->bad,
		begun, total);
	if (report_has_culprit(s) || report_has_borders(s)) {
		g_string_append_printf(out, "<h2>The commit%s</h2>\n<pre>", s->borders ? "s" : "");
		escaped(out, s->found_text);
		g_string_append(out, "</pre>\n");
	}
	g_autoptr(GPtrArray) labels = labels_of(s);
	for (guint i = 0; i < labels->len; i++) {
		g_string_append(out, "<p>It may not be what it seems: ");
		escaped(out, labels->pdata[i]);
		g_string_append(out, ".</p>\n");
	}
	g_string_append(out, "<h2>The way</h2>\n<table><tr><th>step</th><th>verdict</th>"
			     "<th>commit</th><th>why</th><th>build</th><th>runs</th></tr>\n");
	for (int n = 0; n < (int)s->steps->len; n++)
		html_step(s, n, out);
	g_string_append(out, "</table>\n");
	if (*crash) {
		g_string_append_printf(out, "<h2>%s</h2>\n<pre>", report_crash_word(s));
		escaped(out, crash);
		g_string_append(out, "</pre>\n");
	}
	g_string_append(out, "<p><a href=\"../log\">The bisection log</a></p>\n</body></html>\n");
}
