/*
 * The image is copied, since the tree's own file may still change; vmlinux, which is large, gets a
 * second name. Both are opened once, so that what is looked at is what is taken.
 */
#include "image.h"

#include "engine/base/file.h"
#include "signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

err_t image_copy(int in, off_t size, const char *to, struct error *error)
{
	g_autofree char *temporary = g_strdup_printf("%s.tmp", to);
	int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err_t err = out < 0 ? -errno : 0;
	for (off_t done = 0; !err && done < size;) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, (size_t)(size - done), 0);
		if (n <= 0)
			err = n < 0 ? -errno : -EIO;
		else
			done += n;
	}
	if (out >= 0)
		close(out);
	if (!err && rename(temporary, to) != 0)
		err = -errno;
	if (err) {
		unlink(temporary);
		return error_set(error, -err, "cannot copy what was built to %s: %s", to,
				 g_strerror(-err));
	}
	return 0;
}

static char *opened_path(int fd)
{
	return g_strdup_printf("/proc/self/fd/%d", fd);
}

/* For the reports of its crashes. make writes a new file each time, so a second name of this one is
 * enough; without debug information it is of no use, and none of this is worth a failed build. */
static void keep_vmlinux(struct build *b, const char *vmlinux)
{
	g_autofree char *to = g_build_filename(b->rq->dir, "vmlinux", NULL);
	unlink(to);
	if (signature_has_debug(vmlinux) &&
	    linkat(AT_FDCWD, vmlinux, AT_FDCWD, to, AT_SYMLINK_FOLLOW) != 0)
		build_note(b, "reports will lack source positions: %s: %s\n", to,
			   g_strerror(errno));
}

static err_t sign(struct build *b, const char *file, struct error *error)
{
	char hex[SIGNATURE_HEX + 1];
	err_t err = signature_of(file, hex, error);
	if (!err)
		b->result->signature = g_strdup(hex);
	return err;
}

#define KERNEL_LIMIT ((off_t)2 << 30) /* no boot loader takes more */
#define VMLINUX_LIMIT \
	((off_t)16 << 30) /* with all options and debug information it has some 4 GiB */

/* -1: there is none, or one that cannot be a kernel. */
static int open_vmlinux(struct build *b)
{
	int fd = file_open_below(b->obj, "vmlinux");
	struct stat st;
	if (fd < 0 || (fstat(fd, &st) == 0 && st.st_size <= VMLINUX_LIMIT))
		return fd;
	build_note(b, "vmlinux: too large for a kernel\n");
	close(fd);
	return -1;
}

static err_t take_kernel(struct build *b, int kernel, off_t size, struct error *error)
{
	g_autofree char *to = g_build_filename(b->rq->dir, "kernel", NULL);
	int vmlinux = open_vmlinux(b);
	g_autofree char *with_names = vmlinux >= 0 ? opened_path(vmlinux) : NULL;
	g_autofree char *image = opened_path(kernel);
	if (vmlinux >= 0 && build_is_others(b) && /* it is mapped: nobody may cut it off then */
	    (fchown(vmlinux, geteuid(), getegid()) != 0 || fchmod(vmlinux, 0644) != 0))
		build_note(b, "vmlinux: %s\n", g_strerror(errno));
	err_t err = image_copy(kernel, size, to, error);
	if (!err && with_names)
		keep_vmlinux(b, with_names);
	if (!err)
		err = sign(b, with_names ? with_names : image, error);
	if (vmlinux >= 0)
		close(vmlinux);
	return err;
}

err_t image_collect(struct build *b, const char *image, struct error *error)
{
	int kernel = file_open_below(b->obj, image);
	struct stat st = { 0 };
	err_t err;
	if (kernel < 0 || fstat(kernel, &st) != 0 || st.st_size > KERNEL_LIMIT) {
		build_note(b, "error: %s/%s: %s\n",
			   b->rq->program ? "the build program left no OUTDIR" : "make left no O",
			   image, kernel < 0 ? g_strerror(errno) : "too large for a kernel");
		err = build_broken(b, error);
	} else {
		err = take_kernel(b, kernel, st.st_size, error);
	}
	if (kernel >= 0)
		close(kernel);
	return err;
}
