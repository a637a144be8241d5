/* What stands before the kernel's text in a line, form by form, and who speaks. */
#include "engine/triage/clean.h"
#include "engine/triage/prefix.h"

#include <glib.h>
#include <string.h>

/* With "kernel:" lines, kernel times, quotes and bare dates in most lines before. */
static const struct prefix_form known = { .lines = 10,
					  .kernel_times = 10,
					  .tags = 10,
					  .host_tags = 10,
					  .quotes = 10,
					  .dates = 10,
					  .host = "host" };

static const struct {
	const char *line, *text, *caller;
	enum prefix_speaker speaker;
	bool needs_known; /* without it the prefix is not believed */
} lines[] = {
	{ "[   12.345678] text", "text", "", PREFIX_KERNEL, false },
	{ "[   12.345678][ T123]  foo+0x1/0x2", " foo+0x1/0x2", "[ T123]", PREFIX_KERNEL, false },
	{ "[   12.345678] [    C0] text", "text", "[    C0]", PREFIX_KERNEL, false },
	{ "<4>[   12.345678] text", "text", "", PREFIX_KERNEL, false },
	{ "<30>[   12.345678] systemd[1]: text", "systemd[1]: text", "", PREFIX_OTHER, false },
	{ "[   12.345678] systemd[1]: text", "systemd[1]: text", "", PREFIX_OTHER, false },
	{ "[   12.345678] usb 1-1: text", "usb 1-1: text", "", PREFIX_KERNEL, false },
	{ "[   12.345678 <    0.000010>] text", "text", "", PREFIX_KERNEL, false },
	{ "[   12.345678@1] text", "text", "", PREFIX_KERNEL, false },
	{ "[Tue Jan  2 03:04:05 2024] text", "text", "", PREFIX_KERNEL, false },
	{ "[Jan 2 03:04]  text", " text", "", PREFIX_KERNEL, false },
	{ "[  +0.000002]  text", " text", "", PREFIX_KERNEL, false },
	{ "[2024-01-02 03:04:05.123] [   12.345678] text", "text", "", PREFIX_KERNEL, false },
	{ "Jan 02 03:04:05 host kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "Jan 02 03:04:05 host kernel:  text", " text", "", PREFIX_KERNEL, false },
	{ "Jan  2 03:04:05 host kernel:[   12.345678] text", "text", "", PREFIX_KERNEL, false },
	{ "Jan 02 03:04:05 host kernel: [   12.345678][ T7] text", "text", "[ T7]", PREFIX_KERNEL,
	  false },
	{ "Jan 02 03:04:05 host sshd[12]: text", "text", "", PREFIX_OTHER, false },
	{ "Jan 02 03:04:05 host cron: text", "text", "", PREFIX_OTHER, true },
	{ "Jan 02 03:04:05 text", "text", "", PREFIX_UNKNOWN, true },
	{ "Sun Sep  1 19:30:19 2019 kern.warn kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "Jan  1 00:00:05 (none) kern.warn kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "2024-01-02T03:04:05.123456+00:00 host kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "Tue 2024-01-02 03:04:05 UTC host kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "1704164645.123456 host kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "<4>1 2024-01-02T03:04:05Z host kernel - - - text", "text", "", PREFIX_KERNEL, false },
	{ "2024-01-02T03:04:05+00:00 192.168.7.2 [   12.345678] text", "text", "", PREFIX_KERNEL,
	  false },
	{ "[   12.345678] host kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "[   12.345678] host cron[7]: text", "text", "", PREFIX_OTHER, true },
	{ "kern  :warn  : [   12.345678] text", "text", "", PREFIX_KERNEL, false },
	{ "user  :notice: [   12.345678] text", "text", "", PREFIX_OTHER, false },
	{ "4,12,3195000000,-,caller=T12;text", "text", "[ T12]", PREFIX_KERNEL, false },
	{ "30,12,3195000000,-;text", "text", "", PREFIX_OTHER, false },
	{ "<4>[   12.345678]  [0:      swapper/0:    1]  foo", " foo", "( T1)", PREFIX_KERNEL,
	  false },
	{ "<4>[   12.345678]  (0)[1:init] foo", " foo", "( T1)", PREFIX_KERNEL, false },
	{ "> [   12.345678] text", "text", "", PREFIX_KERNEL, false },
	{ "> text", "text", "", PREFIX_UNKNOWN, true },
	{ "    [   12.345678] text", "text", "", PREFIX_KERNEL, false },
	{ "root@host:~# [   12.345678] text", "text", "", PREFIX_KERNEL, false },
	{ "\xef\xbb\xbf[   12.345678] text  ", "text", "", PREFIX_KERNEL, false },
	{ "\033[32m[   12.345678] \033[0m\033[31mtext\033[0m", "text", "", PREFIX_KERNEL, false },
	{ "^[[32m[   12.345678] ^[[0mtext", "text", "", PREFIX_KERNEL, false },
	{ "[32m[   12.345678] [0mtext", "text", "", PREFIX_KERNEL, false },
	{ "01-02 03:04:05.123     0     0 W kernel  : text", "text", "", PREFIX_KERNEL, false },
	{ "01-02 03:04:05.123   412   412 W Foo: text", "text", "", PREFIX_OTHER, false },
	{ "01-02 03:04:05.123 W/        (    0): text", "text", "", PREFIX_KERNEL, false },
	{ "<4>Jan  2 03:04:05 host kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "host kernel: text", "text", "", PREFIX_KERNEL, false },
	{ "[<    0.000010>] text", "text", "", PREFIX_KERNEL, false },
	{ "<4>[   12.345678] c0    123 (kworker/0:1) text", "text", "( T123)", PREFIX_KERNEL,
	  false },
	{ "# text", "text", "", PREFIX_UNKNOWN, true },
	{ "text", "text", "", PREFIX_UNKNOWN, false },
	{ " foo+0x1/0x2", " foo+0x1/0x2", "", PREFIX_UNKNOWN, false },
	{ "[<ffffffff81000000>] foo+0x1/0x2", "[<ffffffff81000000>] foo+0x1/0x2", "",
	  PREFIX_UNKNOWN, false },
	{ "", "", "", PREFIX_UNKNOWN, false },
};

static void check(const struct prefix_form *form, const char *line, const char *text,
		  const char *caller, enum prefix_speaker speaker)
{
	g_autoptr(GString) clean = g_string_new(NULL);
	struct prefix_line l;
	clean_line(line, strlen(line), PREFIX_LINE_BYTES, clean);
	prefix_read(form, clean->str, clean->len, &l);
	g_assert_cmpstr(clean->str + l.text, ==, text);
	g_assert_cmpstr(l.caller, ==, caller);
	g_assert_cmpint(l.speaker, ==, speaker);
}

static void test_lines(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_test_message("%s", lines[i].line);
		check(&known, lines[i].line, lines[i].text, lines[i].caller, lines[i].speaker);
		if (!lines[i].needs_known)
			check(NULL, lines[i].line, lines[i].text, lines[i].caller,
			      lines[i].speaker);
	}
}

/* A logger that nobody knows is learnt from the lines themselves; a few of them tell nothing. */
static void test_words(void)
{
	static const char log[] = "ttyS0 1| one\nttyS0 2| two\nttyS0 3| three\nttyS0 4|  four\n"
				  "something else\nttyS0 10| five\nttyS0 11| six\n";
	struct prefix_form form = { 0 }, few = { 0 };
	prefix_learn(&form, log, strlen(log));
	check(&form, "ttyS0 345| text", "text", "", PREFIX_UNKNOWN);
	check(&form, "ttyS0 345|  text", " text", "", PREFIX_UNKNOWN);
	check(&form, "ttyS1 345| text", "text", "", PREFIX_UNKNOWN);
	check(&form, "other 345| text", "other 345| text", "", PREFIX_UNKNOWN);
	prefix_learn(&few, log, 30);
	check(&few, "ttyS0 345| text", "ttyS0 345| text", "", PREFIX_UNKNOWN);
}

/* A firmware's times look like the kernel's, but for their decimals. */
static void test_other_times(void)
{
	static const char line[] = "[0012.305] text";
	struct prefix_line l;
	prefix_read(&known, line, strlen(line), &l);
	g_assert_true(l.other_time);
	prefix_read(NULL, line, strlen(line), &l);
	g_assert_false(l.other_time);
}

static void test_settles(void)
{
	struct prefix_form form = { 0 };
	int n = 0;
	while (prefix_feed(&form, "[   12.345678] text", 19))
		n++;
	g_assert_cmpint(n, ==, PREFIX_LEARN_LINES);
	g_assert_true(prefix_is_settled(&form));
	g_assert_true(prefix_tells_kernel(&form));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/prefix/lines", test_lines);
	g_test_add_func("/prefix/words", test_words);
	g_test_add_func("/prefix/other-times", test_other_times);
	g_test_add_func("/prefix/settles", test_settles);
	return g_test_run();
}
