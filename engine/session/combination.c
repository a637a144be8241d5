/*
 * A rule for each setting that is of no use to a kind of test, and one for what a kind of test
 * needs. A setting that would only be ignored is refused: who set it expects something of it.
 */
#include "bisectfs/settings.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static bool is_set(const struct settings *s, enum setting id, bool (*has)(void *, enum setting),
		   void *arg)
{
	return setting_is_large(id) ? has(arg, id) : !settings_is_default(s, id);
}

/* What each setting that not all tests can use is good for. */
static const struct {
	enum setting id;
	bool used[TEST_KINDS];
	const char *why; /* follows "NAME: " */
} uses[] = {
	{ SET_REPRODUCER,
	  { [TEST_RUN] = true },
	  "only 'test' = run runs one: empty it (cp /dev/null over it)" },
	{ SET_ON_TIMEOUT,
	  { [TEST_RUN] = true },
	  "it says what it means that a reproducer does not end" },
	{ SET_MATCH,
	  { [TEST_RUN] = true, [TEST_BOOT] = true, [TEST_BUILD] = true },
	  "its user alone judges a kernel" },
	{ SET_METRIC, { [TEST_RUN] = true }, "only a reproducer's output ('test' = run) has it" },
	{ SET_BASELINE,
	  { [TEST_RUN] = true, [TEST_BOOT] = true },
	  "a configuration is minimised by the runs of guests" },
	{ SET_READY,
	  { [TEST_RUN] = true, [TEST_BOOT] = true },
	  "there is no console to look for it" },
	{ SET_PASS, { [TEST_RUN] = true }, "no test says that it passed" },
	{ SET_FAIL,
	  { [TEST_RUN] = true, [TEST_BOOT] = true, [TEST_BUILD] = true },
	  "its user alone judges a kernel" },
};

err_t settings_fit_together(const struct settings *s, bool (*has)(void *arg, enum setting id),
			    void *arg, struct error *error)
{
	enum test_kind test = settings_test(s);
	for (gsize i = 0; i < G_N_ELEMENTS(uses); i++) {
		if (!uses[i].used[test] && is_set(s, uses[i].id, has, arg))
			return error_set(error, EINVAL, "%s: of no use with 'test' = %s: %s",
					 setting_name(uses[i].id), settings_text(s, SET_TEST),
					 uses[i].why);
	}
	if (test == TEST_BUILD && strcmp(settings_text(s, SET_MATCH), "type") == 0)
		return error_set(error, EINVAL,
				 "match: of no use with 'test' = build: the errors of a build have "
				 "no types");
	bool metric = *settings_text(s, SET_METRIC);
	if (metric && !settings_match_is_auto(s))
		return error_set(
			error, EINVAL,
			"match: of no use with 'metric': numbers are compared, not crashes");
	if (metric && strcmp(settings_text(s, SET_ON_TIMEOUT), "bad") == 0)
		return error_set(
			error, EINVAL,
			"on_timeout: 'bad' is of no use with 'metric': a run is good or bad "
			"by its number");
	static const enum setting of_metric[] = { SET_METRIC_WORSE, SET_METRIC_CHANGE };
	for (gsize i = 0; !*settings_text(s, SET_METRIC) && i < G_N_ELEMENTS(of_metric); i++) {
		if (is_set(s, of_metric[i], has, arg))
			return error_set(error, EINVAL, "%s: of no use without 'metric'",
					 setting_name(of_metric[i]));
	}
	if (has(arg, SET_BASELINE) && !has(arg, SET_CONFIG))
		return error_set(error, EINVAL,
				 "baseline: there is nothing to minimise without a 'config'");
	if (has(arg, SET_BASELINE) && has(arg, SET_BUILD))
		return error_set(error, EINVAL,
				 "baseline: kernels of a 'build' program have no configuration "
				 "that could be minimised");
	if (has(arg, SET_BASELINE) && *settings_text(s, SET_METRIC))
		return error_set(error, EINVAL,
				 "baseline: a configuration is minimised by crashes, not by the "
				 "numbers of 'metric'");
	return 0;
}
