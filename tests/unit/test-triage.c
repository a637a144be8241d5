/* Titles of crashes, on cases of our own making. */
#include "../../engine/triage.h"

#include <glib.h>
#include <string.h>

static const struct {
	const char *log;
	const char *title; /* NULL: no crash */
	enum crash_type type;
} cases[] = {
	{ "[    1.0] Linux version 6.1\n[    2.0] all is well\n", NULL, CRASH_NONE },
	{ "[ 1.0] ODEBUG: test\n[ 1.0] DEBUG: BUG: not this\n", NULL, CRASH_NONE },
	{ "[ 1.0] WARNING: the mand mount option is deprecated\n", NULL, CRASH_NONE },
	{ "", NULL, CRASH_NONE },
	{ "[ 1.0] BUG: kernel NULL pointer dereference, address: 0000000000000000\n"
	  "[ 1.0] RIP: 0010:uptime_proc_show+0x52/0xa6\n",
	  "BUG: unable to handle kernel NULL pointer dereference in uptime_proc_show", CRASH_OOPS },
	{ "[ 1.0][ T12] BUG: unable to handle page fault for address: ffffffffffffffd0\n"
	  "[ 1.0][ T12] RIP: 0010:memcpy+0x1/0x2\n[ 1.0][ T12] Call Trace:\n"
	  "[ 1.0][ T12]  ? guess+0x1/0x2\n[ 1.0][ T12]  reader+0x95/0x190\n",
	  "BUG: unable to handle kernel paging request in reader", CRASH_OOPS },
	{ "[ 1.0] WARNING: CPU: 0 PID: 12 at kernel/fork.c:3 copy_it+0x1/0x2\n",
	  "WARNING in copy_it", CRASH_WARNING },
	{ "[ 1.0] BUG: KASAN: slab-out-of-bounds in reader+0x1/0x2\n"
	  "[ 1.0] Read of size 8 at addr ffff888000000000 by task cat/12\n",
	  "KASAN: slab-out-of-bounds Read in reader", CRASH_KASAN },
	{ "[ 1.0] WARNING: possible circular locking dependency detected\n[ 1.0] 6.1 Not tainted\n"
	  "[ 1.0] cat/12 is trying to acquire lock:\n"
	  "[ 1.0] ffff888000000000 (&x){+.+.}-{3:3}, at: taker+0x1/0x2\n",
	  "possible deadlock in taker", CRASH_LOCKDEP },
	{ "[ 1.0] INFO: task cat:12 blocked for more than 143 seconds.\n[ 1.0] Call Trace:\n"
	  "[ 1.0]  __schedule+0x1/0x2\n[ 1.0]  sleeper+0x1/0x2\n",
	  "INFO: task hung in sleeper", CRASH_HANG },
	{ "[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs\n",
	  "kernel panic: VFS: Unable to mount root fs", CRASH_PANIC },
	{ "[ 1.0] ------------[ cut here ]------------\n[ 1.0] kernel BUG at mm/slub.c:4321!\n"
	  "[ 1.0] RIP: 0010:kfree_it+0x1/0x2\n",
	  "kernel BUG in kfree_it", CRASH_BUG },
	{ "[ 1.0] general protection fault, probably for non-canonical address 0xdead\n"
	  "[ 1.0] RIP: 0010:walker+0x1/0x2\n",
	  "general protection fault in walker", CRASH_OOPS },
	/* the first crash is the one, whatever follows */
	{ "[ 1.0] WARNING: CPU: 0 PID: 1 at a.c:1 first+0x1/0x2\n[ 2.0] BUG: KASAN: use-after-free "
	  "in "
	  "second+0x1/0x2\n",
	  "WARNING in first", CRASH_WARNING },
};

static void test_titles(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct crash crash;
		bool found = triage_find(cases[i].log, strlen(cases[i].log), &crash);
		g_assert_cmpint(found, ==, cases[i].title != NULL);
		if (found) {
			g_assert_cmpstr(crash.title, ==, cases[i].title);
			g_assert_cmpint(crash.type, ==, cases[i].type);
		}
	}
}

/* Any bytes are taken; titles are printable ASCII of one line. */
static void test_any_bytes(void)
{
	GRand *rand = g_rand_new_with_seed(1);
	for (int i = 0; i < 2000; i++) {
		char log[512];
		int n = g_rand_int_range(rand, 0, (int)sizeof(log));
		for (int k = 0; k < n; k++)
			log[k] = (char)g_rand_int_range(rand, 0, 256);
		if (n > 20)
			memcpy(log + g_rand_int_range(rand, 0, n - 6), "BUG: ", 5);
		struct crash crash;
		if (!triage_find(log, (size_t)n, &crash))
			continue;
		for (const char *p = crash.title; *p; p++)
			g_assert_true(*p >= 0x20 && *p < 0x7f);
		g_assert_cmpint(crash.end, <=, n);
	}
	g_rand_free(rand);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/triage/titles", test_titles);
	g_test_add_func("/triage/any-bytes", test_any_bytes);
	return g_test_run();
}
