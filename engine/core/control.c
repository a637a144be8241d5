/*
 * What users write to `control`: pause, resume, abort, minimize, retest, and their own verdicts.
 */
#include "core.h"

#include "engine/history/navigate.h"
#include "engine/history/reach.h"

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
	return core_record(e, b, &ev, error);
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
	return core_record(e, b, &ev, error);
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

/* ---- a user's verdict on a commit: its revision is looked up by the historian ---- */

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
	struct bisection *b = core_find(e, c->name);
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

/* The same reachability that git's own check rests on: a commit that crashes makes all between it
 * and the current bad one crash, one that does not clears all before it. `goods` and `bad` are in
 * git's words, so that fix mode needs no rule of its own. */
static err_t check_consistent(struct start *st, struct repo *repo, const char *term,
			      struct error *error)
{
	const struct next_query *q = st->range;
	struct history *h = repo_history(repo);
	struct oid oid, other;
	bool reaches = false;
	oid_parse(&oid, st->bad);
	uint32_t c = history_number(h, &oid);
	err_t err = 0;
	if (strcmp(term, "bad") == 0) {
		for (char **g = q->goods; *g && !err; g++) {
			oid_parse(&other, *g);
			err = reach_ancestor(h, history_number(h, &other), c, &reaches, error);
			if (!err && reaches)
				return error_set(error, EINVAL,
						 "%s %s: contradicts %s, which descends from it "
						 "and is %s",
						 st->words[0], st->words[1], *g,
						 st->fix ? "bad" : "good");
		}
		if (!err && q->bad && oid_parse(&other, q->bad)) {
			err = reach_ancestor(h, history_number(h, &other), c, &reaches, error);
			if (!err && !reaches)
				return error_set(error, EINVAL,
						 "%s %s: is no ancestor of %s, the search is "
						 "among that one's ancestors",
						 st->words[0], st->words[1], q->bad);
		}
	} else if (strcmp(term, "good") == 0 && q->bad && oid_parse(&other, q->bad)) {
		err = reach_ancestor(h, c, history_number(h, &other), &reaches, error);
		if (!err && reaches)
			return error_set(error, EINVAL,
					 "%s %s: contradicts %s, which it descends from and which "
					 "is %s",
					 st->words[0], st->words[1], q->bad,
					 st->fix ? "good" : "bad");
	}
	return err;
}

err_t control_resolve(struct start *st, struct repo *repo, struct error *error)
{
	struct oid oid;
	char hex[OID_HEX + 1];
	err_t err = repo_resolve(repo, st->words[1], &oid, error);
	if (err)
		return err;
	oid_print(&oid, hex);
	st->bad = g_strdup(hex);
	enum verdict v = judgement_word(st->words);
	const char *term = v == VERDICT_SKIP		   ? "skip"
			   : (v == VERDICT_BAD) != st->fix ? "bad"
							   : "good";
	return check_consistent(st, repo, term, error);
}

err_t control_judge(struct engine *e, struct start *st, struct error *error)
{
	err_t err = check_judgement(e, st->command, error);
	if (err)
		return err;
	struct bisection *b = core_find(e, st->command->name);
	enum verdict v = judgement_word(st->words);
	if (session_verdict_of(b->s, st->bad) == v ||
	    (v == VERDICT_GOOD && b->s->goods &&
	     g_strv_contains((const char *const *)b->s->goods, st->bad)))
		return error_set(error, EINVAL, "%s is %s already", st->bad, verdict_name(v));
	struct event ev = event_make(EV_JUDGED);
	ev.judged.commit = g_strdup(st->bad);
	ev.judged.verdict = v;
	ev.judged.uid = st->command->uid;
	return core_record(e, b, &ev, error);
}

void control_take(struct engine *e, struct command *c)
{
	struct error error = { 0 };
	g_autofree char *text = command_text(c);
	g_auto(GStrv) words = command_words(text);
	struct bisection *b = core_find(e, c->name);
	if (judgement_word(words) == VERDICT_NONE) {
		err_t err = b ? control(e, b, words, &error) : command_gone(c, &error);
		command_answer(c, err, &error);
		return;
	}
	err_t err = check_judgement(e, c, &error);
	if (err) {
		command_answer(c, err, &error);
		return;
	}
	struct start *st = g_new0(struct start, 1);
	st->e = e;
	st->command = c;
	st->words = g_steal_pointer(&words);
	st->goods = g_ptr_array_new_with_free_func(g_free);
	st->fix = settings_is_fix(&b->s->settings);
	st->range = g_new0(struct next_query, 1);
	session_next_query(b->s, st->range);
	e->workers.lookup(e->workers.self, st);
}
