/* Files for hosts elsewhere. The host is libvirt's test driver, in memory: it has pools and
 * volumes, but takes no uploads. */
#include "vmm/ship.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <string.h>

static void test_needed(void)
{
	g_assert_false(ship_is_needed("qemu:///embed"));
	g_assert_false(ship_is_needed("qemu:///system"));
	g_assert_false(ship_is_needed("qemu+unix:///system?socket=/run/s"));
	g_assert_true(ship_is_needed("qemu+ssh://root@box/system"));
	g_assert_true(ship_is_needed("qemu+tcp://127.0.0.1:1/system"));
}

static void quiet(void *arg, virErrorPtr err)
{
	(void)arg;
	(void)err;
}

static virConnectPtr connect_test(void)
{
	virSetErrorFunc(NULL, quiet);
	virConnectPtr conn = virConnectOpen("test:///default");
	g_assert_nonnull(conn);
	return conn;
}

static virStoragePoolPtr make_pool(virConnectPtr conn)
{
	virStoragePoolPtr pool = virStoragePoolCreateXML(
		conn,
		"<pool type='dir'><name>bisectfs</name><target><path>/x</path></target></pool>", 0);
	g_assert_nonnull(pool);
	return pool;
}

static void make_volume(virStoragePoolPtr pool, const char *name)
{
	g_autofree char *xml =
		g_strdup_printf("<volume><name>%s</name><capacity>1</capacity></volume>", name);
	virStorageVolPtr vol = virStorageVolCreateXML(pool, xml, 0);
	g_assert_nonnull(vol);
	virStorageVolFree(vol);
}

static bool has_volume(virStoragePoolPtr pool, const char *name)
{
	virStorageVolPtr vol = virStorageVolLookupByName(pool, name);
	if (vol)
		virStorageVolFree(vol);
	return vol != NULL;
}

/* What a killed daemon left there goes, what belongs to another state directory stays. */
static void test_sweep(void)
{
	g_autofree char *root = g_dir_make_tmp("ship-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(root, "volumes-id", NULL);
	virConnectPtr conn = connect_test();
	virStoragePoolPtr pool = make_pool(conn);
	g_file_set_contents(file, "0123456789abcdef", -1, NULL);
	make_volume(pool, "kernel-0123456789abcdef-aa");
	make_volume(pool, "initrd-0123456789abcdef-bb");
	make_volume(pool, "console-0123456789abcdef-7");
	make_volume(pool, "kernel-fedcba9876543210-aa");
	make_volume(pool, "disk-0123456789abcdef");
	struct ship *s = ship_new(root);
	ship_sweep(s, conn);
	g_assert_false(has_volume(pool, "kernel-0123456789abcdef-aa"));
	g_assert_false(has_volume(pool, "initrd-0123456789abcdef-bb"));
	g_assert_false(has_volume(pool, "console-0123456789abcdef-7"));
	g_assert_true(has_volume(pool, "kernel-fedcba9876543210-aa"));
	g_assert_true(has_volume(pool, "disk-0123456789abcdef"));
	ship_free(s, conn);
	virStoragePoolFree(pool);
	virConnectClose(conn);
	g_unlink(file);
	g_rmdir(root);
}

/* The id is made once and kept: the next daemon has to know its own. */
static void test_id(void)
{
	g_autofree char *root = g_dir_make_tmp("ship-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(root, "volumes-id", NULL);
	g_autofree char *first = NULL, *second = NULL;
	virConnectPtr conn = connect_test();
	for (int i = 0; i < 2; i++) {
		struct ship *s = ship_new(root);
		ship_sweep(s, conn);
		ship_free(s, NULL);
		g_assert_true(g_file_get_contents(file, i ? &second : &first, NULL, NULL));
	}
	g_assert_cmpuint(strlen(first), ==, 16);
	g_assert_cmpstr(first, ==, second);
	virConnectClose(conn);
	g_unlink(file);
	g_rmdir(root);
}

/* Half a volume is worse than none. */
static void test_failed_upload(void)
{
	g_autofree char *root = g_dir_make_tmp("ship-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(root, "volumes-id", NULL);
	virConnectPtr conn = connect_test();
	virStoragePoolPtr pool = make_pool(conn);
	struct ship *s = ship_new(root);
	struct error why = { 0 };
	char *remote = NULL;
	int before = virStoragePoolNumOfVolumes(pool);
	g_assert_cmpint(ship_kernel(s, conn, "/proc/self/exe", &remote, &why), <, 0);
	g_assert_true(g_str_has_prefix(why.text, "cannot upload to the host: "));
	g_assert_null(remote);
	g_assert_cmpint(virStoragePoolNumOfVolumes(pool), ==, before);
	g_assert_cmpint(ship_initrd(s, conn, "/nonexistent", &remote, &why), ==, -ENOENT);
	g_assert_cmpint(ship_initrd(s, conn, root, &remote, &why), ==, -EINVAL);
	ship_free(s, conn);
	virStoragePoolFree(pool);
	virConnectClose(conn);
	g_unlink(file);
	g_rmdir(root);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ship/needed", test_needed);
	g_test_add_func("/ship/sweep", test_sweep);
	g_test_add_func("/ship/id", test_id);
	g_test_add_func("/ship/failed-upload", test_failed_upload);
	return g_test_run();
}
