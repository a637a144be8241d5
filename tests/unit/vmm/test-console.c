/* Consoles of guests, as bytes and times, and the outcomes that they must give. */
#include "vmm/console.h"

#include <glib.h>
#include <string.h>

#define S ((int64_t)1000000)

static const struct console_words words = { { "N0", "N1", "N2", "N3" } };

static const char oops[] =
	"[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
	"[    1.0] RIP: 0010:toy_read+0x12/0x40\n"
	"[    1.0] Call Trace:\n"
	"[    1.0]  vfs_read+0x95/0x190\n"
	"[    1.0] ---[ end trace 0000000000000000 ]---\n";

#define READY "[    0.5] bisectfs N0 ready\n"
#define BASIC "[    0.6] bisectfs N1 basic 0\n"
#define BOOT "[    0.0] Linux version 6.1\n" READY BASIC
#define TITLE "BUG: unable to handle kernel NULL pointer dereference in toy_read"

#define END "[    0.9] bisectfs N2 exit 0\n"
#define EXIT(status) "[    0.9] bisectfs N3 exit " status "\n"
#define TIMEOUT "[   60.9] bisectfs N2 timeout\n"
#define SUITE(third) "TAP version 13\n1..3\nok 1 one\nok 2 two\n" third "\n"
#define BOOT_ONLY .rq.boot_only = true
#define ON_TIMEOUT(verdict) .rq.on_timeout = (verdict)
#define SKIPS(list) .rq.skip_status = (list)
#define PICKS(case) .fail = (case)
#define METRIC(text, number) .rq.metric = (text), .value = (number)

enum ending { SILENT, GONE, LOST };

static const struct script {
	const char *name;
	const char *text;
	bool with_oops; /* printed after the text */
	enum ending ending;
	const char *outcome;
	const char *ready, *pass, *fail;
	bool foreign; /* a kernel without our init */
	struct run_request rq;
	const char *value;
} scripts[] = {
	{ "ok", BOOT "[ 1.0] bisectfs N2 exit 0\n", false, SILENT, "OK" },
	{ "exit-1", BOOT "[ 1.0] bisectfs N3 exit 1\n", false, SILENT, "failed: exit status 1" },
	{ "exit-125", BOOT "[ 1.0] bisectfs N3 exit 125\n", false, SILENT,
	  "skipped: exit status 125" },
	{ "guest-timeout", BOOT "[ 1.0] bisectfs N2 timeout\n", false, SILENT, "OK" },
	{ "crash", BOOT, true, SILENT, "crashed: " TITLE },
	{ "crash-and-reset", BOOT, true, GONE, "crashed: " TITLE },
	{ "crash-wins-over-exit", BOOT, true, GONE, "crashed: " TITLE },
	{ "boot-crash", "[    0.0] Linux version 6.1\n", true, GONE, "boot failed: " TITLE },
	{ "basic-crash", "[    0.0] Linux\n" READY, true, GONE,
	  "basic kernel testing failed: " TITLE },
	{ "basic-status", READY "[ 1.0] bisectfs N1 basic 127\n", false, GONE,
	  "basic kernel testing failed: a trivial program ended with status 127" },
	{ "no-boot", "[    0.0] Linux version 6.1\n", false, SILENT,
	  "boot failed: did not reach init within 60 s" },
	{ "no-output", "", false, SILENT, "boot failed: no output within 60 s" },
	{ "hang", BOOT, false, SILENT, "crashed: no output from test machine" },
	{ "reset", BOOT, false, GONE, "crashed: unexpected kernel reboot" },
	{ "boot-reset", "[    0.0] Linux\n", false, GONE, "boot failed: unexpected kernel reboot" },
	{ "lost", BOOT, false, LOST, "infra problem: the VM was lost" },
	{ "other-word", BOOT "[ 1.0] bisectfs N9 exit 0\nbisectfs exit 0\n", false, GONE,
	  "crashed: unexpected kernel reboot" },
	/* what the guest's own log has shown so far is of no use for what comes */
	{ "word-seen-before",
	  BOOT "bisectfs N0 exit 0\nbisectfs N1 exit 0\nbisectfs N1 timeout\n"
	       "[ 1.0] bisectfs N3 exit 1\n",
	  false, SILENT, "failed: exit status 1" },
	{ "failure-is-no-success", BOOT "bisectfs N3 exit 0\nbisectfs N3 timeout\n", false, GONE,
	  "crashed: unexpected kernel reboot" },
	{ "not-ready", "bisectfs N0 basic 0\nbisectfs N0 exit 0\n", false, GONE,
	  "basic kernel testing failed: unexpected kernel reboot" },
	{ "marker-too-early", "[ 0.1] bisectfs N2 exit 0\n" BOOT "[ 1.0] bisectfs N3 exit 3\n",
	  false, SILENT, "failed: exit status 3" },
	{ "message-before-marker", BOOT "[ 0.9] 8021q: x\r\n[ 1.0] bisectfs N2 exit 0\r\n", false,
	  SILENT, "OK" },
	{ "foreign-pass", "boot\ngo\nall fine\n", false, GONE, "OK", "^go", "fine$", "", true },
	{ "foreign-oops", "boot\ngo\n", true, GONE, "crashed: " TITLE, "^go", "fine$", "", true },
	{ "foreign-fail", "boot\ngo\nit is red 7 now\n", false, GONE, "crashed: red 7", "^go", "",
	  "red [0-9]+", true },
	{ "foreign-fail-in-boot", "it is red 7 now\n", false, GONE, "boot failed: red 7", "^go", "",
	  "red [0-9]+", true },
	{ "foreign-power-off", "anything\n", false, GONE, "OK", "", "", "", true },
	{ "foreign-time-out", "anything\n", false, SILENT, "OK", "", "", "", true },
	{ "foreign-reset-before-pass", "go\n", false, GONE, "crashed: unexpected kernel reboot",
	  "^go", "fine", "", true },
	{ "foreign-never-ready", "boot\n", false, SILENT,
	  "boot failed: did not reach init within 60 s", "^go", "", "", true },
	/* the lines of kernels have time stamps */
	{ "foreign-stamps", "[    0.1] go\n[    0.2][    T1] all fine\n", false, GONE, "OK", "^go$",
	  "^all fine$", "", true },
	{ "foreign-fail-stamp", "[    0.1] go\n[    0.2] it is red 7\n", false, GONE,
	  "crashed: it is red 7", "^go", "", "^.*red [0-9]+", true },

	/* to come up is enough */
	{ "boot-ok", "[    0.0] Linux version 6.1\n" READY, false, SILENT, "OK", BOOT_ONLY },
	{ "boot-oops", "[    0.0] Linux version 6.1\n", true, GONE, "boot failed: " TITLE,
	  BOOT_ONLY },
	{ "boot-silence", "", false, SILENT, "boot failed: no output within 60 s", BOOT_ONLY },
	{ "boot-stuck", "[    0.0] Linux\n", false, SILENT,
	  "boot failed: did not reach init within 60 s", BOOT_ONLY },
	{ "boot-loop", "[    0.0] Linux\n", false, GONE, "boot failed: unexpected kernel reboot",
	  BOOT_ONLY },
	{ "boot-lost", "[    0.0] Linux\n", false, LOST, "infra problem: the VM was lost",
	  BOOT_ONLY },
	{ "boot-fail", "[    0.0] ata1: failed to resume link\n" READY, false, SILENT,
	  "boot failed: ata1: failed", .fail = "ata[0-9]+: failed", .rq.boot_only = true },
	{ "boot-suite", "[    0.1]     # Subtest: x\n[    0.1]     not ok 2 foo\n" READY, false,
	  SILENT, "boot failed: not ok 2 foo", .fail = "^not ok [0-9]+ foo$",
	  .rq.boot_only = true },
	{ "boot-foreign", "boot\nlogin:\n", false, SILENT, "OK", "^login:", "", "", true,
	  .rq.boot_only = true },
	{ "boot-foreign-gone", "boot\n", false, GONE, "boot failed: unexpected kernel reboot",
	  "^login:", "", "", true, .rq.boot_only = true },

	/* what a time-out means */
	{ "timeout-good", BOOT TIMEOUT, false, SILENT, "OK", ON_TIMEOUT(VERDICT_GOOD) },
	{ "timeout-bad", BOOT TIMEOUT, false, SILENT, "failed: timed out after 60 s",
	  ON_TIMEOUT(VERDICT_BAD) },
	{ "timeout-skip", BOOT TIMEOUT, false, SILENT, "skipped: timed out after 60 s",
	  ON_TIMEOUT(VERDICT_SKIP) },
	{ "hang-good", BOOT, false, SILENT, "crashed: no output from test machine",
	  ON_TIMEOUT(VERDICT_GOOD) },
	{ "hang-bad", BOOT, false, SILENT, "failed: timed out after 60 s",
	  ON_TIMEOUT(VERDICT_BAD) },
	{ "hang-skip", BOOT, false, SILENT, "skipped: timed out after 60 s",
	  ON_TIMEOUT(VERDICT_SKIP) },
	{ "hang-in-boot", "", false, SILENT, "boot failed: no output within 60 s",
	  ON_TIMEOUT(VERDICT_BAD) },
	{ "crash-before-hang", BOOT, true, SILENT, "crashed: " TITLE, ON_TIMEOUT(VERDICT_BAD) },
	{ "foreign-timeout-bad", "go\n", false, SILENT, "failed: timed out after 60 s", "^go",
	  "fine", "", true, ON_TIMEOUT(VERDICT_BAD) },
	{ "foreign-timeout-skip", "go\n", false, SILENT, "skipped: timed out after 60 s", "^go",
	  "fine", "", true, ON_TIMEOUT(VERDICT_SKIP) },
	{ "foreign-fine-in-time", "go\nfine\n", false, SILENT, "OK", "^go", "fine", "", true,
	  ON_TIMEOUT(VERDICT_BAD) },

	/* what a status means */
	{ "exit-4", BOOT EXIT("4"), false, SILENT, "failed: exit status 4" },
	{ "exit-4-skips", BOOT EXIT("4"), false, SILENT, "skipped: exit status 4", SKIPS("125 4") },
	{ "exit-32-skips", BOOT EXIT("32"), false, SILENT, "skipped: exit status 32",
	  SKIPS("125  32") },
	{ "exit-12-does-not", BOOT EXIT("12"), false, SILENT, "failed: exit status 12",
	  SKIPS("125 1 2") },
	{ "exit-125-does-not", BOOT EXIT("125"), false, SILENT, "failed: exit status 125",
	  SKIPS("4") },
	{ "signal", BOOT EXIT("139"), false, SILENT, "skipped: killed by signal 11 (SIGSEGV)" },
	{ "signal-9", BOOT EXIT("137"), false, SILENT, "skipped: killed by signal 9 (SIGKILL)" },
	{ "signal-without-name", BOOT EXIT("178"), false, SILENT, "skipped: killed by signal 50" },
	{ "no-signal", BOOT EXIT("255"), false, SILENT, "skipped: exit status 255" },
	{ "exit-128", BOOT EXIT("128"), false, SILENT, "skipped: exit status 128" },
	{ "not-found",
	  BOOT "[ 0.9] random: crng init done\n/bisect/reproducer: line 2: frob: not found\n"
	       "[ 0.9] kworker: idle\n" EXIT("127"),
	  false, SILENT, "failed: exit status 127: /bisect/reproducer: line 2: frob: not found" },
	{ "not-executable", BOOT EXIT("126"), false, SILENT, "failed: exit status 126" },

	/* expressions under our init */
	{ "fail", BOOT "it is red 7 now\n" EXIT("1"), false, SILENT, "failed: red 7",
	  .fail = "red [0-9]+" },
	{ "fail-in-kernel-line", BOOT "[    0.9] eth0: link is down\n" END, false, SILENT,
	  "failed: link is down", .fail = "link is down$" },
	{ "fail-does-not-match", BOOT "it is blue\n" END, false, SILENT, "OK",
	  .fail = "red [0-9]+" },
	{ "fail-and-status", BOOT "it is blue\n" EXIT("1"), false, SILENT, "failed: exit status 1",
	  .fail = "red [0-9]+" },
	{ "fail-in-boot", "red 7\n" BOOT END, false, SILENT, "boot failed: red 7",
	  .fail = "red [0-9]+" },
	{ "fail-without-newline", BOOT "now red 7[    0.9] bisectfs N2 exit 0\n", false, SILENT,
	  "failed: red 7", .fail = "red [0-9]+$" },
	{ "pass", BOOT "all fine\n", false, GONE, "OK", .pass = "fine$" },
	{ "pass-does-not-match", BOOT END, false, SILENT,
	  "failed: ended without a line that 'pass' matches", .pass = "fine$" },
	{ "pass-never", BOOT TIMEOUT, false, SILENT, "failed: timed out after 60 s",
	  .pass = "fine$", ON_TIMEOUT(VERDICT_BAD) },

	/* suites */
	{ "tap", BOOT SUITE("not ok 3 foo # exit=1") EXIT("1"), false, SILENT,
	  "failed: not ok 3 foo" },
	{ "tap-stamps",
	  BOOT "[    0.8] KTAP version 1\n[    0.8] 1..1\n[    0.9] not ok 1 bar\n" END, false,
	  SILENT, "failed: not ok 1 bar" },
	{ "tap-all-fine", BOOT SUITE("ok 3 foo") END, false, SILENT, "OK" },
	{ "tap-status", BOOT SUITE("ok 3 foo") EXIT("1"), false, SILENT, "failed: exit status 1" },
	{ "tap-todo", BOOT SUITE("not ok 3 foo # TODO later") END, false, SILENT, "OK" },
	{ "tap-skips", BOOT "TAP version 13\n1..0 # SKIP no such device\n" EXIT("4"), false, SILENT,
	  "skipped: 1..0 # SKIP no such device" },
	{ "tap-signal", BOOT SUITE("not ok 3 foo") EXIT("139"), false, SILENT,
	  "failed: not ok 3 foo" },
	{ "tap-timeout", BOOT SUITE("not ok 3 foo") TIMEOUT, false, SILENT,
	  "failed: not ok 3 foo" },
	{ "tap-last-word", BOOT "1..1\nnot ok 1 - end[    0.9] bisectfs N3 exit 1\n", false, SILENT,
	  "failed: not ok 1 - end" },
	{ "tap-pass", BOOT SUITE("ok 3 foo") "all fine\n", false, GONE, "OK", .pass = "fine$" },
	{ "tap-failed-pass", BOOT SUITE("not ok 3 foo") "all fine\n", false, GONE,
	  "failed: not ok 3 foo", .pass = "fine$" },
	{ "tap-skips-pass", BOOT "TAP version 13\n1..0 # SKIP no device\nall fine\n", false, GONE,
	  "skipped: 1..0 # SKIP no device", .pass = "fine$" },
	{ "tap-crash", BOOT SUITE("not ok 3 foo"), true, GONE, "crashed: " TITLE },
	{ "no-tap", BOOT "not ok, but what\nnot ok 3 foo\n" END, false, SILENT, "OK" },
	{ "picked", BOOT SUITE("not ok 3 foo # exit=1") EXIT("1"), false, SILENT,
	  "failed: not ok 3 foo", PICKS("^not ok [0-9]+ foo$") },
	{ "picked-is-fine", BOOT SUITE("not ok 3 foo") EXIT("1"), false, SILENT, "OK",
	  PICKS("not ok 2 two$") },
	{ "picked-is-skipped", BOOT SUITE("ok 3 foo # SKIP no device") END, false, SILENT,
	  "skipped: the case that 'fail' picks out was skipped", PICKS("not ok 3 foo") },
	{ "picked-is-missing", BOOT SUITE("not ok 3 foo") EXIT("1"), false, SILENT,
	  "skipped: the case that 'fail' picks out was not run", PICKS("not ok [0-9]+ baz") },
	{ "picked-signal", BOOT SUITE("ok 3 foo") EXIT("139"), false, SILENT,
	  "skipped: killed by signal 11 (SIGSEGV)", PICKS("not ok [0-9]+ baz") },
	{ "picked-todo", BOOT SUITE("not ok 3 foo # TODO later") END, false, SILENT, "OK",
	  PICKS("not ok 3 foo") },
	{ "picked-nested",
	  BOOT "KTAP version 1\n1..1\n    1..2\n    ok 1 a\n    not ok 2 b\nnot ok 1 c\n" END,
	  false, SILENT, "failed: not ok 2 b", PICKS("^not ok [0-9]+ b$") },
	{ "picked-no-tap", BOOT EXIT("1"), false, SILENT, "failed: exit status 1",
	  PICKS("not ok 3 foo") },
	{ "foreign-tap", "[    0.1] go\n[    0.2] 1..1\n[    0.2] not ok 1 foo # why\n", false,
	  GONE, "failed: not ok 1 foo", "^go", "", "", true },
	{ "foreign-picked", "go\n1..1\n[    0.2] not ok 1 foo\n", false, GONE,
	  "failed: not ok 1 foo", "^go", "", "not ok 1.*", true },

	/* numbers */
	{ "metric", BOOT "speed: 3\n[    0.9] speed: 12.50 MB/s\n" END, false, SILENT, "OK",
	  METRIC("speed: ([0-9.]+)", "12.50") },
	{ "metric-without-newline", BOOT "speed: 9[    0.9] bisectfs N2 exit 0\n", false, SILENT,
	  "OK", METRIC("^speed: ([0-9.]+)$", "9") },
	{ "metric-is-no-number", BOOT "speed: 9\nspeed: 1.2.3\n" END, false, SILENT, "OK",
	  METRIC("speed: ([0-9.]+)", "9") },
	{ "metric-not-printed", BOOT END, false, SILENT,
	  "skipped: no line with a number for 'metric' was printed",
	  METRIC("speed: ([0-9.]+)", "") },
	{ "metric-and-status", BOOT "speed: 9\n" EXIT("1"), false, SILENT, "failed: exit status 1",
	  METRIC("speed: ([0-9.]+)", "9") },
	{ "metric-in-boot", "speed: 9\n" BOOT END, false, SILENT,
	  "skipped: no line with a number for 'metric' was printed",
	  METRIC("speed: ([0-9.]+)", "") },
};

static void feed(struct console *c, const char *text, size_t chunk, int64_t *now)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len && console_phase(c) != CONSOLE_OVER; i += chunk) {
		*now += 1000;
		console_feed(c, text + i, MIN(chunk, len - i), *now);
		console_tick(c, *now);
	}
}

static void play(const struct script *sc, size_t chunk)
{
	struct run_request rq = sc->rq;
	rq.boot_timeout_s = rq.timeout_s = 60;
	rq.ready = sc->ready;
	rq.pass = sc->pass;
	rq.fail = sc->fail;
	struct console *c = console_new(&rq, sc->foreign ? NULL : &words);
	int64_t now = 100 * S;
	console_start(c, now);
	feed(c, sc->text, chunk, &now);
	if (sc->with_oops)
		feed(c, oops, chunk, &now);
	if (sc->ending != SILENT)
		console_gone(c, sc->ending == LOST, now);
	for (int i = 0; i < 100 && console_phase(c) != CONSOLE_OVER; i++) {
		now = console_deadline(c);
		console_tick(c, now);
	}
	struct outcome o;
	char text[400];
	console_outcome(c, &o);
	outcome_print(o.kind, o.title, o.status, text, sizeof(text));
	g_assert_cmpstr(text, ==, sc->outcome);
	g_assert_cmpstr(o.value, ==, sc->value ? sc->value : "");
	if (o.kind == OUTCOME_SKIPPED) /* a negative one means that it was stopped */
		g_assert_cmpint(o.status, >=, 0);
	size_t len;
	const char *report = console_report(c, &len);
	if (sc->with_oops)
		g_assert_true(report && strstr(report, "toy_read"));
	if (o.kind == OUTCOME_EXIT && *o.title && *sc->text)
		g_assert_true(report && *report);
	console_free(c);
}

/* However the bytes arrive, the outcome is the same. */
static void test_script(gconstpointer data)
{
	static const size_t chunks[] = { 1, 2, 7, 64, 100000 };
	for (gsize i = 0; i < G_N_ELEMENTS(chunks); i++)
		play(data, chunks[i]);
}

/* A crash ends the run soon after its report, not at the time-out. */
static void test_stops_early(void)
{
	struct run_request rq = { .boot_timeout_s = 60, .timeout_s = 3600 };
	struct console *c = console_new(&rq, &words);
	int64_t now = 0;
	console_start(c, now);
	feed(c, BOOT, 100, &now);
	int64_t crash = now;
	feed(c, oops, 100, &now);
	while (console_phase(c) != CONSOLE_OVER) {
		now = console_deadline(c);
		console_tick(c, now);
	}
	g_assert_cmpint(now - crash, <, 3 * S);
	console_free(c);
}

/* A guest that never stops printing keeps neither memory nor the slot. */
static void test_endless_output(void)
{
	struct run_request rq = { .boot_timeout_s = 60, .timeout_s = 60 };
	struct console *c = console_new(&rq, &words);
	g_autofree char *block = g_strnfill(1 << 20, 'x');
	int64_t now = 0;
	console_start(c, now);
	feed(c, BOOT, 100, &now);
	feed(c, "[ 1.0] BUG: unable to handle page fault\n", 100, &now);
	for (int i = 0; i < 64 && console_phase(c) != CONSOLE_OVER; i++) {
		now += S;
		console_feed(c, block, 1 << 20, now);
		console_feed(c, "\n", 1, now);
		console_tick(c, now);
	}
	g_assert_cmpint(console_phase(c), ==, CONSOLE_OVER);
	size_t len;
	console_report(c, &len);
	g_assert_cmpint(len, <, 2 << 20);
	console_free(c);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_autofree char *path = g_strdup_printf("/console/%s", scripts[i].name);
		g_test_add_data_func(path, &scripts[i], test_script);
	}
	g_test_add_func("/console/stops-early", test_stops_early);
	g_test_add_func("/console/endless-output", test_endless_output);
	return g_test_run();
}
