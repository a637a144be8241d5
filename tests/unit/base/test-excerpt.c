/*
 * The lines of a compiler in a log of make.
 */
#include "engine/base/excerpt.h"

#include <glib.h>
#include <unistd.h>

static char *path;

static const struct {
	const char *log, *line, *excerpt;
} cases[] = {
	{ "  CC      fs/a.o\n/s/src/fs/a.c: In function 'f':\n/s/src/fs/a.c:3:4: error: no x\n"
	  "    3 | x();\n      | ^\n/s/src/fs/a.c:3:4: note: /s/src/fs/b.h\nmake[1]: *** [fs/a.o] "
	  "Error 1\nx\n",
	  "fs/a.c:3:4: error: no x",
	  "fs/a.c: In function 'f':\nfs/a.c:3:4: error: no x\n    3 | x();\n      | ^\n"
	  "fs/a.c:3:4: note: fs/b.h\n" },
	{ "0\n1\n2\n3\n4\n5\n6\n7\nthe line\n", "the line", "2\n3\n4\n5\n6\n7\nthe line\n" },
	{ "the line\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n", "the line",
	  "the line\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n" },
	{ "a\nmake: *** [b] Error 1\nc\n", "make: *** [b] Error 1", "a\nmake: *** [b] Error 1\n" },
	{ "$ make\nthe line", "the line", "the line\n" },
	{ "\377\n\nthe line\377", "the line", "the line\357\277\275\n" },
	{ "another\n", "the line", "the line\n" },
	{ "", "the line", "the line\n" },
};

static void test_cases(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_true(g_file_set_contents(path, cases[i].log, -1, NULL));
		g_autofree char *text = excerpt_read(path, cases[i].line);
		g_assert_cmpstr(text, ==, cases[i].excerpt);
	}
	g_autofree char *text = excerpt_read("/nonexistent", "the line");
	g_assert_cmpstr(text, ==, "the line\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_autofree char *dir = g_dir_make_tmp("bisectfs-excerpt-XXXXXX", NULL);
	path = g_build_filename(dir, "build.log", NULL);
	g_test_add_func("/excerpt/cases", test_cases);
	int status = g_test_run();
	unlink(path);
	rmdir(dir);
	g_free(path);
	return status;
}
