/*
 * The workers are an agenda: what a job will show is drawn when it begins, from the seed, its
 * kernel and its number, so that no order of things changes it.
 */
#include "simulate.h"

#include "agenda.h"

#include "engine/core/facts.h"
#include "engine/core/loop.h"
#include "engine/history/reach.h"
#include "engine/history/navigate.h"
#include "engine/work/history_job.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct simulator {
	struct engine *e;
	struct repo *repo;
	struct profile profile;
	const struct simulation *what;
	int64_t now;
	struct agenda agenda;
	GHashTable *skips;
	uint32_t culprit;
	GHashTable *contains; /* commit -> whether the culprit is it or its ancestor, + 1 */
	int counter;
};

/* ---- chance ---- */

static guint64 mix(guint64 x) /* splitmix64's finisher: Steele, Lea, Flood 2014 */
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* 0..1, the same for the same things whenever it is asked. */
static double chance(const struct simulator *sim, const struct job *job, guint64 what)
{
	guint64 x = mix(sim->what->seed ^ what);
	for (const char *c = job_source(job)->key; *c; c++)
		x = mix(x ^ (guint64)*c);
	x = mix(x ^ (guint64)job_run(job));
	return (double)(x >> 11) / (double)(1ull << 53);
}

/* ---- the hidden truth ---- */

static bool contains_culprit(struct simulator *sim, const char *commit)
{
	struct history *h = repo_history(sim->repo);
	int known = GPOINTER_TO_INT(g_hash_table_lookup(sim->contains, commit));
	struct oid oid;
	bool yes = false;
	if (known)
		return known > 1;
	if (oid_parse(&oid, commit))
		reach_ancestor(h, history_number(h, &oid), sim->culprit, &yes, NULL);
	g_hash_table_insert(sim->contains, g_strdup(commit), GINT_TO_POINTER(yes ? 2 : 1));
	return yes;
}

static bool has_bug(struct simulator *sim, const struct job *job)
{
	for (char **p = job_source(job)->patches; p && *p; p++) {
		if (!g_str_has_prefix(*p, "backport "))
			return false; /* the culprit reverted; the fix picked */
	}
	bool fix = settings_is_fix(&job->settings);
	return contains_culprit(sim, job_source(job)->commit) != fix;
}

static int64_t seconds(double s)
{
	return (int64_t)(s * 1e9);
}

static void ends_in(struct simulator *sim, struct job *job, int64_t duration)
{
	agenda_add(&sim->agenda, sim->now + duration, job);
}

#define OBJECT "simulated.o"

/* Where the bug is that a commit does not compile. */
static void begin_compilation(struct simulator *sim, struct job *job)
{
	const struct kernel_source *source = &job->build.source;
	struct kernel *made = &job->build.made;
	made->alone = source->object != NULL;
	made->build_ns = seconds(made->alone ? sim->what->object_s : sim->what->build_s);
	made->compiler = g_strdup("simulated");
	if (g_hash_table_contains(sim->skips, source->commit))
		made->reason = g_strdup("other.c: error: simulated: another one");
	else if (has_bug(sim, job))
		made->reason = g_strdup("simulated.c: error: the simulated bug");
	if (made->reason)
		made->object = g_strdup(OBJECT);
	ends_in(sim, job, made->build_ns);
}

static void begin_build(struct simulator *sim, struct job *job)
{
	const struct kernel_source *source = &job->build.source;
	struct kernel *made = &job->build.made;
	made->build_ns = seconds(sim->what->build_s);
	made->compiler = g_strdup("simulated");
	if (g_hash_table_contains(sim->skips, source->commit))
		made->reason = g_strdup("simulated: this commit does not build");
	else
		made->signature = g_strdup(source->key);
	ends_in(sim, job, made->build_ns);
}

/* One of the standard normal distribution: Box and Muller 1958. */
static double normal(const struct simulator *sim, const struct job *job, guint64 what)
{
	double u = 1 - chance(sim, job, 2 * what), v = chance(sim, job, 2 * what + 1);
	return sqrt(-2 * log(u)) * cos(2 * G_PI * v);
}

#define NUMBER_DRAWS 100 /* draws of this kind do not meet the others */
#define SKEW 0.9	 /* of the lognormal's logarithm */

/* Of mean 0 and standard deviation 1; more is worse. */
static double scatter(const struct simulator *sim, const struct job *job)
{
	double z = normal(sim, job, NUMBER_DRAWS), squares = 0;
	switch (sim->what->metric_shape) {
	case NOISE_HEAVY:
		for (guint64 i = 1; i <= 3; i++)
			squares += pow(normal(sim, job, NUMBER_DRAWS + i), 2);
		return z / sqrt(squares); /* t has the standard deviation sqrt(3) */
	case NOISE_SKEWED:
		return (exp(SKEW * z) - exp(SKEW * SKEW / 2)) /
		       (exp(SKEW * SKEW / 2) * sqrt(exp(SKEW * SKEW) - 1));
	default:
		return z;
	}
}

/* Around 100. */
static char *metric_value(struct simulator *sim, const struct job *job)
{
	const struct simulation *w = sim->what;
	bool lower = strcmp(settings_text(&job->settings, SET_METRIC_WORSE), "lower") == 0;
	double worse = (has_bug(sim, job) ? w->metric_change : 0);
	double mean = 100 * (lower ? 1 - worse : 1 + worse), noise = w->metric_noise * mean;
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	double value = lower ? mean - noise * scatter(sim, job) : mean + noise * scatter(sim, job);
	return g_strdup(g_ascii_formatd(text, sizeof(text), "%.3f", value));
}

static void begin_run(struct simulator *sim, struct job *job)
{
	const struct simulation *w = sim->what;
	bool shows = has_bug(sim, job) && chance(sim, job, 1) < w->reproducibility;
	bool noise = chance(sim, job, 2) < w->noise;
	double s = w->test_s;
	if ((shows || noise) && w->crash_s > 0)
		s = MIN(w->test_s, 2 * w->crash_s * chance(sim, job, 3));
	job->answer = event_make(EV_RUN_DONE);
	struct event_run_done *ev = &job->answer.run_done;
	ev->run = job_run(job);
	ev->duration = seconds(s);
	bool boots = settings_test(&job->settings) != TEST_BOOT;
	ev->outcome = !shows && !noise ? OUTCOME_OK : boots ? OUTCOME_CRASHED : OUTCOME_BOOT_FAILED;
	ev->type = shows ? CRASH_BUG : noise ? CRASH_WARNING : CRASH_NONE;
	ev->title = g_strdup(shows   ? "BUG: the simulated bug"
			     : noise ? "WARNING: something else"
				     : "");
	if (*settings_text(&job->settings, SET_METRIC)) {
		ev->outcome = OUTCOME_OK;
		ev->type = CRASH_NONE;
		ev->value = metric_value(sim, job);
		ev->duration = seconds(w->test_s);
	}
	ends_in(sim, job, ev->duration);
}

static void ask_history(struct simulator *sim, struct job *job)
{
	struct navigator nav = { .repo = sim->repo, .settings = &job->settings };
	history_job_navigate(job, &nav);
	loop_post_job(sim->e, job);
}

static void start(void *self, struct job *job)
{
	struct simulator *sim = self;
	switch (job->kind) {
	case JOB_LOAD:
	case JOB_NEXT:
		ask_history(sim, job);
		break;
	case JOB_BUILD:
		if (settings_test(&job->settings) == TEST_BUILD)
			begin_compilation(sim, job);
		else
			begin_build(sim, job);
		break;
	case JOB_RUN:
		begin_run(sim, job);
		break;
	case JOB_REPORT:
		job->answer = event_make(EV_REPORTED);
		job->answer.reported.maintainers = g_new0(char *, 1);
		loop_post_job(sim->e, job);
		break;
	case JOB_PREPARE:
	case JOB_LOOKUP: /* nobody asks for revisions here */
	case JOB_KINDS:
		loop_post_job(sim->e, job);
		break;
	}
}

static int64_t now(void *self)
{
	return ((struct simulator *)self)->now;
}

static int64_t uptime(void *self)
{
	return ((struct simulator *)self)->now / 1000;
}

/* ---- time ---- */

static void stop(void *self, struct job *job)
{
	(void)self;
	if (job->kind == JOB_BUILD)
		job->err = -ECANCELED;
	else
		job_skip_run(job);
}

/* A silent stretch says something too: see forecast_odds. */
#define LOOKS_PER_RUN 8

static bool advance(struct simulator *sim)
{
	const struct appointment *a = agenda_first(&sim->agenda, sim->now);
	if (!a)
		return false;
	int64_t look = sim->now + seconds(sim->what->test_s / LOOKS_PER_RUN);
	if (sim->what->crash_s > 0 && sim->what->ahead && look < a->at) {
		sim->now = look;
		return true;
	}
	sim->now = MAX(sim->now, a->at);
	loop_post_job(sim->e, agenda_take(&sim->agenda, a));
	return true;
}

/* ---- one bisection ---- */

static err_t begin(struct simulator *sim, struct bisection *b, struct error *error)
{
	const struct simulation *w = sim->what;
	struct event ev = event_make(EV_CREATED);
	ev.created = (struct event_created){ .name = g_strdup(b->s->name) };
	err_t err = facts_record(sim->e, b, &ev, error);
	if (err)
		return err;
	ev = event_make(EV_STARTED);
	ev.started.text = g_strdup(w->bad);
	ev.started.commit = g_strdup(w->bad);
	ev.started.goods = w->goods ? g_strdupv((GStrv)w->goods) : g_new0(char *, 1);
	ev.started.values = settings_to_json(w->settings);
	ev.started.host = g_strdup("simulation");
	return facts_record(sim->e, b, &ev, error);
}

static int counted_runs(const struct session *s)
{
	int n = 0;
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		for (guint k = 0; k < step->runs->len; k++) {
			enum outcome_kind o = step_run(step, (int)k)->outcome;
			n += o != OUTCOME_NONE && o != OUTCOME_SKIPPED;
		}
	}
	return n;
}

static void report(const struct simulator *sim, const struct bisection *b, int64_t begun,
		   struct simulated *out)
{
	const struct session *s = b->s;
	*out = (struct simulated){
		.verdict = g_strdup(s->verdict),
		.found = g_strdupv(s->found),
		.runs = counted_runs(s),
		.tested = session_tested(s),
		.total_ns = sim->now - begun,
		.build_ns = s->build_ns,
		.test_ns = s->test_ns,
		.log = g_strdup(b->log->str),
	};
}

void simulated_clear(struct simulated *out)
{
	g_free(out->verdict);
	g_strfreev(out->found);
	g_free(out->log);
	*out = (struct simulated){ 0 };
}

/* What is still in flight is not waited for. */
static void clear_flight(struct simulator *sim)
{
	loop_turn(sim->e);
	while (advance(sim))
		loop_turn(sim->e);
}

err_t simulator_run(struct simulator *sim, const struct simulation *what, struct simulated *out,
		    struct error *error)
{
	struct oid oid;
	sim->what = what;
	g_hash_table_remove_all(sim->skips);
	for (char *const *s = what->skips; s && *s; s++)
		g_hash_table_add(sim->skips, g_strdup(*s));
	if (!oid_parse(&oid, what->culprit))
		return error_set(error, EINVAL, "'%s' is not a commit", what->culprit);
	uint32_t culprit = history_number(repo_history(sim->repo), &oid);
	if (culprit != sim->culprit)
		g_hash_table_remove_all(sim->contains);
	sim->culprit = culprit;
	kernels_close(sim->e->kernels);
	sim->e->kernels = kernels_open(NULL, G_MAXUINT64);

	g_autofree char *name = g_strdup_printf("s%d", sim->counter++);
	struct bisection *b = bisection_new(name, bisections_serial(sim->e->bisections));
	b->prepared = true;
	bisections_add(sim->e->bisections, b);
	int64_t begun = sim->now;
	err_t err = begin(sim, b, error);
	while (!err && !session_over(b->s)) {
		if (!loop_turn(sim->e) && !session_over(b->s) && !advance(sim))
			err = error_set(error, EDEADLK, "the bisection stands still: %s",
					b->log->str);
	}
	if (!err)
		report(sim, b, begun, out);
	clear_flight(sim);
	bisections_remove(sim->e->bisections, b);
	return err;
}

/* ---- the machine ---- */

static void nothing_changed(void *self, const struct session *s, const struct event *ev)
{
	(void)self;
	(void)s;
	(void)ev;
}

err_t simulator_new(const char *repo, const struct simulation *machine, struct simulator **out,
		    struct error *error)
{
	struct simulator *sim = g_new0(struct simulator, 1);
	profile_init(&sim->profile);
	sim->profile.builders = machine->builders;
	sim->profile.ahead = machine->ahead;
	agenda_init(&sim->agenda, stop, sim);
	sim->skips = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	sim->contains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	sim->now = (int64_t)1500000000 * 1000000000;
	sim->what = machine;
	struct workers workers = { .self = sim,
				   .start = start,
				   .now = now,
				   .uptime = uptime,
				   .uncaged = "nothing is built" };
	struct engine_config config = { .profile = &sim->profile,
					.workers = &workers,
					.vms = machine->vms,
					.view = { .changed = nothing_changed } };
	err_t err = repo_open(repo, &sim->repo, error);
	if (!err)
		err = engine_new(&config, &sim->e, error);
	if (err) {
		simulator_free(sim);
		return err;
	}
	*out = sim;
	return 0;
}

void simulator_free(struct simulator *sim)
{
	if (!sim)
		return;
	engine_free(sim->e);
	repo_free(sim->repo);
	profile_clear(&sim->profile);
	agenda_clear(&sim->agenda);
	g_hash_table_unref(sim->skips);
	g_hash_table_unref(sim->contains);
	g_free(sim);
}

struct repo *simulator_repo(struct simulator *sim)
{
	return sim->repo;
}
