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

enum ending { SILENT, GONE, LOST };

static const struct script {
	const char *name;
	const char *text;
	bool with_oops; /* printed after the text */
	enum ending ending;
	const char *outcome;
	const char *ready, *pass, *fail; /* a kernel without our init */
	bool foreign;
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
	struct run_request rq = { .boot_timeout_s = 60,
				  .timeout_s = 60,
				  .ready = sc->ready,
				  .pass = sc->pass,
				  .fail = sc->fail };
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
	size_t len;
	const char *report = console_report(c, &len);
	if (sc->with_oops)
		g_assert_true(report && strstr(report, "toy_read"));
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
