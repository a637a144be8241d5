/* Digests that differ where what they stand for does. */
#include "engine/base/digest.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *identity(const char *path)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	digest_identity(sum, path);
	return g_strdup(g_checksum_get_string(sum));
}

static void differ(const char *path, char **known)
{
	char *now = identity(path);
	g_assert_cmpstr(now, !=, *known);
	g_free(*known);
	*known = now;
}

/* Whatever is done to a file shows, although its name stays, its size, and its time. */
static void test_identity(void)
{
	g_autofree char *dir = g_dir_make_tmp("digest-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "image", NULL);
	g_autofree char *other = g_build_filename(dir, "other", NULL);
	g_autofree char *known = identity(path);
	struct stat st;
	g_assert_true(g_file_set_contents(path, "broken", -1, NULL));
	differ(path, &known);
	g_autofree char *same = identity(path);
	g_assert_cmpstr(same, ==, known);
	g_assert_cmpint(g_stat(path, &st), ==, 0);
	int fd = g_open(path, O_WRONLY | O_CLOEXEC);
	struct timespec times[] = { st.st_atim, st.st_mtim };
	do { /* the clock of inodes ticks every few milliseconds */
		g_assert_cmpint(pwrite(fd, "mended", 6, 0), ==, 6);
		g_assert_cmpint(futimens(fd, times), ==, 0);
		g_clear_pointer(&same, g_free);
		same = identity(path);
	} while (g_str_equal(same, known));
	close(fd);
	differ(path, &known);
	g_assert_true(g_file_set_contents(other, "mended", -1, NULL));
	g_assert_cmpint(utimensat(AT_FDCWD, other, times, 0), ==, 0);
	g_assert_cmpint(g_rename(other, path), ==, 0);
	differ(path, &known);
	g_unlink(path);
	g_rmdir(dir);
}

static char *text(const char *const *words)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	for (; *words; words++)
		digest_text(sum, *words);
	return g_strdup(g_checksum_get_string(sum));
}

static void test_text(void)
{
	g_autofree char *a = text((const char *const[]){ "ab", "c", NULL });
	g_autofree char *b = text((const char *const[]){ "a", "bc", NULL });
	g_assert_cmpstr(a, !=, b);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/digest/identity", test_identity);
	g_test_add_func("/digest/text", test_text);
	return g_test_run();
}
