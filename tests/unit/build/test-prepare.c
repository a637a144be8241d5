/*
 * A reproducer made ready for the guest, by compilers that are scripts.
 */
#include "engine/build/prepare.h"
#include "engine/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir, *source, *program;
static struct settings settings;

/* The guest's compiler is this script from now on; its argument after -o is $out. */
static void compiler_does(const char *script)
{
	g_autofree char *cc = g_build_filename(dir, "test-gcc", NULL);
	g_autofree char *words = g_strdup_printf("CROSS_COMPILE=%s/test-", dir);
	g_autofree char *text = g_strdup_printf(
		"#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\nout=$2\n%s\n", script);
	g_assert_cmpint(file_write(cc, text, strlen(text), 0755, NULL), ==, 0);
	g_assert_cmpint(settings_set(&settings, SET_MAKE, words, strlen(words), NULL), ==, 0);
}

static err_t prepare(const char *text, struct cancel *cancel, struct error *why)
{
	struct spawn_limits limits = { .timeout_s = 60 };
	g_assert_cmpint(file_write(source, text, strlen(text), 0600, NULL), ==, 0);
	unlink(program);
	return prepare_reproducer(source, program, &settings, (struct spawn_user){ 0 }, &limits,
				  cancel, why);
}

static void test_kinds(void)
{
	struct error why;
	g_autofree char *text = NULL;
	compiler_does("echo compiled >\"$out\"");
	g_assert_cmpint(prepare("", NULL, &why), ==, 0);
	g_assert_false(file_exists(program));
	g_assert_cmpint(prepare("#!/bin/sh\n", NULL, &why), ==, 0);
	g_assert_true(file_exists(program));
	g_assert_cmpint(prepare("int x;", NULL, &why), ==, 0);
	g_assert_true(g_file_get_contents(program, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "compiled\n");
	compiler_does("echo 'r.c:1: error: no'; exit 1");
	g_assert_cmpint(prepare("int x", NULL, &why), ==, -EINVAL);
	g_assert_true(g_str_has_suffix(why.text, "does not compile: error: no"));
}

/* Whatever a compiler leaves as its program. */
static void test_leavings(void)
{
	static const char *const scripts[] = { ":", "mkfifo \"$out\"", "ln -s /etc/passwd \"$out\"",
					       "mkdir \"$out\"", "truncate -s 300M \"$out\"" };
	for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
		struct error why;
		compiler_does(scripts[i]);
		g_assert_cmpint(prepare("int x;", NULL, &why), ==, -EINVAL);
		g_assert_true(g_str_has_prefix(why.text, "the compiler left no program"));
		g_assert_false(file_exists(program));
	}
}

/* Asks as soon as the compiler has written into the FIFO. */
static gpointer ask_when_begun(gpointer cancel)
{
	g_autofree char *path = g_build_filename(dir, "begun", NULL);
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(read(fd, &byte, 1), ==, 1);
	close(fd);
	cancel_ask(cancel);
	return NULL;
}

static void test_cancel(void)
{
	struct cancel cancel;
	struct error why;
	g_autofree char *path = g_build_filename(dir, "begun", NULL);
	g_autofree char *script = g_strdup_printf("echo >%s; sleep 1000", path);
	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	cancel_init(&cancel, true);
	compiler_does(script);
	gint64 begun = g_get_monotonic_time();
	GThread *asks = g_thread_new("asks", ask_when_begun, &cancel);
	g_assert_cmpint(prepare("int x;", &cancel, &why), ==, -ECANCELED);
	g_thread_join(asks);
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 30 * G_USEC_PER_SEC);
	/* asked for before: it does not even begin */
	g_assert_cmpint(prepare("int x;", &cancel, &why), ==, -ECANCELED);
	g_assert_false(file_exists(program));
	cancel_clear(&cancel);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	dir = g_dir_make_tmp("bisectfs-prepare-XXXXXX", NULL);
	source = g_build_filename(dir, "source", NULL);
	program = g_build_filename(dir, "program", NULL);
	settings_init(&settings);
	g_test_add_func("/prepare/kinds", test_kinds);
	g_test_add_func("/prepare/leavings", test_leavings);
	g_test_add_func("/prepare/cancel", test_cancel);
	int status = g_test_run();
	settings_clear(&settings);
	file_remove_tree(dir, NULL);
	g_free(source);
	g_free(program);
	g_free(dir);
	return status;
}
