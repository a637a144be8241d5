/*
 * What the log of a failed build tells, whatever a tree has printed.
 */
#include "engine/build/build_log.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char *path;

static struct build_log read_log(const char *text, gssize len)
{
	struct build_log found;
	g_assert_true(g_file_set_contents(path, text, len, NULL));
	build_log_read(path, 0, NULL, NULL, &found);
	g_assert_true(g_utf8_validate(found.reason, -1, NULL));
	g_assert_cmpuint(strlen(found.reason), <=, 300);
	return found;
}

static const struct {
	const char *text, *reason;
	int claim;
} logs[] = {
	{ "", "the build failed", 0 },
	{ "\n\n  \n", "the build failed", 0 },
	{ "$ make\n", "the build failed", 0 },
	{ "$ make error: no\nlast\n", "last", 0 },
	{ "one\n\ttwo", "two", 0 },
	{ "CC x.o\nx.c:1: error: y\nmake: *** [x.o] Error 1\n", "x.c:1: error: y", 0 },
	{ "  make: *** no rule\nx.c:1: error: late\n", "make: *** no rule", 0 },
	{ "x.o: undefined reference to `y'\n", "x.o: undefined reference to `y'", 0 },
	{ "a\n\377 end", "\357\277\275 end", 0 },
	{ "ld: No space left on device\nError 1\n", "Error 1", ENOSPC },
	{ "Error 1\nld: Disk quota exceeded\n", "Error 1", EDQUOT },
};

static void test_logs(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(logs); i++) {
		struct build_log found = read_log(logs[i].text, -1);
		g_assert_cmpstr(found.reason, ==, logs[i].reason);
		g_assert_cmpint(found.claim, ==, logs[i].claim);
		build_log_clear(&found);
	}
	struct build_log found;
	build_log_read("/nonexistent", 0, NULL, NULL, &found);
	g_assert_cmpstr(found.reason, ==, "the build failed");
	build_log_clear(&found);
}

/* Nothing is cut within a character, nor hidden by a zero. */
static void test_characters(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (int i = 0; i < 299; i++)
		g_string_append_c(text, 'x');
	g_string_append(text, "\303\244 error: ");
	struct build_log found = read_log(text->str, -1);
	g_assert_cmpuint(strlen(found.reason), ==, 299);
	build_log_clear(&found);
	g_string_truncate(text, 0);
	for (int i = 0; i < 300; i++)
		g_string_append_c(text, '\377');
	found = read_log(text->str, -1);
	g_assert_cmpuint(strlen(found.reason), ==, 300);
	build_log_clear(&found);
	static const char zero[] = "a\0b\nx: error: y\n";
	found = read_log(zero, sizeof(zero) - 1);
	g_assert_cmpstr(found.reason, ==, "x: error: y");
	build_log_clear(&found);
}

static glong peak_kib(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void test_memory(void)
{
	gsize len = (gsize)32 << 20;
	static const char end[] = "\nx.c:1: error: at the end\n";
	for (int newlines = 0; newlines < 2; newlines++) {
		char *text = g_malloc(len);
		memset(text, newlines ? '\n' : 'x', len);
		memcpy(text + len - strlen(end), end, strlen(end));
		g_assert_true(g_file_set_contents(path, text, (gssize)len, NULL));
		g_free(text);
		glong before = peak_kib();
		struct build_log found;
		build_log_read(path, 0, NULL, NULL, &found);
		g_assert_cmpint(peak_kib() - before, <, 8 << 10);
		g_assert_cmpstr(found.reason, ==, "x.c:1: error: at the end");
		build_log_clear(&found);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_autofree char *dir = g_dir_make_tmp("bisectfs-log-XXXXXX", NULL);
	path = g_build_filename(dir, "build.log", NULL);
	g_test_add_func("/build-log/logs", test_logs);
	g_test_add_func("/build-log/characters", test_characters);
	g_test_add_func("/build-log/memory", test_memory);
	int status = g_test_run();
	unlink(path);
	rmdir(dir);
	g_free(path);
	return status;
}
