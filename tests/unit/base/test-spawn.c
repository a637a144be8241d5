/*
 * Child processes: their ends, limits and what they leave; also where the kernel gives no pidfd.
 */
#include "engine/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int killed, killed_after_reaping;

/* In place of the C library's: whose number is it that is killed? */
int kill(pid_t pid, int sig)
{
	siginfo_t info;
	killed++;
	if (pid < -1 && waitid(P_PID, (id_t)-pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0)
		killed_after_reaping++;
	return (int)syscall(SYS_kill, pid, sig);
}

static err_t run_spawn(struct spawn *sp, const char *script, int *status, struct error *why)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };
	sp->argv = argv;
	killed = killed_after_reaping = 0;
	err_t err = spawn_run(sp, status, why);
	g_assert_cmpint(killed, >=, 1);
	g_assert_cmpint(killed_after_reaping, ==, 0);
	return err;
}

static err_t run(const char *script, int *status)
{
	struct spawn sp = { .output = -1 };
	return run_spawn(&sp, script, status, NULL);
}

static void test_ends(void)
{
	int status;
	g_assert_cmpint(run("exit 0", &status), ==, 0);
	g_assert_cmpint(status, ==, 0);
	g_assert_cmpint(run("exit 7", &status), ==, 0);
	g_assert_cmpint(status, ==, 7);
	g_assert_cmpint(run("kill -9 $$", &status), ==, 0);
	g_assert_cmpint(status, ==, 128 + SIGKILL);
	struct spawn sp = { .argv = (char *[]){ "/nonexistent", NULL }, .output = -1 };
	g_assert_cmpint(spawn_run(&sp, &status, NULL), ==, -ENOENT);
	g_assert_cmpint(status, ==, -1);
}

static void test_capture(void)
{
	char *argv[] = { "sh", "-c", "echo out; echo err >&2; exit 3", NULL };
	struct spawn sp = { .argv = argv };
	char *text = NULL;
	int status;
	g_assert_cmpint(spawn_capture(&sp, 100, &text, &status, NULL), ==, 0);
	g_assert_cmpint(status, ==, 3);
	g_assert_cmpstr(text, ==, "out\nerr\n");
	g_clear_pointer(&text, g_free);
	g_assert_cmpint(spawn_capture(&sp, 3, &text, &status, NULL), ==, 0);
	g_assert_cmpstr(text, ==, "out");
	g_free(text);
}

/* What holds the writing end of a pipe keeps its reader waiting. */
static void test_group(void)
{
	int ends[2], status;
	char byte;
	g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
	struct spawn sp = { .output = ends[1] };
	g_assert_cmpint(run_spawn(&sp, "sleep 1000 & exit 0", &status, NULL), ==, 0);
	close(ends[1]);
	g_assert_cmpint(read(ends[0], &byte, 1), ==, 0);
	close(ends[0]);
}

static gpointer ask_soon(gpointer cancel)
{
	g_usleep(100000);
	cancel_ask(cancel);
	return NULL;
}

static void test_cancel(void)
{
	for (int pollable = 0; pollable < 2; pollable++) {
		struct cancel cancel;
		struct spawn sp = { .output = -1,
				    .cancel = &cancel,
				    .limits = { .timeout_s = 60 } };
		int status;
		cancel_init(&cancel, pollable);
		GThread *asks = g_thread_new("asks", ask_soon, &cancel);
		g_assert_cmpint(run_spawn(&sp, "sleep 1000", &status, NULL), ==, -ECANCELED);
		g_assert_cmpint(status, ==, 128 + SIGKILL);
		g_thread_join(asks);
		/* asked before it begins */
		g_assert_cmpint(run_spawn(&sp, "sleep 1000", &status, NULL), ==, -ECANCELED);
		cancel_clear(&cancel);
	}
}

static void count(void *arg)
{
	++*(int *)arg;
}

static void test_limits(void)
{
	static const struct {
		struct spawn_limits limits;
		const char *script, *why;
		err_t err;
	} cases[] = {
		{ { .timeout_s = 1 }, "sleep 1000", "it did not end within 1 s", -ETIMEDOUT },
		{ { .processes = 3 },
		  "sleep 1000 & sleep 1000 & sleep 1000 & sleep 1000 & wait",
		  "it had more than 3 processes",
		  -EDOM },
		{ { .memory_mib = 20 },
		  "exec perl -e '$x = \"x\" x (60 << 20); sleep 1000'",
		  "it used more than 20 MiB of memory",
		  -EDOM },
		{ { .output_mib = 1 }, "yes", "it printed more than 1 MiB", -EDOM },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		int status, ticks = 0, fd = memfd_create("output", MFD_CLOEXEC);
		struct error why;
		struct spawn sp = {
			.output = fd, .limits = cases[i].limits, .tick = count, .arg = &ticks
		};
		if (!sp.limits.timeout_s)
			sp.limits.timeout_s = 60;
		g_assert_cmpint(run_spawn(&sp, cases[i].script, &status, &why), ==, cases[i].err);
		g_assert_cmpstr(why.text, ==, cases[i].why);
		g_assert_cmpint(status, ==, 128 + SIGKILL);
		close(fd);
		if (!sp.limits.output_mib)
			g_assert_cmpint(ticks, >, 0);
	}
}

/* From now on, for this process. */
static void refuse_pidfd(int code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (__u32)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = G_N_ELEMENTS(filter), .filter = filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return; /* no such filters here: it is the test of before once more */
	g_assert_cmpint(syscall(SYS_pidfd_open, getpid(), 0), ==, -1);
	g_assert_cmpint(errno, ==, code);
}

static void test_all(void)
{
	test_ends();
	test_capture();
	test_group();
	test_cancel();
	test_limits();
}

static void test_without_pidfd(gconstpointer code)
{
	if (g_test_subprocess()) {
		refuse_pidfd(GPOINTER_TO_INT(code));
		test_all();
		return;
	}
	g_test_trap_subprocess(NULL, (guint64)60 * G_USEC_PER_SEC,
			       G_TEST_SUBPROCESS_INHERIT_STDERR);
	g_test_trap_assert_passed();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spawn/ends", test_ends);
	g_test_add_func("/spawn/capture", test_capture);
	g_test_add_func("/spawn/group", test_group);
	g_test_add_func("/spawn/cancel", test_cancel);
	g_test_add_func("/spawn/limits", test_limits);
	g_test_add_data_func("/spawn/no-pidfd/missing", GINT_TO_POINTER(ENOSYS),
			     test_without_pidfd);
	g_test_add_data_func("/spawn/no-pidfd/forbidden", GINT_TO_POINTER(EPERM),
			     test_without_pidfd);
	return g_test_run();
}
