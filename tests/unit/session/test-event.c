/*
 * Events as JSON: the lines are those of journals that are on disks, so they are written out here
 * and must come back byte by byte.
 */
#include "bisectfs/event.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#define HASH "8ad1839275b2cd72174932981f6fefb47f2d003b"
#define OTHER "c3c4bef254ca916e2a6d014d09b4c3d8f188c5e0"

/* As the first program wrote them: every kind, and of each kind with and without what is optional.
 */
static const char *const lines[] = {
	"{\"event\":\"created\",\"time\":1,\"uid\":0,\"gid\":0,\"name\":\"a\"}",
	"{\"event\":\"created\",\"time\":1,\"uid\":1000,\"gid\":100,\"name\":\"a\"}",
	"{\"event\":\"started\",\"time\":1795647068472149077,\"text\":\"main "
	"v1.0\",\"commit\":\"" HASH "\",\"host\":\"h\",\"key\":\"1e20\",\"list\":[\"" OTHER
	"\"],\"values\":{\"mode\":\"cause\",\"runs\":\"3\"}}",
	"{\"event\":\"started\",\"time\":2,\"text\":\"main\",\"commit\":\"" HASH
	"\",\"host\":\"h\",\"list\":[],\"values\":{}}",
	"{\"event\":\"loaded\",\"time\":3,\"list\":[]}",
	"{\"event\":\"loaded\",\"time\":3,\"commit\":\"" HASH "\",\"base\":\"" OTHER
	"\",\"options\":[\"CONFIG_A=y\"],\"list\":[\"HEAD " OTHER "\"]}",
	"{\"event\":\"step\",\"time\":4,\"step\":0,\"commit\":\"" HASH
	"\",\"subject\":\"toy: commit 59\",\"release\":\"\",\"role\":\"original\"}",
	"{\"event\":\"step\",\"time\":4,\"step\":12,\"left\":34,\"roughly\":5,\"checked\":1,"
	"\"commit\":\"" HASH
	"\",\"subject\":\"s\",\"release\":\"v1.0\",\"role\":\"search\",\"verdict\":\"bad\","
	"\"reason\":\"the bug is not there yet\",\"cc\":\"gcc-old\","
	"\"patches\":[\"backport " OTHER "\"],\"options\":[]}",
	"{\"event\":\"step\",\"time\":4,\"step\":1,\"left\":0,\"roughly\":0,\"checked\":0,"
	"\"commit\":\"" HASH "\",\"subject\":\"s\",\"release\":\"\",\"role\":\"search\"}",
	"{\"event\":\"built\",\"time\":5,\"duration\":182852000,\"step\":0,"
	"\"compiler\":\"gcc 1.0\",\"signature\":\"7bcb\"}",
	"{\"event\":\"build_failed\",\"time\":5,\"duration\":31600000,\"step\":5,"
	"\"reason\":\"kernel.c:15:2: error: #error no\",\"compiler\":\"the setting 'build'\"}",
	"{\"event\":\"build_failed\",\"time\":5,\"step\":5,\"reason\":\"does not apply\"}",
	"{\"event\":\"run_started\",\"time\":6,\"step\":0,\"run\":0}",
	"{\"event\":\"run_done\",\"time\":7,\"duration\":316690000,\"boot\":258118000,\"step\":0,"
	"\"run\":100000,\"outcome\":\"crashed\",\"type\":\"oops\",\"title\":\"BUG: it\"}",
	"{\"event\":\"run_done\",\"time\":7,\"duration\":1558875000,\"step\":0,\"run\":0,"
	"\"outcome\":\"exit\",\"status\":7,\"title\":\"\"}",
	"{\"event\":\"run_done\",\"time\":7,\"step\":0,\"run\":0,\"outcome\":\"ok\"}",
	"{\"event\":\"known\",\"time\":8,\"step\":1,\"good\":5,\"bad\":0,\"verdict\":\"good\","
	"\"reason\":\"same kernel as step 9 of walk\"}",
	"{\"event\":\"verdict\",\"time\":9,\"step\":9,\"same\":0,\"verdict\":\"bad\","
	"\"reason\":\"same kernel as step 0\"}",
	"{\"event\":\"verdict\",\"time\":9,\"step\":0,\"verdict\":\"skip\",\"reason\":\"r\"}",
	"{\"event\":\"dropped\",\"time\":10,\"step\":2,\"reason\":\"not needed any more\"}",
	"{\"event\":\"kept\",\"time\":11,\"step\":1}",
	"{\"event\":\"judged\",\"time\":12,\"uid\":0,\"commit\":\"" HASH "\",\"verdict\":\"good\"}",
	"{\"event\":\"judged\",\"time\":12,\"uid\":0,\"commit\":\"" HASH
	"\",\"subject\":\"x: y\",\"verdict\":\"good\"}",
	"{\"event\":\"retest\",\"time\":13,\"step\":0}",
	"{\"event\":\"minimize\",\"time\":14,\"options\":[\"CONFIG_A=y\",\"CONFIG_B=m\"]}",
	"{\"event\":\"reopened\",\"time\":15,\"reason\":\"the search goes on\"}",
	"{\"event\":\"doubted\",\"time\":5,\"commit\":\"c0\",\"reason\":\"crashed: BUG: x\"}",
	"{\"event\":\"reported\",\"time\":16,\"list\":[\"to: a@example.org\"]}",
	"{\"event\":\"found\",\"time\":17,\"text\":\"commit " HASH "\\nAuthor: \xc3\x84\\n\","
	"\"parents\":[\"" OTHER "\"],\"list\":[\"" HASH "\"]}",
	"{\"event\":\"found\",\"time\":17,\"parents\":[],\"list\":[\"" HASH "\",\"" OTHER "\"]}",
	"{\"event\":\"concluded\",\"time\":18,\"text\":\"BUG: it\\n\",\"subject\":\"toy: it\","
	"\"verdict\":\"culprit " HASH " (confidence 1.00)\"}",
	"{\"event\":\"concluded\",\"time\":18,\"verdict\":\"not reproduced\"}",
	"{\"event\":\"failed\",\"time\":19,\"reason\":\"no release\"}",
	"{\"event\":\"paused\",\"time\":20,\"reason\":\"by its user: write resume to go on\"}",
	"{\"event\":\"paused\",\"time\":20,\"role\":\"disk\",\"reason\":\"no room left\"}",
	"{\"event\":\"resumed\",\"time\":21}",
	"{\"event\":\"aborted\",\"time\":22}",
	"{\"event\":\"restarted\",\"time\":23}",
	/* and what has been added since */
	"{\"event\":\"created\",\"time\":1,\"uid\":3000000000,\"gid\":4294967295,\"name\":\"a\"}",
	"{\"event\":\"judged\",\"time\":12,\"uid\":3000000000,\"commit\":\"" HASH
	"\",\"verdict\":\"skip\"}",
	"{\"event\":\"run_done\",\"time\":7,\"step\":0,\"run\":0,\"outcome\":\"exit\",\"status\":-"
	"5}",
	"{\"event\":\"verdict\",\"time\":9,\"step\":3,\"verdict\":\"good\","
	"\"reason\":\"by its user\",\"by_user\":true}",
	"{\"event\":\"concluded\",\"time\":18,\"verdict\":\"no-op: " HASH "\",\"no_op\":true}",
	"{\"event\":\"built\",\"time\":5,\"step\":0,\"compiler\":\"gcc 1.0\","
	"\"matched\":\"a.c:1: warning: w\",\"object\":\"a.o\",\"alone\":true}",
	"{\"event\":\"build_failed\",\"time\":5,\"step\":5,\"reason\":\"a.c:1: error: e\","
	"\"object\":\"a.o\",\"alone\":true}",
	"{\"event\":\"all_parents\",\"time\":17}",
	"{\"event\":\"inside\",\"time\":17,\"list\":[\"" HASH "\"]}",
	"{\"event\":\"found\",\"time\":17,\"list\":[\"" HASH "\",\"" OTHER "\"],"
	"\"borders\":[\"broken " HASH " - 2\",\"fixed " OTHER " " HASH " 0\"]}",
};

static err_t read_line(const char *line, struct event *ev, struct error *why)
{
	json_t *json = json_loads(line, 0, NULL);
	g_assert_nonnull(json);
	err_t err = event_from_json(json, ev, why);
	json_decref(json);
	return err;
}

static struct event must_read(const char *line)
{
	struct event ev;
	struct error why = { 0 };
	if (read_line(line, &ev, &why) != 0)
		g_error("%s: %s", line, why.text);
	return ev;
}

static void must_write(const struct event *ev, const char *line)
{
	json_t *json = event_to_json(ev);
	char *text = json_dumps(json, JSON_COMPACT);
	g_assert_cmpstr(text, ==, line);
	free(text);
	json_decref(json);
}

static void test_lines(void)
{
	bool seen[EV_KINDS] = { false };
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		struct event ev = must_read(lines[i]), copy;
		seen[ev.kind] = true;
		event_copy(&copy, &ev);
		must_write(&ev, lines[i]);
		event_clear(&ev);
		must_write(&copy, lines[i]);
		event_clear(&copy);
	}
	for (int kind = EV_NONE + 1; kind < EV_KINDS; kind++)
		g_assert_true(seen[kind]);
}

/* One field put in place of what a line has, or added to it. */
static char *with(const char *line, const char *field, const char *value)
{
	json_t *json = json_loads(line, 0, NULL);
	json_object_set_new(json, field, json_loads(value, JSON_DECODE_ANY, NULL));
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static void must_refuse(const char *line, const char *field)
{
	struct event ev;
	struct error why = { 0 };
	g_autofree char *named = g_strdup_printf("'%s'", field);
	if (read_line(line, &ev, &why) != -EINVAL)
		g_error("taken: %s", line);
	if (!strstr(why.text, named))
		g_error("%s: '%s' does not name the field", line, why.text);
	g_assert_cmpint(ev.kind, ==, EV_NONE);
}

/* What each field of a kind must not be; "-" stands for the field being left out. */
static const struct {
	const char *kinds, *field, *values; /* separated by spaces and by ; */
} refused[] = {
	{ "created judged", "uid", "-1;4294967296;\"0\";null;1.5" },
	{ "created", "gid", "-1;4294967296;\"0\"" },
	{ "created", "name", "-;7;null" },
	{ "started", "text", "-;7" },
	{ "started step judged doubted", "commit", "-;7" },
	{ "started", "host", "-;7" },
	{ "started", "key", "7" },
	{ "started loaded reported found", "list", "-;\"a\";[1]" },
	{ "started", "values", "-;[]" },
	{ "loaded", "commit", "7" },
	{ "loaded", "base", "7" },
	{ "loaded step", "options", "7;[null]" },
	{ "minimize", "options", "-;7" },
	{ "step built build_failed run_started run_done known verdict dropped kept retest", "step",
	  "-;-1;2147483648;9223372036854775807;\"0\";1.0" },
	{ "step", "left", "-1;2147483648;\"1\"" },
	{ "step", "roughly", "-1;2147483648" },
	{ "step", "checked", "-1;2;true" },
	{ "step", "subject", "-;7" },
	{ "step", "release", "7" },
	{ "step", "role", "-;\"great\";\"\";2" },
	{ "step", "verdict", "\"great\";\"\";1" },
	{ "step", "reason", "7" },
	{ "step", "cc", "7" },
	{ "step", "patches", "\"pick\"" },
	{ "built build_failed run_done", "duration", "-1;2305843009213693952;\"1\"" },
	{ "built build_failed", "compiler", "7" },
	{ "built", "signature", "7" },
	{ "built build_failed", "matched", "7" },
	{ "built build_failed", "object", "7" },
	{ "built build_failed", "alone", "1;\"yes\"" },
	{ "run_done", "value", "7" },
	{ "build_failed known verdict dropped reopened failed paused doubted", "reason", "-;7" },
	{ "run_started run_done", "run", "-;-1;100001;2147483648" },
	{ "run_done", "boot", "-1;2305843009213693952" },
	{ "run_done", "outcome", "-;\"great\";\"none\";0;-1;8;5000" },
	{ "run_done", "type", "\"great\";-1;16;5000;2147483648" },
	{ "run_done", "status", "-2147483649;2147483648;\"1\"" },
	{ "run_done", "title", "7" },
	{ "known", "good", "-;-1;100002;2147483648" },
	{ "known", "bad", "-;-1;100002;2147483648" },
	{ "known verdict judged", "verdict", "-;\"great\";\"\";1" },
	{ "verdict", "same", "-1;2147483648" },
	{ "verdict", "by_user", "1;\"yes\"" },
	{ "found", "text", "7" },
	{ "found", "parents", "\"a\"" },
	{ "concluded", "text", "7" },
	{ "concluded", "subject", "7" },
	{ "concluded", "verdict", "-;7" },
	{ "concluded", "no_op", "0" },
	{ "paused", "role", "\"floppy\";7" },
	{ "resumed", "time", "-1" },
};

static const char *line_of(const char *kind)
{
	g_autofree char *head = g_strdup_printf("{\"event\":\"%s\",", kind);
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		if (g_str_has_prefix(lines[i], head))
			return lines[i];
	}
	g_error("no line of '%s'", kind);
}

static char *without(const char *line, const char *field)
{
	json_t *json = json_loads(line, 0, NULL);
	json_object_del(json, field);
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static void test_refused(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_auto(GStrv) kinds = g_strsplit(refused[i].kinds, " ", -1);
		g_auto(GStrv) values = g_strsplit(refused[i].values, ";", -1);
		for (char **k = kinds; *k; k++) {
			for (char **v = values; *v; v++) {
				const char *line = line_of(*k), *field = refused[i].field;
				char *text = strcmp(*v, "-") == 0 ? without(line, field)
								  : with(line, field, *v);
				must_refuse(text, field);
				free(text);
			}
		}
	}
}

static void test_no_event(void)
{
	static const char *const bad[] = {
		"[]",
		"{}",
		"{\"event\":\"aborted\"}",
		"{\"event\":\"aborted\",\"time\":\"1\"}",
		"{\"event\":\"from the future\",\"time\":1}",
		"{\"event\":\"none\",\"time\":1}",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct event ev;
		struct error why = { 0 };
		g_assert_cmpint(read_line(bad[i], &ev, &why), ==, -EINVAL);
		g_assert_cmpint(strlen(why.text), >, 0);
	}
}

/* The first journals of all have numbers where there are names now. */
static void test_numbers_of_enums(void)
{
	struct event ev = must_read("{\"event\":\"run_done\",\"time\":7,\"step\":0,\"run\":0,"
				    "\"outcome\":2,\"type\":12}");
	g_assert_cmpint(ev.run_done.outcome, ==, OUTCOME_CRASHED);
	g_assert_cmpint(ev.run_done.type, ==, CRASH_KASAN);
	must_write(&ev, "{\"event\":\"run_done\",\"time\":7,\"step\":0,\"run\":0,"
			"\"outcome\":\"crashed\",\"type\":\"kasan\"}");
	event_clear(&ev);
	ev = must_read("{\"event\":\"run_done\",\"time\":7,\"step\":0,\"run\":0,\"outcome\":1,"
		       "\"type\":0,\"status\":0}");
	g_assert_cmpint(ev.run_done.outcome, ==, OUTCOME_OK);
	g_assert_cmpint(ev.run_done.type, ==, CRASH_NONE);
	event_clear(&ev);
}

/* A program that could not write such a uid left it out, and its own next start was refused. */
static void test_uid_left_out(void)
{
	struct event ev = must_read("{\"event\":\"created\",\"time\":1,\"name\":\"a\"}");
	g_assert_cmpuint(ev.created.uid, ==, EVENT_NOBODY);
	g_assert_cmpuint(ev.created.gid, ==, EVENT_NOBODY);
	event_clear(&ev);
	ev = must_read("{\"event\":\"created\",\"time\":1,\"gid\":100,\"name\":\"a\"}");
	g_assert_cmpuint(ev.created.uid, ==, EVENT_NOBODY);
	g_assert_cmpuint(ev.created.gid, ==, 100);
	event_clear(&ev);
	ev = must_read("{\"event\":\"judged\",\"time\":1,\"commit\":\"" HASH
		       "\",\"verdict\":\"bad\"}");
	g_assert_cmpuint(ev.judged.uid, ==, EVENT_NOBODY);
	event_clear(&ev);
}

/* What was told from the words that people read. */
static void test_flags(void)
{
	struct event ev = must_read("{\"event\":\"verdict\",\"time\":9,\"step\":3,"
				    "\"verdict\":\"good\",\"reason\":\"by its user\"}");
	g_assert_true(ev.verdict.by_user);
	event_clear(&ev);
	ev = must_read("{\"event\":\"verdict\",\"time\":9,\"step\":3,\"verdict\":\"good\","
		       "\"reason\":\"5 of 5 runs were OK\"}");
	g_assert_false(ev.verdict.by_user);
	event_clear(&ev);
	ev = must_read("{\"event\":\"concluded\",\"time\":1,\"verdict\":\"no-op: x does not\"}");
	g_assert_true(ev.concluded.no_op);
	event_clear(&ev);
	ev = must_read("{\"event\":\"concluded\",\"time\":1,\"verdict\":\"not fixed\"}");
	g_assert_false(ev.concluded.no_op);
	event_clear(&ev);
}

/* Nothing is written that could not be read again. */
static void test_check(void)
{
	struct event ev = event_make(EV_PAUSED);
	struct error why = { 0 };
	g_assert_cmpint(event_check(&ev, &why), ==, -EINVAL);
	g_assert_cmpstr(why.text, ==, "a 'paused' event without 'reason'");
	ev.paused.reason = g_strdup("r");
	g_assert_cmpint(event_check(&ev, NULL), ==, 0);
	event_clear(&ev);
	ev = event_make(EV_RUN_DONE);
	g_assert_cmpint(event_check(&ev, &why), ==, -EINVAL);
	g_assert_cmpstr(why.text, ==, "field 'outcome' is 0, and must be between 1 and 7");
	ev.run_done.outcome = OUTCOME_OK;
	g_assert_cmpint(event_check(&ev, NULL), ==, 0);
	ev.run_done.run = -1;
	g_assert_cmpint(event_check(&ev, &why), ==, -EINVAL);
	event_clear(&ev);
}

/* Commit messages are bytes. */
static void test_bytes(void)
{
	struct event ev = event_make(EV_FAILED), back;
	ev.failed.reason = g_strdup("\"\n\t\x01 \xff");
	json_t *json = event_to_json(&ev);
	g_assert_cmpint(event_from_json(json, &back, NULL), ==, 0);
	g_assert_cmpstr(back.failed.reason, ==, "\"\n\t\x01 \xef\xbf\xbd");
	json_decref(json);
	event_clear(&ev);
	event_clear(&back);
}

static void shout(char **line)
{
	char *loud = g_ascii_strup(*line, -1);
	g_free(*line);
	*line = loud;
}

static void test_what_it_is_about(void)
{
	struct event ev = must_read(line_of("run_done"));
	g_assert_cmpint(event_step(&ev), ==, 0);
	g_assert_cmpint(event_run(&ev), ==, 100000);
	event_each_line(&ev, shout);
	g_assert_cmpstr(ev.run_done.title, ==, "BUG: IT");
	event_clear(&ev);
	ev = must_read(line_of("aborted"));
	g_assert_cmpint(event_step(&ev), ==, -1);
	g_assert_cmpint(event_run(&ev), ==, -1);
	event_each_line(&ev, shout);
	event_clear(&ev);
	ev = must_read(line_of("concluded"));
	event_each_line(&ev, shout);
	g_assert_cmpstr(ev.concluded.subject, ==, "TOY: IT");
	g_assert_cmpstr(ev.concluded.text, ==, "BUG: it\n");
	event_clear(&ev);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/event/lines", test_lines);
	g_test_add_func("/event/refused", test_refused);
	g_test_add_func("/event/no-event", test_no_event);
	g_test_add_func("/event/numbers-of-enums", test_numbers_of_enums);
	g_test_add_func("/event/uid-left-out", test_uid_left_out);
	g_test_add_func("/event/flags", test_flags);
	g_test_add_func("/event/check", test_check);
	g_test_add_func("/event/bytes", test_bytes);
	g_test_add_func("/event/what-it-is-about", test_what_it_is_about);
	return g_test_run();
}
