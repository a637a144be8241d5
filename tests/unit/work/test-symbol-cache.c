/* A kernel's positions are those of the file that lies there now, whoever had its name before. */
#include "engine/base/file.h"
#include "engine/work/symbol_cache.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir;

static char *in_dir(const char *name)
{
	return g_build_filename(dir, name, NULL);
}

/* A program whose only function begins at this line of this file. */
static char *make_program(const char *file, int line)
{
	g_autofree char *source = in_dir("source.c");
	g_autofree char *text = g_strdup_printf("# %d \"%s\"\nint boom(int x) { return x * 3; "
						"}\nint main(void) { return boom(1); }\n",
						line, file);
	char *program = g_strdup_printf("%s/%s.elf", dir, file);
	char *argv[] = { "cc", "-g", "-O0", "-o", program, source, NULL };
	int status = -1;
	g_assert_true(g_file_set_contents(source, text, -1, NULL));
	g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
				   &status, NULL));
	g_assert_cmpint(status, ==, 0);
	return program;
}

#define REPORT "RIP: 0010:boom+0x1/0x20\n"

static void expect(struct symbol_cache *cache, const char *vmlinux, const char *position)
{
	g_autofree char *report = symbol_cache_report(cache, vmlinux, REPORT);
	g_assert_nonnull(report);
	if (!strstr(report, position))
		g_error("%s, wanted %s", report, position);
}

static void test_replaced(void)
{
	struct symbol_cache *cache = symbol_cache_new();
	g_autofree char *vmlinux = in_dir("vmlinux");
	g_autofree char *old = make_program("old.c", 12), *new = make_program("new.c", 34);
	g_assert_cmpint(g_rename(old, vmlinux), ==, 0);
	expect(cache, vmlinux, "old.c:12");
	expect(cache, vmlinux, "old.c:12");
	g_assert_cmpint(g_rename(new, vmlinux), ==, 0);
	expect(cache, vmlinux, "new.c:34");
	symbol_cache_free(cache);
}

/* The same inode and size; only the time of its content tells. */
static void test_written_anew(void)
{
	struct symbol_cache *cache = symbol_cache_new();
	g_autofree char *vmlinux = make_program("one.c", 12), *other = make_program("two.c", 34);
	g_autofree char *data = NULL;
	gsize len;
	struct stat st;
	expect(cache, vmlinux, "one.c:12");
	g_assert_cmpint(g_stat(vmlinux, &st), ==, 0);
	g_assert_true(g_file_get_contents(other, &data, &len, NULL));
	g_assert_cmpint(len, ==, st.st_size);
	FILE *f = fopen(vmlinux, "r+");
	g_assert_cmpint(fwrite(data, len, 1, f), ==, 1);
	fclose(f);
	expect(cache, vmlinux, "two.c:34");
	symbol_cache_free(cache);
}

/* More kernels than are kept, and back again. */
static void test_many(void)
{
	struct symbol_cache *cache = symbol_cache_new();
	char *programs[5];
	for (int i = 0; i < 5; i++) {
		g_autofree char *file = g_strdup_printf("many%d.c", i);
		programs[i] = make_program(file, i + 1);
	}
	for (int i = 0; i < 15; i++) {
		g_autofree char *position = g_strdup_printf("many%d.c:%d", i % 5, i % 5 + 1);
		expect(cache, programs[i % 5], position);
	}
	for (int i = 0; i < 5; i++)
		g_free(programs[i]);
	symbol_cache_free(cache);
}

struct asker {
	struct symbol_cache *cache;
	char **programs;
	int first;
};

static gpointer ask(gpointer arg)
{
	const struct asker *asker = arg;
	for (int i = 0; i < 40; i++) {
		int n = (asker->first + i) % 3;
		g_autofree char *position = g_strdup_printf("thread%d.c:%d", n, n + 1);
		expect(asker->cache, asker->programs[n], position);
	}
	return NULL;
}

static void test_threads(void)
{
	struct symbol_cache *cache = symbol_cache_new();
	char *programs[3];
	GThread *threads[6];
	struct asker askers[6];
	for (int i = 0; i < 3; i++) {
		g_autofree char *file = g_strdup_printf("thread%d.c", i);
		programs[i] = make_program(file, i + 1);
	}
	for (int i = 0; i < 6; i++) {
		askers[i] = (struct asker){ cache, programs, i };
		threads[i] = g_thread_new("run", ask, &askers[i]);
	}
	for (int i = 0; i < 6; i++)
		g_thread_join(threads[i]);
	for (int i = 0; i < 3; i++)
		g_free(programs[i]);
	symbol_cache_free(cache);
}

static void test_none(void)
{
	struct symbol_cache *cache = symbol_cache_new();
	g_autofree char *text = in_dir("text"), *nowhere = in_dir("nowhere");
	g_assert_true(g_file_set_contents(text, "no ELF", -1, NULL));
	g_assert_null(symbol_cache_report(cache, text, REPORT));
	g_assert_null(symbol_cache_report(cache, text, REPORT));
	g_assert_null(symbol_cache_report(cache, nowhere, REPORT));
	symbol_cache_free(cache);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_autofree char *cc = g_find_program_in_path("cc");
	if (!cc) {
		g_print("1..0 # SKIP no cc\n");
		return 0;
	}
	dir = g_dir_make_tmp("symbol-cache-XXXXXX", NULL);
	g_test_add_func("/symbol-cache/replaced", test_replaced);
	g_test_add_func("/symbol-cache/written-anew", test_written_anew);
	g_test_add_func("/symbol-cache/many", test_many);
	g_test_add_func("/symbol-cache/threads", test_threads);
	g_test_add_func("/symbol-cache/none", test_none);
	int status = g_test_run();
	file_remove_tree(dir, NULL);
	g_free(dir);
	return status;
}
