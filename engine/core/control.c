/*
 * A verdict of a user's is checked against the range at the time: where that has changed when its
 * commit is known, it is looked up again.
 */
#include "control.h"

#include "facts.h"

#include "engine/history/navigate.h"
#include "engine/session/forecast.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* One that is over and has not been minimised: a fragment is a set of options over its own target;
 * a whole configuration would have needed a baseline from the start. */
static err_t fill_options(struct engine *e, const struct session *s, struct event *ev,
			  struct error *error)
{
	g_autofree char *path = state_dir_setting(e->state, s->name, setting_name(SET_CONFIG));
	g_autofree char *config = NULL;
	g_file_get_contents(path, &config, NULL, NULL);
	if (!settings_need_guest(&s->settings))
		return error_set(error, EINVAL,
				 "minimize: '%s' has 'test' = %s: only runs of guests say what a "
				 "crash needs",
				 s->name, settings_text(&s->settings, SET_TEST));
	if (s->minimize)
		return error_set(error, EINVAL, "minimize: '%s' is minimised already", s->name);
	if (session_verdict_of(s, s->bad) != VERDICT_BAD)
		return error_set(error, EINVAL, "minimize: '%s' has no crash to keep", s->name);
	if (config && g_str_has_prefix(config, SETTING_FRAGMENT_MARK))
		ev->minimize.options = navigate_options(config, "");
	if (!ev->minimize.options)
		return error_set(error, EINVAL,
				 "minimize: the config of '%s' is no fragment, and it was started "
				 "without a 'baseline'",
				 s->name);
	return 0;
}

static err_t pause_or_end(struct engine *e, struct bisection *b, const char *word,
			  enum event_kind kind, struct error *error)
{
	bool fits = kind == EV_RESUMED ? b->s->state == STATE_PAUSED
		    : kind == EV_PAUSED
			    ? b->s->state == STATE_QUEUED || b->s->state == STATE_RUNNING
		    : kind == EV_MINIMIZE ? b->s->state == STATE_DONE
					  : session_in_progress(b->s);
	if (!fits)
		return error_set(error, EINVAL, "%s: '%s' is %s", word, b->s->name,
				 session_state_name(b->s->state));
	struct event ev = event_make(kind);
	if (kind == EV_MINIMIZE) {
		err_t err = fill_options(e, b->s, &ev, error);
		if (err)
			return err;
	}
	if (kind == EV_PAUSED)
		ev.paused.reason = g_strdup("by its user: write resume to go on");
	return facts_record(e, b, &ev, error);
}

static err_t retest(struct engine *e, struct bisection *b, const char *number, struct error *error)
{
	char *end;
	errno = 0;
	long n = number ? strtol(number, &end, 10) : -1;
	const struct step *step = number && end != number && !*end && !errno && n <= INT_MAX
					  ? session_step(b->s, (int)n)
					  : NULL;
	if (!step)
		return error_set(error, EINVAL, "retest: '%s' has no step '%s'", b->s->name,
				 number ? number : "");
	if (!session_in_progress(b->s))
		return error_set(error, EINVAL, "retest: '%s' is %s", b->s->name,
				 session_state_name(b->s->state));
	if (step->state != STEP_DONE)
		return error_set(error, EINVAL, "retest: step %ld is being tested", n);
	if (step->role == ROLE_MINIMIZE || step->role == ROLE_REVERT)
		return error_set(error, EINVAL, "retest: step %ld is no test of a commit as it is",
				 n);
	struct event ev = event_make(EV_RETEST);
	ev.retest.step = (int)n;
	return facts_record(e, b, &ev, error);
}

static err_t control(struct engine *e, struct bisection *b, char **words, struct error *error)
{
	static const struct {
		const char *word;
		enum event_kind kind;
	} known[] = { { "pause", EV_PAUSED },
		      { "resume", EV_RESUMED },
		      { "abort", EV_ABORTED },
		      { "minimize", EV_MINIMIZE } };
	guint n = g_strv_length(words);
	for (gsize i = 0; n == 1 && i < G_N_ELEMENTS(known); i++) {
		if (strcmp(known[i].word, words[0]) == 0)
			return pause_or_end(e, b, words[0], known[i].kind, error);
	}
	if (n == 2 && strcmp(words[0], "retest") == 0)
		return retest(e, b, words[1], error);
	g_autofree char *text = g_strjoinv(" ", words);
	return error_set(error, EINVAL,
			 "unknown control word '%s': pause, resume, abort, minimize, retest N, "
			 "good REV, bad REV or skip REV",
			 text);
}

/* ---- a user's verdict on a commit ---- */

static enum verdict judgement_word(char *const *words)
{
	static const char *const names[] = { "good", "bad", "skip" };
	static const enum verdict verdicts[] = { VERDICT_GOOD, VERDICT_BAD, VERDICT_SKIP };
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (words[0] && words[1] && !words[2] && strcmp(words[0], names[i]) == 0)
			return verdicts[i];
	}
	return VERDICT_NONE;
}

static err_t check_judgement(struct engine *e, const struct command *c, struct error *error)
{
	struct bisection *b = state_bisection(e, c);
	if (!b)
		return command_gone(c, error);
	if (!session_in_progress(b->s))
		return error_set(error, EINVAL, "'%s' is %s: its verdicts cannot change any more",
				 c->name, session_state_name(b->s->state));
	if (!b->s->loaded)
		return error_set(error, EINVAL, "'%s' is still reading its history: try again",
				 c->name);
	return 0;
}

/* Takes over the command and the words. */
static void look_up(struct engine *e, struct bisection *b, struct command *c, GStrv words)
{
	struct job *job = job_new(JOB_LOOKUP, b->s, &e->listener, e->state != NULL);
	struct lookup *l = &job->lookup;
	l->command = c;
	l->words = words;
	l->verdict = judgement_word(words);
	l->fix = settings_is_fix(&b->s->settings);
	session_next_query(b->s, &l->range);
	jobs_add(e->jobs, job);
	e->workers.start(e->workers.self, job);
}

void control_command(struct engine *e, struct command *c)
{
	struct error error = { 0 };
	g_autofree char *text = command_text(c);
	g_auto(GStrv) words = command_words(text);
	struct bisection *b = state_bisection(e, c);
	if (judgement_word(words) == VERDICT_NONE) {
		err_t err = b ? control(e, b, words, &error) : command_gone(c, &error);
		command_answer(c, err, &error);
		return;
	}
	err_t err = check_judgement(e, c, &error);
	if (err)
		command_answer(c, err, &error);
	else
		look_up(e, b, c, g_steal_pointer(&words));
}

static bool is_same_range(const struct session *s, const struct next_query *then)
{
	struct next_query now;
	session_next_query(s, &now);
	bool same = g_strcmp0(now.bad, then->bad) == 0 &&
		    g_strv_equal((const char *const *)now.goods, (const char *const *)then->goods);
	next_query_clear(&now);
	return same;
}

static err_t record_verdict(struct engine *e, struct bisection *b, const struct lookup *l,
			    struct error *error)
{
	if (session_verdict_of(b->s, l->commit) == l->verdict ||
	    (l->verdict == VERDICT_GOOD && b->s->goods &&
	     g_strv_contains((const char *const *)b->s->goods, l->commit)))
		return error_set(error, EINVAL, "%s is %s already", l->commit,
				 verdict_name(l->verdict));
	struct event ev = event_make(EV_JUDGED);
	ev.judged.commit = g_strdup(l->commit);
	ev.judged.verdict = l->verdict;
	ev.judged.uid = l->command->uid;
	return facts_record(e, b, &ev, error);
}

void control_looked_up(struct engine *e, struct job *job)
{
	struct lookup *l = &job->lookup;
	struct command *c = l->command;
	struct error error = { 0 };
	err_t err = check_judgement(e, c, &error);
	struct bisection *b = state_bisection(e, c);
	if (!err && !is_same_range(b->s, &l->range)) {
		l->command = NULL;
		look_up(e, b, c, g_steal_pointer(&l->words));
		return;
	}
	if (!err && job->err) {
		err = job->err;
		error = job->error;
	}
	if (!err)
		err = record_verdict(e, b, l, &error);
	l->command = NULL;
	command_answer(c, err, &error);
}
