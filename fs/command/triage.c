/*
 * bisectfs triage: the name of the crash in each log.
 */
#include "commands.h"
#include "complain.h"
#include "lazy.h"
#include "log_input.h"
#include "symbolise.h"

#include "engine/triage/triage.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: bisectfs triage [OPTION...] [FILE...]\n"
	"\n"
	"Names the first kernel crash in each log (default, and for -: standard input). Reads "
	"consoles,\n"
	"dmesg, journals and syslogs, phones' logs and mails; gzip, xz, zstd, bzip2, lz4 and "
	"UTF-16 too.\n"
	"Of several files each line begins with \"FILE: \".\n"
	"\n"
	"  --report          then the lines of the crash, without those of others\n"
	"  --guilty          instead the source file that most likely holds the bug\n"
	"  --json            instead an object with title, other titles, type, file to blame, "
	"report;\n"
	"                    of several files an array\n"
	"  --format tsv      a line for each file, also for one without a crash: file, title, "
	"type,\n"
	"                    corrupted (Y or N), file to blame, other titles separated by \" | \"\n"
	"  --format json-lines  the objects of --json, one a line\n"
	"  --vmlinux FILE    the kernel with debug information: source positions in report and "
	"blame\n"
	"  --srcdir DIR      the tree it was built in, cut from the paths\n"
	"  --modules DIR     where its modules (NAME.ko) lie, at any depth\n"
	"\n"
	"Exit status: 0 a crash in any of them, 1 none, 2 something could not be read or written, "
	"or\n"
	"wrong usage.\n";

enum format { FORMAT_TITLE, FORMAT_GUILTY, FORMAT_JSON, FORMAT_JSON_LINES, FORMAT_TSV };

struct wanted {
	gboolean report, guilty, json, help;
	char *format_name, *vmlinux, *srcdir, *modules;
	enum format format;
	bool several;
	json_t *objects; /* of several files with --json */
};

enum { CRASH = 0, NONE = 1, FAILED = 2 };

/* ---- source positions ---- */

/* The kernel's build id, where the log tells it: "... 6.1.0 #1 0123456789abcdef...". NULL: it does
 * not. */
static char *build_id(const char *log, gsize len)
{
	g_autoptr(GRegex) shape = g_regex_new(
		"(?:Not tainted|Tainted: ).*#[0-9]+ ([0-9a-f]{40})\\b", G_REGEX_RAW, 0, NULL);
	g_autoptr(GMatchInfo) info = NULL;
	return g_regex_match_full(shape, log, (gssize)len, 0, 0, &info, NULL)
		       ? g_match_info_fetch(info, 1)
		       : NULL;
}

/* Puts positions into the report and says which file is to blame by them. False: it cannot. */
static bool add_positions(const struct wanted *w, const char *log, gsize len, struct triage *t,
			  char **guilty)
{
	g_autofree char *why = NULL, *id = NULL;
	char *(*function)(const struct symbolise_request *, char **) =
		lazy_function("symbolise", &why);
	id = build_id(log + t->start, MIN(len - t->start, (gsize)1 << 20));
	struct symbolise_request rq = { .vmlinux = w->vmlinux,
					.tree = w->srcdir,
					.modules = w->modules,
					.build_id = id,
					.report = t->report };
	char *text = function ? function(&rq, &why) : NULL;
	if (!text) {
		complain(FAILED, "triage: --vmlinux: %s", why);
		return false;
	}
	g_free(t->report);
	t->report = text;
	g_free(*guilty);
	*guilty = triage_guilty(NULL, text, strlen(text));
	return true;
}

/* ---- what is printed ---- */

static json_t *text_or_null(const char *text)
{
	g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;
	return valid ? json_string(valid) : json_null();
}

static json_t *object_of(const char *file, const struct triage *t, const char *guilty)
{
	json_t *j = json_object(), *others = json_array();
	if (file)
		json_object_set_new(j, "file", text_or_null(file));
	json_object_set_new(j, "title", text_or_null(t->title));
	for (guint i = 0; t->others && i < t->others->len; i++)
		json_array_append_new(others, json_string(g_ptr_array_index(t->others, i)));
	json_object_set_new(j, "alternative_titles", others);
	json_object_set_new(j, "type", text_or_null(t->type));
	json_object_set_new(j, "corrupted", json_boolean(t->corrupted));
	json_object_set_new(j, "panicked", json_boolean(t->panicked));
	if (t->program)
		json_object_set_new(j, "program", text_or_null(t->program));
	json_object_set_new(j, "guilty", text_or_null(guilty ? guilty : ""));
	json_object_set_new(j, "report", text_or_null(t->report ? t->report : ""));
	return j;
}

static void print_object(json_t *j, size_t flags)
{
	char *text = json_dumps(j, flags);
	puts(text ? text : "{}");
	free(text);
	json_decref(j);
}

/* Tabs and newlines in a file's name would make other columns. */
static void print_field(const char *text)
{
	for (; *text; text++)
		putchar(*text == '\t' || *text == '\n' || *text == '\r' ? ' ' : *text);
}

static void print_tsv(const char *file, const struct triage *t, const char *guilty)
{
	print_field(file ? file : "-");
	printf("\t%s\t%s\t%c\t%s\t", t->title ? t->title : "", t->title ? t->type : "-",
	       t->corrupted ? 'Y' : 'N', guilty ? guilty : "");
	for (guint i = 0; t->others && i < t->others->len; i++)
		printf("%s%s", i ? " | " : "", (const char *)g_ptr_array_index(t->others, i));
	putchar('\n');
}

static void print_lines(const struct wanted *w, const char *file, const struct triage *t,
			const char *guilty)
{
	const char *line = w->format == FORMAT_GUILTY ? guilty : t->title;
	if (line)
		printf("%s%s%s\n", w->several ? file : "", w->several ? ": " : "", line);
	if (w->report)
		fputs(t->report, stdout);
}

static void print_crash(struct wanted *w, const char *file, const struct triage *t,
			const char *guilty)
{
	if (w->format == FORMAT_TSV)
		print_tsv(file, t, guilty);
	else if (w->format == FORMAT_JSON_LINES)
		print_object(object_of(file ? file : "-", t, guilty), JSON_COMPACT);
	else if (w->format == FORMAT_JSON && w->several)
		json_array_append_new(w->objects, object_of(file, t, guilty));
	else if (w->format == FORMAT_JSON && t->title)
		print_object(object_of(NULL, t, guilty), JSON_INDENT(2));
	else if (t->title)
		print_lines(w, file, t, guilty);
}

/* ---- one log ---- */

static int triage(const char *file, struct wanted *w)
{
	bool is_stdin = !file || strcmp(file, "-") == 0;
	const char *name = is_stdin ? "standard input" : file;
	struct log_input in;
	struct triage t;
	g_autofree char *why = NULL, *guilty = NULL;
	int status = NONE;
	if (!log_input_read(is_stdin ? NULL : file, &in, &why))
		return complain(FAILED, "triage: cannot read %s: %s", name, why ? why : "damaged");
	gsize len;
	const char *log = g_bytes_get_data(in.bytes, &len);
	if (log && triage_log_as(&in.form, log, len, &t)) {
		status = CRASH;
		if (w->format != FORMAT_TITLE)
			guilty = triage_guilty(&in.form, log, len);
		if (w->vmlinux && !add_positions(w, log, len, &t, &guilty))
			status = FAILED;
	}
	if (status == CRASH && w->format == FORMAT_GUILTY && !guilty)
		status = NONE;
	print_crash(w, file, &t, guilty);
	triage_clear(&t);
	log_input_clear(&in);
	if (why)
		return complain(FAILED, "triage: %s breaks off: %s", name, why);
	return status;
}

/* ---- the command ---- */

static bool choose_format(struct wanted *w)
{
	w->format = w->json ? FORMAT_JSON : w->guilty ? FORMAT_GUILTY : FORMAT_TITLE;
	if (!w->format_name)
		return true;
	if (strcmp(w->format_name, "tsv") == 0)
		w->format = FORMAT_TSV;
	else if (strcmp(w->format_name, "json-lines") == 0)
		w->format = FORMAT_JSON_LINES;
	else
		return false;
	return true;
}

static int triage_all(char **files, struct wanted *w)
{
	static char *standard_input[] = { NULL, NULL };
	int status = NONE;
	guint n = files ? g_strv_length(files) : 0;
	w->several = n > 1;
	w->objects = w->several && w->format == FORMAT_JSON ? json_array() : NULL;
	for (guint i = 0; i < MAX(n, 1); i++) {
		int one = triage((n ? files : standard_input)[i], w);
		if (one == FAILED || (one == CRASH && status == NONE))
			status = one;
	}
	if (w->objects)
		print_object(w->objects, JSON_INDENT(2));
	if (fflush(stdout) != 0 || ferror(stdout))
		return complain(FAILED, "triage: cannot write: %s", g_strerror(errno));
	return status;
}

static void free_words(struct wanted *w)
{
	g_free(w->format_name);
	g_free(w->vmlinux);
	g_free(w->srcdir);
	g_free(w->modules);
}

int cmd_triage(int argc, char **argv)
{
	struct wanted w = { 0 };
	g_auto(GStrv) rest = NULL;
	GOptionEntry entries[] = {
		{ "report", 0, 0, G_OPTION_ARG_NONE, &w.report, "", NULL },
		{ "guilty", 0, 0, G_OPTION_ARG_NONE, &w.guilty, "", NULL },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &w.json, "", NULL },
		{ "format", 0, 0, G_OPTION_ARG_STRING, &w.format_name, "", NULL },
		{ "vmlinux", 0, 0, G_OPTION_ARG_FILENAME, &w.vmlinux, "", NULL },
		{ "srcdir", 0, 0, G_OPTION_ARG_FILENAME, &w.srcdir, "", NULL },
		{ "modules", 0, 0, G_OPTION_ARG_FILENAME, &w.modules, "", NULL },
		{ "help", 'h', 0, G_OPTION_ARG_NONE, &w.help, "", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, "", NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) why = NULL;
	int status;
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &why))
		status = complain(2, "triage: %s: see bisectfs triage --help", why->message);
	else if (w.help)
		status = fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? FAILED : 0;
	else if (!choose_format(&w))
		status = complain(2, "triage: --format %s: it is tsv or json-lines", w.format_name);
	else if (w.modules && !w.vmlinux)
		status = complain(2, "triage: --modules needs --vmlinux");
	else
		status = triage_all(rest, &w);
	free_words(&w);
	return status;
}
