/*
 * Commits and consoles hold any bytes, and a mail is lines of at most 998 (RFC 5322). Headers that
 * are not short ASCII are made of encoded words (RFC 2047); the body is UTF-8 as it is, or
 * quoted-printable where a line of it is too long, as git send-email does it.
 */
#include "mail.h"

#include "engine/session/labels.h"
#include "engine/session/numbers.h"
#include "engine/session/recipients.h"
#include "metric_report.h"
#include "report.h"

#include <string.h>

#define LINE_MOST 998 /* bytes in a line, RFC 5322 2.1.1 */
#define LINE_GOOD 76  /* that are wanted at most */
#define WORD_MOST 45  /* bytes that an encoded word holds: 60 in Base64, "=?UTF-8?B?" and "?=" */

/* Valid UTF-8 without control characters but tab and newline, to be freed. */
static char *clean(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_sized_new(strlen(valid));
	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (c == '\t' || c == '\n' || !g_unichar_iscntrl(c))
			g_string_append_unichar(out, c);
		else if (c != '\r' || p[1] != '\n')
			g_string_append_unichar(out, 0xfffd);
	}
	return g_string_free(out, FALSE);
}

static void encoded_words(GString *out, const char *value)
{
	while (*value) {
		const char *end = value;
		while (*end && g_utf8_next_char(end) - value <= WORD_MOST)
			end = g_utf8_next_char(end);
		g_autofree char *word =
			g_base64_encode((const guchar *)value, (gsize)(end - value));
		g_string_append_printf(out, "=?UTF-8?B?%s?=%s", word, *end ? "\n " : "");
		value = end;
	}
}

/* One header whatever a commit's subject holds. */
static void header(GString *out, const char *name, const char *value)
{
	g_autofree char *text = clean(value);
	g_strdelimit(text, "\t\n", ' ');
	g_string_append_printf(out, "%s: ", name);
	/* "=?" would be read as the beginning of an encoded word */
	if (g_str_is_ascii(text) && strlen(text) < LINE_MOST / 2 && !strstr(text, "=?"))
		g_string_append(out, text);
	else
		encoded_words(out, text);
	g_string_append_c(out, '\n');
}

static bool has_long_line(const char *text)
{
	for (; *text; text += strcspn(text, "\n") + (text[strcspn(text, "\n")] == '\n')) {
		if (strcspn(text, "\n") > LINE_MOST)
			return true;
	}
	return false;
}

/* RFC 2045 6.7 */
static void quoted_printable(GString *out, const char *text)
{
	gsize column = 0;
	for (; *text; text++) {
		guchar c = (guchar)*text;
		bool at_end = !text[1] || text[1] == '\n';
		bool plain = c == '\t' || c == ' ' ? !at_end : c > ' ' && c < 0x7f && c != '=';
		if (c == '\n') {
			g_string_append_c(out, '\n');
			column = 0;
			continue;
		}
		if (column + (plain ? 1 : 3) >= LINE_GOOD) {
			g_string_append(out, "=\n");
			column = 0;
		}
		if (plain)
			g_string_append_c(out, (char)c);
		else
			g_string_append_printf(out, "=%02X", c);
		column += plain ? 1 : 3;
	}
}

static void recipients_header(GString *out, const char *name, const GPtrArray *all,
			      const char *prefix)
{
	gsize column = 0;
	for (guint i = 0; i < all->len; i++) {
		const char *line = g_ptr_array_index(all, i);
		if (!g_str_has_prefix(line, prefix))
			continue;
		const char *address = line + strlen(prefix); /* ASCII: recipients.c sees to it */
		bool fold = column && column + strlen(address) > LINE_GOOD;
		if (!column)
			g_string_append_printf(out, "%s: ", name);
		else
			g_string_append(out, fold ? ",\n " : ", ");
		g_string_append(out, address);
		column = fold || !column ? strlen(name) + strlen(address) + 2
					 : column + strlen(address) + 2;
	}
	if (column)
		g_string_append_c(out, '\n');
}

void mail_print(const struct session *s, const GString *log, const char *crash, GString *out)
{
	bool borders = report_has_borders(s);
	if (!report_has_culprit(s) && !borders)
		return;
	g_autoptr(GPtrArray) all = recipients_of(s);
	g_autofree char *subject = recipients_subject(s);
	const char *title = report_title(s);
	g_autofree char *about = g_strdup_printf("[bisected] %s", *title ? title : subject);
	recipients_header(out, "To", all, "to: ");
	recipients_header(out, "Cc", all, "cc: ");
	header(out, "Subject", about);
	g_autoptr(GString) text = g_string_new(NULL);
	if (borders)
		g_string_append(text, "A bisection has found that this comes and goes, by these "
				      "commits:\n\n");
	else
		g_string_append_printf(text, "A bisection has found the commit that %s this:\n\n",
				       settings_is_fix(&s->settings) ? "fixed" : "began");
	g_string_append_printf(text, "%s\n\n%s\n", s->found_text, s->verdict);
	g_autoptr(GPtrArray) labels = labels_of(s);
	for (guint i = 0; i < labels->len; i++)
		g_string_append_printf(text, "But it may not be what it seems: %s.\n",
				       (char *)labels->pdata[i]);
	g_string_append_printf(text, "%d revisions were tested, starting from %s.\n",
			       session_tested(s), s->bad);
	if (numbers_wanted(s)) {
		g_string_append(text, "\nThe numbers:\n\n");
		metric_report_steps(s, text);
	}
	if (*crash)
		g_string_append_printf(text, "\n%s:\n\n%s", report_crash_word(s), crash);
	g_string_append_printf(text, "\nThe bisection log:\n\n%s", log->str);
	g_autofree char *body = clean(text->str);
	bool quoted = has_long_line(body);
	g_string_append_printf(out,
			       "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
			       "Content-Transfer-Encoding: %s\n\n",
			       quoted ? "quoted-printable" : "8bit");
	if (quoted)
		quoted_printable(out, body);
	else
		g_string_append(out, body);
}
