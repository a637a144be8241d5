/*
 * bisectfs triage: the name of the crash in a console log.
 */
#include "commands.h"

#include "../engine/triage.h"

#include <glib.h>
#include <jansson.h>
#include <stdio.h>

static GString *read_stream(FILE *f)
{
	GString *text = g_string_new(NULL);
	char buf[65536];
	size_t n;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		g_string_append_len(text, buf, (gssize)n);
	return text;
}

static void print_json(const struct crash *crash, const char *report)
{
	g_autofree char *valid = g_utf8_make_valid(report, -1);
	json_t *j = json_pack("{s:s, s:s, s:s}", "title", crash->title, "type",
			      crash_type_name(crash->type), "report", valid);
	char *text = json_dumps(j, JSON_INDENT(2));
	puts(text ? text : "{}");
	free(text);
	json_decref(j);
}

static int triage(const char *path, bool with_report, bool json)
{
	FILE *f = path ? fopen(path, "re") : stdin;
	if (!f)
		return complain(1, "triage: cannot read %s", path);
	g_autoptr(GString) log = read_stream(f);
	struct crash crash;
	if (path)
		fclose(f);
	if (!triage_find(log->str, log->len, &crash))
		return 1;
	g_autofree char *report = g_strndup(log->str + crash.start, crash.end - crash.start);
	if (json)
		print_json(&crash, report);
	else
		puts(crash.title);
	if (with_report && !json)
		fputs(report, stdout);
	return 0;
}

int cmd_triage(int argc, char **argv)
{
	gboolean report = FALSE, json = FALSE;
	g_auto(GStrv) rest = NULL;
	GOptionEntry entries[] = {
		{ "report", 0, 0, G_OPTION_ARG_NONE, &report, "", NULL },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &json, "", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, "", NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) why = NULL;
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &why))
		return complain(2, "triage: %s: see bisectfs --help", why->message);
	if (rest && g_strv_length(rest) > 1)
		return complain(2, "triage: one FILE at most");
	return triage(rest ? rest[0] : NULL, report, json);
}
