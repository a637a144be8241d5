/* The signature of a kernel: what is loaded counts, and a file that is no kernel has none. */
#include "engine/build/signature.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

static char *compile(const char *dir, const char *name, const char *source, const char *options)
{
	char *out = g_build_filename(dir, name, NULL);
	g_autofree char *c = g_strdup_printf("%s.c", out);
	g_autofree char *command =
		g_strdup_printf("cc -nostdlib -static -e f %s -o %s %s", options, out, c);
	int status = -1;
	g_file_set_contents(c, source, -1, NULL);
	g_spawn_command_line_sync(command, NULL, NULL, &status, NULL);
	g_assert_cmpint(status, ==, 0);
	g_unlink(c);
	return out;
}

static void test_signature(void)
{
	g_autofree char *dir = g_dir_make_tmp("signature-XXXXXX", NULL);
	g_autofree char *one =
		compile(dir, "one", "int x = 1; void f(void) { x = 2; }", "-Wl,--build-id=0x1234");
	/* another build id and debug info: notes and sections that are not loaded do not count */
	g_autofree char *same = compile(dir, "same", "int x = 1; void f(void) { x = 2; }",
					"-g -Wl,--build-id=0x5678");
	g_autofree char *other = compile(dir, "other", "int x = 3; void f(void) { x = 2; }", "");
	g_autofree char *empty = g_build_filename(dir, "empty", NULL);
	char a[SIGNATURE_HEX + 1], b[SIGNATURE_HEX + 1];
	g_assert_cmpint(signature_of(one, a, NULL), ==, 0);
	g_assert_cmpint(signature_of(same, b, NULL), ==, 0);
	g_assert_cmpstr(a, ==, b);
	g_assert_cmpint(signature_of(other, b, NULL), ==, 0);
	g_assert_cmpstr(a, !=, b);
	g_file_set_contents(empty, "", -1, NULL);
	g_assert_cmpint(signature_of(empty, b, NULL), <, 0);
	g_file_set_contents(empty, "\177ELF", -1, NULL);
	g_assert_cmpint(signature_of(empty, b, NULL), <, 0);
	g_assert_cmpint(signature_of("/nonexistent", b, NULL), ==, -ENOENT);
	g_unlink(one);
	g_unlink(same);
	g_unlink(other);
	g_unlink(empty);
	g_rmdir(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/signature/what-counts", test_signature);
	return g_test_run();
}
