/*
 * The guest's init: pid 1 of the built-in initramfs. Makes the guest usable, runs the reproducer
 * once (where there is one), says on the console what came of it, and ends the guest.
 *
 * Its lines go through /dev/kmsg: the kernel then writes each line whole, where a line written to
 * the console directly could be cut in two by a message of the kernel. Programs in the guest can
 * read them there. So each kind of line carries a random word of its own, made for this run and
 * read from a file that is removed before anything else starts: the words that have been printed
 * are of no use for a line still to come, and the one of a failure is of no use for a success. Only
 * the memory of this process has them all; root in the guest can look there, and no secret in the
 * guest is safe from that.
 *
 *   bisectfs WORD0 ready            the guest has booted
 *   bisectfs WORD1 basic N          a trivial program ended with status N
 *   bisectfs WORD2 exit 0           the reproducer ended well
 *   bisectfs WORD2 timeout          it was killed at its time limit
 *   bisectfs WORD3 exit N           it ended with status N (128 + signal when killed)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONFIG "/bisect/.run"
#define REPRODUCER "/bisect/reproducer"
#define NEWROOT "/newroot"

enum { READY, BASIC, PASSED, FAILED, WORDS };
static char words[WORDS][64];
static int timeout_s = 60;
static int has_rootfs;
static int kmsg = -1;

static void print_line(int kind, const char *text)
{
	char line[256];
	/* level 0: shown whatever the log level is */
	int n = snprintf(line, sizeof(line), "<0>bisectfs %s %s\n", words[kind], text);
	if (kmsg >= 0 && write(kmsg, line, (size_t)n) == n)
		return;
	n = snprintf(line, sizeof(line), "\nbisectfs %s %s\n", words[kind], text);
	if (write(1, line, (size_t)n) != n)
		return; /* nobody to tell */
}

/* The console's driver sends what programs wrote in its own time, while a line of the kernel's log
 * goes out at once: what says that the reproducer has ended must not overtake what it printed last.
 */
static void drain(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int waiting;
	for (int ms = 0; ms < 2000 && ioctl(1, TIOCOUTQ, &waiting) == 0 && waiting > 0; ms++)
		nanosleep(&pause, NULL);
}

static void end_guest(void)
{
	sync();
	/* a reset ends QEMU at once (it is told not to reboot); power-off needs ACPI in the kernel
	 */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void mount_at(const char *what, const char *where, const char *type)
{
	mkdir(where, 0755);
	mount(what, where, type, 0, NULL); /* a kernel without it goes without it */
}

static void set_up(void)
{
	mount_at("proc", "/proc", "proc");
	mount_at("sysfs", "/sys", "sysfs");
	mount_at("devtmpfs", "/dev", "devtmpfs");
	mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
	mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3));
	mknod("/dev/kmsg", S_IFCHR | 0600, makedev(1, 11));
	mount_at("tmpfs", "/tmp", "tmpfs");
	mount_at("debugfs", "/sys/kernel/debug", "debugfs");
	int console = open("/dev/console", O_RDWR);
	if (console >= 0) {
		dup2(console, 0);
		dup2(console, 1);
		dup2(console, 2);
		if (console > 2)
			close(console);
	}
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);
}

static void read_config(void)
{
	FILE *f = fopen(CONFIG, "r");
	if (!f)
		return;
	if (fscanf(f, "%63s %63s %63s %63s %d %d", words[READY], words[BASIC], words[PASSED],
		   words[FAILED], &timeout_s, &has_rootfs) < 5)
		timeout_s = 60;
	fclose(f);
	unlink(CONFIG);
}

/* The user's disk image is attached read-only; a tmpfs on top takes what is written. */
static int enter_rootfs(void)
{
	static const char *const types[] = { "ext4", "btrfs", "xfs", "ext2", "squashfs", "erofs" };
	static const char *const disks[] = { "/dev/vda", "/dev/vda1", "/dev/sda", "/dev/sda1" };
	mkdir(NEWROOT, 0755);
	mkdir("/lower", 0755);
	for (size_t d = 0; d < sizeof(disks) / sizeof(*disks); d++) {
		for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++) {
			if (mount(disks[d], "/lower", types[t], MS_RDONLY, NULL) != 0)
				continue;
			mkdir("/tmp/upper", 0755);
			mkdir("/tmp/work", 0755);
			if (mount("overlay", NEWROOT, "overlay", 0,
				  "lowerdir=/lower,upperdir=/tmp/upper,workdir=/tmp/work") != 0)
				mount("/lower", NEWROOT, NULL, MS_BIND, NULL);
			static const char *const shared[] = { "proc", "sys", "dev", "bisect" };
			for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++) {
				char from[32], to[64];
				snprintf(from, sizeof(from), "/%s", shared[i]);
				snprintf(to, sizeof(to), NEWROOT "/%s", shared[i]);
				mkdir(to, 0755);
				mount(from, to, NULL, MS_BIND, NULL);
			}
			return 0;
		}
	}
	return -1;
}

static pid_t start(const char *program, int in_rootfs)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (in_rootfs && chroot(NEWROOT) != 0)
		_exit(127);
	if (chdir(in_rootfs ? "/" : "/tmp") != 0)
		_exit(127);
	execl(program, program, (char *)NULL);
	dprintf(2, "bisectfs: cannot execute %s: %s\n", program, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int status_of(int st)
{
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

/* Waits for one child while reaping all that the reproducer leaves to pid 1. -1: time is up. */
static int await(pid_t pid, int seconds)
{
	sigset_t child;
	struct timespec now, end;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		int st;
		pid_t done;
		while ((done = waitpid(-1, &st, WNOHANG)) > 0) {
			if (done == pid)
				return status_of(st);
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec ||
		    (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec))
			return -1;
		struct timespec left = { .tv_sec = end.tv_sec - now.tv_sec,
					 .tv_nsec = end.tv_nsec - now.tv_nsec };
		if (left.tv_nsec < 0) {
			left.tv_sec--;
			left.tv_nsec += 1000000000;
		}
		sigtimedwait(&child, NULL, &left);
	}
}

int main(void)
{
	sigset_t child;
	char text[64];
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	set_up();
	read_config();
	print_line(READY, "ready");
	int in_rootfs = has_rootfs && enter_rootfs() == 0;
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/busybox", "true", (char *)NULL);
		_exit(127);
	}
	int status = pid < 0 ? 127 : await(pid, 30);
	if (has_rootfs && !in_rootfs)
		status = 126; /* the kernel cannot mount the disk */
	snprintf(text, sizeof(text), "basic %d", status);
	print_line(BASIC, text);
	if (status != 0 || access(REPRODUCER, F_OK) != 0)
		end_guest();
	pid = start(REPRODUCER, in_rootfs);
	status = await(pid, timeout_s);
	if (status < 0) {
		kill(-1, SIGKILL);
		drain();
		print_line(PASSED, "timeout");
	} else {
		drain();
		snprintf(text, sizeof(text), "exit %d", status);
		print_line(status == 0 ? PASSED : FAILED, text);
	}
	end_guest();
}
