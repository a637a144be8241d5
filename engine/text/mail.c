/*
 * A mail's headers are one line each whatever a commit holds; its body is 8-bit UTF-8.
 */
#include "mail.h"

#include "engine/session/labels.h"
#include "engine/session/numbers.h"
#include "engine/session/recipients.h"
#include "metric_report.h"
#include "report.h"

#include <string.h>

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

void mail_print(const struct session *s, const GString *log, const char *crash, GString *out)
{
	if (!report_has_culprit(s))
		return;
	g_autoptr(GPtrArray) all = recipients_of(s);
	g_autofree char *subject = recipients_subject(s);
	const char *title = report_title(s);
	g_autofree char *about = g_strdup_printf("[bisected] %s", *title ? title : subject);
	recipients_header(out, "To", all, "to: ");
	recipients_header(out, "Cc", all, "cc: ");
	header(out, "Subject", about);
	g_string_append(out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
			     "Content-Transfer-Encoding: 8bit\n\n");
	g_string_append_printf(out, "A bisection has found the commit that %s this:\n\n",
			       settings_is_fix(&s->settings) ? "fixed" : "began");
	g_string_append_printf(out, "%s\n\n%s\n", s->found_text, s->verdict);
	g_autoptr(GPtrArray) labels = labels_of(s);
	for (guint i = 0; i < labels->len; i++)
		g_string_append_printf(out, "But it may not be what it seems: %s.\n",
				       (char *)labels->pdata[i]);
	g_string_append_printf(out, "%d revisions were tested, starting from %s.\n",
			       session_tested(s), s->bad);
	if (numbers_wanted(s)) {
		g_string_append(out, "\nThe numbers:\n\n");
		metric_report_steps(s, out);
	}
	if (*crash)
		g_string_append_printf(out, "\n%s:\n\n%s", report_crash_word(s), crash);
	g_string_append_printf(out, "\nThe bisection log:\n\n%s", log->str);
}
