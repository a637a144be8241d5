/*
 * Kernels put a time stamp before their own lines, not before those of programs: an expression is
 * tried on what follows it first, so that "^" means the beginning of the message and a title has no
 * time in it, then on the whole line.
 */
#include "test_output.h"

#include "engine/base/pattern.h"
#include "tap.h"

#include <signal.h>
#include <string.h>

#define RECENT_LINES 24
#define RECENT_WIDTH 1000  /* bytes kept of each */
#define NUMBER_WITHIN 4096 /* bytes of a line, as the search takes quadratic time at worst */

#define STATUS_SIGNALS 128 /* and the number of the signal */

struct test_output {
	const struct run_request *rq;
	struct pattern *ready, *pass, *fail, *metric; /* NULL: not given */
	bool picks;				      /* `fail` picks one case out of a suite */
	enum tap_result picked; /* the result of that one; TAP_NONE: it has not run */
	struct tap tap;
	GQueue recent; /* char *: lines */
	char *last;    /* line of the test that is none of the kernel's; NULL: none */
	char value[sizeof(((struct outcome *)NULL)->value)];
};

static struct pattern *compile(const char *text, bool group)
{
	struct pattern *p = NULL;
	if (!text || !*text)
		return NULL;
	err_t err = group ? pattern_new_group(text, &p, NULL) : pattern_new(text, &p, NULL);
	return err ? NULL : p;
}

struct test_output *test_output_new(const struct run_request *rq)
{
	struct test_output *o = g_new0(struct test_output, 1);
	o->rq = rq;
	o->ready = compile(rq->ready, false);
	o->pass = compile(rq->pass, false);
	o->fail = compile(rq->fail, false);
	o->metric = compile(rq->metric, true);
	o->picks = o->fail && strstr(rq->fail, "not ok");
	g_queue_init(&o->recent);
	return o;
}

void test_output_free(struct test_output *o)
{
	if (!o)
		return;
	pattern_free(o->ready);
	pattern_free(o->pass);
	pattern_free(o->fail);
	pattern_free(o->metric);
	g_queue_clear_full(&o->recent, g_free);
	g_free(o->last);
	g_free(o);
}

/* ---- lines ---- */

void test_output_remember(struct test_output *o, const char *line)
{
	if (!*line)
		return;
	g_queue_push_tail(&o->recent, g_strndup(line, RECENT_WIDTH));
	if (o->recent.length > RECENT_LINES)
		g_free(g_queue_pop_head(&o->recent));
}

void test_output_recent(const struct test_output *o, GString *out)
{
	for (const GList *l = o->recent.head; l; l = l->next)
		g_string_append_printf(out, "%s\n", (const char *)l->data);
}

static const char *skip_number(const char *p)
{
	while (g_ascii_isdigit(*p) || *p == '.')
		p++;
	return p;
}

/* What follows the kernel's time stamp, "[   12.345678] " or "[   12.345678][   T42] "; the line
 * itself where there is none. */
static const char *message_of(const char *line)
{
	const char *p = line;
	for (int i = 0; i < 2 && *p == '['; i++) {
		const char *q = p + 1 + strspn(p + 1, " ");
		if (i == 1 && (*q == 'T' || *q == 'C'))
			q++;
		const char *end = skip_number(q);
		if (end == q || *end != ']')
			break;
		p = end + 1;
	}
	return p > line && *p == ' ' ? p + 1 : line;
}

void test_output_cut_stamp(char *line)
{
	for (char *p = line; (p = strchr(p, '[')); p++) {
		const char *message = message_of(p);
		if (message != p && !*message) {
			*p = '\0';
			return;
		}
	}
}

/* The part of the line in which it was found, NULL: it was not. */
static const char *find(const struct pattern *p, const char *line, int *from, int *to)
{
	const char *message = message_of(line);
	if (!p)
		return NULL;
	if (pattern_find(p, message, from, to))
		return message;
	return message != line && pattern_find(p, line, from, to) ? line : NULL;
}

bool test_output_is_ready(const struct test_output *o, const char *line)
{
	return !o->ready || find(o->ready, line, NULL, NULL);
}

static void set(struct outcome *outcome, enum outcome_kind kind, int status, const char *title)
{
	outcome->kind = kind;
	outcome->type = CRASH_NONE;
	outcome->status = status;
	g_strlcpy(outcome->title, title, sizeof(outcome->title));
}

bool test_output_fails(const struct test_output *o, const char *line, struct outcome *outcome)
{
	int from, to;
	const char *in = find(o->fail, line, &from, &to);
	if (!in && o->picks) { /* of a suite within another one */
		const char *message = message_of(line);
		message += strspn(message, " #");
		in = find(o->fail, message, &from, &to);
	}
	if (!in)
		return false;
	g_autofree char *title = g_strndup(in + from, (gsize)(to - from));
	set(outcome, OUTCOME_EXIT, -1, title);
	return true;
}

/* The last number counts: a program that prints several prints the sum of it at its end. */
static void find_number(struct test_output *o, const char *line)
{
	int from, to;
	char *end;
	g_autofree char *head = g_strndup(message_of(line), NUMBER_WITHIN);
	if (!o->metric || !pattern_find_group(o->metric, head, &from, &to))
		return;
	g_autofree char *text = g_strndup(head + from, (gsize)(to - from));
	g_ascii_strtod(text, &end);
	if (end != text && !*end && strlen(text) < sizeof(o->value))
		g_strlcpy(o->value, text, sizeof(o->value));
}

/* One case alone counts. Its name is known by what `fail` would match had it failed; one that was
 * expected to fail, or skipped, has not. */
static bool take_picked(struct test_output *o, enum tap_result result, const char *title,
			const char *line, struct outcome *outcome)
{
	bool negative = g_str_has_prefix(title, "not ok");
	g_autofree char *failed = g_strconcat(negative ? "" : "not ", title, NULL);
	if (result == TAP_FAILED && test_output_fails(o, line, outcome))
		return true;
	if (!find(o->fail, failed, NULL, NULL))
		return false;
	if (result == TAP_FAILED)
		return test_output_fails(o, failed, outcome);
	if (o->picked != TAP_OK)
		o->picked = result == TAP_SKIPPED ? TAP_SKIPPED : TAP_OK;
	return false;
}

/* What says that all is over does not take back what a suite has said before. */
static void take_pass(const struct test_output *o, struct outcome *outcome)
{
	bool picked = o->picks && o->tap.seen;
	if (picked || tap_failed(&o->tap) || tap_skipped(&o->tap)) {
		test_output_ended(o, 0, outcome);
		return;
	}
	set(outcome, OUTCOME_OK, 0, "");
	g_strlcpy(outcome->value, o->value, sizeof(outcome->value));
}

bool test_output_line(struct test_output *o, const char *line, struct outcome *outcome)
{
	char title[TAP_TITLE];
	const char *message = message_of(line);
	enum tap_result result = tap_line(&o->tap, message, title);
	find_number(o, line);
	if (message == line && *line) {
		g_free(o->last);
		o->last = g_strndup(line, RECENT_WIDTH);
	}
	bool failed = o->picks && result != TAP_NONE ? take_picked(o, result, title, line, outcome)
						     : test_output_fails(o, line, outcome);
	if (failed)
		return true;
	if (!o->pass || !find(o->pass, line, NULL, NULL))
		return false;
	take_pass(o, outcome);
	return true;
}

/* ---- the end ---- */

static bool may_not_say(const struct test_output *o, int status)
{
	g_autofree char *word = g_strdup_printf("%d", status);
	const char *list = o->rq->skip_status ? o->rq->skip_status : "125";
	g_auto(GStrv) words = g_strsplit_set(list, " \t", -1);
	return g_strv_contains((const char *const *)words, word);
}

static void name_signal(int status, char *title, gsize size)
{
	int number = status - STATUS_SIGNALS;
	const char *name = number < NSIG ? sigabbrev_np(number) : NULL;
	if (name)
		g_snprintf(title, size, "killed by signal %d (SIG%s)", number, name);
	else if (number > 0 && number < NSIG)
		g_snprintf(title, size, "killed by signal %d", number);
	else
		g_snprintf(title, size, "exit status %d", status);
}

/* It came to its end as it should. */
static void end_well(const struct test_output *o, struct outcome *outcome)
{
	if (o->metric && !*o->value)
		set(outcome, OUTCOME_SKIPPED, outcome->status,
		    "no line with a number for 'metric' was printed");
	else
		set(outcome, OUTCOME_OK, outcome->status, "");
}

static void take_status(const struct test_output *o, int status, struct outcome *outcome)
{
	char title[sizeof(outcome->title)];
	g_snprintf(title, sizeof(title), "exit status %d", status);
	if (may_not_say(o, status)) {
		set(outcome, OUTCOME_SKIPPED, status, title);
	} else if (status >= STATUS_SIGNALS) {
		name_signal(status, title, sizeof(title));
		set(outcome, OUTCOME_SKIPPED, status, title);
	} else if (status == OUTCOME_NOT_EXECUTABLE || status == OUTCOME_NOT_FOUND) {
		g_snprintf(title, sizeof(title), "exit status %d%s%s", status, o->last ? ": " : "",
			   o->last ? o->last : "");
		set(outcome, OUTCOME_EXIT, status, title);
	} else if (status) {
		set(outcome, OUTCOME_EXIT, status, "");
	} else if (o->pass) {
		set(outcome, OUTCOME_EXIT, 0, "ended without a line that 'pass' matches");
	} else {
		end_well(o, outcome);
	}
}

/* Of a suite, of which one case counts: the others, and the status that stands for all, do not. */
static void take_end_of_picked(const struct test_output *o, int status, struct outcome *outcome)
{
	if (o->picked == TAP_OK) {
		end_well(o, outcome);
		return;
	}
	if (o->picked == TAP_NONE)
		take_status(o, status, outcome);
	if (outcome->kind != OUTCOME_SKIPPED)
		set(outcome, OUTCOME_SKIPPED, status,
		    o->picked == TAP_NONE ? "the case that 'fail' picks out was not run"
					  : "the case that 'fail' picks out was skipped");
}

void test_output_ended(const struct test_output *o, int status, struct outcome *outcome)
{
	const char *failed = tap_failed(&o->tap), *skipped = tap_skipped(&o->tap);
	outcome->status = status;
	g_strlcpy(outcome->value, o->value, sizeof(outcome->value));
	if (o->picks && o->tap.seen)
		take_end_of_picked(o, status, outcome);
	else if (failed)
		set(outcome, OUTCOME_EXIT, status, failed);
	else if (skipped)
		set(outcome, OUTCOME_SKIPPED, status, skipped);
	else
		take_status(o, status, outcome);
}

void test_output_timed_out(const struct test_output *o, struct outcome *outcome)
{
	char title[sizeof(outcome->title)];
	const char *failed = o->picks ? NULL : tap_failed(&o->tap);
	g_snprintf(title, sizeof(title), "timed out after %d s", o->rq->timeout_s);
	outcome->status = OUTCOME_TIMED_OUT;
	g_strlcpy(outcome->value, o->value, sizeof(outcome->value));
	if (failed)
		set(outcome, OUTCOME_EXIT, OUTCOME_TIMED_OUT, failed);
	else if (o->rq->on_timeout == VERDICT_BAD)
		set(outcome, OUTCOME_EXIT, OUTCOME_TIMED_OUT, title);
	else if (o->rq->on_timeout == VERDICT_SKIP)
		set(outcome, OUTCOME_SKIPPED, OUTCOME_TIMED_OUT, title);
	else
		end_well(o, outcome);
}

bool test_output_stopped(const struct test_output *o, struct outcome *outcome)
{
	if (o->pass && !tap_failed(&o->tap))
		return false;
	test_output_ended(o, 0, outcome);
	return true;
}
