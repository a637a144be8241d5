/*
 * Whole bisections on a synthetic repository, with a fake builder and a fake VM keyed by the number
 * of the commit: the session and the history are the real ones, libgit2 included.
 *
 * The repository is that of syzbot's own tests: commits titled 400 to 905, hundreds being releases
 * v4.0 to v9.0 with six commits each; an old branch (650, from v5.0) merged as 700, another (790 to
 * 792, from v7.0) merged as 804; and another tree, v8-branch (850 to 852, from v8.0).
 */
#include "engine/session/minimize.h"
#include "engine/history/commit_settings.h"
#include "engine/history/navigate.h"
#include "engine/base/file.h"
#include "engine/text/bisection_log.h"

#include "bisectfs/session.h"

#include <git2.h>
#include <string.h>

/* ---- the repository ---- */

static char *dir;
static struct repo *repo;
static git_repository *git;
static GHashTable *hashes;  /* number -> hash */
static GHashTable *numbers; /* hash -> number */
static int64_t clock_s = 1500000000;

static const char *hash_of(int n)
{
	const char *hash = g_hash_table_lookup(hashes, GINT_TO_POINTER(n));
	if (!hash)
		g_error("no commit %d", n);
	return hash;
}

static int number_of(const char *hash)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(numbers, hash));
}

static git_commit *look_up(int n)
{
	git_oid id;
	git_commit *c = NULL;
	g_assert_cmpint(git_oid_fromstr(&id, hash_of(n)), ==, 0);
	g_assert_cmpint(git_commit_lookup(&c, git, &id), ==, 0);
	return c;
}

static void commit(int n, const char *title, int parent, int second)
{
	git_oid tree_id, id;
	git_treebuilder *builder = NULL;
	git_tree *tree = NULL;
	git_signature *who = NULL;
	git_commit *parents[2] = { parent ? look_up(parent) : NULL,
				   second ? look_up(second) : NULL };
	g_assert_cmpint(git_treebuilder_new(&builder, git, NULL), ==, 0);
	g_assert_cmpint(git_treebuilder_write(&tree_id, builder), ==, 0);
	g_assert_cmpint(git_tree_lookup(&tree, git, &tree_id), ==, 0);
	g_assert_cmpint(git_signature_new(&who, "A", "a@example.org", clock_s += 100, 0), ==, 0);
	g_autofree char *message =
		g_strdup_printf("%s\n\nSigned-off-by: B <b@example.org>\n", title);
	g_assert_cmpint(git_commit_create(&id, git, NULL, who, who, NULL, message, tree,
					  !!parent + !!second, (const git_commit **)parents),
			==, 0);
	char *hash = g_strdup(git_oid_tostr_s(&id));
	g_hash_table_insert(hashes, GINT_TO_POINTER(n), hash);
	g_hash_table_insert(numbers, hash, GINT_TO_POINTER(n));
	git_commit_free(parents[0]);
	git_commit_free(parents[1]);
	git_signature_free(who);
	git_tree_free(tree);
	git_treebuilder_free(builder);
}

static void number(int n, int parent, int second)
{
	g_autofree char *title = g_strdup_printf("%d", n);
	commit(n, title, parent, second);
}

static void ref(const char *name, int n)
{
	git_oid id;
	git_reference *r = NULL;
	git_oid_fromstr(&id, hash_of(n));
	g_assert_cmpint(git_reference_create(&r, git, name, &id, 1, NULL), ==, 0);
	git_reference_free(r);
}

#define REBASED 950 /* "[PATCH v2] 903" beside the branch */

static void make_repository(void)
{
	dir = g_dir_make_tmp("bisectfs-scenarios-XXXXXX", NULL);
	hashes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	numbers = g_hash_table_new(g_str_hash, g_str_equal);
	g_assert_cmpint(git_repository_init(&git, dir, 1), ==, 0);
	int last = 0;
	for (int v = 4; v <= 9; v++) {
		for (int i = 0; i < 6; i++) {
			int n = v * 100 + i;
			if (n == 700) {
				number(650, 500, 0);
				number(700, last, 650);
			} else if (n == 804) {
				number(790, 700, 0);
				number(791, 790, 0);
				number(792, 791, 0);
				number(804, last, 792);
			} else {
				number(n, last, 0);
			}
			last = n;
			if (i == 0) {
				g_autofree char *tag = g_strdup_printf("refs/tags/v%d.0", v);
				ref(tag, n);
			}
			if (n == 800) {
				number(850, 800, 0);
				number(851, 850, 0);
				number(852, 851, 0);
				ref("refs/heads/v8-branch", 852);
			}
		}
	}
	commit(REBASED, "[PATCH v2] 903", 900, 0);
	ref("refs/heads/master", last);
	ref("refs/tags/v9.0-rc1", 805);
	g_assert_cmpint(repo_open(dir, &repo, NULL), ==, 0);
}

/* ---- builder and VM ---- */

struct scenario {
	const char *name;
	int start;
	const char *settings[12];   /* name, value, ..., NULL */
	int culprit;		    /* cause: brings the bug; fix: takes it away */
	int introduced;		    /* fix: brings the bug; 0: always there */
	int inside;		    /* merged onto 803 it breaks from here on; 0: never */
	int conflict;		    /* cannot be merged onto 803 */
	int again_from, again_to;   /* it is there from the one on, before the other, as well */
	int crash_percent;	    /* 0: all runs of a commit that has the bug crash */
	int broken_from, broken_to; /* does not build; then a second and third range */
	int broken2_from, broken2_to, broken3_from, broken3_to;
	int infra_from, infra_to; /* runs are lost */
	int boot_from, boot_to;	  /* does not boot */
	int same_from, same_to;	  /* these are one and the same kernel */
	bool lost;		  /* crashes as "lost connection to test machine" */
	enum outcome_kind shows;  /* how the bug shows; OUTCOME_NONE: by a crash */
	int status;
	const char *title;
	bool revert_fails;   /* the revert does not apply */
	bool revert_crashes; /* the revert does not help */
	int goods[3];	     /* given with the start */
	/* control: after so many verdicts */
	int control_after;
	enum verdict judge;
	int judged;
	int retest;   /* step + 1 */
	int lie_once; /* this commit's first test shows the opposite */
	/* wanted */
	enum session_state state;
	const char *verdict; /* "%" stands for the culprit's hash */
	int found;	     /* what "%" stands for, where it is not the culprit */
	int candidates[8];   /* several found */
	bool first_parent;
	bool all_parents; /* control: inside, at the end */
	int inside_is[3]; /* found inside the merge */
	const char *log;  /* has to be in the log */
};

struct world {
	const struct scenario *sc;
	struct session *s;
	GString *log;
	struct settings *settings;
	guint random;
	int64_t now;
	int verdicts;
	bool said;
	GHashTable *lied;
};

static bool within(int n, int from, int to)
{
	return from && n >= from && n <= to;
}

static bool reaches(int n, int ancestor)
{
	git_oid a, b;
	git_oid_fromstr(&a, hash_of(n));
	git_oid_fromstr(&b, hash_of(ancestor));
	return n == ancestor || git_graph_descendant_of(git, &a, &b) == 1;
}

/* Titles of the other trees count as their numbers say. */
static bool has_bug(const struct world *w, int n)
{
	const struct scenario *sc = w->sc;
	if (sc->again_from && reaches(n, sc->again_from) && !reaches(n, sc->again_to))
		return true;
	if (!settings_is_fix(&w->s->settings))
		return sc->culprit && reaches(n, sc->culprit);
	bool there = !sc->introduced || reaches(n, sc->introduced);
	return there && !(sc->culprit && reaches(n, sc->culprit));
}

static struct event daemon_log(struct world *w, enum event_kind kind)
{
	struct event ev = event_make(kind);
	ev.time = w->now += 1000000000;
	return ev;
}

static void apply(struct world *w, struct event *ev)
{
	struct error why = { 0 };
	if (bisection_log_apply(w->s, w->log, ev, &why) != 0)
		g_error("%s: %s: %s\n%s", w->sc->name, event_kind_name(ev->kind), why.text,
			w->log->str);
	w->verdicts += ev->kind == EV_VERDICT;
	event_clear(ev);
}

static struct navigator navigator(const struct world *w)
{
	return (struct navigator){ .repo = repo, .settings = &w->s->settings };
}

static void navigate(struct world *w, const struct wish *wish)
{
	struct navigator nav = navigator(w);
	struct event ev = event_make(EV_NONE);
	struct error why = { 0 };
	struct next_query q = { 0 };
	err_t err;
	if (wish->kind == WISH_LOAD) {
		err = navigate_load(&nav, w->s->bad, w->s->goods, &ev, &why);
	} else {
		session_next_query(w->s, &q);
		err = navigate_next(&nav, &q, wish->step, &ev, &why);
		next_query_clear(&q);
	}
	if (err) {
		ev = event_make(EV_FAILED);
		ev.failed.reason = g_strdup(why.text);
	}
	ev.time = w->now += 1000000000;
	apply(w, &ev);
}

static bool is_revert(const struct step *step)
{
	return step->role == ROLE_REVERT;
}

static void build(struct world *w, int n)
{
	const struct scenario *sc = w->sc;
	const struct step *step = session_step(w->s, n);
	int c = number_of(step->commit);
	bool inside = step->role == ROLE_INSIDE;
	bool broken = within(c, sc->broken_from, sc->broken_to) ||
		      within(c, sc->broken2_from, sc->broken2_to) ||
		      within(c, sc->broken3_from, sc->broken3_to) ||
		      (is_revert(step) && sc->revert_fails) || (inside && c == sc->conflict);
	struct event ev = daemon_log(w, broken ? EV_BUILD_FAILED : EV_BUILT);
	if (within(c, sc->same_from, sc->same_to))
		c = sc->same_from;
	if (broken) {
		ev.build_failed.step = n;
		ev.build_failed.duration = 60000000000;
		ev.build_failed.compiler = g_strdup("cc 1.0");
		ev.build_failed.reason = g_strdup(is_revert(step) ? "does not apply" : "error: no");
	} else {
		ev.built.step = n;
		ev.built.duration = 60000000000;
		ev.built.compiler = g_strdup("cc 1.0");
		ev.built.signature = g_strdup_printf("%064d", is_revert(step) ? 1000000 + c
							      : inside	      ? 2000000 + c
									      : c);
	}
	apply(w, &ev);
}

static bool crashes(struct world *w, const struct step *step, int n, int c)
{
	const struct scenario *sc = w->sc;
	bool bug = is_revert(step) ? sc->revert_crashes : has_bug(w, c);
	if (step->role == ROLE_INSIDE)
		bug = sc->inside && reaches(c, sc->inside);
	if (sc->lie_once == c) { /* all runs of the first step that tests it */
		g_hash_table_add(w->lied, GINT_TO_POINTER(n + 1));
		if (g_hash_table_size(w->lied) == 1)
			bug = !bug;
	}
	if (!bug || !sc->crash_percent)
		return bug;
	w->random = w->random * 1103515245 + 12345;
	return (int)(w->random >> 16) % 100 < sc->crash_percent;
}

static void run(struct world *w, int n, int k)
{
	const struct scenario *sc = w->sc;
	const struct step *step = session_step(w->s, n);
	int c = number_of(step->commit);
	struct event ev = daemon_log(w, EV_RUN_STARTED);
	ev.run_started.step = n;
	ev.run_started.run = k;
	apply(w, &ev);
	ev = daemon_log(w, EV_RUN_DONE);
	struct event_run_done *done = &ev.run_done;
	done->step = n;
	done->run = k;
	done->duration = 1000000000;
	done->outcome = OUTCOME_OK;
	if (within(c, sc->infra_from, sc->infra_to)) {
		done->outcome = OUTCOME_INFRA;
		done->title = g_strdup("no VM came up");
	} else if (within(c, sc->boot_from, sc->boot_to)) {
		done->outcome = OUTCOME_BOOT_FAILED;
		done->title = g_strdup("kernel panic: no root");
	} else if (crashes(w, step, n, c)) {
		done->outcome = sc->shows ? sc->shows : OUTCOME_CRASHED;
		done->status = sc->shows ? sc->status : -1;
		done->type = sc->shows == OUTCOME_EXIT ? CRASH_NONE
			     : sc->lost		       ? CRASH_LOST_CONNECTION
						       : CRASH_OOPS;
		done->title = g_strdup(sc->title  ? sc->title
				       : sc->lost ? "lost connection to test machine"
						  : "BUG: it");
	}
	apply(w, &ev);
}

static bool control(struct world *w)
{
	const struct scenario *sc = w->sc;
	if (!sc->control_after || w->said || w->verdicts < sc->control_after)
		return false;
	w->said = true;
	struct event ev = daemon_log(w, sc->retest ? EV_RETEST : EV_JUDGED);
	if (sc->retest) {
		ev.retest.step = sc->retest - 1;
	} else {
		ev.judged.commit = g_strdup(hash_of(sc->judged));
		ev.judged.verdict = sc->judge;
	}
	apply(w, &ev);
	return true;
}

static void drive(struct world *w)
{
	for (int i = 0; i < 20000; i++) {
		struct event ev;
		if (session_decide(w->s, &ev)) {
			ev.time = w->now += 1000000000;
			apply(w, &ev);
			continue;
		}
		if (control(w))
			continue;
		g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
		session_wishes(w->s, wishes);
		if (!wishes->len)
			return;
		struct wish wish = g_array_index(wishes, struct wish, 0);
		if (wish.kind == WISH_LOAD || wish.kind == WISH_NEXT)
			navigate(w, &wish);
		else if (wish.kind == WISH_BUILD)
			build(w, wish.step);
		else if (wish.kind == WISH_RUN)
			run(w, wish.step, wish.run);
		else {
			ev = daemon_log(w, EV_REPORTED);
			ev.reported.maintainers = g_strsplit("cc: maintainer@example.org", ",", -1);
			apply(w, &ev);
		}
	}
	g_error("%s does not end:\n%s", w->sc->name, w->log->str);
}

static void begin(struct world *w)
{
	const struct scenario *sc = w->sc;
	struct settings set;
	w->s = session_new(sc->name);
	w->log = g_string_new(NULL);
	w->lied = g_hash_table_new(NULL, NULL);
	w->random = g_str_hash(sc->name);
	w->now = 1600000000000000000;
	struct event ev = daemon_log(w, EV_CREATED);
	ev.created = (struct event_created){ .name = g_strdup(sc->name) };
	apply(w, &ev);
	settings_init(&set);
	settings_set(&set, SET_OLDEST, "v4.0", 4, NULL);
	for (const char *const *p = sc->settings; *p; p += 2)
		g_assert_cmpint(settings_set(&set, (enum setting)setting_find(p[0]), p[1],
					     strlen(p[1]), NULL),
				==, 0);
	ev = daemon_log(w, EV_STARTED);
	ev.started.text = g_strdup("start");
	ev.started.commit = g_strdup(hash_of(sc->start));
	ev.started.host = g_strdup("host");
	ev.started.values = settings_to_json(&set);
	ev.started.first_parent = sc->first_parent;
	GPtrArray *goods = g_ptr_array_new();
	for (int i = 0; i < 3 && sc->goods[i]; i++)
		g_ptr_array_add(goods, g_strdup(hash_of(sc->goods[i])));
	g_ptr_array_add(goods, NULL);
	ev.started.goods = (GStrv)g_ptr_array_free(goods, FALSE);
	apply(w, &ev);
	settings_clear(&set);
}

/* Everything that was found, in whatever order. */
static void check_candidates(const struct world *w)
{
	const struct scenario *sc = w->sc;
	guint n = 0;
	while (n < G_N_ELEMENTS(sc->candidates) && sc->candidates[n])
		n++;
	if (!n)
		return;
	if (!w->s->found || g_strv_length(w->s->found) != n)
		g_error("%s: %u candidates wanted\n%s", sc->name, n, w->log->str);
	for (guint i = 0; i < n; i++) {
		if (!g_strv_contains((const char *const *)w->s->found, hash_of(sc->candidates[i])))
			g_error("%s: %d is no candidate\n%s", sc->name, sc->candidates[i],
				w->log->str);
	}
}

static void check_inside(const struct world *w)
{
	const int *want = w->sc->inside_is;
	for (guint i = 0; want[0] && i < 3; i++) {
		const char *got =
			w->s->inside && (!i || w->s->inside[i - 1]) ? w->s->inside[i] : NULL;
		if (g_strcmp0(got, want[i] ? hash_of(want[i]) : NULL) != 0)
			g_error("%s: inside is %s, not %d\n%s", w->sc->name, got, want[i],
				w->log->str);
		if (!want[i])
			return;
	}
}

static void test_scenario(gconstpointer data)
{
	struct world w = { .sc = data };
	const struct scenario *sc = data;
	begin(&w);
	drive(&w);
	if (sc->all_parents) {
		struct event ev = daemon_log(&w, EV_ALL_PARENTS);
		apply(&w, &ev);
		g_assert_cmpint(w.s->state, ==, STATE_RUNNING);
		drive(&w);
	}
	int expected = sc->found ? sc->found : sc->culprit;
	g_auto(GStrv) parts = g_strsplit(sc->verdict, "%", -1);
	g_autofree char *want = g_strjoinv(expected ? hash_of(expected) : "?", parts);
	if (w.s->state != sc->state || !w.s->verdict || !g_pattern_match_simple(want, w.s->verdict))
		g_error("%s: is %s, '%s'; wanted %s, '%s'\n%s", sc->name,
			session_state_name(w.s->state), w.s->verdict, session_state_name(sc->state),
			want, w.log->str);
	check_candidates(&w);
	check_inside(&w);
	if (sc->log && !strstr(w.log->str, sc->log))
		g_error("%s: the log lacks '%s'\n%s", sc->name, sc->log, w.log->str);
	if (g_getenv("SHOW_LOG"))
		g_print("%s\n", w.log->str);
	session_free(w.s);
	g_string_free(w.log, TRUE);
	g_hash_table_unref(w.lied);
}

#define FOUND "culprit % (confidence *)"
#define COMES "inconclusive: comes and goes: "
#define FIX "mode", "fix", "branch", "master"

static const struct scenario scenarios[] = {
	{ .name = "boot",
	  .start = 905,
	  .goods = { 400 },
	  .settings = { "test", "boot" },
	  .culprit = 703,
	  .broken_from = 602,
	  .broken_to = 603,
	  .shows = OUTCOME_BOOT_FAILED,
	  .status = -1,
	  .title = "BUG: early",
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "all runs: boot failed: BUG: early\n" },
	{ .name = "boot-title",
	  .start = 905,
	  .goods = { 400 },
	  .settings = { "test", "boot" },
	  .culprit = 703,
	  .shows = OUTCOME_BOOT_FAILED,
	  .status = -1,
	  .title = "BUG: early",
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "\ncrash: BUG: early\n" },
	{ .name = "boot-another-title",
	  .start = 905,
	  .goods = { 400 },
	  .settings = { "test", "boot", "match", "^BUG: it" },
	  .culprit = 703,
	  .shows = OUTCOME_BOOT_FAILED,
	  .status = -1,
	  .title = "BUG: early",
	  .state = STATE_DONE,
	  .verdict = "not reproduced" },
	{ .name = "boot-walk",
	  .start = 905,
	  .settings = { "test", "boot" },
	  .culprit = 602,
	  .shows = OUTCOME_BOOT_FAILED,
	  .status = -1,
	  .title = "no output within 60 s",
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "\nrevisions tested: " },
	{ .name = "boot-fixed",
	  .start = 400,
	  .settings = { FIX, "test", "boot" },
	  .culprit = 703,
	  .shows = OUTCOME_BOOT_FAILED,
	  .status = -1,
	  .title = "BUG: early",
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "boot-is-not-the-test",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 703,
	  .shows = OUTCOME_BOOT_FAILED,
	  .status = -1,
	  .title = "BUG: early",
	  .state = STATE_DONE,
	  .verdict = "not reproduced" },
	{ .name = "timed-out",
	  .start = 905,
	  .goods = { 400 },
	  .settings = { "on_timeout", "bad" },
	  .culprit = 703,
	  .shows = OUTCOME_EXIT,
	  .status = OUTCOME_TIMED_OUT,
	  .title = "timed out after 60 s",
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "\nfailure: timed out after 60 s\n" },
	{ .name = "cannot-say",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 703,
	  .shows = OUTCOME_SKIPPED,
	  .status = 139,
	  .title = "killed by signal 11 (SIGSEGV)",
	  .state = STATE_DONE,
	  .verdict = "not reproduced",
	  .log = "all runs: skipped: killed by signal 11 (SIGSEGV)\n" },
	{ .name = "not-executed",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 703,
	  .shows = OUTCOME_EXIT,
	  .status = OUTCOME_NOT_FOUND,
	  .title = "exit status 127: /bin/sh: frob: not found",
	  .state = STATE_FAILED,
	  .verdict = "failed: the reproducer cannot be executed in the guest: exit status 127: "
		     "/bin/sh: frob: not found" },
	{ .name = "not-executed-silent",
	  .start = 400,
	  .settings = { FIX },
	  .culprit = 703,
	  .shows = OUTCOME_EXIT,
	  .status = OUTCOME_NOT_EXECUTABLE,
	  .title = "",
	  .state = STATE_FAILED,
	  .verdict = "failed: the reproducer cannot be executed in the guest: exit status 126" },
	/* what one status means is the user's to say */
	{ .name = "status-1",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 703,
	  .shows = OUTCOME_EXIT,
	  .status = 1,
	  .title = "",
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "all runs: failed: exit status 1\n" },
	{ .name = "cause",
	  .start = 905,
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "testing release v5.0\n" },
	{ .name = "cause-range",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "cause-several-goods",
	  .start = 905,
	  .goods = { 403, 650 },
	  .culprit = 703,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "cause-good-in-another-tree",
	  .start = 905,
	  .goods = { 852 },
	  .culprit = 803,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "Bisecting: a merge base must be tested\n" },
	{ .name = "cause-all-runs",
	  .start = 905,
	  .settings = { "confidence", "1" },
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "cause-without-certificate",
	  .start = 905,
	  .settings = { "certify", "off" },
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "flaky",
	  .start = 905,
	  .crash_percent = 30,
	  .settings = { "confidence", "1" },
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "reproducer is flaky (0." },
	{ .name = "flaky-early-stop",
	  .start = 905,
	  .crash_percent = 50,
	  .culprit = 703,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "accumulated error probability: 0." },
	{ .name = "start-does-not-crash",
	  .start = 905,
	  .culprit = 0,
	  .state = STATE_DONE,
	  .verdict = "not reproduced" },
	{ .name = "start-does-not-build",
	  .start = 905,
	  .culprit = 602,
	  .broken_from = 905,
	  .broken_to = 905,
	  .state = STATE_FAILED,
	  .verdict = "failed: the kernel of the starting commit *" },
	{ .name = "older-than-all-releases",
	  .start = 905,
	  .culprit = 400,
	  .state = STATE_DONE,
	  .verdict = "older than v4.0" },
	{ .name = "older-than-oldest",
	  .start = 905,
	  .settings = { "oldest", "v6.0" },
	  .culprit = 502,
	  .state = STATE_DONE,
	  .verdict = "older than v6.0" },
	{ .name = "release-candidates-are-no-releases",
	  .start = 903,
	  .culprit = 805,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "testing release v9.0\n" },
	{ .name = "broken-releases",
	  .start = 905,
	  .culprit = 602,
	  .broken_from = 500,
	  .broken_to = 700,
	  .state = STATE_DONE,
	  .verdict = "inconclusive: 15 candidates" },
	{ .name = "all-releases-broken",
	  .start = 905,
	  .culprit = 602,
	  .broken_from = 400,
	  .broken_to = 900,
	  .state = STATE_FAILED,
	  .verdict = "failed: the kernel of the oldest release *" },
	{ .name = "one-release-broken",
	  .start = 905,
	  .culprit = 602,
	  .broken_from = 600,
	  .broken_to = 600,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "neighbour-broken",
	  .start = 905,
	  .culprit = 602,
	  .broken_from = 603,
	  .broken_to = 603,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "culprit-broken",
	  .start = 905,
	  .culprit = 602,
	  .broken_from = 602,
	  .broken_to = 602,
	  .state = STATE_DONE,
	  .verdict = "inconclusive: 2 candidates",
	  .candidates = { 602, 603 } },
	{ .name = "does-not-boot-around-culprit",
	  .start = 905,
	  .culprit = 602,
	  .boot_from = 601,
	  .boot_to = 602,
	  .state = STATE_DONE,
	  .verdict = "inconclusive: 3 candidates",
	  .candidates = { 601, 602, 603 } },
	{ .name = "infrastructure",
	  .start = 905,
	  .culprit = 602,
	  .infra_from = 600,
	  .infra_to = 800,
	  .state = STATE_FAILED,
	  .verdict = "failed: step *: too many runs were lost: no VM came up" },
	{ .name = "culprit-is-a-release",
	  .start = 905,
	  .culprit = 500,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "culprit-is-the-start",
	  .start = 905,
	  .culprit = 905,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "culprit-through-old-branch",
	  .start = 905,
	  .culprit = 650,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "culprit-on-merged-branch",
	  .start = 905,
	  .culprit = 791,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "culprit-is-a-merge",
	  .start = 905,
	  .culprit = 804,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = " is a merge, each of its sides is good alone: they only break it together\n" },
	{ .name = "inside-a-merge-by-its-own-changes",
	  .start = 905,
	  .culprit = 804,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "good; what breaks is in the merge's own changes\n" },
	{ .name = "inside-a-merge",
	  .start = 905,
	  .culprit = 804,
	  .inside = 791,
	  .inside_is = { 791 },
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = " is the first commit of the second side that breaks when it is merged onto " },
	{ .name = "inside-a-merge-the-first-of-the-side",
	  .start = 905,
	  .culprit = 804,
	  .inside = 790,
	  .inside_is = { 790 },
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "inside-a-merge-with-conflicts",
	  .start = 905,
	  .culprit = 804,
	  .inside = 792,
	  .conflict = 791,
	  .inside_is = { 791, 792 },
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "could be any of:\n" },
	{ .name = "inside-a-merge-that-had-conflicts", /* it is known to break, as it was merged */
	  .start = 905,
	  .culprit = 804,
	  .inside = 791,
	  .conflict = 792,
	  .inside_is = { 791 },
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "first-parents",
	  .start = 905,
	  .goods = { 700 },
	  .first_parent = true,
	  .culprit = 791, /* on the side that 804 merges */
	  .found = 804,
	  .state = STATE_DONE,
	  .verdict = "culprit % (confidence 0.99)",
	  .log = " has the bug: write 'inside' to control to search that side\n" },
	{ .name = "first-parents-and-then-all",
	  .start = 905,
	  .goods = { 700 },
	  .first_parent = true,
	  .all_parents = true,
	  .culprit = 791,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "# by its user: the merge's side branch is searched too\n" },
	{ .name = "first-parents-and-then-all-of-a-merge",
	  .start = 905,
	  .goods = { 700 },
	  .first_parent = true,
	  .all_parents = true,
	  .culprit = 804,
	  .inside = 791,
	  .inside_is = { 791 },
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "culprit-is-a-merge-reverted",
	  .start = 905,
	  .culprit = 700,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = " commit with the culprit reverted, as against its first parent\n" },
	{ .name = "culprit-is-a-merge-and-boots-not",
	  .start = 905,
	  .goods = { 400 },
	  .settings = { "test", "boot", "runs", "2" },
	  .shows = OUTCOME_BOOT_FAILED,
	  .status = -1,
	  .title = "BUG: early",
	  .culprit = 804,
	  .state = STATE_DONE,
	  .verdict = "culprit % (confidence 0.99)",
	  .log = "certifying: testing another parent of the culprit, a merge\n" },
	{ .name = "culprit-is-a-merge-and-a-side-is-bad", /* which looked good at first */
	  .start = 905,
	  .goods = { 803 },
	  .settings = { "runs", "2" },
	  .lie_once = 792,
	  .culprit = 792,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = " was good at first, with more runs it is bad: the search goes on\n" },
	{ .name = "fix-is-a-merge",
	  .start = 700,
	  .settings = { FIX },
	  .culprit = 804,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = " is a merge, each of its sides has the bug alone: they only mend it together\n" },
	{ .name = "same-kernel-as-parent", /* the user took the parent for good, it was never run */
	  .start = 905,
	  .goods = { 601 },
	  .culprit = 602,
	  .same_from = 601,
	  .same_to = 602,
	  .state = STATE_DONE,
	  .verdict = "good is bad: *" },
	{ .name = "good-is-bad", /* found out at the end, when what is left is one commit */
	  .start = 905,
	  .goods = { 700 },
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = "good is bad: *" },
	{ .name = "one-of-two-goods-is-bad",
	  .start = 905,
	  .goods = { 602, 500 },
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = "good is bad: *" },
	{ .name = "good-is-bad-and-a-branch-beside-it-is-not",
	  .start = 905,
	  .goods = { 602, 500 },
	  .again_from = 600,
	  .again_to = 700,
	  .culprit = 700,
	  .state = STATE_DONE,
	  .verdict = "good is bad: *" },
	{ .name = "comes-and-goes", /* a given good commit is of an earlier stretch */
	  .start = 905,
	  .goods = { 402 },
	  .again_from = 401,
	  .again_to = 503,
	  .culprit = 703,
	  .state = STATE_DONE,
	  .verdict = COMES "fixed by *, broken by *",
	  .candidates = { 503, 703 },
	  .log = "the bug comes and goes: it was fixed between " },
	{ .name = "comes-and-goes-three-borders",
	  .start = 905,
	  .goods = { 404, 400 },
	  .again_from = 402,
	  .again_to = 503,
	  .culprit = 703,
	  .state = STATE_DONE,
	  .verdict = COMES "broken by *, fixed by *, broken by *",
	  .candidates = { 402, 503, 703 } },
	{ .name = "comes-and-goes-skipped", /* in front of a border */
	  .start = 905,
	  .goods = { 402 },
	  .again_from = 401,
	  .again_to = 503,
	  .culprit = 703,
	  .broken_from = 501,
	  .broken_to = 502,
	  .state = STATE_DONE,
	  .verdict = COMES "fixed by * or one of 2 before it, broken by *",
	  .candidates = { 503, 703 } },
	{ .name = "comes-and-goes-by-a-retest",
	  .start = 905,
	  .goods = { 400 },
	  .lie_once = 700, /* the first commit that the search tests */
	  .again_from = 602,
	  .again_to = 703,
	  .culprit = 803,
	  .control_after = 6,
	  .retest = 2,
	  .state = STATE_DONE,
	  .verdict = COMES "broken by *, fixed by *, broken by *",
	  .candidates = { 602, 703, 803 } },
	{ .name = "comes-and-goes-by-a-retest-and-a-bad-good",
	  .start = 905,
	  .goods = { 402 },
	  .lie_once = 701, /* the first commit that the search tests */
	  .again_from = 401,
	  .again_to = 703,
	  .culprit = 803,
	  .control_after = 6,
	  .retest = 2,
	  .state = STATE_DONE,
	  .verdict = COMES "fixed by *, broken by *",
	  .candidates = { 703, 803 },
	  .log = " was given as good and has the bug: the search goes on\n" },
	{ .name = "comes-and-goes-not", /* what showed it is tested again, and takes it back */
	  .start = 905,
	  .goods = { 402 },
	  .settings = { "runs", "2" },
	  .lie_once = 701,
	  .culprit = 401,
	  .state = STATE_DONE,
	  .verdict = "good is bad: *",
	  .log = " was good at first, with more runs it is bad: the search goes on\n" },
	{ .name = "comes-and-goes-in-fix-mode",
	  .start = 400,
	  .goods = { 702 },
	  .settings = { FIX },
	  .culprit = 503,
	  .again_from = 601,
	  .again_to = 804,
	  .state = STATE_DONE,
	  .verdict = COMES "fixed by *, broken by *",
	  .candidates = { 503, 601 } },
	{ .name = "same-kernels-before-culprit",
	  .start = 905,
	  .culprit = 602,
	  .same_from = 600,
	  .same_to = 601,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "same-kernels-after-culprit",
	  .start = 905,
	  .culprit = 602,
	  .same_from = 602,
	  .same_to = 604,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "same-kernel-saves-runs",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 602,
	  .same_from = 602,
	  .same_to = 905,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "bad: same kernel as step 0\n" },
	{ .name = "cause-in-another-tree",
	  .start = 852,
	  .culprit = 603,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "cause-on-a-branch",
	  .start = 852,
	  .culprit = 851,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "cause-of-a-rebased-commit",
	  .start = REBASED,
	  .settings = { "branch", "master" },
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "is not on the branch" },
	{ .name = "lost-connection",
	  .start = 905,
	  .lost = true,
	  .culprit = 602,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "revert-does-not-apply",
	  .start = 905,
	  .culprit = 602,
	  .revert_fails = true,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "failed to build: does not apply\n" },
	{ .name = "revert-does-not-help",
	  .start = 905,
	  .culprit = 602,
	  .revert_crashes = true,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "certifying: testing the starting commit with the culprit reverted\n" },
	{ .name = "fix",
	  .start = 400,
	  .settings = { FIX },
	  .culprit = 802,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "first good commit: " },
	{ .name = "fix-of-a-later-bug",
	  .start = 602,
	  .settings = { FIX },
	  .introduced = 602,
	  .culprit = 802,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "fix-beside-branches-without-the-bug",
	  .start = 704,
	  .settings = { FIX },
	  .introduced = 703,
	  .culprit = 791, /* a branch that never had the bug: the merge of it fixes */
	  .found = 804,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "the bug is not there yet" },
	{ .name = "fix-lost-connection",
	  .start = 400,
	  .settings = { FIX },
	  .lost = true,
	  .culprit = 802,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "fix-flaky",
	  .start = 400,
	  .settings = { FIX },
	  .crash_percent = 60,
	  .culprit = 802,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "fix-head-broken",
	  .start = 400,
	  .settings = { FIX },
	  .culprit = 802,
	  .broken_from = 905,
	  .broken_to = 905,
	  .state = STATE_FAILED,
	  .verdict = "failed: the kernel of the branch's head *" },
	{ .name = "fix-head-crashes",
	  .start = 400,
	  .settings = { FIX },
	  .culprit = 0,
	  .state = STATE_DONE,
	  .verdict = "not fixed" },
	{ .name = "fix-start-does-not-crash",
	  .start = 400,
	  .settings = { FIX },
	  .introduced = 401,
	  .culprit = 802,
	  .state = STATE_DONE,
	  .verdict = "not reproduced" },
	{ .name = "fix-same-kernel-as-parent",
	  .start = 400,
	  .settings = { FIX },
	  .control_after = 2,
	  .judge = VERDICT_BAD,
	  .judged = 801,
	  .culprit = 802,
	  .same_from = 801,
	  .same_to = 802,
	  .state = STATE_DONE,
	  .verdict = "no-op: * does not change the kernel" },
	{ .name = "fix-in-another-tree",
	  .start = 851,
	  .settings = { FIX },
	  .culprit = 903,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "testing the merge base with the branch\n" },
	{ .name = "fix-in-another-tree-base-broken",
	  .start = 851,
	  .settings = { FIX },
	  .culprit = 903,
	  .broken_from = 800,
	  .broken_to = 800,
	  .state = STATE_FAILED,
	  .verdict = "failed: the kernel of the merge base *" },
	{ .name = "fix-in-another-tree-base-clean",
	  .start = 851,
	  .settings = { FIX },
	  .introduced = 850,
	  .culprit = 0,
	  .state = STATE_FAILED,
	  .verdict = "failed: the starting commit is of another tree*" },
	{ .name = "fix-of-a-rebased-commit",
	  .start = REBASED,
	  .settings = { FIX },
	  .culprit = 904,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "is not on the branch" },
	{ .name = "fix-head-is-older",
	  .start = 905,
	  .settings = { "mode", "fix", "branch", "v5.0" },
	  .culprit = 0,
	  .state = STATE_FAILED,
	  .verdict = "failed: the branch's head * is an ancestor *" },
	{ .name = "control-good",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 803,
	  .control_after = 2,
	  .judge = VERDICT_GOOD,
	  .judged = 802,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "# by its user: " },
	{ .name = "control-bad",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 403,
	  .control_after = 1,
	  .judge = VERDICT_BAD,
	  .judged = 404,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "control-good-ends-the-walk",
	  .start = 905,
	  .culprit = 803,
	  .control_after = 1,
	  .judge = VERDICT_GOOD,
	  .judged = 802,
	  .state = STATE_DONE,
	  .verdict = FOUND },
	{ .name = "control-skip",
	  .start = 905,
	  .goods = { 400 },
	  .culprit = 602,
	  .control_after = 2,
	  .judge = VERDICT_SKIP,
	  .judged = 602,
	  .state = STATE_DONE,
	  .verdict = "inconclusive: 2 candidates",
	  .candidates = { 602, 603 } },
	{ .name = "control-good-start",
	  .start = 905,
	  .culprit = 602,
	  .control_after = 1,
	  .judge = VERDICT_GOOD,
	  .judged = 905,
	  .state = STATE_DONE,
	  .verdict = "not reproduced" },
	{ .name = "retest-of-the-same",
	  .start = 905,
	  .culprit = 602,
	  .control_after = 3,
	  .retest = 2,
	  .state = STATE_DONE,
	  .verdict = FOUND,
	  .log = "testing again, as its user asked\n" },
	{ .name = "retest-finds-a-wrong-verdict",
	  .start = 905,
	  .goods = { 400 },
	  .lie_once = 702, /* the first commit that the search tests */
	  .culprit = 602,
	  .control_after = 3,
	  .retest = 2,
	  .state = STATE_DONE,
	  .verdict = FOUND },
};

/* ---- other rules ---- */

static void test_compilers_and_backports(void)
{
	struct settings set;
	settings_init(&set);
	g_autofree char *backports =
		g_strdup_printf("# of the build\n%s needed by new compilers\n", hash_of(603));
	struct navigator nav = { .repo = repo,
				 .settings = &set,
				 .compilers = "v5.0 gcc-5\nv7.0 /opt/gcc-7/bin/gcc -O2\n* gcc-4\n",
				 .backports = backports };
	static const struct {
		int commit;
		const char *cc;
		bool patched;
	} rows[] = { { 403, "gcc-4", true },
		     { 500, "gcc-5", true },
		     { 602, "gcc-5", true },
		     { 603, "gcc-5", false },
		     { 650, "gcc-5", true },
		     { 700, "/opt/gcc-7/bin/gcc -O2", false },
		     { 852, "/opt/gcc-7/bin/gcc -O2", false } };
	g_assert_cmpint(commit_settings_check(repo, nav.compilers, nav.backports, NULL), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct next_query q = { .role = ROLE_ORIGINAL,
					.commit = (char *)hash_of(rows[i].commit) };
		struct event ev;
		g_assert_cmpint(navigate_next(&nav, &q, 0, &ev, NULL), ==, 0);
		g_assert_cmpstr(ev.step.cc, ==, rows[i].cc);
		g_assert_cmpint(ev.step.patches != NULL, ==, rows[i].patched);
		if (ev.step.patches)
			g_assert_true(g_str_has_prefix(ev.step.patches[0], "backport "));
		event_clear(&ev);
	}
	static const char *const wrong[][3] = {
		{ "v5.0 gcc\nmain gcc-7\n", NULL,
		  "compilers: line 2: 'main' is not a release tag*" },
		{ "v5.9 gcc-7\n", NULL, "compilers: line 1: the repository has no tag 'v5.9'" },
		{ NULL, "HEAD\n\nnowhere\n", "backports: line 3: unknown revision 'nowhere'*" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct error why = { 0 };
		nav.compilers = wrong[i][0];
		nav.backports = wrong[i][1];
		g_assert_cmpint(commit_settings_check(repo, nav.compilers, nav.backports, &why), <,
				0);
		if (!g_pattern_match_simple(wrong[i][2], why.text))
			g_error("'%s', wanted '%s'", why.text, wrong[i][2]);
	}
	settings_clear(&set);
}

static void test_options(void)
{
	g_auto(GStrv) options = navigate_options("# fragment of defconfig\nCONFIG_A=y\nCONFIG_B=m\n"
						 "# CONFIG_C is not set\n# CONFIG_D is not set\n"
						 "CONFIG_E=\"x y\"\n",
						 "CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y\n");
	g_autofree char *all = g_strjoinv("|", options);
	g_assert_cmpstr(all, ==, "CONFIG_B=m|# CONFIG_C is not set|CONFIG_E=\"x y\"");
	g_assert_null(navigate_options("CONFIG_A=y\n", "CONFIG_A=y\n"));
}

struct needed {
	guint all[3];
	int n, asked;
	GHashTable *known;
};

static char *name_of(const GArray *kept)
{
	GString *s = g_string_new(NULL);
	for (guint i = 0; i < kept->len; i++)
		g_string_append_printf(s, " %u", g_array_index(kept, guint, i));
	return g_string_free(s, FALSE);
}

static bool holds_all(const struct needed *need, const GArray *kept)
{
	for (int i = 0; i < need->n; i++) {
		bool there = false;
		for (guint k = 0; k < kept->len; k++)
			there = there || g_array_index(kept, guint, k) == need->all[i];
		if (!there)
			return false;
	}
	return true;
}

static enum minimize_answer ask(const GArray *kept, void *arg)
{
	struct needed *need = arg;
	g_autofree char *name = name_of(kept);
	return GPOINTER_TO_INT(g_hash_table_lookup(need->known, name));
}

/* From one call to the next only the answers are kept, as in a session. */
static void test_minimize(void)
{
	static const struct needed cases[] = { { { 0 }, 0, 0, NULL },
					       { { 7 }, 1, 0, NULL },
					       { { 3, 90 }, 2, 0, NULL },
					       { { 0, 50, 99 }, 3, 0, NULL } };
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct needed need = cases[i];
		bool over = false;
		GArray *set = NULL;
		need.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		while (!over) {
			g_clear_pointer(&set, g_array_unref);
			set = minimize(100, ask, &need, &over);
			if (!over)
				g_hash_table_insert(need.known, name_of(set),
						    GINT_TO_POINTER(holds_all(&need, set)
									    ? MINIMIZE_CRASHES
									    : MINIMIZE_CLEAN));
			g_assert_cmpint(g_hash_table_size(need.known), <, 300);
		}
		g_assert_cmpint((int)set->len, ==, need.n);
		g_assert_true(holds_all(&need, set));
		g_array_unref(set);
		g_hash_table_unref(need.known);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	repo_library_start();
	make_repository();
	for (gsize i = 0; i < G_N_ELEMENTS(scenarios); i++) {
		g_autofree char *path = g_strdup_printf("/scenario/%s", scenarios[i].name);
		g_test_add_data_func(path, &scenarios[i], test_scenario);
	}
	g_test_add_func("/navigate/compilers-and-backports", test_compilers_and_backports);
	g_test_add_func("/navigate/options", test_options);
	g_test_add_func("/minimize/ddmin", test_minimize);
	int status = g_test_run();
	repo_free(repo);
	git_repository_free(git);
	g_hash_table_unref(numbers);
	g_hash_table_unref(hashes);
	file_remove_tree(dir, NULL);
	g_free(dir);
	repo_library_stop();
	return status;
}
