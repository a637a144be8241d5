/*
 * How events change a session. What it concludes and wants next is in plan.c.
 */
#include "bisectfs/session.h"

#include "log.h"
#include "path.h"
#include "tally.h"

#include <errno.h>
#include <string.h>

static const char *const state_names[SESSION_STATES] = { "draft", "queued", "running", "paused",
							 "done",  "failed", "aborted" };
static const char *const step_state_names[] = { "building", "testing", "done" };
static const char *const role_names[ROLES] = {
	[ROLE_ORIGINAL] = "original", [ROLE_MINIMIZE] = "minimize", [ROLE_RELEASE] = "release",
	[ROLE_BASE] = "base",	      [ROLE_HEAD] = "head",	    [ROLE_SEARCH] = "search",
	[ROLE_CONTAINS] = "contains", [ROLE_RETEST] = "retest",	    [ROLE_CULPRIT] = "culprit",
	[ROLE_PARENT] = "parent",     [ROLE_REVERT] = "revert"
};
static const char *const verdict_names[VERDICTS] = { "", "good", "bad", "skip" };

const char *session_state_name(enum session_state state)
{
	return state_names[state];
}

const char *step_state_name(enum step_state state)
{
	return step_state_names[state];
}

const char *step_role_name(enum step_role role)
{
	return role_names[role];
}

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

static void step_free(void *p)
{
	struct step *step = p;
	for (guint k = 0; k < step->runs->len; k++)
		g_free(step_run(step, (int)k)->title);
	g_array_free(step->runs, TRUE);
	g_free(step->commit);
	g_free(step->subject);
	g_free(step->release);
	g_free(step->reason);
	g_free(step->compiler);
	g_free(step->signature);
	g_free(step->cc);
	g_strfreev(step->patches);
	g_strfreev(step->options);
	g_free(step);
}

static void judgement_clear(void *p)
{
	g_free(((struct judgement *)p)->commit);
}

struct session *session_new(const char *name)
{
	struct session *s = g_new0(struct session, 1);
	s->name = g_strdup(name);
	settings_init(&s->settings);
	s->steps = g_ptr_array_new_with_free_func(step_free);
	s->judgements = g_array_new(FALSE, FALSE, sizeof(struct judgement));
	g_array_set_clear_func(s->judgements, judgement_clear);
	s->retests = g_array_new(FALSE, FALSE, sizeof(int));
	s->log = g_string_new(NULL);
	s->reproducibility = -1;
	s->confidence = 1;
	s->uid = s->gid = -1;
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	g_free(s->name);
	settings_clear(&s->settings);
	g_free(s->text);
	g_free(s->bad);
	g_free(s->given);
	g_free(s->base);
	g_free(s->key);
	g_array_unref(s->judgements);
	g_array_unref(s->retests);
	g_strfreev(s->options);
	g_strfreev(s->parents);
	g_strfreev(s->maintainers);
	g_strfreev(s->goods);
	g_strfreev(s->releases);
	g_ptr_array_free(s->steps, TRUE);
	g_strfreev(s->found);
	g_free(s->found_text);
	g_free(s->verdict);
	g_free(s->error);
	g_free(s->status_reason);
	g_string_free(s->log, TRUE);
	g_free(s);
}

struct step *session_step(const struct session *s, int n)
{
	return n >= 0 && n < (int)s->steps->len ? g_ptr_array_index(s->steps, n) : NULL;
}

struct run *step_run(const struct step *step, int k)
{
	return k >= 0 && k < (int)step->runs->len ? &g_array_index(step->runs, struct run, k)
						  : NULL;
}

bool session_in_progress(const struct session *s)
{
	return s->state == STATE_QUEUED || s->state == STATE_RUNNING || s->state == STATE_PAUSED;
}

bool session_has_answer(const struct session *s)
{
	return s->state == STATE_DONE || (session_in_progress(s) && s->verdict);
}

bool session_over(const struct session *s)
{
	return s->state >= STATE_DONE;
}

static err_t misfit(const struct session *s, const struct event *ev, struct error *error)
{
	return error_set(error, EINVAL, "event '%s' does not fit a bisection that is %s",
			 event_kind_name(ev->kind), state_names[s->state]);
}

static err_t apply_started(struct session *s, const struct event *ev, struct error *error)
{
	if (s->state != STATE_DRAFT)
		return misfit(s, ev, error);
	err_t err = settings_from_json(&s->settings, ev->values, error);
	if (err)
		return err;
	s->state = STATE_QUEUED;
	s->started = ev->time;
	s->text = g_strdup(ev->text);
	s->bad = g_strdup(ev->commit);
	s->key = g_strdup(ev->key);
	s->goods = g_strdupv(ev->list);
	return 0;
}

static enum verdict verdict_parse(const char *name)
{
	int v = VERDICTS - 1;
	while (v > 0 && g_strcmp0(verdict_names[v], name) != 0)
		v--;
	return (enum verdict)v;
}

static void drop_step(struct step *step, const char *reason)
{
	step->state = STEP_DONE;
	step->dropped = true;
	g_free(step->reason);
	step->reason = g_strdup(reason);
}

static err_t apply_step(struct session *s, const struct event *ev, struct error *error)
{
	if (ev->step != (int)s->steps->len)
		return error_set(error, EINVAL, "step %d does not follow step %d", ev->step,
				 (int)s->steps->len - 1);
	int role = 0;
	while (role < ROLES && strcmp(role_names[role], ev->role) != 0)
		role++;
	if (role == ROLES)
		return error_set(error, EINVAL, "unknown role '%s'", ev->role);
	if (role == ROLE_RETEST && s->retested >= s->retests->len)
		return error_set(error, EINVAL, "step %d: nobody asked for a retest", ev->step);
	struct step *last = session_step(s, ev->step - 1);
	if (last && last->state != STEP_DONE) {
		if (!s->replan)
			return error_set(error, EINVAL, "step %d is not over yet", ev->step - 1);
		drop_step(last, "not needed any more");
	}
	s->replan = false;
	s->retested += role == ROLE_RETEST;
	struct step *step = g_new0(struct step, 1);
	step->role = (enum step_role)role;
	step->same_as = -1;
	step->cc = g_strdup(ev->cc);
	step->patches = g_strdupv(ev->patches);
	step->options = g_strdupv(ev->options);
	if (ev->verdict) {
		step->presumed = verdict_parse(ev->verdict);
		step->reason = g_strdup(ev->reason);
	}
	step->commit = g_strdup(ev->commit);
	step->subject = g_strdup(ev->subject);
	step->release = g_strdup(ev->release ? ev->release : "");
	step->left = ev->left;
	step->roughly = ev->roughly;
	step->started = ev->time;
	step->runs = g_array_new(FALSE, TRUE, sizeof(struct run));
	g_ptr_array_add(s->steps, step);
	if (ev->checked > 0)
		s->checked = 1;
	return 0;
}

static struct run *add_runs_up_to(struct step *step, int k)
{
	if (k >= (int)step->runs->len)
		g_array_set_size(step->runs, (guint)k + 1);
	return step_run(step, k);
}

static err_t apply_run(struct session *s, const struct event *ev, struct error *error)
{
	struct step *step = session_step(s, ev->step);
	if (!step || ev->run < 0 || ev->run > 100000 || ev->run > (int)step->runs->len)
		return error_set(error, EINVAL, "run %d of step %d does not exist", ev->run,
				 ev->step);
	struct run *r = add_runs_up_to(step, ev->run);
	if (r->outcome != OUTCOME_NONE)
		return error_set(error, EINVAL, "run %d of step %d is over already", ev->run,
				 ev->step);
	if (ev->kind == EV_RUN_STARTED) {
		r->started = ev->time;
		return 0;
	}
	r->outcome = (enum outcome_kind)ev->outcome;
	r->type = (enum crash_type)ev->type;
	r->status = ev->status;
	r->duration = ev->duration;
	r->title = g_strdup(ev->title ? ev->title : "");
	return 0;
}

static void forget_found(struct session *s)
{
	g_clear_pointer(&s->found, g_strfreev);
	g_clear_pointer(&s->parents, g_strfreev);
	g_clear_pointer(&s->found_text, g_free);
	g_clear_pointer(&s->maintainers, g_strfreev);
	s->reported = false;
}

/* syzbot's running estimate of how often the reproducer works, and what a good step is worth. */
static void learn_from_step(struct session *s, const struct step *step)
{
	struct tally t = tally_step(s, step);
	/* what was not measured here teaches nothing new; a smaller kernel is another experiment */
	if (step->same_as >= 0 || step->presumed || step->known || step->role == ROLE_MINIMIZE ||
	    step->role == ROLE_REVERT)
		return;
	if (step->verdict == VERDICT_BAD && t.bad + t.good > 0) {
		double rate = (double)t.bad / (double)(t.bad + t.good);
		if (s->reproducibility < 0)
			s->reproducibility = rate;
		else if (rate < s->reproducibility)
			s->reproducibility = (s->reproducibility + rate) / 2;
		if (rate < 0.5)
			s->flaky = true;
	} else if (step->verdict == VERDICT_GOOD && s->reproducibility >= 0) {
		s->confidence *= verdict_step_confidence(s->reproducibility, t.good);
	}
}

/* Testing takes from the first start of a run to the verdict, however many ran at once. */
static int64_t testing_time(const struct step *step, int64_t now)
{
	int64_t first = now;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->started)
			first = MIN(first, r->started);
	}
	return now - first;
}

static err_t apply_verdict(struct session *s, const struct event *ev, struct error *error)
{
	struct step *step = session_step(s, ev->step);
	enum verdict v = verdict_parse(ev->verdict);
	if (!step || v == VERDICT_NONE || step->state == STEP_DONE ||
	    (ev->same >= 0 && ev->same >= ev->step))
		return error_set(error, EINVAL, "verdict '%s' does not fit step %d", ev->verdict,
				 ev->step);
	step->verdict = v;
	step->same_as = ev->same;
	step->state = STEP_DONE;
	g_free(step->reason);
	step->reason = g_strdup(ev->reason);
	s->test_ns += testing_time(step, ev->time);
	learn_from_step(s, step);
	if (step->role == ROLE_RETEST)
		forget_found(s); /* the search, asked again, says the same or something better */
	return 0;
}

static err_t apply_known(struct session *s, const struct event *ev, struct error *error)
{
	struct step *step = session_step(s, ev->step);
	enum verdict v = verdict_parse(ev->verdict);
	if (!step || step->state != STEP_TESTING || v == VERDICT_NONE)
		return error_set(error, EINVAL, "step %d is not being tested", ev->step);
	step->known = v;
	step->known_good = MAX(ev->good, 0);
	step->known_bad = MAX(ev->bad, 0);
	g_free(step->reason);
	step->reason = g_strdup(ev->reason);
	return 0;
}

static err_t apply_dropped(struct session *s, const struct event *ev, struct error *error)
{
	struct step *step = session_step(s, ev->step);
	if (!step || step->state == STEP_DONE)
		return error_set(error, EINVAL, "step %d is over already", ev->step);
	drop_step(step, ev->reason);
	return 0;
}

static err_t apply_judged(struct session *s, const struct event *ev, struct error *error)
{
	enum verdict v = verdict_parse(ev->verdict);
	if (v == VERDICT_NONE)
		return error_set(error, EINVAL, "'%s' is no verdict", ev->verdict);
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	struct judgement j = { .commit = g_strdup(ev->commit),
			       .verdict = v,
			       .after = s->steps->len,
			       .meanwhile = last && last->state != STEP_DONE };
	g_array_append_val(s->judgements, j);
	forget_found(s);
	/* the step in progress may not be what comes next any more */
	s->replan = s->loaded && s->steps->len > 0;
	return 0;
}

static err_t apply_retest(struct session *s, const struct event *ev, struct error *error)
{
	const struct step *step = session_step(s, ev->step);
	if (!step || step->state != STEP_DONE)
		return error_set(error, EINVAL, "step %d is not over", ev->step);
	g_array_append_val(s->retests, ev->step);
	return 0;
}

static err_t apply_build(struct session *s, const struct event *ev, struct error *error)
{
	struct step *step = session_step(s, ev->step);
	if (!step || step->state != STEP_BUILDING || step->build_failed)
		return error_set(error, EINVAL, "step %d is not being built", ev->step);
	step->build_ns = ev->duration;
	s->build_ns += ev->duration;
	g_free(step->compiler);
	step->compiler = g_strdup(ev->compiler ? ev->compiler : "");
	if (ev->kind == EV_BUILT) {
		step->signature = g_strdup(ev->signature);
		step->state = STEP_TESTING;
	} else {
		step->build_failed = true;
		step->reason = g_strdup(ev->reason);
	}
	return 0;
}

static void end(struct session *s, const struct event *ev, enum session_state state)
{
	s->state = state;
	s->ended = ev->time;
	g_clear_pointer(&s->status_reason, g_free);
}

static void forget_in_flight(struct session *s)
{
	s->restarts++;
	for (guint i = 0; i < s->steps->len; i++) {
		struct step *step = session_step(s, (int)i);
		for (guint k = 0; k < step->runs->len; k++) {
			struct run *r = step_run(step, (int)k);
			if (r->outcome == OUTCOME_NONE)
				r->started = 0;
		}
	}
}

static err_t apply_control(struct session *s, const struct event *ev, struct error *error)
{
	switch (ev->kind) {
	case EV_PAUSED:
		if (s->state != STATE_QUEUED && s->state != STATE_RUNNING)
			return misfit(s, ev, error);
		s->paused_from = s->state;
		s->paused_by_disk = g_strcmp0(ev->role, "disk") == 0;
		s->state = STATE_PAUSED;
		g_free(s->status_reason);
		s->status_reason = g_strdup(ev->reason);
		return 0;
	case EV_RESUMED:
		if (s->state != STATE_PAUSED)
			return misfit(s, ev, error);
		s->state = s->paused_from;
		s->paused_by_disk = false;
		g_clear_pointer(&s->status_reason, g_free);
		return 0;
	default:
		if (!session_in_progress(s))
			return misfit(s, ev, error);
		if (s->verdict) { /* it has its answer: what ends is the minimisation */
			s->minimize = false;
			end(s, ev, STATE_DONE);
			return 0;
		}
		if (ev->kind == EV_ABORTED) {
			s->verdict = g_strdup("aborted");
			end(s, ev, STATE_ABORTED);
		} else {
			s->error = g_strdup(ev->reason);
			s->verdict = g_strdup_printf("failed: %s", ev->reason);
			end(s, ev, STATE_FAILED);
		}
		return 0;
	}
}

static err_t apply_end(struct session *s, const struct event *ev)
{
	if (ev->kind == EV_FOUND) {
		struct step *last = session_step(s, (int)s->steps->len - 1);
		if (last && last->state != STEP_DONE)
			drop_step(last, "not needed any more");
		forget_found(s);
		s->replan = false;
		s->found = g_strdupv(ev->list);
		s->found_text = g_strdup(ev->text);
		s->parents = g_strdupv(ev->parents);
		return 0;
	}
	g_free(s->verdict);
	s->verdict = g_strdup(ev->verdict);
	end(s, ev, STATE_DONE);
	return 0;
}

static err_t apply(struct session *s, const struct event *ev, struct error *error)
{
	switch (ev->kind) {
	case EV_CREATED:
		if (s->created)
			return misfit(s, ev, error);
		s->created = ev->time;
		s->uid = ev->uid;
		s->gid = ev->gid;
		return 0;
	case EV_STARTED:
		return apply_started(s, ev, error);
	case EV_RESTARTED:
		forget_in_flight(s);
		return 0;
	case EV_PAUSED:
	case EV_RESUMED:
	case EV_ABORTED:
	case EV_FAILED:
		return apply_control(s, ev, error);
	default:
		break;
	}
	if (ev->kind == EV_MINIMIZE) {
		if (s->state != STATE_DONE || !ev->options)
			return misfit(s, ev, error);
		g_strfreev(s->options);
		s->options = g_strdupv(ev->options);
		s->minimize = true;
		s->state = STATE_RUNNING;
		return 0;
	}
	if (!session_in_progress(s))
		return misfit(s, ev, error);
	switch (ev->kind) {
	case EV_LOADED:
		if (s->loaded)
			return misfit(s, ev, error);
		s->loaded = true;
		s->releases = g_strdupv(ev->list);
		s->base = g_strdup(ev->base);
		s->options = g_strdupv(ev->options);
		s->minimize = ev->options != NULL;
		if (ev->commit) {
			s->given = s->bad;
			s->bad = g_strdup(ev->commit);
		}
		if (s->state == STATE_QUEUED)
			s->state = STATE_RUNNING;
		s->paused_from = STATE_RUNNING;
		return 0;
	case EV_STEP:
		return apply_step(s, ev, error);
	case EV_BUILT:
	case EV_BUILD_FAILED:
		return apply_build(s, ev, error);
	case EV_RUN_STARTED:
	case EV_RUN_DONE:
		return apply_run(s, ev, error);
	case EV_KNOWN:
		return apply_known(s, ev, error);
	case EV_VERDICT:
		return apply_verdict(s, ev, error);
	case EV_DROPPED:
		return apply_dropped(s, ev, error);
	case EV_KEPT:
		s->replan = false;
		return 0;
	case EV_JUDGED:
		return apply_judged(s, ev, error);
	case EV_RETEST:
		return apply_retest(s, ev, error);
	case EV_REOPENED:
		forget_found(s);
		return 0;
	case EV_REPORTED:
		s->reported = true;
		g_strfreev(s->maintainers);
		s->maintainers = g_strdupv(ev->list);
		return 0;
	case EV_FOUND:
	case EV_CONCLUDED:
		return apply_end(s, ev);
	default:
		return misfit(s, ev, error);
	}
}

err_t session_apply(struct session *s, const struct event *ev, struct error *error)
{
	err_t err = apply(s, ev, error);
	if (err)
		return err;
	s->changed = ev->time;
	log_append(s, ev);
	return 0;
}
