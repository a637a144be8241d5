/*
 * Steps that are judged by their build: what the bug is called, which failure is the bug, which
 * object is made, what the certificate asks for. A line of commits, newest last, is built by a
 * table.
 */
#include "engine/session/build_error.h"
#include "engine/session/build_verdict.h"
#include "engine/session/certify.h"

#include <string.h>

/* ---- the text that stands for an error ---- */

static const struct {
	const char *line, *normal;
} errors[] = {
	{ "fs/a.c:12:3: error: no x", "fs/a.c: error: no x" },
	{ "  fs/a.c:12: error: no x ", "fs/a.c: error: no x" },
	{ "fs/a.c:12:3: fatal error: b.h: No such file", "fs/a.c: fatal error: b.h: No such file" },
	{ "make[3]: *** [scripts/Makefile.build:250: fs/a.o] Error 1",
	  "make: *** [scripts/Makefile.build: fs/a.o] Error 1" },
	{ "make: *** [fs/a.o] Error 1", "make: *** [fs/a.o] Error 1" },
	{ "ld: fs/a.o: in function `f': a.c:(.text+0x1f): undefined reference to `g'",
	  "ld: fs/a.o: in function `f': a.c:(.text): undefined reference to `g'" },
	{ "ld: fs/a.c:77: undefined reference to `g'", "ld: fs/a.c: undefined reference to `g'" },
	{ "ERROR: modpost: \"f\" [a.ko] undefined!", "ERROR: modpost: \"f\" [a.ko] undefined!" },
	{ "a.c:1:2: error: call to '__compiletime_assert_731' declared with attribute error: too "
	  "big",
	  "a.c: error: call to '__compiletime_assert_' declared with attribute error: too big" },
	{ "/tmp/ccAb12Xy.s:17: Error: no such instruction",
	  "/tmp/cc.s: Error: no such instruction" },
	{ "a.c:1: error: expected 10 at 3", "a.c: error: expected 10 at 3" },
	{ "a.c:1: error: \377", "a.c: error: \377" },
	{ "", "" },
};

static void test_normal(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(errors); i++) {
		g_autofree char *normal = build_error_normal(errors[i].line);
		g_autofree char *again = build_error_normal(normal);
		g_assert_cmpstr(normal, ==, errors[i].normal);
		g_assert_cmpstr(again, ==, normal);
	}
	g_autofree char *part = build_error_matched("fs/a.c:1:2: warning: w 7 [-W]", "a.c:.* w");
	g_assert_cmpstr(part, ==, "a.c: warning: w");
	g_autofree char *all = build_error_matched("fs/a.c:1: warning: w", "nothing");
	g_assert_cmpstr(all, ==, "fs/a.c: warning: w");
}

/* ---- a line of commits ---- */

/* What the build of one commit gives: errors or a warning in a.c or b.c. */
struct built {
	int from; /* commits from this one on */
	const char *a, *b, *warning;
	bool a_left_out; /* the configuration does not have a.o: what make does alone is void */
};

#define COMMITS 20

struct world {
	const struct built *line; /* ascending; the first is from 0 */
	int n;
	bool old_make; /* makes an object alone although it is left out, and does not say so */
};

static struct event new_event(enum event_kind kind)
{
	static int64_t now = 1000000000;
	struct event ev = event_make(kind);
	ev.time = now += 1000000000;
	return ev;
}

static void apply(struct session *s, struct event ev)
{
	struct error why = { 0 };
	if (session_apply(s, &ev, &why) != 0)
		g_error("%s: %s", event_kind_name(ev.kind), why.text);
	event_clear(&ev);
}

static int number(const char *hash)
{
	return (int)g_ascii_strtoll(hash, NULL, 10);
}

static char *hash(int i)
{
	return g_strdup_printf("%040d", i);
}

static struct session *start(const char *const *settings)
{
	struct session *s = session_new("test");
	struct settings set;
	struct event ev = new_event(EV_CREATED);
	ev.created = (struct event_created){ .name = g_strdup("test") };
	apply(s, ev);
	settings_init(&set);
	settings_set(&set, SET_TEST, "build", 5, NULL);
	for (; settings && *settings; settings += 2)
		g_assert_cmpint(settings_set(&set, (enum setting)setting_find(settings[0]),
					     settings[1], strlen(settings[1]), NULL),
				==, 0);
	bool fix = settings_is_fix(&set);
	ev = new_event(EV_STARTED);
	ev.started.text = g_strdup("BAD");
	ev.started.commit = hash(fix ? 0 : COMMITS - 1);
	g_autofree char *good = hash(fix ? COMMITS - 1 : 0);
	ev.started.goods = g_strsplit(good, " ", -1);
	ev.started.host = g_strdup("host");
	ev.started.values = settings_to_json(&set);
	apply(s, ev);
	settings_clear(&set);
	return s;
}

static void choose(const struct next_query *q, struct event *ev)
{
	int bad = number(q->bad), good = 0;
	for (char **g = q->goods; *g; g++)
		good = MAX(good, number(*g));
	GPtrArray *found = g_ptr_array_new();
	int middle = -1;
	for (int i = good + 1; i < bad; i++) {
		g_autofree char *h = hash(i);
		if (g_strv_contains((const char *const *)q->skips, h))
			g_ptr_array_add(found, g_steal_pointer(&h));
		else if (middle < 0 || i <= (good + bad) / 2)
			middle = i;
	}
	if (middle >= 0) {
		g_ptr_array_set_free_func(found, g_free);
		g_ptr_array_unref(found);
		*ev = new_event(EV_STEP);
		ev->step.commit = hash(middle);
		return;
	}
	g_ptr_array_add(found, g_strdup(q->bad));
	g_ptr_array_add(found, NULL);
	*ev = new_event(EV_FOUND);
	ev->found.candidates = (GStrv)g_ptr_array_free(found, FALSE);
	ev->found.text = g_strdup("commit x\n\n    subject\n\n    Cc: a\n    Cc: b\n    Cc: c\n");
	ev->found.parents = g_new0(char *, 2);
	ev->found.parents[0] = hash(number(q->bad) - 1);
}

static void answer_next(struct session *s, int step)
{
	struct next_query q;
	struct event ev = new_event(EV_STEP);
	session_next_query(s, &q);
	if (q.commit)
		ev.step.commit = g_strdup(q.commit);
	else
		choose(&q, &ev);
	if (ev.kind == EV_STEP) {
		ev.step.step = step;
		ev.step.role = q.role;
		ev.step.subject = g_strdup("subject");
		ev.step.patches = g_strdupv(q.patches);
	}
	next_query_clear(&q);
	apply(s, ev);
}

static const struct built *built_of(const struct world *w, const struct step *step)
{
	const struct built *built = w->line;
	for (int i = 0; i < w->n; i++) {
		if (w->line[i].from <= number(step->commit))
			built = &w->line[i];
	}
	return step->patches ? w->line : built; /* reverted it is as at first */
}

static void answer_build(struct session *s, const struct world *w, int n)
{
	const struct step *step = session_step(s, n);
	const struct built *built = built_of(w, step);
	const char *object = build_verdict_object(s, n, step->role);
	bool alone = object && (!built->a_left_out || w->old_make);
	const char *a = built->a_left_out && !alone ? NULL : built->a;
	char *list[] = { NULL, NULL, NULL };
	int k = 0;
	if (a)
		list[k++] = g_strdup_printf("a.c:%s: error: %s", step->commit + 38, a);
	if (built->b && !alone)
		list[k++] = g_strdup_printf("b.c:%s: error: %s", step->commit + 38, built->b);
	struct event ev = new_event(k ? EV_BUILD_FAILED : EV_BUILT);
	if (object)
		g_assert_cmpstr(object, ==, "a.o");
	if (k) {
		guint i = build_verdict_pick(s, n, list);
		ev.build_failed.step = n;
		ev.build_failed.reason = g_strdup(list[i]);
		ev.build_failed.compiler = g_strdup("cc");
		ev.build_failed.object = a && !i ? g_strdup("a.o") : NULL;
		ev.build_failed.alone = alone;
	} else {
		ev.built.step = n;
		ev.built.compiler = g_strdup("cc");
		ev.built.alone = alone;
		ev.built.matched = built->warning
					   ? g_strdup_printf("a.c:%s: warning: %s",
							     step->commit + 38, built->warning)
					   : NULL;
		ev.built.object = built->warning ? g_strdup("a.o") : NULL;
	}
	for (char **e = list; *e; e++)
		g_free(*e);
	apply(s, ev);
}

static void answer(struct session *s, const struct world *w, const struct wish *wish)
{
	struct event ev;
	switch (wish->kind) {
	case WISH_LOAD:
		ev = new_event(EV_LOADED);
		ev.loaded.releases = g_new0(char *, 1);
		apply(s, ev);
		break;
	case WISH_NEXT:
		answer_next(s, wish->step);
		break;
	case WISH_BUILD:
		answer_build(s, w, wish->step);
		break;
	case WISH_REPORT:
		ev = new_event(EV_REPORTED);
		ev.reported.maintainers = g_new0(char *, 1);
		apply(s, ev);
		break;
	case WISH_RUN:
		g_error("a run is wished");
	}
}

static void run(struct session *s, const struct world *w)
{
	for (int i = 0; i < 1000; i++) {
		struct event ev;
		if (session_decide(s, &ev)) {
			ev.time = s->changed + 1;
			apply(s, ev);
			continue;
		}
		g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
		session_wishes(s, wishes);
		if (!wishes->len)
			return;
		answer(s, w, &g_array_index(wishes, struct wish, 0));
	}
	g_error("the session does not end");
}

static const struct scenario {
	const char *name;
	struct built line[4];
	const char *settings[5];
	bool old_make;
	int culprit; /* -1: `verdict` is the whole text */
	const char *verdict;
} scenarios[] = {
	{ "error", { { 0 }, { 7, "no x" } }, { NULL }, false, 7, NULL },
	{ "warning",
	  { { 0 }, { 7, .warning = "w" } },
	  { "fail", "warning", NULL },
	  false,
	  7,
	  NULL },
	/* what is before is another error: nobody knows */
	{ "another", { { 0, .b = "other" }, { 3, "no x" } }, { NULL }, false, 3, NULL },
	{ "another-between",
	  { { 0 }, { 5, NULL, "other" }, { 9, "no x" } },
	  { "certify", "off", NULL },
	  false,
	  9,
	  NULL },
	{ "any",
	  { { 0 }, { 5, NULL, "other" }, { 9, "no x" } },
	  { "match", "any", NULL },
	  false,
	  5,
	  NULL },
	/* what fails with another one only cannot be tested */
	{ "expression",
	  { { 0 }, { 8, "no x" }, { 9, "no x", "other" } },
	  { "match", "other", NULL },
	  false,
	  -1,
	  "inconclusive: 2 candidates" },
	{ "expression-matches-nothing",
	  { { 0, "no x" } },
	  { "match", "other", NULL },
	  false,
	  -1,
	  "failed: the kernel of the starting commit 0000000000000000000000000000000000000019 does "
	  "not "
	  "build: another error than 'match' asks for: a.c:19: error: no x" },
	{ "fail-needs-a-compilation",
	  { { 0, "no x" } },
	  { "fail", "warning", NULL },
	  false,
	  -1,
	  "failed: the kernel of the starting commit 0000000000000000000000000000000000000019 does "
	  "not "
	  "build: no line of build.log matches 'fail', but it does not compile: a.c:19: error: no "
	  "x" },
	{ "compiles", { { 0 } }, { NULL }, false, -1, "not reproduced" },
	{ "fix", { { 0, "no x" }, { 7 } }, { "mode", "fix", NULL }, false, 7, NULL },
	/* the file is broken before it becomes a part of the kernel */
	{ "left-out",
	  { { 0 }, { 4, "no x", .a_left_out = true }, { 9, "no x" } },
	  { NULL },
	  false,
	  9,
	  NULL },
	{ "left-out-old",
	  { { 0 }, { 4, "no x", .a_left_out = true }, { 9, "no x" } },
	  { NULL },
	  true,
	  9,
	  NULL },
};

static void test_scenario(gconstpointer data)
{
	const struct scenario *sc = data;
	struct world w = { .line = sc->line, .n = 1, .old_make = sc->old_make };
	while (w.n < 4 && sc->line[w.n].from)
		w.n++;
	struct session *s = start(sc->settings);
	run(s, &w);
	g_autofree char *culprit = g_strdup_printf("culprit %040d (confidence 1.00)", sc->culprit);
	g_assert_cmpstr(s->verdict, ==, sc->culprit < 0 ? sc->verdict : culprit);
	session_free(s);
}

/* Culprit and parent are made as a whole, once. */
static void test_certificate(void)
{
	static const struct built line[] = { { 0 }, { 7, "no x" } };
	struct world w = { .line = line, .n = 2 };
	struct session *s = start(NULL);
	run(s, &w);
	g_autofree char *culprit = hash(7);
	g_autofree char *parent = hash(6);
	int a = build_verdict_whole(s, culprit), b = build_verdict_whole(s, parent);
	g_assert_cmpint(session_step(s, a)->role, ==, ROLE_CULPRIT);
	g_assert_cmpint(session_step(s, b)->role, ==, ROLE_PARENT);
	g_assert_cmpstr(session_step(s, a)->reason, ==, "failed: a.c: error: no x");
	g_assert_cmpstr(session_step(s, b)->reason, ==, "OK: it compiles");
	const struct step *revert = session_find_step(s, ROLE_REVERT, NULL);
	g_assert_true(revert->alone);
	g_assert_cmpint(revert->verdict, ==, VERDICT_GOOD);
	for (guint i = 1; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		g_assert_true(step->alone == ((int)i != a && (int)i != b));
	}
	g_assert_cmpint(build_verdict_bug(s), >=, 0);
	session_free(s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/build-verdict/normal", test_normal);
	for (gsize i = 0; i < G_N_ELEMENTS(scenarios); i++) {
		g_autofree char *path = g_strdup_printf("/build-verdict/%s", scenarios[i].name);
		g_test_add_data_func(path, &scenarios[i], test_scenario);
	}
	g_test_add_func("/build-verdict/certificate", test_certificate);
	return g_test_run();
}
