/*
 * bisectfs triage: the name of the crash in a console log.
 */
#include "commands.h"
#include "complain.h"

#include "engine/triage/triage.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define CHUNK ((gsize)1 << 20)
#define LOOK_AT ((gsize)8 << 20)     /* bytes that are looked at together */
#define BEFORE ((gsize)512 << 10)    /* and of these, when they hold no crash, what is kept */
#define MOST_AFTER ((gsize)64 << 20) /* of a pipe: what can follow a crash and still matter */

/* A pipe may bring more than fits in memory: what lies before the crash is forgotten, and of what
 * follows enough is kept. */
static GString *read_pipe(FILE *f)
{
	GString *text = g_string_new(NULL);
	g_autofree char *buf = g_malloc(CHUNK);
	bool found = false;
	gsize n, looked = 0;
	while ((n = fread(buf, 1, CHUNK, f)) > 0) {
		if (found && text->len > MOST_AFTER)
			continue;
		g_string_append_len(text, buf, (gssize)n);
		if (found || text->len - looked < LOOK_AT)
			continue;
		const char *nl = memrchr(text->str, '\n', text->len);
		gsize whole = nl ? (gsize)(nl - text->str) : 0;
		found = whole && triage_any(text->str, whole);
		if (!found && whole > BEFORE) {
			const char *from = memchr(text->str + whole - BEFORE, '\n', BEFORE);
			g_string_erase(text, 0, from ? from + 1 - text->str : 0);
		}
		looked = text->len;
	}
	return text;
}

/* A file is mapped, not read: its size does not matter. NULL: cannot be read. */
static GBytes *read_log(FILE *f)
{
	g_autoptr(GMappedFile) map = g_mapped_file_new_from_fd(fileno(f), FALSE, NULL);
	if (map && ftello(f) == 0)
		return g_mapped_file_get_bytes(map);
	GString *text = read_pipe(f);
	if (ferror(f)) {
		g_string_free(text, TRUE);
		return NULL;
	}
	return g_string_free_to_bytes(text);
}

static void print_json(const struct triage *t, const char *guilty)
{
	g_autofree char *report = g_utf8_make_valid(t->report, -1);
	json_t *others = json_array();
	for (guint i = 0; i < t->others->len; i++)
		json_array_append_new(others, json_string(g_ptr_array_index(t->others, i)));
	json_t *j = json_pack("{s:s, s:o, s:s, s:b, s:b, s:s*, s:s, s:s}", "title", t->title,
			      "alternative_titles", others, "type", t->type, "corrupted",
			      t->corrupted, "panicked", t->panicked, "program", t->program,
			      "guilty", guilty ? guilty : "", "report", report);
	char *text = json_dumps(j, JSON_INDENT(2));
	puts(text ? text : "{}");
	free(text);
	json_decref(j);
}

struct wanted {
	gboolean report, guilty, json;
};

static int triage(const char *path, const struct wanted *w)
{
	FILE *f = path ? fopen(path, "re") : stdin;
	if (!f)
		return complain(1, "triage: cannot read %s: %s", path, g_strerror(errno));
	g_autoptr(GBytes) bytes = read_log(f);
	struct triage t;
	gsize len;
	if (path)
		fclose(f);
	if (!bytes)
		return complain(1, "triage: cannot read %s", path ? path : "standard input");
	const char *log = g_bytes_get_data(bytes, &len);
	if (!log || !triage_log(log, len, &t))
		return 1;
	g_autofree char *guilty = w->guilty || w->json ? triage_guilty(log, len) : NULL;
	if (w->json)
		print_json(&t, guilty);
	else if (!w->guilty)
		puts(t.title);
	else if (guilty)
		puts(guilty);
	if (w->report && !w->json)
		fputs(t.report, stdout);
	triage_clear(&t);
	return w->guilty && !guilty ? 1 : 0;
}

int cmd_triage(int argc, char **argv)
{
	struct wanted w = { 0 };
	g_auto(GStrv) rest = NULL;
	GOptionEntry entries[] = {
		{ "report", 0, 0, G_OPTION_ARG_NONE, &w.report, "", NULL },
		{ "guilty", 0, 0, G_OPTION_ARG_NONE, &w.guilty, "", NULL },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &w.json, "", NULL },
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
	return triage(rest ? rest[0] : NULL, &w);
}
