/*
 * faults [--histories N] [--seed N] [--verbose]: the session, the scheduler, the journals and the
 * store of kernels on a machine that fails in every way, one random history after the other. What
 * has to hold is checked after each fact (oracle.h); a seed makes the same history again.
 */
#include "oracle.h"
#include "world.h"

#include "engine/base/daemon_log.h"
#include "engine/base/file.h"
#include "engine/core/loop.h"
#include "engine/history/repo.h"

#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define REPOSITORIES 24
#define MOST_TURNS 60000
#define SETTLED 200	     /* histories after which no more memory is taken */
#define LEAK_BYTES (1 << 20) /* for all the others together: pools and the like */

static struct random_history *histories[REPOSITORIES];

/* ---- what the machine is like ---- */

static void set(struct world *w, enum setting id, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void set(struct world *w, enum setting id, const char *format, ...)
{
	va_list args;
	struct error why = { 0 };
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	if (settings_set(&w->profile.settings, id, text, strlen(text), &why) != 0)
		world_fail(w, "%s", why.text);
}

static void choose_metric(struct world *w)
{
	set(w, SET_METRIC, "([0-9.]+)");
	set(w, SET_METRIC_CHANGE, "%d", world_pick(w, 2, 11));
	set(w, SET_RUNS, "%d", world_pick(w, 20, 61));
	w->minimizes = false;
}

static void choose_settings(struct world *w, const char *reproducer)
{
	static const char *const confidences[] = { "1", "0.99", "0.9" };
	profile_init(&w->profile);
	w->profile.builders = world_pick(w, 1, 4);
	w->profile.ahead = world_chance(w, 0.8);
	w->profile.sandbox = false; /* nothing is built */
	w->profile.kernels_mib = world_chance(w, 0.1) ? 0 : 64;
	if (!w->truth.boots && !w->truth.compiles)
		w->profile.large[SET_REPRODUCER] = g_strdup(reproducer);
	set(w, SET_TEST, "%s", w->truth.compiles ? "build" : w->truth.boots ? "boot" : "run");
	w->vms = world_pick(w, 1, 12);
	set(w, SET_MODE, "%s", w->truth.fix ? "fix" : "cause");
	if (w->truth.fix)
		set(w, SET_BRANCH, "master");
	set(w, SET_OLDEST, "v5.4");
	set(w, SET_RUNS, "%d", world_pick(w, 2, 11));
	set(w, SET_FIRST_RUNS, "%d", world_pick(w, 2, 21));
	set(w, SET_CONFIDENCE, "%s", confidences[world_pick(w, 0, 3)]);
	set(w, SET_CERTIFY, "%s", world_chance(w, 0.7) ? "on" : "off");
	w->minimizes = world_chance(w, 0.1) && !w->truth.compiles;
	if (w->truth.metric)
		choose_metric(w);
}

/* A commit that changes nothing in the kernel has its parent's. */
static void choose_kernels(struct world *w)
{
	struct truth *t = &w->truth;
	double quiet = world_chance(w, 0.5) ? 0.25 : 0;
	for (int i = 0; i < w->history->n; i++) {
		const int *parents = w->history->commits[i].parents;
		bool single = parents[0] != HISTORY_NONE && parents[1] == HISTORY_NONE;
		bool same = single && i != t->culprit && world_chance(w, quiet);
		t->kernel[i] = same ? t->kernel[parents[0]] : i;
	}
}

static void choose_truth(struct world *w)
{
	struct truth *t = &w->truth;
	int n = w->history->n;
	double broken = world_chance(w, 0.3) ? 0.15 : 0;
	t->fix = world_chance(w, 0.25);
	t->has_bug = g_new0(bool, n);
	t->broken = g_new0(bool, n);
	t->kernel = g_new0(int, n);
	do
		t->culprit = world_pick(w, 1, n);
	while (!random_history_reaches(w->history, n - 1, t->culprit));
	for (int i = 0; i < n; i++) {
		t->has_bug[i] = random_history_reaches(w->history, i, t->culprit) != t->fix;
		t->broken[i] = world_chance(w, broken);
	}
	choose_kernels(w);
	t->shows = world_chance(w, 0.6) ? 1 : 0.3 + 0.7 * g_rand_double(w->chance);
	t->compiles = world_chance(w, 0.15);
	if (t->compiles)
		t->shows = 1;
	t->noise = t->shows < 1 && world_chance(w, 0.5) ? 0.05 : 0;
	t->lost = world_chance(w, 0.4) ? 0.1 : 0;
	t->untold = world_chance(w, 0.2) ? 0.05 : 0;
	t->metric = world_chance(w, 0.25) && !t->compiles;
	t->boots = !t->metric && !t->compiles && world_chance(w, 0.2);
	t->unexecutable = !t->boots && !t->metric && !t->compiles && world_chance(w, 0.02);
}

static void world_make(struct world *w, guint64 seed, const char *state, const char *reproducer)
{
	guint32 seeds[2] = { (guint32)seed, (guint32)(seed >> 32) };
	struct error why = { 0 };
	w->seed = seed;
	w->chance = g_rand_new_with_seed_array(seeds, 2);
	w->history = histories[world_pick(w, 0, REPOSITORIES)];
	w->state = g_strdup(state);
	agenda_init(&w->agenda, world_stop, w);
	w->leavings = g_hash_table_new(NULL, NULL);
	w->trace = g_checksum_new(G_CHECKSUM_SHA256);
	w->oracle = oracle_new(w);
	w->writes_left = -1;
	w->now = (int64_t)1700000000 * 1000000000;
	choose_truth(w);
	choose_settings(w, reproducer);
	w->deletes = world_chance(w, 0.1) ? 0.1 : 0;
	w->bad_writes = world_chance(w, 0.05) ? 0.01 : 0;
	if (file_remove_tree(state, &why) != 0)
		world_fail(w, "%s", why.text);
	world_say(w, "%d commits, culprit %d, %s, %d builders, %d VMs, ahead %d, shows %.2f",
		  w->history->n, w->truth.culprit, w->truth.fix ? "fix" : "cause",
		  w->profile.builders, w->vms, w->profile.ahead, w->truth.shows);
}

static void world_clear(struct world *w)
{
	oracle_free(w->oracle);
	g_rand_free(w->chance);
	g_free(w->truth.has_bug);
	g_free(w->truth.broken);
	g_free(w->truth.kernel);
	g_free(w->state);
	agenda_clear(&w->agenda);
	g_hash_table_unref(w->leavings);
	g_checksum_free(w->trace);
	profile_clear(&w->profile);
}

/* ---- what users do ---- */

static const char *hash(const struct world *w, int i)
{
	return w->history->commits[i].hash;
}

static int pick_commit(struct world *w, bool with_bug)
{
	for (int tries = 0; tries < 1000; tries++) {
		int c = world_pick(w, 0, w->history->n);
		if (w->truth.has_bug[c] == with_bug)
			return c;
	}
	return HISTORY_NONE;
}

static void start_one(struct world *w, const char *draft)
{
	int bad = world_chance(w, 0.5) && !w->truth.fix ? w->history->n - 1 : pick_commit(w, true);
	int good = world_chance(w, 0.6) ? pick_commit(w, false) : HISTORY_NONE;
	g_autofree char *text = NULL;
	if (bad == HISTORY_NONE)
		bad = w->history->n - 1;
	if (w->truth.fix && good != HISTORY_NONE)
		good = w->history->n - 1;
	text = good == HISTORY_NONE ? g_strdup(hash(w, bad))
				    : g_strdup_printf("%s %s", hash(w, bad), hash(w, good));
	world_command(w, CMD_START, draft, NULL, text);
}

static const struct bisection *any_bisection(struct world *w)
{
	guint n = bisections_count(w->e->bisections);
	return n ? bisections_at(w->e->bisections, (guint)world_pick(w, 0, (int)n)) : NULL;
}

/* A verdict of a user's: true, where the tests are. */
static char *judgement(struct world *w)
{
	int c = world_pick(w, 0, w->history->n);
	bool lies = w->truth.shows < 1 && world_chance(w, 0.3);
	const char *word = world_chance(w, 0.2)		 ? "skip"
			   : w->truth.has_bug[c] != lies ? "bad"
							 : "good";
	return g_strdup_printf("%s %s", word, hash(w, c));
}

static void do_something(struct world *w)
{
	static const char *const words[] = { "pause",	 "pause", "resume",  "resume",
					     "minimize", "",	  "nonsense" };
	const struct bisection *b = any_bisection(w);
	g_autofree char *name = b ? g_strdup(b->s->name) : NULL;
	g_autofree char *text = NULL;
	int what = world_pick(w, 0, 20);
	if (!b || what == 0) {
		start_one(w, NULL);
	} else if (what == 1) {
		world_command(w, CMD_RMDIR, name, NULL, NULL);
	} else if (what == 2) {
		world_command(w, CMD_CONTROL, name, "control", "abort");
	} else if (what == 3) {
		world_command(w, CMD_MKDIR, "draft", NULL, NULL);
		start_one(w, "draft");
	} else if (what == 5) { /* a name is used again, while what had it is still ending */
		world_command(w, CMD_CONTROL, name, "control", "abort");
		world_command(w, CMD_RMDIR, name, NULL, NULL);
		world_command(w, CMD_MKDIR, name, NULL, NULL);
		start_one(w, name);
	} else if (what == 4) {
		world_command(w, CMD_SET, name, "runs", "3");
	} else if (what < 9) {
		text = judgement(w);
		world_command(w, CMD_CONTROL, name, "control", text);
	} else if (what < 13) {
		text = g_strdup_printf("retest %d", world_pick(w, 0, 12));
		world_command(w, CMD_CONTROL, name, "control", text);
	} else {
		world_command(w, CMD_CONTROL, name, "control",
			      words[world_pick(w, 0, G_N_ELEMENTS(words))]);
	}
}

/* Somebody comes back to what was left paused. */
static bool resume_all(struct world *w)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const struct bisection *b;
	for (guint i = 0; (b = bisections_at(w->e->bisections, i)); i++) {
		const struct session *s = b->s;
		if (s->state == STATE_PAUSED && !s->paused_by_disk)
			g_ptr_array_add(names, g_strdup(s->name));
	}
	for (guint i = 0; i < names->len; i++)
		world_command(w, CMD_CONTROL, g_ptr_array_index(names, i), "control", "resume");
	return names->len > 0;
}

/* ---- one history ---- */

struct plan {
	double words, jumps; /* a turn */
	int deaths, ends, fulls;
	int doubts; /* when all are over */
};

static void plan_death(struct world *w, struct plan *plan)
{
	if (plan->deaths-- <= 0)
		return;
	w->writes_left = world_pick(w, 0, world_chance(w, 0.5) ? 20 : 300);
	w->death = (enum death)world_pick(w, 0, DEATHS);
}

static void make_trouble(struct world *w, struct plan *plan)
{
	if (world_chance(w, plan->words))
		do_something(w);
	if (world_chance(w, plan->jumps)) {
		int s = world_pick(w, -7200, 7200);
		world_say(w, "the clock jumps by %d s", s);
		w->now += (int64_t)s * 1000000000;
	}
	if (!w->full && plan->fulls > 0 && world_chance(w, 0.01)) {
		plan->fulls--;
		w->full = true;
		w->full_error = world_chance(w, 0.3) ? -EDQUOT : -ENOSPC;
		w->full_until = w->uptime + (int64_t)world_pick(w, 1, 2000) * 1000000000;
		world_say(w, "the disk is full");
	}
}

static bool all_over(const struct world *w)
{
	const struct bisection *b;
	for (guint i = 0; (b = bisections_at(w->e->bisections, i)); i++) {
		if (session_in_progress(b->s))
			return false;
	}
	return true;
}

static void reboot(struct world *w, struct plan *plan)
{
	do {
		if (w->e)
			world_kill(w);
		world_boot(w);
	} while (w->dead);
	plan_death(w, plan);
}

static void say_states(const struct world *w)
{
	const struct bisection *b;
	for (guint i = 0; (b = bisections_at(w->e->bisections, i)); i++) {
		g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
		session_wishes(b->s, wishes);
		fprintf(stderr, "%s is %s, disk %d, %u facts wait, %u wishes, %u jobs\n",
			b->s->name, session_state_name(b->s->state),
			disk_watch_error(w->e->disk_watch), b->waiting.length, wishes->len,
			jobs_count(w->e->jobs));
		for (guint k = 0; k < wishes->len; k++) {
			const struct wish *wish = &g_array_index(wishes, struct wish, k);
			fprintf(stderr, "  wish %d step %d run %d\n", wish->kind, wish->step,
				wish->run);
		}
	}
}

/* Their user doubts the end of one: the search is taken up again. */
static void doubt_one(struct world *w)
{
	const struct bisection *b = any_bisection(w);
	g_autofree char *name = b ? g_strdup(b->s->name) : NULL;
	g_autofree char *text = world_chance(w, 0.5)
					? judgement(w)
					: g_strdup_printf("retest %d", world_pick(w, 0, 12));
	if (name)
		world_command(w, CMD_CONTROL, name, "control", text);
}

/* Until all bisections are over and nothing goes on any more. */
static void live(struct world *w, struct plan *plan)
{
	/* numbers take ten times the runs that crashes do */
	int most = w->truth.metric ? 10 * MOST_TURNS : MOST_TURNS;
	for (int turns = 0;; turns++) {
		if (turns > most)
			say_states(w);
		if (turns > most)
			world_fail(w, "it does not come to an end");
		bool more = loop_turn(w->e);
		if (w->dead) {
			reboot(w, plan);
			continue;
		}
		oracle_check_turn(w->oracle);
		make_trouble(w, plan);
		if (plan->ends > 0 && world_chance(w, 0.005)) {
			plan->ends--;
			world_shut_down(w);
			reboot(w, plan);
			continue;
		}
		if (more || world_advance(w) || loop_has_messages(w->e))
			continue;
		if (disk_watch_error(w->e->disk_watch) || w->full) {
			world_wait(w, 1);
		} else if (!resume_all(w)) {
			if (all_over(w) && plan->doubts-- <= 0)
				return;
			if (all_over(w)) {
				doubt_one(w);
				continue;
			}
			world_wait(w, 1); /* it may look again after a while */
		}
	}
}

static void run_history(guint64 seed, const char *state, const char *reproducer, bool verbose,
			struct endings *sum, char **trace)
{
	struct world w = { .verbose = verbose };
	world_make(&w, seed, state, reproducer);
	struct plan plan = { .words = world_chance(&w, 0.5) ? 0.02 : 0,
			     .jumps = world_chance(&w, 0.3) ? 0.02 : 0,
			     .deaths = world_pick(&w, 0, 4),
			     .ends = world_pick(&w, 0, 2),
			     .fulls = world_chance(&w, 0.3) ? 2 : 0,
			     .doubts = world_chance(&w, 0.3) ? 3 : 0 };
	if (w.truth.metric)
		plan.words /= 10; /* else users start more than the guests can ever measure */
	reboot(&w, &plan);
	start_one(&w, NULL);
	for (int more = world_pick(&w, 0, 3); more > 1; more--)
		start_one(&w, NULL);
	live(&w, &plan);
	oracle_check_replay(w.oracle);
	oracle_check_rest(w.oracle);
	oracle_check_ends(w.oracle, sum);
	world_shut_down(&w);
	w.bad_writes = 0;
	world_boot(&w);
	live(&w, &(struct plan){ 0 }); /* a start that was told to have failed may be on disk */
	oracle_check_replay(w.oracle);
	oracle_check_rest(w.oracle);
	world_shut_down(&w);
	if (trace)
		*trace = g_strdup(g_checksum_get_string(w.trace));
	world_clear(&w);
}

/* ---- all of them ---- */

static void be_silent(const char *line)
{
	(void)line; /* what the engine says of faults that are made on purpose */
}

static void say_on_stdout(const char *line)
{
	printf("# %s\n", line);
}

static size_t memory_in_use(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

/* The same seed is the same history. */
static void check_twice(guint64 seed, const char *state, const char *reproducer)
{
	g_autofree char *a = NULL;
	g_autofree char *b = NULL;
	struct endings sum = { 0 };
	run_history(seed, state, reproducer, false, &sum, &a);
	run_history(seed, state, reproducer, false, &sum, &b);
	if (strcmp(a, b) != 0) {
		fprintf(stderr, "seed %" G_GUINT64_FORMAT ": twice, and not the same\n", seed);
		abort();
	}
}

int main(int argc, char **argv)
{
	gint64 seed = 1;
	gint n = 300;
	gboolean verbose = FALSE;
	GOptionEntry entries[] = {
		{ "seed", 's', 0, G_OPTION_ARG_INT64, &seed, "The first history", "N" },
		{ "histories", 'n', 0, G_OPTION_ARG_INT, &n, "How many", "N" },
		{ "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "Only that one; say all", NULL },
		{ NULL },
	};
	GError *error = NULL;
	setlocale(LC_ALL, "");
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "faults: %s\n", error->message);
		return 2;
	}
	if (verbose)
		n = 1;
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	repo_library_start();
	daemon_log_to(verbose ? say_on_stdout : be_silent);
	for (int i = 0; i < REPOSITORIES; i++)
		histories[i] = random_history_make((guint32)i, 12 + 4 * i);
	const char *shm =
		g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm" : g_get_tmp_dir();
	g_autofree char *dir = g_build_filename(shm, "bisectfs-faults-XXXXXX", NULL);
	if (!g_mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	g_autofree char *state = g_build_filename(dir, "state", NULL);
	g_autofree char *reproducer = g_build_filename(dir, "reproducer", NULL);
	g_file_set_contents(reproducer, "#!/bin/sh\n", -1, NULL);

	struct endings sum = { 0 };
	size_t before = 0;
	gint64 begun = g_get_monotonic_time();
	for (int i = 0; i < n; i++) {
		if (i == SETTLED)
			before = memory_in_use();
		run_history((guint64)(seed + i), state, reproducer, verbose, &sum, NULL);
	}
	size_t after = memory_in_use();
	printf("%d histories in %.0f s, seeds %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
	       ": %ld facts, %ld runs; %d found one commit, %d several, %d none, %d failed, %d "
	       "aborted\n",
	       n, (double)(g_get_monotonic_time() - begun) / 1e6, seed, seed + n - 1, sum.events,
	       sum.runs, sum.culprit, sum.several, sum.other, sum.failed, sum.aborted);
	if (before && after > before + LEAK_BYTES) {
		fprintf(stderr, "memory grew from %zu to %zu bytes\n", before, after);
		abort();
	}
	if (!verbose)
		check_twice((guint64)seed, state, reproducer);
	file_remove_tree(dir, NULL);
	for (int i = 0; i < REPOSITORIES; i++)
		random_history_free(histories[i]);
	repo_library_stop();
	return 0;
}
