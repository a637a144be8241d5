/*
 * Bytes become lines; a line of our init moves the phase on, the first line of a crash begins a
 * report. Each phase has a deadline. In a phase only the words are looked for that init would use
 * now, whatever else is printed is text.
 */
#include "console.h"

#include "engine/triage/clean.h"
#include "engine/triage/triage.h"
#include "test_output.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define SECOND ((int64_t)1000000)
/* After the first line of a crash its report is still being printed. */
#define REPORT_QUIET (2 * SECOND) /* it is complete when nothing more came for this long */
#define REPORT_MOST (10 * SECOND)
#define LAST_WORDS (SECOND / 20) /* from a closing line to the end of what belongs to it */
/* A guest keeps its own time limit; past that and this, it hangs. */
#define HANG_MARGIN (20 * SECOND)
#define KEPT_BYTES ((gsize)1 << 20) /* of the log, for the report */

struct console {
	const struct run_request *rq;
	bool ours;		     /* our init runs there: */
	char *marker[CONSOLE_WORDS]; /* "bisectfs WORD " */
	struct test_output *output;
	enum console_phase phase;
	int64_t deadline;	 /* of the phase */
	int64_t tested;		 /* when the test began; 0: it has not */
	GString *line;		 /* the last line, not complete yet */
	GString *text;		 /* from the first crash line on */
	struct prefix_form form; /* of the kernel's lines */
	bool crashed, closed;
	int64_t crash_seen, last_byte;
	bool any_output;
	struct outcome outcome;
};

struct console *console_new(const struct run_request *rq, const struct console_words *words)
{
	struct console *c = g_new0(struct console, 1);
	c->rq = rq;
	c->ours = words != NULL;
	for (int i = 0; words && i < CONSOLE_WORDS; i++)
		c->marker[i] = g_strdup_printf("bisectfs %s ", words->word[i]);
	c->output = test_output_new(rq);
	c->line = g_string_new(NULL);
	c->text = g_string_new(NULL);
	c->outcome.status = -1;
	return c;
}

void console_free(struct console *c)
{
	if (!c)
		return;
	test_output_free(c->output);
	for (int i = 0; i < CONSOLE_WORDS; i++)
		g_free(c->marker[i]);
	g_string_free(c->line, TRUE);
	g_string_free(c->text, TRUE);
	g_free(c);
}

/* The outcome is known. What the guest printed last is the report of a failure without a crash. */
static void settle(struct console *c)
{
	bool failed = c->outcome.kind == OUTCOME_EXIT && *c->outcome.title;
	bool down = c->rq->boot_only && c->outcome.kind == OUTCOME_BOOT_FAILED;
	if (!c->text->len && (failed || down))
		test_output_recent(c->output, c->text);
	c->phase = CONSOLE_OVER;
}

static void over(struct console *c, enum outcome_kind kind, enum crash_type type, const char *title)
{
	c->outcome.kind = kind;
	c->outcome.type = type;
	g_strlcpy(c->outcome.title, title, sizeof(c->outcome.title));
	settle(c);
}

static enum outcome_kind failure_of_phase(const struct console *c)
{
	return c->phase == CONSOLE_BOOT	   ? OUTCOME_BOOT_FAILED
	       : c->phase == CONSOLE_BASIC ? OUTCOME_BASIC_FAILED
					   : OUTCOME_CRASHED;
}

/* The report is complete: name it. */
static void close_crash(struct console *c)
{
	struct triage crash;
	if (triage_log_as(&c->form, c->text->str, c->text->len, &crash)) {
		over(c, failure_of_phase(c), crash.kind, crash.title);
		g_string_assign(c->text, crash.report); /* the lines of that task alone */
		triage_clear(&crash);
		return;
	}
	/* What followed shows that it was not the kernel that spoke: the run goes on. */
	g_string_truncate(c->text, 0);
	c->crashed = c->closed = false;
}

void console_start(struct console *c, int64_t now)
{
	c->phase = CONSOLE_BOOT;
	c->deadline = now + c->rq->boot_timeout_s * SECOND;
	c->last_byte = now;
}

static void enter_test(struct console *c, int64_t now)
{
	c->phase = CONSOLE_TEST;
	c->tested = now;
	c->deadline = now + c->rq->timeout_s * SECOND + (c->ours ? HANG_MARGIN : 0);
}

static void take_exit(struct console *c, int status)
{
	test_output_ended(c->output, status, &c->outcome);
	settle(c);
}

static void take_time_out(struct console *c)
{
	test_output_timed_out(c->output, &c->outcome);
	settle(c);
}

/* To come up was all that was asked. */
static void take_up(struct console *c, int64_t now)
{
	c->tested = now;
	over(c, OUTCOME_OK, CRASH_NONE, "");
}

static void take_ready(struct console *c, int64_t now)
{
	if (c->rq->boot_only) {
		take_up(c, now);
		return;
	}
	c->phase = CONSOLE_BASIC;
	c->deadline = now + c->rq->boot_timeout_s * SECOND;
}

static void take_basic(struct console *c, int status, int64_t now)
{
	char title[100];
	if (status == 0) {
		enter_test(c, now);
		return;
	}
	g_snprintf(title, sizeof(title),
		   status == 126 ? "the disk image cannot be mounted"
				 : "a trivial program ended with status %d",
		   status);
	over(c, OUTCOME_BASIC_FAILED, CRASH_NONE, title);
}

static void take_passed(struct console *c, const char *text)
{
	if (g_str_has_prefix(text, "exit 0"))
		take_exit(c, 0);
	else if (g_str_has_prefix(text, "timeout"))
		take_time_out(c);
}

static void take_failed(struct console *c, const char *text)
{
	long status = g_str_has_prefix(text, "exit ") ? strtol(text + 5, NULL, 10) : 0;
	if (status > 0 && status <= 255)
		take_exit(c, (int)status);
}

/* `fail` matched in this line. Our init's test is a program that failed; a kernel without it has
 * nothing but its console, where the matched text names the crash. */
static void take_failure(struct console *c, const char *line)
{
	bool of_test = c->phase == CONSOLE_TEST &&
		       (c->ours || g_str_has_prefix(c->outcome.title, "not ok"));
	if (!of_test) {
		c->outcome.kind = failure_of_phase(c);
		c->outcome.type = CRASH_UNKNOWN;
		g_string_append_printf(c->text, "%s\n", line);
	}
	settle(c);
}

/* What the user's expressions, or a test suite's lines, say of it. */
static void take_users_line(struct console *c, const char *line, int64_t now)
{
	bool over;
	if (!c->ours && c->phase == CONSOLE_BOOT && test_output_is_ready(c->output, line)) {
		if (c->rq->boot_only) {
			take_up(c, now);
			return;
		}
		enter_test(c, now);
	}
	if (c->phase == CONSOLE_TEST)
		over = test_output_line(c->output, line, &c->outcome);
	else
		over = test_output_fails(c->output, line, &c->outcome);
	if (over && c->outcome.kind == OUTCOME_EXIT)
		take_failure(c, line);
	else if (over)
		settle(c);
}

/* What follows this word's marker in the line; NULL: the marker is not there. */
static const char *after_marker(const struct console *c, enum console_word word, const char *line)
{
	const char *at = strstr(line, c->marker[word]);
	return at ? at + strlen(c->marker[word]) : NULL;
}

/* The reproducer is over, this line of our init says how. */
static void take_end(struct console *c, const char *line, const char *text, int64_t now)
{
	bool passed = after_marker(c, CONSOLE_PASSED, line) == text;
	gsize marker = strlen(c->marker[passed ? CONSOLE_PASSED : CONSOLE_FAILED]);
	g_autofree char *before = g_strndup(line, (gsize)(text - line) - marker);
	/* a program's last words may have no newline: then the kernel's line follows in theirs */
	test_output_cut_stamp(before);
	if (*before) {
		test_output_remember(c->output, before);
		take_users_line(c, before, now);
	}
	if (c->phase == CONSOLE_OVER)
		return;
	if (passed)
		take_passed(c, text);
	else
		take_failed(c, text);
}

/* False: the line is none of our init's, or of another time. */
static bool take_inits_line(struct console *c, const char *line, int64_t now)
{
	const char *text = NULL;
	if (c->phase == CONSOLE_BOOT && (text = after_marker(c, CONSOLE_READY, line)))
		take_ready(c, now);
	else if (c->phase == CONSOLE_BASIC && (text = after_marker(c, CONSOLE_BASIC_DONE, line)))
		take_basic(c, g_str_has_prefix(text, "basic ") ? atoi(text + 6) : 127, now);
	else if (c->phase == CONSOLE_TEST && ((text = after_marker(c, CONSOLE_PASSED, line)) ||
					      (text = after_marker(c, CONSOLE_FAILED, line))))
		take_end(c, line, text, now);
	return text != NULL;
}

static void learn_form(struct console *c)
{
	g_autoptr(GString) clean = g_string_new(NULL);
	if (!prefix_is_settled(&c->form)) {
		clean_line(c->line->str, c->line->len, PREFIX_LINE_BYTES, clean);
		prefix_feed(&c->form, clean->str, clean->len);
	}
}

static void take_line(struct console *c, int64_t now)
{
	const char *line = c->line->str;
	bool first = !c->form.lines;
	learn_form(c);
	if (c->crashed) {
		if (c->text->len < KEPT_BYTES)
			g_string_append_printf(c->text, "%s\n", line);
		c->closed = c->closed || triage_is_end(line, c->line->len);
		return;
	}
	if (c->ours && take_inits_line(c, line, now))
		return;
	test_output_remember(c->output, line);
	take_users_line(c, line, now);
	if (c->phase == CONSOLE_OVER || !triage_is_crash(&c->form, line, c->line->len, first))
		return;
	c->crashed = true;
	c->crash_seen = now;
	g_string_append_printf(c->text, "%s\n", line);
}

#define LINE_LIMIT 65536

void console_feed(struct console *c, const char *data, size_t len, int64_t now)
{
	c->last_byte = now;
	c->any_output = c->any_output || len;
	for (size_t i = 0; i < len && c->phase != CONSOLE_OVER; i++) {
		if (data[i] == '\n') {
			take_line(c, now);
			g_string_truncate(c->line, 0);
		} else if (data[i] != '\r' && data[i] != '\0' && c->line->len < LINE_LIMIT) {
			g_string_append_c(c->line, data[i]);
		}
	}
}

void console_gone(struct console *c, bool failed, int64_t now)
{
	if (c->phase == CONSOLE_OVER)
		return;
	if (c->line->len) {
		take_line(c, now);
		g_string_truncate(c->line, 0);
	}
	if (c->crashed)
		close_crash(c);
	if (c->phase == CONSOLE_OVER)
		return;
	if (failed)
		over(c, OUTCOME_INFRA, CRASH_NONE, "the VM was lost");
	else if (!c->ours && c->phase == CONSOLE_TEST &&
		 test_output_stopped(c->output, &c->outcome))
		settle(c);
	else
		over(c, failure_of_phase(c), CRASH_UNEXPECTED_REBOOT, "unexpected kernel reboot");
}

static void time_is_up(struct console *c)
{
	char title[100];
	bool asked = c->rq->on_timeout == VERDICT_BAD || c->rq->on_timeout == VERDICT_SKIP;
	/* where nobody has said what a time-out means, a guest whose init does not even keep the
	 * limit has crashed */
	if (c->phase == CONSOLE_TEST && (!c->ours || asked)) {
		take_time_out(c);
	} else if (c->phase == CONSOLE_TEST) {
		over(c, OUTCOME_CRASHED, CRASH_HANG, "no output from test machine");
	} else {
		g_snprintf(title, sizeof(title), "%s within %d s",
			   c->phase == CONSOLE_BASIC ? "a trivial program did not end"
			   : c->any_output	     ? "did not reach init"
						     : "no output",
			   c->rq->boot_timeout_s);
		over(c, failure_of_phase(c), CRASH_NONE, title);
	}
}

int64_t console_deadline(const struct console *c)
{
	if (!c->crashed)
		return c->deadline;
	if (c->closed)
		return c->last_byte + LAST_WORDS;
	return MIN(c->last_byte + REPORT_QUIET, c->crash_seen + REPORT_MOST);
}

void console_tick(struct console *c, int64_t now)
{
	if (c->phase == CONSOLE_OVER || now < console_deadline(c))
		return;
	if (c->crashed)
		close_crash(c);
	else
		time_is_up(c);
}

enum console_phase console_phase(const struct console *c)
{
	return c->phase;
}

int64_t console_tested(const struct console *c)
{
	return c->tested;
}

void console_outcome(const struct console *c, struct outcome *outcome)
{
	*outcome = c->outcome;
}

const char *console_report(const struct console *c, size_t *len)
{
	*len = c->text->len;
	return c->text->len ? c->text->str : NULL;
}
