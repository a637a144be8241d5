/*
 * Which events fit which session: all that session_apply refuses is refused here, so that an
 * event can be asked before it is written to disk.
 */
#include "metric_ends.h"

#include "borders.h"
#include "certify.h"
#include "range.h"

#include <errno.h>

static err_t misfit(const struct session *s, const struct event *ev, struct error *error)
{
	return error_set(error, EINVAL, "event '%s' does not fit a bisection that is %s",
			 event_kind_name(ev->kind), session_state_name(s->state));
}

static bool state_fits(const struct session *s, const struct event *ev)
{
	switch (ev->kind) {
	case EV_CREATED:
		return !s->created;
	case EV_STARTED:
		return s->state == STATE_DRAFT;
	case EV_RESTARTED:
		return true;
	case EV_NONE:
	case EV_KINDS:
		return false;
	case EV_PAUSED:
		return s->state == STATE_QUEUED || s->state == STATE_RUNNING;
	case EV_RESUMED:
		return s->state == STATE_PAUSED;
	case EV_MINIMIZE:
		return s->state == STATE_DONE;
	case EV_ALL_PARENTS: /* of a merge that was found */
		return session_over(s) && s->loaded && s->first_parent && s->found &&
		       certify_is_merge(s);
	case EV_LOADED:
		return session_in_progress(s) && !s->loaded;
	case EV_JUDGED: /* these take up again what is over */
	case EV_RETEST:
		return session_in_progress(s) || (session_over(s) && s->loaded);
	default:
		return session_in_progress(s);
	}
}

/* A copy takes them, as settings that were half taken could not be put back. */
static err_t started_fits(const struct event_started *ev, struct error *error)
{
	struct settings copy;
	for (char **line = ev->judged; line && *line; line++) {
		enum verdict v;
		g_autofree char *commit = NULL;
		g_autofree char *subject = NULL;
		if (!range_judgement(*line, &v, &commit, &subject))
			return error_set(error, EINVAL, "'%s' is no verdict on a commit", *line);
	}
	settings_init(&copy);
	err_t err = settings_from_json(&copy, ev->values, error);
	settings_clear(&copy);
	return err;
}

static err_t step_fits(const struct session *s, const struct event_step *ev, struct error *error)
{
	if (ev->step != (int)s->steps->len)
		return error_set(error, EINVAL, "step %d does not follow step %d", ev->step,
				 (int)s->steps->len - 1);
	if (ev->role == ROLE_MINIMIZE && !s->options)
		return error_set(error, EINVAL, "step %d: there are no options to minimize",
				 ev->step);
	if (ev->role == ROLE_RETEST && s->retests_begun >= s->retests->len)
		return error_set(error, EINVAL, "step %d: nobody asked for a retest", ev->step);
	const struct step *last = session_step(s, ev->step - 1);
	if (last && last->state != STEP_DONE && !s->replan && !metric_may_join(s, ev->role))
		return error_set(error, EINVAL, "step %d is not over yet", ev->step - 1);
	return 0;
}

/* One that ends may never have begun: its start was lost with the power. */
static err_t run_fits(const struct session *s, int n, int k, struct error *error)
{
	const struct step *step = session_step(s, n);
	if (!step || k > (int)step->runs->len)
		return error_set(error, EINVAL, "run %d of step %d does not exist", k, n);
	const struct run *r = step_run(step, k);
	if (r && r->outcome != OUTCOME_NONE)
		return error_set(error, EINVAL, "run %d of step %d is over already", k, n);
	return 0;
}

static err_t build_fits(const struct session *s, int n, int64_t duration, struct error *error)
{
	const struct step *step = session_step(s, n);
	if (!step || step->state != STEP_BUILDING || step->build_failed)
		return error_set(error, EINVAL, "step %d is not being built", n);
	if (duration > INT64_MAX - s->build_ns)
		return error_set(error, EINVAL, "the builds up to step %d take too long", n);
	return 0;
}

static err_t verdict_fits(const struct session *s, const struct event_verdict *ev, int64_t time,
			  struct error *error)
{
	const struct step *step = session_step(s, ev->step);
	if (!step || step->state == STEP_DONE || ev->same >= ev->step)
		return error_set(error, EINVAL, "verdict '%s' does not fit step %d",
				 verdict_name(ev->verdict), ev->step);
	if (time > INT64_MAX - s->test_ns)
		return error_set(error, EINVAL, "the tests up to step %d take too long", ev->step);
	return 0;
}

static err_t known_fits(const struct session *s, int n, struct error *error)
{
	const struct step *step = session_step(s, n);
	if (!step || step->state != STEP_TESTING)
		return error_set(error, EINVAL, "step %d is not being tested", n);
	return 0;
}

static err_t dropped_fits(const struct session *s, int n, struct error *error)
{
	const struct step *step = session_step(s, n);
	if (!step || step->state == STEP_DONE)
		return error_set(error, EINVAL, "step %d is over already", n);
	return 0;
}

static err_t retest_fits(const struct session *s, int n, struct error *error)
{
	const struct step *step = session_step(s, n);
	if (!step || (step->state != STEP_DONE && session_in_progress(s)))
		return error_set(error, EINVAL, "step %d is not over", n);
	return 0;
}

static err_t doubted_fits(const struct session *s, const char *commit, struct error *error)
{
	if (!s->goods || !g_strv_contains((const char *const *)s->goods, commit))
		return error_set(error, EINVAL, "%s is no commit that was given as good", commit);
	return 0;
}

err_t session_fits(const struct session *s, const struct event *ev, struct error *error)
{
	err_t err = event_check(ev, error);
	if (err)
		return err;
	if (!state_fits(s, ev))
		return misfit(s, ev, error);
	switch (ev->kind) {
	case EV_STARTED:
		return started_fits(&ev->started, error);
	case EV_STEP:
		return step_fits(s, &ev->step, error);
	case EV_BUILT:
		if (!ev->built.signature && settings_test(&s->settings) != TEST_BUILD)
			return error_set(error, EINVAL, "step %d is built and has no signature",
					 ev->built.step);
		return build_fits(s, ev->built.step, ev->built.duration, error);
	case EV_BUILD_FAILED:
		return build_fits(s, ev->build_failed.step, ev->build_failed.duration, error);
	case EV_RUN_STARTED:
		return run_fits(s, ev->run_started.step, ev->run_started.run, error);
	case EV_RUN_DONE:
		return run_fits(s, ev->run_done.step, ev->run_done.run, error);
	case EV_KNOWN:
		return known_fits(s, ev->known.step, error);
	case EV_VERDICT:
		return verdict_fits(s, &ev->verdict, ev->time, error);
	case EV_DROPPED:
		return dropped_fits(s, ev->dropped.step, error);
	case EV_RETEST:
		return retest_fits(s, ev->retest.step, error);
	case EV_DOUBTED:
		return doubted_fits(s, ev->doubted.commit, error);
	case EV_FOUND:
		if (!ev->found.candidates[0])
			return error_set(error, EINVAL, "'found' names no commit");
		return borders_check(ev->found.borders, error);
	case EV_INSIDE:
		if (!ev->inside.candidates[0] || !s->found || !certify_is_merge(s))
			return error_set(error, EINVAL, "'inside' names no commit of a merge");
		return 0;
	default:
		return 0;
	}
}
