/*
 * make-state DIR COUNT STEPS RUNS: a state directory with so many finished bisections, each with so
 * many steps and runs, with logs, reports and configurations, as a daemon would have left it.
 */
#include "engine/base/file.h"
#include "engine/store/state_dir.h"

#include "bisectfs/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *state;
static int steps, runs;
static char *text; /* of a log */

static void put(const char *path, const char *data, gsize len)
{
	if (!g_file_set_contents(path, data, (gssize)len, NULL))
		g_error("cannot write %s", path);
}

static void add(struct session *s, GString *journal, struct event *ev)
{
	struct error why;
	ev->time = s->changed + 1000000000;
	if (session_apply(s, ev, &why) != 0)
		g_error("%s: %s", event_kind_name(ev->kind), why.text);
	json_t *json = event_to_json(ev);
	char *line = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	g_string_append_printf(journal, "%s\n", line);
	free(line);
	json_decref(json);
	event_clear(ev);
}

#define GOOD 9999 /* the commit that is given as good; the last step tests it */

static char *hash(int n)
{
	return g_strdup_printf("%040x", 0xabc000 + n);
}

static void conclude(struct session *s, GString *journal)
{
	struct event ev;
	while (session_decide(s, &ev))
		add(s, journal, &ev);
}

static void run(struct session *s, GString *journal, int n, int k, bool bad)
{
	struct event ev = event_make(EV_RUN_STARTED);
	ev.run_started.step = n;
	ev.run_started.run = k;
	add(s, journal, &ev);
	ev = event_make(EV_RUN_DONE);
	ev.run_done.step = n;
	ev.run_done.run = k;
	ev.run_done.duration = 1500000000;
	ev.run_done.outcome = bad ? OUTCOME_CRASHED : OUTCOME_OK;
	ev.run_done.type = bad ? CRASH_KASAN : CRASH_NONE;
	ev.run_done.title = g_strdup(bad ? "KASAN: use-after-free Read in mptcp_close" : "");
	add(s, journal, &ev);
	g_autofree char *log = state_dir_run(state, s->name, n, k, "log");
	put(log, text, strlen(text));
	if (bad) {
		g_autofree char *report = state_dir_run(state, s->name, n, k, "report");
		put(report, text, 1500);
	}
}

static void step(struct session *s, GString *journal, int n, bool bad)
{
	g_autofree char *dir = state_dir_step(state, s->name, n);
	g_autofree char *logs = g_build_filename(dir, "runs", NULL);
	g_autofree char *config = g_build_filename(dir, "config", NULL);
	g_autofree char *log = g_build_filename(dir, "build.log", NULL);
	if (file_mkdir(logs, NULL) != 0)
		g_error("cannot create %s", logs);
	put(config, text, strlen(text));
	put(log, text, strlen(text));
	bool last = n == steps - 1;
	int number = last ? GOOD : n;
	struct event ev = event_make(EV_STEP);
	ev.step.step = n;
	ev.step.commit = hash(number);
	ev.step.subject = g_strdup_printf("net: change number %d", n);
	ev.step.role = n == 0 ? ROLE_ORIGINAL : last ? ROLE_GOOD : ROLE_SEARCH;
	ev.step.left = n ? 1 << (steps - n) : -1;
	ev.step.roughly = n ? steps - n : -1;
	add(s, journal, &ev);
	ev = event_make(EV_BUILT);
	ev.built.step = n;
	ev.built.duration = (int64_t)400 * 1000000000;
	ev.built.compiler =
		g_strdup("gcc (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40");
	g_autofree char *commit = hash(number);
	ev.built.signature = g_compute_checksum_for_string(G_CHECKSUM_SHA256, commit, -1);
	add(s, journal, &ev);
	for (int k = 0; k < runs; k++)
		run(s, journal, n, k, bad);
	conclude(s, journal);
}

static void bisection(int i)
{
	g_autofree char *name = g_strdup_printf("b%04d", i);
	g_autofree char *dir = state_dir_bisection(state, name);
	g_autofree char *settings = state_dir_setting(state, name, NULL);
	g_autofree char *files = g_build_filename(settings, "files", NULL);
	g_autofree char *journal = g_build_filename(dir, "journal", NULL);
	g_autoptr(GString) out = g_string_new(NULL);
	struct session *s = session_new(name);
	if (file_mkdir(files, NULL) != 0)
		g_error("cannot create %s", files);
	s->changed = (int64_t)1600000000 * 1000000000 + i;
	struct event ev = event_make(EV_CREATED);
	ev.created = (struct event_created){ .name = g_strdup(name) };
	add(s, out, &ev);
	struct settings set;
	g_autofree char *number = g_strdup_printf("%d", runs);
	settings_init(&set);
	settings_set(&set, SET_CONFIDENCE, "1", 1, NULL);
	settings_set(&set, SET_CERTIFY, "off", 3, NULL);
	settings_set(&set, SET_RUNS, number, strlen(number), NULL);
	settings_set(&set, SET_FIRST_RUNS, number, strlen(number), NULL);
	ev = event_make(EV_STARTED);
	ev.started.text = g_strdup("main");
	ev.started.commit = hash(0);
	ev.started.goods = g_new0(char *, 2);
	ev.started.goods[0] = hash(GOOD);
	ev.started.values = settings_to_json(&set);
	ev.started.host = g_strdup("bench");
	add(s, out, &ev);
	settings_clear(&set);
	ev = event_make(EV_LOADED);
	ev.loaded.releases = g_new0(char *, 1);
	add(s, out, &ev);
	for (int n = 0; n < steps; n++)
		step(s, out, n, n == 0 || (n % 3 == 2 && n < steps - 1));
	ev = event_make(EV_FOUND);
	ev.found.candidates = g_new0(char *, 2);
	ev.found.candidates[0] = hash(0);
	ev.found.text = g_strdup("commit\n");
	ev.found.parents = g_new0(char *, 1);
	add(s, out, &ev);
	ev = event_make(EV_REPORTED);
	ev.reported.maintainers = g_new0(char *, 1);
	add(s, out, &ev);
	conclude(s, out);
	if (s->state != STATE_DONE)
		g_error("the bisection %s does not end", s->name);
	put(journal, out->str, out->len);
	session_free(s);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	state = argv[1];
	steps = atoi(argv[3]);
	runs = atoi(argv[4]);
	GString *lines = g_string_new(NULL);
	for (int i = 0; lines->len < 6000; i++)
		g_string_append_printf(lines, "[%5d.%06d] kernel: line %d of the console\n", i, i,
				       i);
	text = g_string_free(lines, FALSE);
	for (int i = 0; i < atoi(argv[2]); i++)
		bisection(i);
	g_free(text);
	return 0;
}
