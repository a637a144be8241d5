/*
 * How events change a session. Which ones it takes is in fits.c, what it concludes and wants next
 * in conclude.c.
 */
#include "bisectfs/session.h"

#include "build_error.h"
#include "metric_ends.h"
#include "range.h"
#include "tally.h"

#include <string.h>

static void apply_started(struct session *s, const struct event_started *ev, int64_t time)
{
	settings_from_json(&s->settings, ev->values, NULL); /* tried in fits.c */
	s->state = STATE_QUEUED;
	s->started = time;
	s->text = g_strdup(ev->text);
	s->bad = g_strdup(ev->commit);
	s->key = g_strdup(ev->key);
	s->goods = g_strdupv(ev->goods);
	for (char **line = ev->judged; line && *line; line++) {
		struct judgement j = { 0 };
		range_judgement(*line, &j.verdict, &j.commit, &j.subject);
		g_array_append_val(s->judgements, j);
	}
	s->paths = g_strdupv(ev->paths);
	s->first_parent = ev->first_parent;
}

static void drop_step(struct step *step, const char *reason)
{
	step->state = STEP_DONE;
	step->dropped = true;
	g_free(step->reason);
	step->reason = g_strdup(reason);
}

/* Once: what has been known since does not change where it began. */
static void note_search_start(struct session *s)
{
	g_auto(GStrv) skips = NULL;
	if (!s->search_bad)
		range_now(s, &s->search_bad, &s->search_goods, &skips);
}

static void apply_step(struct session *s, const struct event_step *ev, int64_t time)
{
	struct step *last = session_step(s, ev->step - 1);
	if (last && last->state != STEP_DONE && !metric_may_join(s, ev->role))
		drop_step(last, "not needed any more");
	s->replan = false;
	struct step *step = g_new0(struct step, 1);
	step->role = ev->role;
	s->retests_begun += step->role == ROLE_RETEST;
	step->same_as = -1;
	step->cc = g_strdup(ev->cc);
	step->patches = g_strdupv(ev->patches);
	step->options = g_strdupv(ev->options);
	step->presumed = ev->presumed;
	step->reason = g_strdup(ev->reason);
	step->commit = g_strdup(ev->commit);
	step->subject = g_strdup(ev->subject);
	step->release = g_strdup(ev->release ? ev->release : "");
	step->left = ev->left;
	step->roughly = ev->roughly;
	step->started = time;
	step->runs = g_array_new(FALSE, TRUE, sizeof(struct run));
	g_ptr_array_add(s->steps, step);
	if (ev->checked)
		s->checked = 1;
	if (ev->role == ROLE_SEARCH)
		note_search_start(s);
}

static struct run *add_runs_up_to(struct step *step, int k)
{
	if (k >= (int)step->runs->len)
		g_array_set_size(step->runs, (guint)k + 1);
	return step_run(step, k);
}

static void apply_run_started(struct session *s, const struct event_run_started *ev, int64_t time)
{
	add_runs_up_to(session_step(s, ev->step), ev->run)->started = time;
}

/* It ended well and says nothing all the same. */
static void skip_without_number(struct run *r)
{
	g_free(r->title);
	r->title = r->value ? g_strdup_printf("no number: '%s'", r->value) : g_strdup("no number");
	r->outcome = OUTCOME_SKIPPED;
	r->status = MAX(r->status, 0); /* it was not stopped */
}

static void apply_run_done(struct session *s, const struct event_run_done *ev)
{
	struct run *r = add_runs_up_to(session_step(s, ev->step), ev->run);
	r->outcome = ev->outcome;
	r->type = ev->type;
	r->status = ev->status;
	r->duration = ev->duration;
	r->title = g_strdup(ev->title ? ev->title : "");
	r->value = g_strdup(ev->value);
	if (r->outcome == OUTCOME_OK && numbers_wanted(s) && !number_parse(r->value, &r->number))
		skip_without_number(r);
}

static void forget_found(struct session *s)
{
	g_clear_pointer(&s->found, g_strfreev);
	g_clear_pointer(&s->parents, g_strfreev);
	g_clear_pointer(&s->borders, g_strfreev);
	g_clear_pointer(&s->inside, g_strfreev);
	g_clear_pointer(&s->found_text, g_free);
	g_clear_pointer(&s->maintainers, g_strfreev);
	g_clear_pointer(&s->found_labels, g_strfreev);
	g_clear_pointer(&s->config_labels, g_strfreev);
	s->reported = false;
}

/* syzbot's running estimate of how often the reproducer works, and what a good step is worth. */
static void learn_from_step(struct session *s, const struct step *step)
{
	if (numbers_wanted(s))
		return; /* a number is no chance that a bug shows */
	struct tally t = tally_step(s, step);
	/* what was not measured here teaches nothing new; a smaller kernel is another experiment */
	if (step->same_as >= 0 || step->presumed || step->known || !step_is_of_commit(step))
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

static void apply_verdict(struct session *s, const struct event_verdict *ev, int64_t time)
{
	struct step *step = session_step(s, ev->step);
	step->verdict = ev->verdict;
	step->by_user = ev->by_user;
	step->same_as = ev->same;
	step->state = STEP_DONE;
	g_free(step->reason);
	step->reason = g_strdup(ev->reason);
	if (ev->step + 1 == (int)s->steps->len) /* two that are tested at once count once */
		s->test_ns += testing_time(step, time);
	learn_from_step(s, step);
	if (step->role == ROLE_RETEST)
		forget_found(s); /* the search, asked again, says the same or something better */
}

static void apply_known(struct session *s, const struct event_known *ev)
{
	struct step *step = session_step(s, ev->step);
	step->known = ev->verdict;
	step->known_good = ev->good;
	step->known_bad = ev->bad;
	g_free(step->reason);
	step->reason = g_strdup(ev->reason);
}

/* It was over, and a word of its user's says that it is not: the search goes on from what is known.
 * What was in flight at the end was stopped. */
static void take_up_again(struct session *s, int64_t time)
{
	struct step *last = session_step(s, (int)s->steps->len - 1);
	bool over = session_over(s);
	if (!over && !s->verdict) /* with one it is being minimised */
		return;
	if (over && last && last->state != STEP_DONE) {
		drop_step(last, "interrupted: the bisection ended");
		last->interrupted = true;
	}
	if (over) {
		int64_t idle = MAX(time - s->ended, 0);
		s->idle_ns = idle > INT64_MAX - s->idle_ns ? INT64_MAX : s->idle_ns + idle;
		s->ended = 0;
		s->state = s->paused_from = STATE_RUNNING;
	}
	g_clear_pointer(&s->verdict, g_free);
	g_clear_pointer(&s->error, g_free);
	s->no_op = false;
	forget_found(s);
}

static void apply_retest(struct session *s, const struct event_of_step *ev, int64_t time)
{
	take_up_again(s, time);
	/* one that the end interrupted is asked for again by itself */
	if (!session_step(s, ev->step)->interrupted)
		g_array_append_val(s->retests, ev->step);
}

static void apply_judged(struct session *s, const struct event_judged *ev, int64_t time)
{
	take_up_again(s, time);
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	struct judgement j = { .commit = g_strdup(ev->commit),
			       .subject = g_strdup(ev->subject),
			       .verdict = ev->verdict,
			       .after = s->steps->len,
			       .during_step = last && last->state != STEP_DONE };
	g_array_append_val(s->judgements, j);
	if (ev->verdict == VERDICT_GOOD && s->goods &&
	    g_strv_contains((const char *const *)s->goods, ev->commit))
		return; /* as its user said at the start: nothing that was found is in doubt */
	forget_found(s);
	/* the step in progress may not be what comes next any more */
	s->replan = s->loaded && s->steps->len > 0;
}

static void end_build(struct session *s, struct step *step, int64_t duration, const char *compiler)
{
	step->build_ns = duration;
	s->build_ns += duration;
	g_free(step->compiler);
	step->compiler = g_strdup(compiler ? compiler : "");
}

/* What stands for the bug where a build shows it. */
static char *title_of_build(const struct session *s, const struct step *step)
{
	if (settings_test(&s->settings) != TEST_BUILD)
		return NULL;
	if (step->matched)
		return build_error_matched(step->matched, settings_text(&s->settings, SET_FAIL));
	return step->build_error && !step->no_tree ? build_error_normal(step->build_error) : NULL;
}

static void apply_built(struct session *s, const struct event_built *ev)
{
	struct step *step = session_step(s, ev->step);
	end_build(s, step, ev->duration, ev->compiler);
	step->signature = g_strdup(ev->signature);
	step->matched = g_strdup(ev->matched);
	step->object = g_strdup(ev->object);
	step->alone = ev->alone;
	step->title = title_of_build(s, step);
	step->state = STEP_TESTING;
}

static void apply_build_failed(struct session *s, const struct event_build_failed *ev)
{
	struct step *step = session_step(s, ev->step);
	end_build(s, step, ev->duration, ev->compiler);
	step->build_failed = true;
	step->object = g_strdup(ev->object);
	step->matched = g_strdup(ev->matched);
	step->alone = ev->alone;
	step->no_tree = ev->no_tree;
	step->build_error = g_strdup(ev->reason);
	step->title = title_of_build(s, step);
	g_free(step->reason);
	step->reason = g_strdup(ev->reason);
}

static void end(struct session *s, int64_t time, enum session_state state)
{
	s->state = state;
	s->ended = time;
	s->paused_by_disk = false; /* what came meanwhile may end a pause */
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

static void apply_paused(struct session *s, const struct event_paused *ev)
{
	s->paused_from = s->state;
	s->paused_by_disk = ev->by_disk;
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

/* It has its answer: what ends is the minimisation. */
static void end_minimisation(struct session *s, int64_t time)
{
	s->minimize = false;
	end(s, time, STATE_DONE);
}

static void apply_aborted(struct session *s, int64_t time)
{
	if (s->verdict) {
		end_minimisation(s, time);
		return;
	}
	s->verdict = g_strdup("aborted");
	end(s, time, STATE_ABORTED);
}

static void apply_failed(struct session *s, const struct event_reason *ev, int64_t time)
{
	if (s->verdict) {
		end_minimisation(s, time);
		return;
	}
	s->error = g_strdup(ev->reason);
	s->verdict = g_strdup_printf("failed: %s", ev->reason);
	end(s, time, STATE_FAILED);
}

static void apply_found(struct session *s, const struct event_found *ev)
{
	struct step *last = session_step(s, (int)s->steps->len - 1);
	if (last && last->state != STEP_DONE)
		drop_step(last, "not needed any more");
	forget_found(s);
	s->replan = false;
	s->found = g_strdupv(ev->candidates);
	s->found_text = g_strdup(ev->text);
	s->found_labels = g_strdupv(ev->labels);
	s->parents = g_strdupv(ev->parents);
	s->borders = g_strdupv(ev->borders);
	s->found_at = s->steps->len;
	note_search_start(s); /* the ends may be all there is */
}

static void apply_minimize(struct session *s, const struct event_minimize *ev)
{
	g_strfreev(s->options);
	s->options = g_strdupv(ev->options);
	s->minimize = true;
	s->state = STATE_RUNNING;
}

static void apply_loaded(struct session *s, const struct event_loaded *ev)
{
	s->loaded = true;
	s->shallow = ev->shallow;
	s->releases = g_strdupv(ev->releases);
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
		s->uid = ev->created.uid;
		s->gid = ev->created.gid;
		break;
	case EV_STARTED:
		apply_started(s, &ev->started, ev->time);
		break;
	case EV_RESTARTED:
		forget_in_flight(s);
		break;
	case EV_PAUSED:
		apply_paused(s, &ev->paused);
		break;
	case EV_RESUMED:
		apply_resumed(s);
		break;
	case EV_ABORTED:
		apply_aborted(s, ev->time);
		break;
	case EV_FAILED:
		apply_failed(s, &ev->failed, ev->time);
		break;
	case EV_MINIMIZE:
		apply_minimize(s, &ev->minimize);
		break;
	case EV_LOADED:
		apply_loaded(s, &ev->loaded);
		break;
	case EV_STEP:
		apply_step(s, &ev->step, ev->time);
		break;
	case EV_BUILT:
		apply_built(s, &ev->built);
		break;
	case EV_BUILD_FAILED:
		apply_build_failed(s, &ev->build_failed);
		break;
	case EV_RUN_STARTED:
		apply_run_started(s, &ev->run_started, ev->time);
		break;
	case EV_RUN_DONE:
		apply_run_done(s, &ev->run_done);
		break;
	case EV_KNOWN:
		apply_known(s, &ev->known);
		break;
	case EV_VERDICT:
		apply_verdict(s, &ev->verdict, ev->time);
		break;
	case EV_DROPPED:
		drop_step(session_step(s, ev->dropped.step), ev->dropped.reason);
		break;
	case EV_KEPT:
		s->replan = false;
		break;
	case EV_JUDGED:
		apply_judged(s, &ev->judged, ev->time);
		break;
	case EV_RETEST:
		apply_retest(s, &ev->retest, ev->time);
		break;
	case EV_ALL_PARENTS:
		take_up_again(s, ev->time);
		s->first_parent = false;
		break;
	case EV_REOPENED:
		forget_found(s);
		break;
	case EV_REPORTED:
		s->reported = true;
		g_strfreev(s->maintainers);
		s->maintainers = g_strdupv(ev->reported.maintainers);
		g_strfreev(s->config_labels);
		s->config_labels = g_strdupv(ev->reported.labels);
		break;
	case EV_DOUBTED:
		g_free(s->doubted);
		s->doubted = g_strdup(ev->doubted.commit);
		s->replan = s->loaded && s->steps->len > 0;
		break;
	case EV_FOUND:
		apply_found(s, &ev->found);
		break;
	case EV_INSIDE:
		g_strfreev(s->inside);
		s->inside = g_strdupv(ev->inside.candidates);
		break;
	case EV_CONCLUDED:
		if (range_good_that_is_bad(s) && !s->borders)
			forget_found(s); /* what was found in a range that is none */
		g_free(s->verdict);
		s->verdict = g_strdup(ev->concluded.verdict);
		s->no_op = ev->concluded.no_op;
		end(s, ev->time, STATE_DONE);
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
	return 0;
}
