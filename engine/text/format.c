/*
 * Times and durations as Go prints them, since readers of syzbot's logs know that form.
 */
#include "format.h"

#include "engine/session/certify.h"
#include "engine/session/inside.h"
#include "engine/session/labels.h"

char *format_duration(int64_t ns)
{
	if (ns < 0)
		ns = 0;
	int64_t s = ns / 1000000000, frac = ns % 1000000000;
	GString *out = g_string_new(NULL);
	if (s >= 3600)
		g_string_append_printf(out, "%ldh", (long)(s / 3600));
	if (s >= 60)
		g_string_append_printf(out, "%ldm", (long)(s / 60 % 60));
	g_string_append_printf(out, "%ld", (long)(s % 60));
	if (frac) {
		g_string_append_printf(out, ".%09ld", (long)frac);
		while (out->str[out->len - 1] == '0')
			g_string_truncate(out, out->len - 1);
	}
	g_string_append_c(out, 's');
	return g_string_free(out, FALSE);
}

char *format_time(int64_t ns)
{
	g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(ns / 1000000000);
	return t ? g_date_time_format(t, "%Y-%m-%d %H:%M:%S +0000 UTC") : g_strdup("?");
}

void format_git_start(GString *out, const struct session *s, const char *bad, char *const *goods)
{
	g_string_append_printf(out, "git bisect start %s%s",
			       s->first_parent ? "--first-parent " : "", bad);
	for (; *goods; goods++)
		g_string_append_printf(out, " %s", *goods);
	for (char **p = s->paths; p && *p; p++) {
		g_autofree char *quoted = g_shell_quote(*p);
		g_string_append_printf(out, "%s %s", p == s->paths ? " --" : "", quoted);
	}
	g_string_append_c(out, '\n');
}

void format_only_together(GString *out, const struct session *s)
{
	if (certify_only_together(s))
		g_string_append_printf(
			out, "%s is a merge, each of its sides %s: they only %s it together\n",
			s->found[0],
			settings_is_fix(&s->settings) ? "has the bug alone" : "is good alone",
			settings_is_fix(&s->settings) ? "mend" : "break");
}

void format_side_with_bug(GString *out, const struct session *s)
{
	const char *side = certify_side_alone(s);
	if (side)
		g_string_append_printf(out,
				       "%s is a merge, and its side %s %s: write 'inside' to "
				       "control to search that side\n",
				       s->found[0], side,
				       settings_is_fix(&s->settings) ? "does not have the bug"
								     : "has the bug");
}

void format_inside(GString *out, const struct session *s)
{
	g_autoptr(GPtrArray) lines = inside_lines(s);
	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(out, "%s\n", (char *)lines->pdata[i]);
}

void format_no_revert(GString *out, const struct session *s)
{
	g_string_append(out, s->parents && s->parents[0]
				     ? "would give the parent again: the culprit is the starting "
				       "commit\n"
				     : "not tried: the culprit has no parent\n");
}

void format_labels(GString *out, const struct session *s)
{
	g_autoptr(GPtrArray) labels = labels_of(s);
	for (guint i = 0; i < labels->len; i++)
		g_string_append_printf(out, "label    %s\n", (char *)labels->pdata[i]);
}
