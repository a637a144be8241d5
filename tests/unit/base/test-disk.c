/*
 * Whether a write is possible, on file systems made for that: small ones, ones with a quota.
 */
#include "engine/base/disk.h"
#include "engine/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SOMEBODY 12345
#define MIB ((gsize)1 << 20)

static char *dir;

static err_t probe(uid_t user, gsize bytes)
{
	err_t err = disk_real.probe(disk_real.self, dir, user, bytes);
	g_autoptr(GPtrArray) left = file_names(dir);
	g_assert_cmpuint(left->len, ==, 0);
	g_assert_cmpuint(geteuid(), ==, getuid());
	return err;
}

static void test_room(void)
{
	g_assert_cmpint(probe(geteuid(), 0), ==, 0);
	g_assert_cmpint(probe(geteuid(), MIB), ==, 0);
	g_assert_cmpint(disk_probe("/nonexistent", geteuid(), 1), ==, -ENOENT);
}

/* False: skipped. */
static bool mount_tmpfs(const char *options)
{
	if (mount("none", dir, "tmpfs", 0, options) == 0)
		return true;
	g_test_skip("no such file system can be mounted");
	return false;
}

static void test_full(void)
{
	if (!mount_tmpfs("size=1m,mode=1777"))
		return;
	g_assert_cmpint(probe(0, 2 * MIB), ==, -ENOSPC);
	g_assert_cmpint(probe(SOMEBODY, 2 * MIB), ==, -ENOSPC);
	g_assert_cmpint(probe(0, MIB / 2), ==, 0);
	g_assert_cmpint(umount(dir), ==, 0);
}

static void test_inodes(void)
{
	if (!mount_tmpfs("size=1m,nr_inodes=1"))
		return;
	g_assert_cmpint(probe(0, 1), ==, -ENOSPC);
	g_assert_cmpint(umount(dir), ==, 0);
}

static bool run(const char *command)
{
	int status = -1;
	g_autofree char *out = NULL, *err = NULL;
	return g_spawn_command_line_sync(command, &out, &err, &status, NULL) && status == 0;
}

/* ext4 in a file, where SOMEBODY may have 1 MiB. */
static bool mount_with_quota(const char *image)
{
	struct dqblk limits = { .dqb_bhardlimit = 1024, .dqb_valid = QIF_BLIMITS }; /* KiB */
	g_autofree char *make = g_strdup_printf("mkfs.ext4 -q -O quota %s 16M", image);
	g_autofree char *mount_it = g_strdup_printf("mount -o loop,usrquota %s %s", image, dir);
	if (!run(make) || !run(mount_it))
		return false;
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	bool limited =
		syscall(SYS_quotactl_fd, fd, QCMD(Q_SETQUOTA, USRQUOTA), SOMEBODY, &limits) == 0;
	close(fd);
	g_assert_cmpint(chmod(dir, 01777), ==, 0);
	g_autofree char *lost = g_build_filename(dir, "lost+found", NULL);
	g_assert_cmpint(rmdir(lost), ==, 0);
	if (!limited)
		umount(dir);
	return limited;
}

/* A user's quota holds that user's files alone; root has none. */
static void test_quota(void)
{
	g_autofree char *image = g_strdup_printf("%s.image", dir);
	if (mount_with_quota(image)) {
		g_assert_cmpint(probe(0, 2 * MIB), ==, 0);
		g_assert_cmpint(probe(SOMEBODY, 2 * MIB), ==, -EDQUOT);
		g_assert_cmpint(probe(SOMEBODY, MIB / 2), ==, 0);
		g_assert_cmpint(umount(dir), ==, 0);
	} else {
		g_test_skip("no file system with quotas can be mounted");
	}
	unlink(image);
}

static void test_rights(void)
{
	if (geteuid() != 0) {
		g_test_skip("only root has other users' rights");
		return;
	}
	g_assert_cmpint(probe(SOMEBODY, 1), ==, -EACCES);
	g_assert_cmpint(chown(dir, SOMEBODY, SOMEBODY), ==, 0);
	g_assert_cmpint(probe(SOMEBODY, 1), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	dir = g_dir_make_tmp("bisectfs-disk-XXXXXX", NULL);
	/* mounts of our own, which end with us */
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	g_test_add_func("/disk/room", test_room);
	g_test_add_func("/disk/full", test_full);
	g_test_add_func("/disk/inodes", test_inodes);
	g_test_add_func("/disk/quota", test_quota);
	g_test_add_func("/disk/rights", test_rights);
	int status = g_test_run();
	file_remove_tree(dir, NULL);
	g_free(dir);
	return status;
}
