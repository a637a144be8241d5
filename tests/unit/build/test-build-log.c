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

static const char *const trees[] = { "/s/src", "/s/obj", NULL };

static const struct {
	const char *text, *fail;
	const char *errors, *object, *matched; /* errors: joined by "|" */
} findings[] = {
	{ "make[1]: Entering directory '/s/obj'\n  CC      fs/a.o\n"
	  "/s/src/fs/a.c:3:4: error: no x\nmake[3]: *** [/s/src/scripts/Makefile.build:250: "
	  "fs/a.o] Error "
	  "1\nmake[2]: *** [/s/src/Makefile:9: fs] Error 2\n",
	  NULL,
	  "fs/a.c:3:4: error: no x|make[3]: *** [scripts/Makefile.build:250: fs/a.o] Error 1|"
	  "make[2]: *** [Makefile:9: fs] Error 2",
	  "fs/a.o", NULL },
	/* make up to 3 names no line; of several objects that which the first error names */
	{ "b.c:1: error: e\nmake[1]: *** [a.o] Error 1\nmake[1]: *** [b.o] Error 1\n", NULL,
	  "b.c:1: error: e|make[1]: *** [a.o] Error 1|make[1]: *** [b.o] Error 1", "b.o", NULL },
	/* an error in what is included */
	{ "In file included from fs/a.c:1:\ninclude/x.h:1: error: e\n"
	  "make: *** [M:1: fs/a.o] Error 1\nmake: *** [M:1: fs/b.o] Error 1\n",
	  NULL,
	  "include/x.h:1: error: e|make: *** [M:1: fs/a.o] Error 1|make: *** [M:1: fs/b.o] Error 1",
	  "fs/a.o", NULL },
	/* nothing that make could be asked for */
	{ "x: error: e\nmake: *** [M:1: vmlinux] Error 1\nmake: *** [M:1: /etc/x.o] Error 1\n"
	  "make: *** [M:1: ../x.o] Error 1\nmake: *** [M:1: -x.o] Error 1\nmake: *** [M:1: "
	  "a/../../x.o] Error 1\n",
	  NULL,
	  "x: error: e|make: *** [M:1: vmlinux] Error 1|make: *** [M:1: /etc/x.o] Error 1|"
	  "make: *** [M:1: ../x.o] Error 1|make: *** [M:1: -x.o] Error 1|"
	  "make: *** [M:1: a/../../x.o] Error 1",
	  NULL, NULL },
	{ "ERROR: modpost: \"f\" [a.ko] undefined!\n", NULL,
	  "ERROR: modpost: \"f\" [a.ko] undefined!", NULL, NULL },
	{ "ld: a.o:(.bss+0x0): multiple definition of `x'\n", NULL,
	  "ld: a.o:(.bss+0x0): multiple definition of `x'", NULL, NULL },
	{ "a: error: e\na: error: e\n", NULL, "a: error: e", NULL, NULL },
	/* what the setting `fail` finds, and where */
	{ "$ make warning: w\n/s/src/fs/a.c:1:2: warning: w\nfs/b.c:1: warning: w\n", "warning: w",
	  "fs/b.c:1: warning: w", "fs/a.o", "fs/a.c:1:2: warning: w" },
	{ "In file included from include/y.h:2,\n                 from fs/c.c:7:\ninclude/x.h:1: "
	  "warning: w\n",
	  "warning", "include/x.h:1: warning: w", "fs/c.o", "include/x.h:1: warning: w" },
	{ "WARNING: modpost: w\n", "WARNING", "WARNING: modpost: w", NULL, "WARNING: modpost: w" },
	{ "a.c:1: warning: w\n", "error", "a.c:1: warning: w", NULL, NULL },
};

static void test_findings(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(findings); i++) {
		struct build_log found;
		g_assert_true(g_file_set_contents(path, findings[i].text, -1, NULL));
		build_log_read(path, 0, trees, findings[i].fail, &found);
		g_autofree char *errors = g_strjoinv("|", found.errors);
		g_assert_cmpstr(errors, ==, findings[i].errors);
		g_assert_cmpstr(found.reason, ==, found.errors[0]);
		g_assert_cmpstr(found.object, ==, findings[i].object);
		g_assert_cmpstr(found.matched, ==, findings[i].matched);
		build_log_clear(&found);
	}
}

/* Only what comes behind the place counts, and not more errors than anybody compares. */
static void test_extent(void)
{
	g_autoptr(GString) text = g_string_new("first: error: e\n");
	gsize from = text->len;
	for (int i = 0; i < 2 * BUILD_LOG_ERRORS; i++)
		g_string_append_printf(text, "%d: error: e\n", i);
	struct build_log found;
	g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
	build_log_read(path, (off_t)from, NULL, NULL, &found);
	g_assert_cmpstr(found.reason, ==, "0: error: e");
	g_assert_cmpuint(g_strv_length(found.errors), ==, BUILD_LOG_ERRORS);
	build_log_clear(&found);
}

static void test_rule(void)
{
	static const struct {
		const char *text;
		bool lacks;
	} cases[] = {
		{ "make[2]: *** No rule to make target 'fs/a.o'.  Stop.\n", true },
		{ "make: *** No rule to make target '/s/src/fs/Makefile'.  Stop.\n", true },
		{ "make: *** No rule to make target 'x.h', needed by 'fs/a.o'.  Stop.\n", false },
		{ "make: *** No rule to make target 'fs/b.o'.  Stop.\n", false },
		{ "fs/a.c:1: error: e\n", false },
		{ "", false },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_true(g_file_set_contents(path, cases[i].text, -1, NULL));
		g_assert_true(build_log_lacks_rule(path, 0, "fs/a.o") == cases[i].lacks);
		g_assert_false(build_log_lacks_rule(path, (off_t)strlen(cases[i].text), "fs/a.o"));
	}
	g_assert_false(build_log_lacks_rule("/nonexistent", 0, "fs/a.o"));
}

static void test_objects(void)
{
	static const char *const good[] = { "a.o", "fs/proc/a-b_c+d,e.1.o", "A/0.o" };
	static const char *const bad[] = { "",	     "a",     "a.c",	     "/a.o",	  "-a.o",
					   ".o",     "./a.o", "a/../../b.o", "A=b.o",	  "a b.o",
					   "$(x).o", "%.o",   "a:b.o",	     "\303\244.o" };
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(build_log_is_object(good[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(build_log_is_object(bad[i]));
}

static void test_makes(void)
{
	static const struct {
		const char *text;
		bool makes;
	} cases[] = {
		{ "gcc -c -o fs/a.o fs/a.c", true },
		{ "set -e; gcc -c -o fs/a.o fs/a.c ; fixdep fs/.a.o.d fs/a.o 'gcc'\n", true },
		{ "gcc -o /s/obj/fs/a.o a.c", true },
		{ "gcc a.c -o fs/a.o", true },
		{ "gcc a.c -o fs/a.o;", true },
		{ "ar rcs fs/built-in.a fs/a.o", false },
		{ "gcc -o fs/a.o.tmp a.c", false },
		{ "gcc -o xfs/a.o a.c", false },
		{ "gcc -o fs/b.o b.c fs/a.o", false },
		{ "fs/a.o", false },
		{ "", false },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_true(build_log_makes(cases[i].text, "fs/a.o") == cases[i].makes);
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
	g_test_add_func("/build-log/findings", test_findings);
	g_test_add_func("/build-log/extent", test_extent);
	g_test_add_func("/build-log/rule", test_rule);
	g_test_add_func("/build-log/objects", test_objects);
	g_test_add_func("/build-log/makes", test_makes);
	g_test_add_func("/build-log/characters", test_characters);
	g_test_add_func("/build-log/memory", test_memory);
	int status = g_test_run();
	unlink(path);
	rmdir(dir);
	g_free(path);
	return status;
}
