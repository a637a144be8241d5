/* Titles of logs as people have them: composed ones of every machine and form, each also rendered
 * in what journals, dmesg, loggers and mails make of it; and the real ones that $BISECTFS_CORPUS
 * leads to. */
#include "engine/triage/prefix.h"
#include "engine/triage/triage.h"

#include <glib.h>
#include <string.h>

/* ---- how a line is rendered ---- */

struct form {
	const char *name;
	const char *before, *after; /* the line is whole between them */
	/* The prefix that stands for the kernel's own: %s is its time. NULL: it stays. */
	const char *time;
	bool keeps_caller;
};

static const struct form forms[] = {
	{ "journald", "Jan 02 03:04:05 host kernel: ", "", NULL },
	{ "syslog", "2024-01-02T03:04:05.123456+00:00 host kernel: ", "", NULL },
	{ "logread", "Sun Sep  1 19:30:19 2019 kern.warn kernel: ", "", NULL },
	{ "journalctl -o short-monotonic", "", "", "[%s] host kernel: ", true },
	{ "dmesg -T", "", "", "[Tue Jan  2 03:04:05 2024]", true },
	{ "dmesg -x", "kern  :warn  : ", "", NULL },
	{ "dmesg -H", "", "", "[  +0.000002]", true },
	{ "dmesg -d", "", "", "[%s <    0.000001>]", true },
	{ "/dev/kmsg", "", "", "4,12,3195000000,-;", true },
	{ "serial logger", "[2024-01-02 03:04:05.123] ", "", NULL },
	{ "unknown logger", "ttyUSB0 17| ", "", NULL },
	{ "colours", "\033[32m", "\033[0m", NULL },
	{ "quote", "> ", "", NULL },
	{ "carriage returns", "", "  \r", NULL },
};

static void render_line(const struct form *f, const char *line, gsize len, GString *out)
{
	struct prefix_line l;
	prefix_read(NULL, line, len, &l);
	g_string_append(out, f->before);
	const char *bracket = memchr(line, '[', len), *close = memchr(line, ']', len);
	if (f->time && l.syzkaller && bracket && close) {
		g_autofree char *time = g_strndup(bracket + 1, (gsize)(close - bracket - 1));
		g_auto(GStrv) parts = g_strsplit(f->time, "%s", 2);
		g_string_append(out, parts[0]);
		if (parts[1])
			g_string_append_printf(out, "%s%s", time, parts[1]);
		g_string_append(out, l.caller);
		if (*l.caller || f->time[0] == '[')
			g_string_append_c(out, ' ');
		/* one that ends in a blank has it already */
		if (!*l.caller && g_str_has_suffix(f->time, " "))
			g_string_truncate(out, out->len - 1);
		g_string_append_len(out, line + l.text, (gssize)(len - l.text));
	} else {
		g_string_append_len(out, line, (gssize)len);
	}
	g_string_append(out, f->after);
}

static GString *render(const struct form *f, const char *log, gsize len)
{
	GString *out = g_string_new(NULL);
	const char *end = log + len;
	while (log < end) {
		const char *nl = memchr(log, '\n', (gsize)(end - log)), *eol = nl ? nl : end;
		render_line(f, log, (gsize)(eol - log), out);
		if (nl)
			g_string_append_c(out, '\n');
		log = nl ? nl + 1 : end;
	}
	return out;
}

static void check(const char *name, const char *form, const char *log, gsize len, const char *want)
{
	struct triage t = { 0 };
	bool found = triage_log(log, len, &t);
	if (strcmp(found ? t.title : "", want) != 0)
		g_error("%s, %s: '%s', wanted '%s'", name, form, found ? t.title : "", want);
	triage_clear(&t);
}

static void check_forms(const char *name, const char *log, gsize len, const char *want)
{
	check(name, "as it is", log, len, want);
	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autoptr(GString) text = render(&forms[i], log, len);
		check(name, forms[i].name, text->str, text->len, want);
	}
}

/* ---- composed logs ---- */

/* Whether all lines have a kernel time: only then a form says the same of each. */
static bool is_pure(const char *log)
{
	g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
	for (char **l = lines; *l; l++) {
		if (**l && !g_str_has_prefix(*l, "[ "))
			return false;
	}
	return true;
}

static void test_composed(void)
{
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(TEST_ASSETS "/crash-logs.txt", &text, NULL, NULL));
	g_auto(GStrv) records = g_strsplit(text, "=== ", -1);
	int n = 0;
	for (char **r = records + 1; *r; r++, n++) {
		char *log = strchr(*r, '\n');
		*log++ = '\0';
		if (is_pure(log))
			check_forms(*r, log, strlen(log), *r);
		else
			check(*r, "as it is", log, strlen(log), *r);
	}
	g_assert_cmpint(n, >=, 50);
}

/* ---- real ones ---- */

static char *corpus_file(const char *name, gsize *len)
{
	const char *corpus = g_getenv("BISECTFS_CORPUS");
	g_autofree char *path =
		corpus ? g_build_filename(corpus, "crash-corpus", name, NULL) : NULL;
	char *text = NULL;
	return path && g_file_get_contents(path, &text, len, NULL) ? text : NULL;
}

/* NULL: skipped. */
static char **corpus_rows(const char *table)
{
	gsize len;
	g_autofree char *text = corpus_file(table, &len);
	if (!text) {
		g_test_skip("BISECTFS_CORPUS does not lead to the logs");
		return NULL;
	}
	return g_strsplit(g_strchomp(text), "\n", -1);
}

static void test_corpus_forms(void)
{
	g_auto(GStrv) rows = corpus_rows("titles.tsv");
	gsize len;
	for (char **r = rows ? rows + 1 : NULL; r && *r; r++) {
		g_auto(GStrv) want = g_strsplit(*r, "\t", -1);
		g_autofree char *name = g_strdup_printf("%s.log", want[0]);
		g_autofree char *log = corpus_file(name, &len);
		g_assert_nonnull(log);
		check_forms(name, log, len, want[1]);
	}
}

static void test_corpus_others(void)
{
	g_auto(GStrv) rows = corpus_rows("alts.tsv");
	gsize len;
	for (char **r = rows ? rows + 1 : NULL; r && *r; r++) {
		g_auto(GStrv) want = g_strsplit(*r, "\t", -1);
		g_autofree char *name = g_strdup_printf("%s.log", want[0]);
		g_autofree char *log = corpus_file(name, &len);
		struct triage t;
		g_assert_nonnull(log);
		g_assert_true(triage_log(log, len, &t));
		g_ptr_array_add(t.others, NULL);
		g_autofree char *others = g_strjoinv(" | ", (char **)t.others->pdata);
		g_assert_cmpstr(others, ==, want[1] ? want[1] : "");
		triage_clear(&t);
	}
}

/* Logs from reports of bugs. What is encoded is read by the command: tests/system/triage-input. */
static void test_fresh(void)
{
	g_auto(GStrv) rows = corpus_rows("fresh/titles.tsv");
	gsize len;
	for (char **r = rows ? rows + 1 : NULL; r && *r; r++) {
		g_auto(GStrv) want = g_strsplit(*r, "\t", -1);
		g_autofree char *name = g_strdup_printf("fresh/%s", want[0]);
		g_autofree char *log = corpus_file(name, &len);
		struct triage t = { 0 };
		g_assert_nonnull(log);
		if (memchr(log, 0, len) || !g_str_has_suffix(name, ".log"))
			continue;
		const char *title = triage_log(log, len, &t) ? t.title : "";
		gsize n = strlen(want[1]);
		if (n > 1 && want[1][0] == '/') {
			g_autofree char *shape = g_strndup(want[1] + 1, n - 2);
			if (!g_regex_match_simple(shape, title, 0, 0))
				g_error("%s: '%s' does not match %s", name, title, want[1]);
		} else if (strcmp(title, want[1]) != 0) {
			g_error("%s: '%s', wanted '%s'", name, title, want[1]);
		}
		triage_clear(&t);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/forms/composed", test_composed);
	g_test_add_func("/forms/corpus", test_corpus_forms);
	g_test_add_func("/forms/other-titles", test_corpus_others);
	g_test_add_func("/forms/fresh", test_fresh);
	return g_test_run();
}
