/*
 * bisectfs plan --simulate: how long a search would take, on a virtual clock.
 */
#include "simulate.h"

#include "commands.h"
#include "complain.h"
#include "plan_store.h"

#include "engine/simulate/simulate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const struct simulate_options simulate_defaults = { .build_time = 600,
						    .object_time = 5,
						    .test_time = 60,
						    .reproducibility = 1,
						    .confidence = 0.99,
						    .metric_noise = -1,
						    .metric_change = -1,
						    .builders = 1,
						    .vms = 10,
						    .runs = 10,
						    .times = 1,
						    .seed = 1 };

void simulate_add_options(GOptionContext *context, struct simulate_options *o)
{
	GOptionEntry entries[] = {
		{ "build-time", 0, 0, G_OPTION_ARG_DOUBLE, &o->build_time, "", "S" },
		{ "object-time", 0, 0, G_OPTION_ARG_DOUBLE, &o->object_time, "", "S" },
		{ "test", 0, 0, G_OPTION_ARG_STRING, &o->test, "", "WORD" },
		{ "test-time", 0, 0, G_OPTION_ARG_DOUBLE, &o->test_time, "", "S" },
		{ "crash-time", 0, 0, G_OPTION_ARG_DOUBLE, &o->crash_time, "", "S" },
		{ "builders", 0, 0, G_OPTION_ARG_INT, &o->builders, "", "N" },
		{ "vms", 0, 0, G_OPTION_ARG_INT, &o->vms, "", "N" },
		{ "reproducibility", 0, 0, G_OPTION_ARG_DOUBLE, &o->reproducibility, "", "P" },
		{ "noise", 0, 0, G_OPTION_ARG_DOUBLE, &o->noise, "", "P" },
		{ "metric-noise", 0, 0, G_OPTION_ARG_DOUBLE, &o->metric_noise, "", "P" },
		{ "metric-change", 0, 0, G_OPTION_ARG_DOUBLE, &o->metric_change, "", "P" },
		{ "metric-shape", 0, 0, G_OPTION_ARG_STRING, &o->metric_shape, "", "WORD" },
		{ "runs", 0, 0, G_OPTION_ARG_INT, &o->runs, "", "N" },
		{ "confidence", 0, 0, G_OPTION_ARG_DOUBLE, &o->confidence, "", "P" },
		{ "seed", 0, 0, G_OPTION_ARG_INT64, &o->seed, "", "N" },
		{ "times", 0, 0, G_OPTION_ARG_INT, &o->times, "", "N" },
		{ "no-ahead", 0, 0, G_OPTION_ARG_NONE, &o->no_ahead, "", NULL },
		{ "no-certify", 0, 0, G_OPTION_ARG_NONE, &o->no_certify, "", NULL },
		{ 0 },
	};
	g_option_context_add_main_entries(context, entries, NULL);
}

static bool is_chance(double p)
{
	return p >= 0 && p <= 1;
}

static bool is_time(double s)
{
	return s >= 0 && s <= 1e6;
}

static const char *const shapes[NOISE_SHAPES] = { "normal", "heavy", "skewed" };

static int find_shape(const char *word)
{
	for (int i = 0; i < NOISE_SHAPES; i++) {
		if (!word || strcmp(word, shapes[i]) == 0)
			return i;
	}
	return -1;
}

static bool has_metric(const struct simulate_options *o)
{
	return o->metric_noise >= 0 || o->metric_change >= 0;
}

static int check_metric(const struct simulate_options *o)
{
	if (o->metric_shape && !has_metric(o))
		return complain(2,
				"plan: --metric-shape is for --metric-noise and --metric-change");
	if (has_metric(o) && !(o->metric_noise >= 0 && o->metric_noise <= 100 &&
			       o->metric_change >= 0 && o->metric_change < 100))
		return complain(2, "plan: --metric-noise and --metric-change go together, 0 to 100 "
				   "(percent)");
	if (find_shape(o->metric_shape) < 0)
		return complain(2, "plan: --metric-shape is normal, heavy or skewed");
	return 0;
}

static int check(const struct simulate_options *o)
{
	if (!is_time(o->build_time) || !is_time(o->object_time) || !is_time(o->test_time) ||
	    !is_time(o->crash_time))
		return complain(2, "plan: times are 0 to 1000000 seconds");
	if (!is_chance(o->reproducibility) || !is_chance(o->noise))
		return complain(2, "plan: --reproducibility and --noise are 0 to 1");
	if (o->builders < 1 || o->builders > 256 || o->vms < 1 || o->vms > 1024)
		return complain(2, "plan: --builders is 1 to 256, --vms 1 to 1024");
	if (o->times < 1)
		return complain(2, "plan: --times is at least 1");
	return check_metric(o);
}

static bool has_no_large(void *arg, enum setting id)
{
	(void)arg;
	(void)id;
	return false;
}

static int fill_settings(const struct simulate_options *o, struct settings *settings)
{
	struct error why = { 0 };
	char runs[20], confidence[G_ASCII_DTOSTR_BUF_SIZE];
	g_snprintf(runs, sizeof(runs), "%d", o->runs);
	g_ascii_dtostr(confidence, sizeof(confidence), o->confidence);
	settings_init(settings);
	err_t err = settings_set(settings, SET_RUNS, runs, strlen(runs), &why);
	if (!err && has_metric(o))
		err = settings_set(settings, SET_METRIC, "([0-9.]+)", strlen("([0-9.]+)"), &why);
	if (!err)
		err = settings_set(settings, SET_CONFIDENCE, confidence, strlen(confidence), &why);
	if (!err && o->test)
		err = settings_set(settings, SET_TEST, o->test, strlen(o->test), &why);
	if (!err && o->no_certify)
		err = settings_set(settings, SET_CERTIFY, "off", 3, &why);
	if (!err && settings_test(settings) == TEST_MANUAL)
		err = error_set(&why, EINVAL, "--test: there is no user to judge in a simulation");
	if (!err)
		err = settings_fit_together(settings, has_no_large, NULL, &why);
	return err ? complain(2, "plan: %s", why.text) : 0;
}

/* As Go prints a duration, which the published logs hold. */
static void print_duration(int64_t ns)
{
	gint64 s = (ns + 500000000) / 1000000000;
	if (s >= 3600)
		printf("%" G_GINT64_FORMAT "h", s / 3600);
	if (s >= 60)
		printf("%" G_GINT64_FORMAT "m", s / 60 % 60);
	printf("%" G_GINT64_FORMAT "s", s % 60);
}

static void print_one(const struct simulated *out)
{
	guint n = out->found ? g_strv_length(out->found) : 0;
	if (n == 1)
		printf("%s is the first bad commit\n", out->found[0]);
	else if (n)
		printf("inconclusive: %u candidates\n", n);
	else
		printf("%s\n", out->verdict);
	printf("runs: %d\n", out->runs);
	printf("estimated: revisions tested: %d, total time: ", out->tested);
	print_duration(out->total_ns);
	fputs(" (build: ", stdout);
	print_duration(out->build_ns);
	fputs(", test: ", stdout);
	print_duration(out->test_ns);
	puts(")");
}

/* The session, as the log tells it. */
static void print_session(const char *log)
{
	g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
	for (char **l = lines; *l; l++) {
		if (g_str_has_prefix(*l, "# git bisect ") || g_str_has_prefix(*l, "Bisecting: ") ||
		    **l == '[')
			puts(*l);
	}
}

static int by_time(gconstpointer a, gconstpointer b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void print_summary(GArray *times, int right, int wrong, const struct simulated *sum)
{
	g_array_sort(times, by_time);
	printf("times: %u, right: %d, wrong: %d, no answer: %d\n", times->len, right, wrong,
	       (int)times->len - right - wrong);
	fputs("total time: median ", stdout);
	print_duration(g_array_index(times, int64_t, times->len / 2));
	fputs(", nine of ten within ", stdout);
	print_duration(g_array_index(times, int64_t, times->len * 9 / 10));
	printf("\nruns: %.1f, revisions tested: %.1f, runs a revision: %.1f\n",
	       (double)sum->runs / times->len, (double)sum->tested / times->len,
	       (double)sum->runs / MAX(sum->tested, 1));
}

static err_t simulate_all(const struct simulate_options *o, struct simulator *sim,
			  struct simulation *what, struct error *error)
{
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(int64_t));
	struct simulated sum = { 0 };
	int right = 0, wrong = 0;
	err_t err = 0;
	for (int i = 0; i < o->times && !err; i++) {
		struct simulated out = { 0 };
		what->seed = (guint64)o->seed + (guint64)i;
		err = simulator_run(sim, what, &out, error);
		if (!err && o->times == 1) {
			print_session(out.log);
			print_one(&out);
		}
		bool one = out.found && out.found[0] && !out.found[1];
		right += one && strcmp(out.found[0], what->culprit) == 0;
		wrong += one && strcmp(out.found[0], what->culprit) != 0;
		g_array_append_val(times, out.total_ns);
		sum.runs += out.runs;
		sum.tested += out.tested;
		simulated_clear(&out);
	}
	if (!err && o->times > 1)
		print_summary(times, right, wrong, &sum);
	return err;
}

static err_t resolve(struct simulator *sim, const char *rev, char **hash, struct error *error)
{
	struct oid oid;
	char hex[OID_HEX + 1];
	err_t err = repo_resolve(simulator_repo(sim), rev, &oid, error);
	if (err)
		return err;
	oid_print(&oid, hex);
	*hash = g_strdup(hex);
	return 0;
}

static err_t resolve_all(struct simulator *sim, char *const *revs, GPtrArray *out,
			 struct error *error)
{
	err_t err = 0;
	for (; revs && *revs && !err; revs++) {
		char *hash = NULL;
		err = resolve(sim, *revs, &hash, error);
		g_ptr_array_add(out, hash);
	}
	if (!err)
		g_ptr_array_add(out, NULL);
	return err;
}

int simulate_run(const struct simulate_range *range, const struct simulate_options *o)
{
	struct error why = { 0 };
	struct settings settings;
	struct simulator *sim = NULL;
	struct plan_store store = { 0 };
	g_autofree char *bad = NULL;
	g_autofree char *culprit = NULL;
	g_autoptr(GPtrArray) goods = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) skips = g_ptr_array_new_with_free_func(g_free);
	if (!range->culprit)
		return complain(2, "plan: --simulate needs --culprit REV: what the search is to "
				   "find");
	int status = check(o);
	if (!status)
		status = fill_settings(o, &settings);
	if (status)
		return status;
	struct simulation what = { .builders = o->builders,
				   .vms = o->vms,
				   .build_s = o->build_time,
				   .object_s = o->object_time,
				   .test_s = o->test_time,
				   .crash_s = o->crash_time,
				   .ahead = !o->no_ahead,
				   .reproducibility = o->reproducibility,
				   .noise = o->noise,
				   .metric_noise = o->metric_noise / 100,
				   .metric_change = o->metric_change / 100,
				   .metric_shape = (enum noise_shape)find_shape(o->metric_shape),
				   .settings = &settings };
	err_t err = simulator_new(range->repo, &what, &sim, &why);
	if (!err)
		err = plan_store_open(&store, simulator_repo(sim), &why);
	if (!err)
		err = resolve(sim, range->bad, &bad, &why);
	if (!err)
		err = resolve(sim, range->culprit, &culprit, &why);
	if (!err)
		err = resolve_all(sim, range->goods, goods, &why);
	if (!err)
		err = resolve_all(sim, range->skips, skips, &why);
	what.bad = bad;
	what.culprit = culprit;
	what.goods = (char *const *)goods->pdata;
	what.skips = (char *const *)skips->pdata;
	if (!err)
		err = simulate_all(o, sim, &what, &why);
	simulator_free(sim);
	plan_store_close(&store);
	settings_clear(&settings);
	return err ? complain(1, "plan: %s", why.text) : 0;
}
