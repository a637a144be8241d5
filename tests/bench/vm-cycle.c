/*
 * vm-cycle STATE INIT KERNEL REPRODUCER RUNS: a guest's life, from the call that starts it until
 * nothing is left of it: through libvirt as bisectfs does it, and as the plain qemu-system command
 * with the same kernel, initramfs and hardware. One of each in turn; medians.
 */
#include "vmm/initramfs.h"
#include "vmm/vmm.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int reaped; /* pipe: the time at which each QEMU was gone */

static const char *const applets[] = { "sh", "cat", "mount", "ls", "sleep", "dmesg", NULL };

static double now(void)
{
	return (double)g_get_monotonic_time() / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

static double bare(const char *kernel, const char *initrd, const char *log)
{
	char *argv[] = { (char *)"qemu-system-x86_64",
			 (char *)"-machine",
			 (char *)"pc",
			 (char *)"-accel",
			 (char *)"tcg",
			 (char *)"-m",
			 (char *)"256",
			 (char *)"-nodefaults",
			 (char *)"-no-user-config",
			 (char *)"-display",
			 (char *)"none",
			 (char *)"-no-reboot",
			 (char *)"-serial",
			 (char *)"stdio",
			 (char *)"-kernel",
			 (char *)kernel,
			 (char *)"-initrd",
			 (char *)initrd,
			 (char *)"-append",
			 (char *)"console=ttyS0 panic=-1 reboot=t oops=panic panic_on_warn=1 "
				 "softlockup_panic=1 hung_task_panic=1 printk.devkmsg=on "
				 "loglevel=7 no_timer_check tsc=reliable",
			 NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	double begun = now();
	if (posix_spawnp(&pid, argv[0], &files, NULL, argv, environ) != 0)
		return -1;
	waitpid(pid, &status, 0);
	double took = now() - begun;
	posix_spawn_file_actions_destroy(&files);
	return took;
}

/* When the last QEMU was gone. */
static double last_reaped(void)
{
	double t = 0;
	while (read(reaped, &t, sizeof(t)) == sizeof(t))
		;
	return t;
}

static double ours(struct vmm *vmm, const struct run_request *rq, double *told, double *cleaned)
{
	struct runner runner = vmm_runner(vmm);
	struct outcome outcome;
	struct error why;
	double begun = now();
	err_t err = runner.run(runner.self, 0, rq, &outcome, &why);
	*told = now() - begun;
	vmm_settle(vmm);
	*cleaned = now() - begun;
	double took = last_reaped() - begun;
	if (err || outcome.kind != OUTCOME_OK) {
		fprintf(stderr, "vm-cycle: %s\n", err ? why.text : outcome.title);
		exit(1);
	}
	return took;
}

/* As the daemon's supervisor does it: a parent that reaps what double-forks. */
static void supervise(void)
{
	pid_t child, pid;
	int status = 0, result = 1, ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		exit(1);
	reaped = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = fork();
	if (child == 0)
		return;
	while ((pid = waitpid(-1, &status, 0)) > 0) {
		double t = now();
		if (pid == child)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		else if (write(ends[1], &t, sizeof(t)) != sizeof(t))
			exit(1);
	}
	exit(result);
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	supervise();
	const char *state = argv[1];
	int n = atoi(argv[5]);
	struct vmm_host host = { .uri = "qemu:///embed", .vms = 1 };
	struct vmm *vmm;
	struct error why;
	g_autofree char *log = g_build_filename(state, "log", NULL);
	g_autofree char *report = g_build_filename(state, "report", NULL);
	g_autofree char *initrd = g_build_filename(state, "bare.cpio", NULL);
	struct initramfs in = { .init = argv[2],
				.busybox = "/bin/busybox",
				.applets = (char **)applets,
				.reproducer = argv[4],
				.words = &(struct console_words){ .word = { "" } },
				.timeout_s = 60 };
	if (initramfs_write(&in, initrd, &why) != 0 ||
	    vmm_new(&host, 1, state, argv[2], &vmm, &why) != 0) {
		fprintf(stderr, "vm-cycle: %s\n", why.text);
		return 1;
	}
	struct run_request rq = { .kernel = argv[3],
				  .reproducer = argv[4],
				  .log = log,
				  .report = report,
				  .cmdline = "",
				  .memory_mib = 256,
				  .cpus = 1,
				  .boot_timeout_s = 60,
				  .timeout_s = 60 };
	double *a = g_new0(double, n), *b = g_new0(double, n), *t = g_new0(double, n),
	       *c = g_new0(double, n);
	ours(vmm, &rq, t, c); /* libvirt looks at QEMU once */
	for (int i = 0; i < n; i++) {
		b[i] = bare(argv[3], initrd, log);
		a[i] = ours(vmm, &rq, &t[i], &c[i]);
	}
	double x = median(a, n), y = median(b, n);
	printf("create to gone: libvirt %.2f s, bare QEMU %.2f s, ratio %.2f (medians of %d)\n", x,
	       y, x / y, n);
	printf("the outcome was known after %.2f s, libvirt had forgotten the domain after %.2f s "
	       "(in a thread of its own)\n",
	       median(t, n), median(c, n));
	vmm_free(vmm);
	g_free(a);
	g_free(b);
	g_free(t);
	g_free(c);
	return 0;
}
