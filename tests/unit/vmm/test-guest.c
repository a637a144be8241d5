/* What a guest is made of: domain XML, initramfs; and the signature of its kernel. */
#include "engine/build/signature.h"
#include "vmm/domain.h"
#include "vmm/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

static void test_domain(void)
{
	struct domain d = { .name = "n",
			    .arch = "x86_64",
			    .kernel = "/a&b/kernel",
			    .initrd = "/i",
			    .cmdline = "x='<1>'",
			    .memory_mib = 128,
			    .cpus = 2 };
	g_autofree char *xml = domain_xml(&d, NULL, NULL);
	g_assert_nonnull(strstr(xml, "<domain type='qemu'>"));
	g_assert_nonnull(strstr(xml, "<kernel>/a&amp;b/kernel</kernel>"));
	g_assert_nonnull(strstr(xml, "x=&apos;&lt;1&gt;&apos;</cmdline>"));
	g_assert_nonnull(strstr(xml, "<memory unit='MiB'>128</memory>"));
	g_assert_nonnull(strstr(xml, "<vcpu>2</vcpu>"));
	g_assert_nonnull(strstr(xml, "<initrd>/i</initrd>"));
	g_assert_null(strstr(xml, "<disk"));
	g_assert_null(strchr(xml, '@'));
	d.kvm = true;
	d.initrd = NULL;
	d.rootfs = "/r.qcow2";
	g_autofree char *other = domain_xml(&d, NULL, NULL);
	g_assert_nonnull(strstr(other, "<domain type='kvm'>"));
	g_assert_null(strstr(other, "<initrd>"));
	g_assert_nonnull(strstr(other, "type='qcow2'"));
	g_assert_nonnull(strstr(other, "<readonly/>"));
}

static void test_domain_template(void)
{
	struct domain d = { .name = "n", .arch = "sparc", .kernel = "k" };
	struct error why = { 0 };
	g_assert_null(domain_xml(&d, NULL, &why));
	g_assert_nonnull(strstr(why.text, "sparc"));
	g_autofree char *xml = domain_xml(&d, "<d>@NAME@ @KERNEL@ @TYPE@ @INITRD@</d>", &why);
	g_assert_cmpstr(xml, ==, "<d>n k qemu </d>");
}

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
	struct initramfs in = { .init = tool,
				.busybox = tool,
				.applets = applets,
				.reproducer = tool,
				.files = files,
				.nonce = "n0",
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
			g_assert_cmpstr(data, ==, "n0 9 0\n");
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
	in.reproducer = "/nonexistent";
	g_assert_cmpint(initramfs_write(&in, out, &why), ==, -ENOENT);
	g_unlink(out);
	g_unlink(extra);
	g_unlink(tool);
	g_rmdir(files);
	g_rmdir(dir);
}

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
	g_test_add_func("/guest/domain", test_domain);
	g_test_add_func("/guest/domain-template", test_domain_template);
	g_test_add_func("/guest/initramfs", test_initramfs);
	g_test_add_func("/guest/signature", test_signature);
	return g_test_run();
}
