/* What a guest boots into. */
#include "vmm/busybox.h"
#include "vmm/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_initramfs(void)
{
	g_autofree char *dir = g_dir_make_tmp("initramfs-XXXXXX", NULL);
	g_autofree char *tool = g_build_filename(dir, "tool", NULL);
	g_autofree char *files = g_build_filename(dir, "files", NULL);
	g_autofree char *extra = g_build_filename(files, "extra", NULL);
	g_autofree char *out = g_build_filename(dir, "out.cpio", NULL);
	char *applets[] = { (char *)"sh", (char *)"busybox", (char *)"cat", NULL };
	g_mkdir(files, 0755);
	g_file_set_contents(tool, "tool", -1, NULL);
	g_file_set_contents(extra, "extra", -1, NULL);
	static const struct console_words words = { { "n0", "n1", "n2", "n3" } };
	struct initramfs in = { .init = tool,
				.busybox = tool,
				.applets = applets,
				.reproducer = tool,
				.files = files,
				.words = &words,
				.timeout_s = 9 };
	struct error why = { 0 };
	g_assert_cmpint(initramfs_write(&in, out, &why), ==, 0);
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	g_autoptr(GString) names = g_string_new(NULL);
	archive_read_support_format_cpio(a);
	g_assert_cmpint(archive_read_open_filename(a, out, 4096), ==, ARCHIVE_OK);
	while (archive_read_next_header(a, &e) == ARCHIVE_OK) {
		char data[64] = "";
		archive_read_data(a, data, sizeof(data) - 1);
		const char *name = archive_entry_pathname(e);
		if (strcmp(name, "bisect/.run") == 0)
			g_assert_cmpstr(data, ==, "n0 n1 n2 n3 9 0\n");
		if (strcmp(name, "bisect/extra") == 0)
			g_assert_cmpstr(data, ==, "extra");
		if (strcmp(name, "init") == 0)
			g_assert_cmpint(archive_entry_perm(e), ==, 0755);
		g_string_append_printf(names, "%s ", name);
	}
	archive_read_free(a);
	g_assert_cmpstr(names->str, ==,
			"bin sbin dev proc sys tmp root etc bisect dev/console init bin/busybox "
			"bin/sh bin/cat bisect/extra bisect/reproducer bisect/.run ");
	in.reproducer = NULL; /* it has to boot, no more */
	g_assert_cmpint(initramfs_write(&in, out, &why), ==, 0);
	in.reproducer = "/nonexistent";
	g_assert_cmpint(initramfs_write(&in, out, &why), ==, -ENOENT);
	g_unlink(out);
	g_unlink(extra);
	g_unlink(tool);
	g_rmdir(files);
	g_rmdir(dir);
}

/* Files of users do not go through memory whole, nor is a FIFO waited for. */
static void test_large_files(void)
{
	g_autofree char *dir = g_dir_make_tmp("initramfs-XXXXXX", NULL);
	g_autofree char *large = g_build_filename(dir, "large", NULL);
	g_autofree char *out = g_build_filename(dir, "out.cpio", NULL);
	struct console_words words = { 0 };
	struct initramfs in = {
		.init = large, .busybox = large, .reproducer = large, .words = &words
	};
	struct error why = { 0 };
	g_file_set_contents(large, "", -1, NULL);
	g_assert_cmpint(truncate(large, (off_t)128 << 20), ==, 0);
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	g_assert_cmpint(initramfs_write(&in, out, &why), ==, 0);
	getrusage(RUSAGE_SELF, &after);
	g_assert_cmpint(after.ru_maxrss - before.ru_maxrss, <, 64 << 10); /* KiB */
	GStatBuf st;
	g_assert_cmpint(g_stat(out, &st), ==, 0);
	g_assert_cmpint(st.st_size, >, (goffset)3 * (128 << 20));
	g_assert_cmpint(truncate(large, (off_t)5 << 30), ==, 0);
	g_assert_cmpint(initramfs_write(&in, out, &why), ==, -EFBIG);
	in.init = dir;
	g_assert_cmpint(initramfs_write(&in, out, &why), ==, -EINVAL);
	g_unlink(out);
	g_unlink(large);
	g_rmdir(dir);
}

static void test_busybox(void)
{
	g_assert_false(busybox_is_static("/proc/self/exe"));
	g_assert_false(busybox_is_static("/nonexistent"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/initramfs/content", test_initramfs);
	g_test_add_func("/initramfs/large-files", test_large_files);
	g_test_add_func("/initramfs/busybox", test_busybox);
	return g_test_run();
}
