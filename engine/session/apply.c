/*
 * How events change a session. Which ones it takes is in fits.c, what it concludes and wants next
 * in plan.c.
 */
#include "bisectfs/session.h"

#include "engine/text/bisection_log.h"
#include "range.h"
#include "tally.h"

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

int step_role_parse(const char *name)
{
	int role = ROLES - 1;
	while (role >= 0 && g_strcmp0(role_names[role], name) != 0)
		role--;
	return role;
}

enum verdict verdict_parse(const char *name)
{
	int v = VERDICTS - 1;
	while (v > 0 && g_strcmp0(verdict_names[v], name) != 0)
		v--;
	return (enum verdict)v;
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

static void apply_started(struct session *s, const struct event *ev)
{
	settings_from_json(&s->settings, ev->values, NULL); /* tried in fits.c */
	s->state = STATE_QUEUED;
	s->started = ev->time;
	s->text = g_strdup(ev->text);
	s->bad = g_strdup(ev->commit);
	s->key = g_strdup(ev->key);
	s->goods = g_strdupv(ev->list);
}

static void drop_step(struct step *step, const char *reason)
{
	step->state = STEP_DONE;
	step->dropped = true;
	g_free(step->reason);
	step->reason = g_strdup(reason);
}

static void apply_step(struct session *s, const struct event *ev)
{
	struct step *last = session_step(s, ev->step - 1);
	if (last && last->state != STEP_DONE)
		drop_step(last, "not needed any more");
	s->replan = false;
	struct step *step = g_new0(struct step, 1);
	step->role = (enum step_role)step_role_parse(ev->role);
	s->retested += step->role == ROLE_RETEST;
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
}

static struct run *add_runs_up_to(struct step *step, int k)
{
	if (k >= (int)step->runs->len)
		g_array_set_size(step->runs, (guint)k + 1);
	return step_run(step, k);
}

static void apply_run(struct session *s, const struct event *ev)
{
	struct run *r = add_runs_up_to(session_step(s, ev->step), ev->run);
	if (ev->kind == EV_RUN_STARTED) {
		r->started = ev->time;
		return;
	}
	r->outcome = (enum outcome_kind)ev->outcome;
	r->type = (enum crash_type)ev->type;
	r->status = ev->status;
	r->duration = ev->duration;
	r->title = g_strdup(ev->title ? ev->title : "");
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

static void apply_verdict(struct session *s, const struct event *ev)
{
	struct step *step = session_step(s, ev->step);
	step->verdict = verdict_parse(ev->verdict);
	step->same_as = ev->same;
	step->state = STEP_DONE;
	g_free(step->reason);
	step->reason = g_strdup(ev->reason);
	s->test_ns += testing_time(step, ev->time);
	learn_from_step(s, step);
	if (step->role == ROLE_RETEST)
		forget_found(s); /* the search, asked again, says the same or something better */
}

static void apply_known(struct session *s, const struct event *ev)
{
	struct step *step = session_step(s, ev->step);
	step->known = verdict_parse(ev->verdict);
	step->known_good = MAX(ev->good, 0);
	step->known_bad = MAX(ev->bad, 0);
	g_free(step->reason);
	step->reason = g_strdup(ev->reason);
}

static void apply_judged(struct session *s, const struct event *ev)
{
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	struct judgement j = { .commit = g_strdup(ev->commit),
			       .verdict = verdict_parse(ev->verdict),
			       .after = s->steps->len,
			       .meanwhile = last && last->state != STEP_DONE };
	g_array_append_val(s->judgements, j);
	forget_found(s);
	/* the step in progress may not be what comes next any more */
	s->replan = s->loaded && s->steps->len > 0;
}

static void apply_build(struct session *s, const struct event *ev)
{
	struct step *step = session_step(s, ev->step);
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

static void apply_paused(struct session *s, const struct event *ev)
{
	s->paused_from = s->state;
	s->paused_by_disk = g_strcmp0(ev->role, "disk") == 0;
	s->state = STATE_PAUSED;
	g_free(s->status_reason);
	s->status_reason = g_strdup(ev->reason);
}

static void apply_resumed(struct session *s)
{
	s->state = s->paused_from;
	s->paused_by_disk = false;
	g_clear_pointer(&s->status_reason, g_free);
}

static void apply_failed(struct session *s, const struct event *ev)
{
	if (s->verdict) { /* it has its answer: what ends is the minimisation */
		s->minimize = false;
		end(s, ev, STATE_DONE);
	} else if (ev->kind == EV_ABORTED) {
		s->verdict = g_strdup("aborted");
		end(s, ev, STATE_ABORTED);
	} else {
		s->error = g_strdup(ev->reason);
		s->verdict = g_strdup_printf("failed: %s", ev->reason);
		end(s, ev, STATE_FAILED);
	}
}

static void apply_found(struct session *s, const struct event *ev)
{
	struct step *last = session_step(s, (int)s->steps->len - 1);
	if (last && last->state != STEP_DONE)
		drop_step(last, "not needed any more");
	forget_found(s);
	s->replan = false;
	s->found = g_strdupv(ev->list);
	s->found_text = g_strdup(ev->text);
	s->parents = g_strdupv(ev->parents);
}

static void apply_minimize(struct session *s, const struct event *ev)
{
	g_strfreev(s->options);
	s->options = g_strdupv(ev->options);
	s->minimize = true;
	s->state = STATE_RUNNING;
}

static void apply_loaded(struct session *s, const struct event *ev)
{
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
}

static void apply(struct session *s, const struct event *ev)
{
	switch (ev->kind) {
	case EV_CREATED:
		s->created = ev->time;
		s->uid = ev->uid;
		s->gid = ev->gid;
		break;
	case EV_STARTED:
		apply_started(s, ev);
		break;
	case EV_RESTARTED:
		forget_in_flight(s);
		break;
	case EV_PAUSED:
		apply_paused(s, ev);
		break;
	case EV_RESUMED:
		apply_resumed(s);
		break;
	case EV_ABORTED:
	case EV_FAILED:
		apply_failed(s, ev);
		break;
	case EV_MINIMIZE:
		apply_minimize(s, ev);
		break;
	case EV_LOADED:
		apply_loaded(s, ev);
		break;
	case EV_STEP:
		apply_step(s, ev);
		break;
	case EV_BUILT:
	case EV_BUILD_FAILED:
		apply_build(s, ev);
		break;
	case EV_RUN_STARTED:
	case EV_RUN_DONE:
		apply_run(s, ev);
		break;
	case EV_KNOWN:
		apply_known(s, ev);
		break;
	case EV_VERDICT:
		apply_verdict(s, ev);
		break;
	case EV_DROPPED:
		drop_step(session_step(s, ev->step), ev->reason);
		break;
	case EV_KEPT:
		s->replan = false;
		break;
	case EV_JUDGED:
		apply_judged(s, ev);
		break;
	case EV_RETEST:
		g_array_append_val(s->retests, ev->step);
		break;
	case EV_REOPENED:
		forget_found(s);
		break;
	case EV_REPORTED:
		s->reported = true;
		g_strfreev(s->maintainers);
		s->maintainers = g_strdupv(ev->list);
		break;
	case EV_FOUND:
		apply_found(s, ev);
		break;
	case EV_CONCLUDED:
		g_free(s->verdict);
		s->verdict = g_strdup(ev->verdict);
		end(s, ev, STATE_DONE);
		break;
	case EV_NONE:
	case EV_KINDS:
		break;
	}
}

err_t session_apply(struct session *s, const struct event *ev, struct error *error)
{
	err_t err = session_fits(s, ev, error);
	if (err)
		return err;
	apply(s, ev);
	s->changed = ev->time;
	bisection_log_append(s, ev);
	return 0;
}
