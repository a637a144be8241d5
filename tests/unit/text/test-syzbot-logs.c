/*
 * Five bisection logs that syzbot published: what they record (commits, signatures, outcomes,
 * times) is fed to a session, which has to come to the same verdicts and to print the same text.
 * Where its text differs, a rule below says why. The logs are found through $BISECTFS_CORPUS.
 */
#include "engine/text/bisection_log.h"

#include <string.h>

/* ---- rules: lines that differ, each with its reason ---- */

enum rule_kind {
	THEIRS_ALONE, /* a line of theirs that starts so is left out */
	OURS_ALONE,   /* a line of ours */
};

static const struct rule {
	enum rule_kind kind;
	const char *prefix;
	const char *reason;
	int logs; /* bit for each log that it holds for */
} rules[] = {
	{ THEIRS_ALONE, "building syzkaller on ", "no fuzzer is built here", 0x1f },
	{ OURS_ALONE, "host starts bisection ", "the line came into use in 2022", 0x0f },
	{ OURS_ALONE, "ensuring issue is reproducible ", "the line came into use in 2022", 0x0f },
	{ OURS_ALONE, "compiler: ", "a line of its own since 2021", 0x06 },
	{ THEIRS_ALONE, "Warning: Permanently added", "an outcome is one line", 0x01 },
	{ THEIRS_ALONE, "recipients (", "its Reported-by and Cc tags did not count yet", 0x01 },
	{ OURS_ALONE, "recipients (", "its Reported-by and Cc tags did not count yet", 0x01 },
	{ THEIRS_ALONE, "cc: [", "recipients are told apart since 2020", 0x02 },
	{ OURS_ALONE, "recipients (", "recipients are told apart since 2020", 0x02 },
};

/* ---- a log ---- */

static const char *const names[] = { "000_4384d5de05f39c7f", "001_ac39949571bc8ce0",
				     "002_69ed49b612ddb972", "003_ec2b195dce5242d5",
				     "004_9b6114140fd40ed7" };

struct replay {
	int index;
	char **lines;
	struct session *s;
	GString *log;
	int64_t now, begun, build_ns, test_ns, total_ns;
	int at; /* line */
	bool timed;
};

static const char *after(const char *line, const char *prefix)
{
	return g_str_has_prefix(line, prefix) ? line + strlen(prefix) : NULL;
}

/* As Go prints a duration. */
static int64_t duration(const char *text)
{
	double total = 0;
	while (g_ascii_isdigit(*text)) {
		char *end;
		double n = g_ascii_strtod(text, &end);
		total += n * (*end == 'h' ? 3600 : *end == 'm' ? 60 : 1);
		text = end + 1;
	}
	return (int64_t)(total * 1e9 + 0.5);
}

static const char *find(const struct replay *r, const char *prefix)
{
	for (char **l = r->lines; *l; l++) {
		if (g_str_has_prefix(*l, prefix))
			return *l + strlen(prefix);
	}
	return NULL;
}

static void apply(struct replay *r, struct event *ev)
{
	struct error why = { 0 };
	ev->time = MAX(r->now, r->begun);
	if (bisection_log_apply(r->s, r->log, ev, &why) != 0)
		g_error("%s, line %d: %s: %s", names[r->index], r->at + 1,
			event_kind_name(ev->kind), why.text);
	event_clear(ev);
}

static void read_times(struct replay *r)
{
	const char *line = find(r, "revisions tested: ");
	g_assert_nonnull(line);
	r->total_ns = duration(strstr(line, "total time: ") + 12);
	r->build_ns = duration(strstr(line, "build: ") + 7);
	r->test_ns = duration(strstr(line, "test: ") + 6);
}

static void start(struct replay *r)
{
	struct settings set;
	const char *bad = find(r, "bisecting cause commit starting from ");
	g_assert_nonnull(bad);
	r->s = session_new("replay");
	r->log = g_string_new(NULL);
	g_autoptr(GDateTime) when = g_date_time_new_utc(2023, 3, 1, 22, 20, 2);
	r->now = r->begun = g_date_time_to_unix(when) * 1000000000;
	struct event ev = event_make(EV_CREATED);
	ev.created = (struct event_created){ .name = g_strdup("replay") };
	apply(r, &ev);
	settings_init(&set);
	/* these made ten runs of each commit, the first one included, and stopped at nothing */
	settings_set(&set, SET_FIRST_RUNS, "10", 2, NULL);
	settings_set(&set, SET_CONFIDENCE, "1", 1, NULL);
	settings_set(&set, SET_CERTIFY, "off", 3, NULL);
	ev = event_make(EV_STARTED);
	ev.started.text = g_strdup(bad);
	ev.started.commit = g_strdup(bad);
	ev.started.goods = g_new0(char *, 1);
	ev.started.host = g_strdup(r->index == 4 ? "ci" : "host");
	ev.started.values = settings_to_json(&set);
	settings_clear(&set);
	apply(r, &ev);
}

static char *hash_at(const char *text)
{
	return g_strndup(text, 40);
}

/* Releases in the order in which they were tested. */
static void load(struct replay *r)
{
	GPtrArray *list = g_ptr_array_new();
	for (int i = 0; r->lines[i]; i++) {
		const char *release = after(r->lines[i], "testing release ");
		if (!release)
			continue;
		g_autofree char *commit = hash_at(after(r->lines[i + 1], "testing commit "));
		g_ptr_array_add(list, g_strdup_printf("%s %s", release, commit));
	}
	g_ptr_array_add(list, NULL);
	struct event ev = event_make(EV_LOADED);
	ev.loaded.releases = (GStrv)g_ptr_array_free(list, FALSE);
	apply(r, &ev);
}

static void add_step(struct replay *r, const char *commit)
{
	struct event ev = event_make(EV_STEP);
	const char *previous = r->at ? r->lines[r->at - 1] : "";
	int i = r->at - (*previous ? 1 : 2);
	ev.step.step = (int)r->s->steps->len;
	ev.step.commit = hash_at(commit);
	const char *release = after(previous, "testing release ");
	if (release) {
		ev.step.role = ROLE_RELEASE;
		ev.step.release = g_strdup(release);
	} else if (i > 0 && r->lines[i][0] == '[') {
		const char *left = after(r->lines[i - 1], "Bisecting: ");
		g_assert_nonnull(left);
		ev.step.role = ROLE_SEARCH;
		ev.step.subject = g_strdup(strchr(r->lines[i], ']') + 2);
		ev.step.left = atoi(left);
		ev.step.roughly = atoi(strstr(left, "roughly ") + 8);
	} else {
		ev.step.role = ROLE_ORIGINAL;
	}
	if (!ev.step.subject)
		ev.step.subject = g_strdup("");
	apply(r, &ev);
}

/* All time of building goes to the first step; so does that of testing. */
static void add_build(struct replay *r, const char *compiler, const char *signature)
{
	struct event ev = event_make(EV_BUILT);
	ev.built.step = (int)r->s->steps->len - 1;
	ev.built.compiler = g_strdup(compiler ? compiler : "");
	ev.built.signature = g_strdup(signature);
	ev.built.duration = r->timed ? 0 : r->build_ns;
	apply(r, &ev);
}

static void add_run(struct replay *r, int k, const char *text)
{
	static const struct {
		const char *prefix;
		enum outcome_kind kind;
	} kinds[] = { { "OK", OUTCOME_OK },
		      { "crashed: ", OUTCOME_CRASHED },
		      { "boot failed: ", OUTCOME_BOOT_FAILED },
		      { "basic kernel testing failed: ", OUTCOME_BASIC_FAILED } };
	struct event ev = event_make(EV_RUN_STARTED);
	ev.run_started.step = (int)r->s->steps->len - 1;
	ev.run_started.run = k;
	apply(r, &ev);
	ev = event_make(EV_RUN_DONE);
	ev.run_done.step = (int)r->s->steps->len - 1;
	ev.run_done.run = k;
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *title = after(text, kinds[i].prefix);
		if (!title)
			continue;
		ev.run_done.outcome = kinds[i].kind;
		ev.run_done.type = kinds[i].kind == OUTCOME_CRASHED ? CRASH_LOCKDEP : CRASH_NONE;
		ev.run_done.title = g_strdup(title);
	}
	g_assert_cmpint(ev.run_done.outcome, !=, OUTCOME_NONE);
	apply(r, &ev);
}

/* The session has to come to a verdict by itself. */
static void decide(struct replay *r)
{
	struct event ev;
	if (!r->timed)
		r->now += r->test_ns;
	r->timed = true;
	if (!session_decide(r->s, &ev) || ev.kind != EV_VERDICT)
		g_error("%s, line %d: no verdict\n%s", names[r->index], r->at + 1, r->log->str);
	apply(r, &ev);
	const struct step *step = session_step(r->s, (int)r->s->steps->len - 1);
	for (char **l = r->lines + r->at; *l && step->role == ROLE_SEARCH; l++) {
		const char *word = after(*l, "# git bisect ");
		if (!word)
			continue;
		g_autofree char *want = g_strdup_printf(
			"%s %s", session_git_term(r->s, step->verdict), step->commit);
		g_assert_cmpstr(word, ==, want);
		return;
	}
}

static void add_runs(struct replay *r)
{
	const char *all = after(r->lines[r->at], "all runs: ");
	int wanted = session_runs_wanted(r->s, session_step(r->s, (int)r->s->steps->len - 1));
	if (all) {
		for (int k = 0; k < wanted; k++)
			add_run(r, k, all);
		r->at++;
	} else {
		for (int k = 0; r->lines[r->at]; r->at++) {
			const char *line = after(r->lines[r->at], "run #");
			if (line)
				add_run(r, k++, strchr(line, ':') + 2);
			else if (*r->lines[r->at] &&
				 !g_str_has_prefix(r->lines[r->at], "Warning: "))
				break;
		}
	}
	decide(r);
}

static void test_commit(struct replay *r, const char *commit)
{
	const char *compiler = NULL;
	add_step(r, commit);
	r->at++;
	if (after(r->lines[r->at], "compiler: "))
		compiler = after(r->lines[r->at++], "compiler: ");
	const char *signature = after(r->lines[r->at++], "kernel signature: ");
	g_assert_nonnull(signature);
	add_build(r, compiler, signature);
	add_runs(r);
}

static void add_found(struct replay *r)
{
	struct event ev = event_make(EV_FOUND);
	GString *text = g_string_new(NULL);
	const char *parent = find(r, "parent  signature: ");
	g_autofree char *culprit = hash_at(r->lines[r->at]);
	for (r->at++; !after(r->lines[r->at], "culprit signature: "); r->at++)
		g_string_append_printf(text, "%s\n", r->lines[r->at]);
	while (g_str_has_suffix(text->str, "\n\n"))
		g_string_truncate(text, text->len - 1);
	ev.found.candidates = g_strsplit(culprit, " ", -1);
	ev.found.text = g_string_free(text, FALSE);
	ev.found.parents = g_new0(char *, 2);
	for (guint i = 0; i < r->s->steps->len && !ev.found.parents[0]; i++) {
		const struct step *step = session_step(r->s, (int)i);
		if (g_strcmp0(step->signature, parent) == 0)
			ev.found.parents[0] = g_strdup(step->commit);
	}
	g_assert_nonnull(ev.found.parents[0]);
	apply(r, &ev);
}

static void quoted(const char *line, const char *word, GPtrArray *out)
{
	g_auto(GStrv) parts = g_strsplit(line, "\"", -1);
	for (int i = 1; parts[0] && parts[i] && i % 2; i += 2)
		g_ptr_array_add(out, g_strdup_printf("%s: %s", word, parts[i]));
}

static void conclude(struct replay *r)
{
	GPtrArray *list = g_ptr_array_new();
	const char *to = find(r, "recipients (to): "), *cc = find(r, "recipients (cc): ");
	struct event ev = event_make(EV_REPORTED);
	if (to)
		quoted(to, "to", list);
	if (cc)
		quoted(cc, "cc", list);
	g_ptr_array_add(list, NULL);
	ev.reported.maintainers = (GStrv)g_ptr_array_free(list, FALSE);
	apply(r, &ev);
	g_assert_true(session_decide(r->s, &ev));
	g_assert_cmpint(ev.kind, ==, EV_CONCLUDED);
	GString *crash = g_string_new(NULL);
	char **l = r->lines;
	while (!after(*l, "crash: "))
		l++;
	for (l++; *l; l++)
		g_string_append_printf(crash, "%s%s", *l, l[1] ? "\n" : "");
	ev.concluded.text = g_string_free(crash, FALSE);
	r->now = r->begun + r->total_ns;
	apply(r, &ev);
	g_assert_cmpint(r->s->state, ==, STATE_DONE);
}

/* ---- comparison ---- */

static bool left_out(const struct replay *r, enum rule_kind kind, const char *line)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		if (rules[i].kind == kind && rules[i].logs & 1 << r->index &&
		    g_str_has_prefix(line, rules[i].prefix))
			return true;
	}
	return false;
}

/* One spelling for what syzbot spelled differently over the years. */
static char *of_now(const char *line)
{
	const char *commit = after(line, "testing commit ");
	if (commit) /* "with gcc (GCC) 8.1.0", then nothing, then the short name */
		return g_strdup_printf("testing commit %.40s gcc", commit);
	if (strstr(line, " starts bisection ")) /* the fraction of a second, the monotonic clock */
		return g_strndup(line, strlen("ci starts bisection 2023-03-01 22:20:02"));
	const char *list = after(line, "recipients (");
	if (list) { /* each address once */
		g_autoptr(GPtrArray) words = g_ptr_array_new();
		g_auto(GStrv) parts = g_strsplit(line, " ", -1);
		for (char **p = parts; *p; p++) {
			guint last = words->len;
			const char *old = last ? words->pdata[last - 1] : "";
			old += *old == '[';
			if (strcmp(old, *p) != 0)
				g_ptr_array_add(words, *p);
		}
		g_ptr_array_add(words, NULL);
		return g_strjoinv(" ", (char **)words->pdata);
	}
	return g_strdup(line);
}

/* Empty lines came and went around "testing commit" and the signatures. */
static GPtrArray *comparable(const struct replay *r, char **lines, enum rule_kind alone)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	bool crash = false;
	for (char **l = lines; *l; l++) {
		crash = crash || g_str_has_prefix(*l, "crash: ");
		if (!left_out(r, alone, *l) && (**l || crash))
			g_ptr_array_add(out, crash ? g_strdup(*l) : of_now(*l));
	}
	return out;
}

/* An outcome with line breaks is one line here: they end at the first. */
static void compare(struct replay *r)
{
	g_auto(GStrv) lines = g_strsplit(r->log->str, "\n", -1);
	g_autoptr(GPtrArray) ours = comparable(r, lines, OURS_ALONE);
	g_autoptr(GPtrArray) theirs = comparable(r, r->lines, THEIRS_ALONE);
	for (guint i = 0; i < MIN(ours->len, theirs->len); i++) {
		if (strcmp(ours->pdata[i], theirs->pdata[i]) != 0)
			g_error("%s: line %u is '%s', wanted '%s'", names[r->index], i + 1,
				(char *)ours->pdata[i], (char *)theirs->pdata[i]);
	}
	g_assert_cmpint((int)ours->len, ==, (int)theirs->len);
	g_test_message("%u lines are equal", ours->len);
}

static void test_log(gconstpointer data)
{
	struct replay r = { .index = GPOINTER_TO_INT(data) };
	const char *corpus = g_getenv("BISECTFS_CORPUS");
	g_autofree char *file = g_strdup_printf("%s.txt", names[r.index]);
	g_autofree char *path = corpus ? g_build_filename(corpus, "syzbot-logs", file, NULL) : NULL;
	g_autofree char *text = NULL;
	if (!path || !g_file_get_contents(path, &text, NULL, NULL)) {
		g_test_skip("BISECTFS_CORPUS does not lead to the logs");
		return;
	}
	r.lines = g_strsplit(text, "\n", -1);
	read_times(&r);
	start(&r);
	load(&r);
	while (r.lines[r.at] && !after(r.lines[r.at], "culprit signature: ")) {
		const char *commit = after(r.lines[r.at], "testing commit ");
		if (commit)
			test_commit(&r, commit);
		else if (strstr(r.lines[r.at], " is the first bad commit"))
			add_found(&r);
		else
			r.at++;
	}
	conclude(&r);
	compare(&r);
	session_free(r.s);
	g_string_free(r.log, TRUE);
	g_strfreev(r.lines);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (int i = 0; i < (int)G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strdup_printf("/syzbot-log/%s", names[i]);
		g_test_add_data_func(path, GINT_TO_POINTER(i), test_log);
	}
	return g_test_run();
}
