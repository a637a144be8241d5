/* Titles of crashes, on cases of our own making; and on real logs where $BISECTFS_CORPUS leads to.
 */
#include "engine/triage/demangle.h"
#include "engine/triage/noise.h"
#include "engine/triage/title.h"
#include "engine/triage/triage.h"
#include "vmm/console.h"

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
	{ "[ 1.0] WARNING: CPU: 0 PID: 12 at kernel/fork.c:3 copy_it+0x1/0x2\n"
	  "[ 1.0] RIP: 0010:copy_it+0x1/0x2\n",
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
	{ "[ 1.0] general protection fault, probably for non-canonical address 0xdead: 0000 [#1]\n"
	  "[ 1.0] RIP: 0010:walker+0x1/0x2\n",
	  "general protection fault in walker", CRASH_OOPS },
	/* lines of other tasks and guesses of the unwinder do not count */
	{ "[ 1.0][ T7] BUG: sleeping function called from invalid context at mm/slab.h:1\n"
	  "[ 1.0][ T8] Call Trace:\n[ 1.0][ T8]  other+0x1/0x2\n[ 1.0][ T7] Call Trace:\n"
	  "[ 1.0][ T7]  ? guess+0x1/0x2\n[ 1.0][ T7]  dump_stack_lvl+0x1/0x2\n"
	  "[ 1.0][ T7]  sleeper.part.0+0x1/0x2\n[ 1.0][ T7]  outer+0x1/0x2\n",
	  "BUG: sleeping function called from invalid context in sleeper", CRASH_ATOMIC_SLEEP },
	{ "[ 1.0] BUG: memory leak\nunreferenced object 0xffff888000000000 (size 32):\n"
	  "  backtrace (crc 1234abcd):\n    kmalloc+0x1/0x2\n    leaker+0x1/0x2\n    x+0x1/0x2\n",
	  "memory leak in corrupted", CRASH_MEMORY_LEAK },
	{ "BUG: memory leak\nunreferenced object 0xffff888000000000 (size 32):\n"
	  "  backtrace (crc 1234abcd):\n    kmalloc+0x1/0x2\n    leaker+0x1/0x2\n    x+0x1/0x2\n",
	  "memory leak in leaker", CRASH_MEMORY_LEAK },
	{ "[ 1.0] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [a:1]\n"
	  "[ 1.0] RIP: 0010:spinner+0x1/0x2\n[ 1.0] Call Trace:\n[ 1.0]  middle+0x1/0x2\n"
	  "[ 1.0]  looper+0x1/0x2\n[ 1.0]  vfs_write+0x1/0x2\n",
	  "BUG: soft lockup in looper", CRASH_HANG },
	{ "[ 1.0] rcu: INFO: rcu_preempt self-detected stall on CPU\n[ 1.0] RIP: 0010:a+0x1/0x2\n"
	  "[ 1.0] Call Trace:\n[ 1.0]  asm_sysvec_apic_timer_interrupt+0x1/0x2\n"
	  "[ 1.0] RIP: 0010:spin+0x1/0x2\n[ 1.0]  turner+0x1/0x2\n[ 1.0]  do_syscall_64+0x1/0x2\n",
	  "INFO: rcu detected stall in turner", CRASH_HANG },
	{ "[ 1.0] UBSAN: shift-out-of-bounds in fs/a.c:12:3\n[ 1.0] Call Trace:\n"
	  "[ 1.0]  ubsan_epilogue+0x1/0x2\n[ 1.0]  shifter+0x1/0x2\n[ 1.0]  x+0x1/0x2\n",
	  "UBSAN: shift-out-of-bounds in shifter", CRASH_UBSAN },
	{ "[ 1.0] refcount_t: underflow; use-after-free.\n"
	  "[ 1.0] WARNING: CPU: 0 PID: 9 at lib/refcount.c:28 refcount_warn_saturate+0x1/0x2\n"
	  "[ 1.0] RIP: 0010:refcount_warn_saturate+0x1/0x2\n[ 1.0] Call Trace:\n"
	  "[ 1.0]  kobject_put+0x1/0x2\n[ 1.0]  putter+0x1/0x2\n",
	  "WARNING: refcount bug in putter", CRASH_WARNING },
	{ "[ 1.0] list_del corruption.\n[ 1.0] kernel BUG at lib/list_debug.c:59!\n"
	  "[ 1.0] Call Trace:\n[ 1.0]  __list_del_entry_valid+0x1/0x2\n[ 1.0]  unlinker+0x1/0x2\n",
	  "BUG: corrupted list in unlinker", CRASH_OOPS },
	{ "[ 1.0] divide error: 0000 [#1] SMP\n[ 1.0] RIP: 0010:__x64_sys_divide+0x1/0x2\n",
	  "divide error in sys_divide", CRASH_OOPS },
	{ "[ 1.0] Unable to handle kernel paging request at virtual address dead000000000100\n"
	  "[ 1.0] pc : walk+0x1/0x2\n[ 1.0] Call trace:\n[ 1.0]  walk+0x1/0x2\n",
	  "BUG: unable to handle kernel paging request in walk", CRASH_OOPS },
	{ "[ 1.0] BUG: KCSAN: data-race in one / two\n", "KCSAN: data-race in one / two",
	  CRASH_DATA_RACE },
	{ "[ 1.0] BUG: KMSAN: uninit-value in user+0x1/0x2\n[ 1.0]  user+0x1/0x2\n"
	  "[ 1.0]  caller+0x1/0x2\n[ 1.0] Uninit was created at:\n[ 1.0]  kmalloc+0x1/0x2\n"
	  "[ 1.0]  maker+0x1/0x2\n",
	  "KMSAN: uninit-value in user", CRASH_KMSAN },
	{ "[ 1.0] WARNING: something 192.168.0.1 of pid 12345 at 0xffff888012345678\n",
	  "WARNING: something IP of pid NUM at ADDR", CRASH_WARNING },
	{ "[ 0.0] Booting the kernel.\n", "unexpected kernel reboot", CRASH_UNEXPECTED_REBOOT },
	/* a line that is printed again in full further down is not the crash */
	{ "[ 1.0] BUG: KASA\n[ 1.0] ** replaying previous printk message **\n"
	  "[ 1.0] BUG: KASAN: double-free in freer+0x1/0x2\n",
	  "KASAN: invalid-free in freer", CRASH_KASAN },
	{ "traps: a[1] general protection fault ip:1 sp:2 error:0 in a[1+1]\n", NULL, CRASH_NONE },
	{ "[ 1.0] audit: WARNING: a uses wireless extensions\n", NULL, CRASH_NONE },
	{ "[ 1.0] warning: `a' uses wireless extensions; WARNING: b\n", NULL, CRASH_NONE },
	/* the first crash is the one, whatever follows */
	{ "[ 1.0] WARNING: CPU: 0 PID: 1 at a.c:1 first+0x1/0x2\n"
	  "[ 1.0] RIP: 0010:first+0x1/0x2\n[ 2.0] BUG: KASAN: use-after-free "
	  "in "
	  "second+0x1/0x2\n",
	  "WARNING in first", CRASH_WARNING },
};

/* The header line says it all, or a stack does: each case is found as it is. */
static void test_titles(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct triage t;
		bool found = triage_log(cases[i].log, strlen(cases[i].log), &t);
		g_assert_cmpint(found, ==, cases[i].title != NULL);
		if (found) {
			g_assert_cmpstr(t.title, ==, cases[i].title);
			g_assert_cmpint(t.kind, ==, cases[i].type);
			triage_clear(&t);
		}
	}
}

static void test_rest_of_report(void)
{
	static const char log[] =
		"[ 1.0][ T5] before, of the same task\n[ 1.0][ T6] before, of another\n"
		"[ 1.0][ T5] general protection fault, probably for address 0x1: 0000 [#1]\n"
		"[ 1.0][ T5] CPU: 0 PID: 5 Comm: syz.3.17 Not tainted\n"
		"[ 1.0][ T5] RIP: 0010:__do_sys_read+0x1/0x2 fs/read_write.c:5\n"
		"[ 1.0][ T6] something else\n[ 1.0][ T5] Call Trace:\n"
		"[ 1.0][ T5]  refcount_inc include/linux/refcount.h:3 [inline]\n"
		"[ 1.0][ T5]  __do_sys_read+0x1/0x2 fs/read_write.c:5\n"
		"[ 1.0][ T5]  deeper+0x1/0x2 fs/ext4/inode.c:7\n[ 1.0][ T5]  x+0x1/0x2 lib/a.c:1\n"
		"[ 1.0][ T5] Kernel panic - not syncing: Fatal exception\n";
	struct triage t;
	g_assert_true(triage_log(log, strlen(log), &t));
	g_assert_cmpstr(t.title, ==, "general protection fault in read");
	g_assert_cmpstr(t.type, ==, "DoS");
	g_assert_cmpstr(t.program, ==, "3.17");
	g_assert_true(t.panicked);
	g_assert_false(t.corrupted);
	g_assert_true(g_str_has_prefix(t.report, "before, of the same task\ngeneral protection"));
	g_assert_null(strstr(t.report, "another"));
	g_assert_null(strstr(t.report, "something else"));
	g_ptr_array_add(t.others, NULL);
	g_autofree char *others = g_strjoinv("|", (char **)t.others->pdata);
	g_assert_cmpstr(others, ==,
			"bad-access in read|general protection fault in __do_sys_read|"
			"bad-access in __do_sys_read");
	g_autofree char *guilty = triage_guilty(NULL, log, strlen(log));
	g_assert_cmpstr(guilty, ==, "fs/ext4/inode.c");
	triage_clear(&t);
}

static void test_names(void)
{
	static const char *const names[][2] = {
		{ "_Z8fakeNameiii", "fakeName" },
		{ "_ZN3foo3barEv", "foo::bar" },
		{ "_RNvMs3_NtCshgDM7dBCdno_11rust_binder7processNtB5_7Process10update_ref",
		  "<rust_binder::process::Process>::update_ref" },
		{ "_RNvCscSpY9Juk0HT_7___rustc17rust_begin_unwind", "__rustc::rust_begin_unwind" },
		{ "_Rubbish", "_Rubbish" },
		{ "_RB_", "_RB_" },
		{ "_RNvNvNvNvNvNv", "_RNvNvNvNvNvNv" },
		{ "_RIB_B_E", "_RIB_B_E" },
		{ "_Z99x", "_Z99x" },
		{ "plain", "plain" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *got = demangle_name(names[i][0]);
		g_assert_cmpstr(got, ==, names[i][1]);
	}
	static const char *const cut[][2] = { { "__x64_sys_bind", "sys_bind" },
					      { "__se_sys_bind", "bind" },
					      { "SyS_bind", "bind" },
					      { "sys_bind", "bind" },
					      { "sys_", "sys_" },
					      { "bind", "bind" } };
	for (gsize i = 0; i < G_N_ELEMENTS(cut); i++) {
		g_autofree char *got = noise_cut(cut[i][0]);
		g_assert_cmpstr(got, ==, cut[i][1]);
	}
	static const struct {
		const char *words, *name;
		bool fits;
	} marks[] = { { "=kfree", "kfree", true },
		      { "=kfree", "kfree_skb", false },
		      { "rb_*", "rb_next", true },
		      { "rb_*", "orb_next", false },
		      { "*readb", "__readb", true },
		      { "*readb", "readb_x", false },
		      { "slab_", "a_slab_b", true },
		      { "free?_page", "free_the_pages", true },
		      { "free?_page", "a_page_free", false },
		      { "crc#*", "crc32_le", true },
		      { "crc#*", "crcx", false },
		      { "~folio", "__folio_put", true },
		      { "~folio", "a_folio", false },
		      { "", "x", false },
		      { NULL, "x", false } };
	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
		g_assert_cmpint(noise_fits(marks[i].words, marks[i].name), ==, marks[i].fits);
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
		struct triage t;
		g_autofree char *guilty = triage_guilty(NULL, log, (size_t)n);
		if (!triage_log(log, (size_t)n, &t))
			continue;
		for (const char *p = t.title; *p; p++)
			g_assert_true(*p >= 0x20 && *p < 0x7f);
		g_assert_cmpint(strlen(t.title), <=, 120);
		g_assert_cmpint(t.start, <=, n);
		triage_clear(&t);
	}
	g_rand_free(rand);
}

/* Shapes that make a backtracking matcher slow, in lines without end: this has to come to an end.
 */
static void test_hostile(void)
{
	static const char *const pieces[] = {
		"WARNING: mm/.c mm/.c ", "BUG: KASAN: ", "a/b.c:1 at ", "[<",  "IP: ",
		"INFO: task ",		 "\x1b[31m",	 "at: [",	"_RB_"
	};
	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		GString *log = g_string_new("BUG: x\n");
		while (log->len < (gsize)1 << 20) {
			g_string_append(log, pieces[i]);
			if (log->len % 3 == 0 && i % 2)
				g_string_append_c(log, '\n');
		}
		struct triage t;
		g_assert_true(triage_log(log->str, log->len, &t));
		g_assert_cmpint(strlen(t.report), <, (gsize)2 << 20);
		triage_clear(&t);
		g_string_free(log, TRUE);
	}
}

/* ---- real logs ---- */

static char *corpus_file(const char *name, gsize *len)
{
	const char *corpus = g_getenv("BISECTFS_CORPUS");
	g_autofree char *path =
		corpus ? g_build_filename(corpus, "crash-corpus", name, NULL) : NULL;
	char *text = NULL;
	if (path && !g_file_get_contents(path, &text, len, NULL))
		return NULL;
	return text;
}

/* Rows that are not met, each with its reason: none. */
static void test_corpus(void)
{
	gsize len;
	g_autofree char *table = corpus_file("titles.tsv", &len);
	int rows = 0;
	if (!table) {
		g_test_skip("BISECTFS_CORPUS does not lead to the logs");
		return;
	}
	g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
	for (char **l = lines + 1; *l && **l; l++, rows++) {
		g_auto(GStrv) want = g_strsplit(*l, "\t", -1);
		g_autofree char *name = g_strdup_printf("%s.log", want[0]);
		g_autofree char *log = corpus_file(name, &len);
		struct triage t = { 0 };
		g_assert_nonnull(log);
		bool found = triage_log(log, len, &t);
		if (strcmp(found ? t.title : "", want[1]) != 0 ||
		    (found && (strcmp(t.type, want[3]) != 0 || t.corrupted != (want[2][0] == 'Y'))))
			g_error("%s: '%s', %s%s; wanted '%s', %s, %s", want[0],
				found ? t.title : "", found ? t.type : "",
				found && t.corrupted ? ", corrupted" : "", want[1], want[3],
				want[2]);
		if (found)
			triage_clear(&t);
	}
	g_test_message("%d rows", rows);
	g_assert_cmpint(rows, >=, 300);
}

static void test_corpus_guilty(void)
{
	gsize len;
	g_autofree char *table = corpus_file("guilty/files.tsv", &len);
	if (!table) {
		g_test_skip("BISECTFS_CORPUS does not lead to the logs");
		return;
	}
	g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
	for (char **l = lines + 1; *l && **l; l++) {
		g_auto(GStrv) want = g_strsplit(*l, "\t", -1);
		g_autofree char *name = g_strdup_printf("guilty/%s.log", want[0]);
		g_autofree char *log = corpus_file(name, &len);
		g_autofree char *file = log ? triage_guilty(NULL, log, len) : NULL;
		g_assert_cmpstr(file ? file : "", ==, want[1]);
	}
}

/* ---- live ---- */

static char *live_title(const char *log, gsize len, gsize chunk)
{
	struct run_request rq = {
		.ready = "", .pass = "", .fail = "", .timeout_s = 60, .boot_timeout_s = 60
	};
	struct console *c = console_new(&rq, NULL);
	struct outcome outcome;
	console_start(c, 0);
	for (gsize at = 0; at < len; at += chunk)
		console_feed(c, log + at, MIN(chunk, len - at), 1);
	console_gone(c, false, 2);
	console_outcome(c, &outcome);
	console_free(c);
	return g_strdup(outcome.kind == OUTCOME_OK ? "" : outcome.title);
}

/* However the bytes come, a console says what the whole log says. */
static void test_live(void)
{
	for (int i = 1; i <= 300; i++) {
		static const gsize chunks[] = { 1, 7, 4096, 1 << 20 };
		gsize len;
		g_autofree char *name = g_strdup_printf("%03d.log", i);
		g_autofree char *log = corpus_file(name, &len);
		struct triage t;
		if (!log) {
			g_test_skip("BISECTFS_CORPUS does not lead to the logs");
			return;
		}
		bool found = triage_log(log, len, &t);
		for (gsize k = 0; k < G_N_ELEMENTS(chunks); k++) {
			g_autofree char *title = live_title(log, len, chunks[k]);
			if (strcmp(title, found ? t.title : "") != 0)
				g_error("%s in chunks of %zu: '%s', wanted '%s'", name, chunks[k],
					title, found ? t.title : "");
		}
		if (found)
			triage_clear(&t);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/triage/titles", test_titles);
	g_test_add_func("/triage/report", test_rest_of_report);
	g_test_add_func("/triage/names", test_names);
	g_test_add_func("/triage/any-bytes", test_any_bytes);
	g_test_add_func("/triage/hostile", test_hostile);
	g_test_add_func("/triage/corpus", test_corpus);
	g_test_add_func("/triage/guilty", test_corpus_guilty);
	g_test_add_func("/triage/live", test_live);
	return g_test_run();
}
