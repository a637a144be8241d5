/*
 * Which events fit which session: all that session_apply refuses is refused here, so that a fact
 * can be asked before it is written to disk.
 */
#include "bisectfs/session.h"

#include <errno.h>

#define RUNS_MAX 100000

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
		return s->state == STATE_DONE && ev->options;
	case EV_LOADED:
		return session_in_progress(s) && !s->loaded;
	default:
		return session_in_progress(s);
	}
}

/* A copy takes them, as settings that were half taken could not be put back. */
static err_t started_fits(const struct event *ev, struct error *error)
{
	struct settings copy;
	settings_init(&copy);
	err_t err = settings_from_json(&copy, ev->values, error);
	settings_clear(&copy);
	return err;
}

static err_t step_fits(const struct session *s, const struct event *ev, struct error *error)
{
	int role = step_role_parse(ev->role);
	if (ev->step != (int)s->steps->len)
		return error_set(error, EINVAL, "step %d does not follow step %d", ev->step,
				 (int)s->steps->len - 1);
	if (role < 0)
		return error_set(error, EINVAL, "unknown role '%s'", ev->role);
	if (role == ROLE_RETEST && s->retested >= s->retests->len)
		return error_set(error, EINVAL, "step %d: nobody asked for a retest", ev->step);
	const struct step *last = session_step(s, ev->step - 1);
	if (last && last->state != STEP_DONE && !s->replan)
		return error_set(error, EINVAL, "step %d is not over yet", ev->step - 1);
	return 0;
}

static err_t run_fits(const struct step *step, const struct event *ev, struct error *error)
{
	if (!step || ev->run < 0 || ev->run > RUNS_MAX || ev->run > (int)step->runs->len)
		return error_set(error, EINVAL, "run %d of step %d does not exist", ev->run,
				 ev->step);
	const struct run *r = step_run(step, ev->run);
	if (r && r->outcome != OUTCOME_NONE)
		return error_set(error, EINVAL, "run %d of step %d is over already", ev->run,
				 ev->step);
	return 0;
}

static err_t verdict_fits(const struct step *step, const struct event *ev, struct error *error)
{
	if (!step || step->state == STEP_DONE || verdict_parse(ev->verdict) == VERDICT_NONE ||
	    ev->same >= ev->step)
		return error_set(error, EINVAL, "verdict '%s' does not fit step %d", ev->verdict,
				 ev->step);
	return 0;
}

err_t session_fits(const struct session *s, const struct event *ev, struct error *error)
{
	const struct step *step = session_step(s, ev->step);
	if (!state_fits(s, ev))
		return misfit(s, ev, error);
	switch (ev->kind) {
	case EV_STARTED:
		return started_fits(ev, error);
	case EV_STEP:
		return step_fits(s, ev, error);
	case EV_BUILT:
	case EV_BUILD_FAILED:
		if (!step || step->state != STEP_BUILDING || step->build_failed)
			return error_set(error, EINVAL, "step %d is not being built", ev->step);
		return 0;
	case EV_RUN_STARTED:
	case EV_RUN_DONE:
		return run_fits(step, ev, error);
	case EV_KNOWN:
		if (!step || step->state != STEP_TESTING ||
		    verdict_parse(ev->verdict) == VERDICT_NONE)
			return error_set(error, EINVAL, "step %d is not being tested", ev->step);
		return 0;
	case EV_VERDICT:
		return verdict_fits(step, ev, error);
	case EV_DROPPED:
		if (!step || step->state == STEP_DONE)
			return error_set(error, EINVAL, "step %d is over already", ev->step);
		return 0;
	case EV_JUDGED:
		if (verdict_parse(ev->verdict) == VERDICT_NONE)
			return error_set(error, EINVAL, "'%s' is no verdict", ev->verdict);
		return 0;
	case EV_RETEST:
		if (!step || step->state != STEP_DONE)
			return error_set(error, EINVAL, "step %d is not over", ev->step);
		return 0;
	default:
		return 0;
	}
}
