/*
 * A verdict of a user's is checked against the range at the time: where that has changed when its
 * commit is known, it is looked up again.
 */
#include "control.h"

#include "facts.h"

#include "engine/history/navigate.h"
#include "engine/session/certify.h"
#include "engine/session/forecast.h"
#include "engine/session/range.h"
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

/* In progress; or over, and to be taken up again, for which its history has to be known. */
static err_t check_open(const char *word, const struct session *s, struct error *error)
{
	if (session_in_progress(s) || (session_over(s) && s->loaded))
		return 0;
	return error_set(error, EINVAL, "%s: '%s' is %s%s", word, s->name,
			 session_state_name(s->state),
			 session_over(s) ? ", and its history was never read: start it anew" : "");
}

static err_t retest(struct engine *e, struct bisection *b, const char *number, struct error *error)
{
	char *end;
	errno = 0;
	long n = strtol(number, &end, 10);
	const struct step *step = end != number && !*end && !errno && n <= INT_MAX
					  ? session_step(b->s, (int)n)
					  : NULL;
	err_t err = check_open("retest", b->s, error);
	if (err)
		return err;
	if (!step)
		return error_set(error, EINVAL, "retest: '%s' has no step '%s'", b->s->name,
				 number);
	if (step->state != STEP_DONE && session_in_progress(b->s))
		return error_set(error, EINVAL, "retest: step %ld is being tested", n);
	if (!step_is_of_commit(step))
		return error_set(error, EINVAL, "retest: step %ld is no test of a commit as it is",
				 n);
	struct event ev = event_make(EV_RETEST);
	ev.retest.step = (int)n;
	return facts_record(e, b, &ev, error);
}

/* A merge that a search of first parents has found: the bug may have come in with its side. */
static err_t search_side_branch(struct engine *e, struct bisection *b, struct error *error)
{
	const struct session *s = b->s;
	if (!session_over(s))
		return error_set(error, EINVAL, "inside: '%s' is %s: there is no answer yet",
				 s->name, session_state_name(s->state));
	if (!s->first_parent)
		return error_set(
			error, EINVAL,
			"inside: '%s' follows all parents already: it was not started with "
			"--first-parent, or 'inside' was written before",
			s->name);
	if (!s->found || !s->found[0] || s->found[1] || !certify_is_merge(s))
		return error_set(error, EINVAL, "inside: '%s' has found no merge", s->name);
	struct event ev = event_make(EV_ALL_PARENTS);
	return facts_record(e, b, &ev, error);
}

/* ---- words ---- */

enum word_kind { WORD_ALONE, WORD_INSIDE, WORD_RETEST, WORD_VERDICT };

static const struct word {
	const char *word;
	enum word_kind kind;
	enum event_kind event; /* of one that stands alone */
	enum verdict verdict;
	const char *takes; /* what follows it, for people */
} known_words[] = {
	{ "pause", .event = EV_PAUSED },
	{ "resume", .event = EV_RESUMED },
	{ "abort", .event = EV_ABORTED },
	{ "minimize", .event = EV_MINIMIZE },
	{ "inside", WORD_INSIDE },
	{ "retest", WORD_RETEST, .takes = "the number of a step is needed: retest N" },
	{ "good", WORD_VERDICT, .verdict = VERDICT_GOOD, .takes = "a revision" },
	{ "bad", WORD_VERDICT, .verdict = VERDICT_BAD, .takes = "a revision" },
	{ "skip", WORD_VERDICT, .verdict = VERDICT_SKIP, .takes = "a revision" },
};

static const struct word *find_word(const char *word)
{
	for (gsize i = 0; word && i < G_N_ELEMENTS(known_words); i++) {
		if (strcmp(known_words[i].word, word) == 0)
			return &known_words[i];
	}
	return NULL;
}

/* Whether it is a known word with as many more as it takes. */
static err_t check_words(char *const *words, struct error *error)
{
	const struct word *w = find_word(words[0]);
	if (!words[0] || !w)
		return error_set(error, EINVAL,
				 "%s%s%s: pause, resume, abort, minimize, inside, retest N, good "
				 "REV, bad REV or skip REV",
				 words[0] ? "unknown control word '" : "control: write a word",
				 words[0] ? words[0] : "", words[0] ? "'" : "");
	guint takes = w->takes ? 1 : 0, has = g_strv_length((GStrv)words) - 1;
	if (has < takes && w->kind != WORD_VERDICT) /* of what then, is found out later */
		return error_set(error, EINVAL, "%s: %s", w->word, w->takes);
	if (has > takes)
		return error_set(error, EINVAL, "%s: one word too many: '%s'", w->word,
				 words[1 + takes]);
	return 0;
}

static err_t control(struct engine *e, struct bisection *b, char **words, struct error *error)
{
	const struct word *w = find_word(words[0]);
	if (w->kind == WORD_INSIDE)
		return search_side_branch(e, b, error);
	return w->kind == WORD_RETEST ? retest(e, b, words[1], error)
				      : pause_or_end(e, b, words[0], w->event, error);
}

/* ---- a user's verdict on a commit ---- */

static enum verdict judgement_word(char *const *words)
{
	return find_word(words[0])->verdict;
}

/* The step that waits for its user's verdict, which needs no commit to be named; NULL: none does.
 */
static const struct step *waiting_step(const struct session *s)
{
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	bool waits = settings_test(&s->settings) == TEST_MANUAL && last && last->state != STEP_DONE;
	return waits ? last : NULL;
}

static err_t judge_waiting(struct engine *e, const struct command *c, enum verdict verdict,
			   struct error *error)
{
	struct bisection *b = state_bisection(e, c);
	const char *word = verdict_name(verdict);
	if (settings_test(&b->s->settings) != TEST_MANUAL)
		return error_set(error, EINVAL,
				 "%s: which commit? write '%s REV' (only with 'test' = manual the "
				 "step in progress is meant)",
				 word, word);
	const struct step *step = waiting_step(b->s);
	if (!step)
		return error_set(error, EINVAL,
				 "%s: no step of '%s' waits for a verdict now: write '%s REV', or "
				 "wait for the next kernel",
				 word, b->s->name, word);
	if (step->state == STEP_BUILDING) /* a word written twice must not judge the next one */
		return error_set(
			error, EINVAL,
			"%s: the kernel of step %d is not there yet: wait for it, or write "
			"'%s %.12s' if you know",
			word, (int)b->s->steps->len - 1, word, step->commit);
	struct event ev = event_make(EV_JUDGED);
	ev.judged.commit = g_strdup(step->commit);
	ev.judged.subject = g_strdup(step->subject);
	ev.judged.verdict = verdict;
	ev.judged.uid = c->uid;
	return facts_record(e, b, &ev, error);
}

static err_t check_judgement(struct engine *e, const struct command *c, struct error *error)
{
	struct bisection *b = state_bisection(e, c);
	if (!b)
		return command_gone(c, error);
	g_autofree char *text = command_text(c);
	g_auto(GStrv) words = command_words(text);
	err_t err = check_open(words[0], b->s, error);
	if (!err && !b->s->loaded)
		return error_set(error, EINVAL, "'%s' is still reading its history: try again",
				 c->name);
	return err;
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
	range_ends(b->s, &l->bad_end, &l->good_ends);
	l->over = session_over(b->s);
	jobs_add(e->jobs, job);
	e->workers.start(e->workers.self, job);
}

void control_command(struct engine *e, struct command *c)
{
	struct error error = { 0 };
	g_autofree char *text = command_text(c);
	g_auto(GStrv) words = command_words(text);
	struct bisection *b = state_bisection(e, c);
	err_t err = b ? check_words(words, &error) : command_gone(c, &error);
	if (!err && judgement_word(words) == VERDICT_NONE) {
		err = control(e, b, words, &error);
		command_answer(c, err, &error);
		return;
	}
	if (!err)
		err = check_judgement(e, c, &error);
	if (!err && !words[1]) {
		err = judge_waiting(e, c, judgement_word(words), &error);
		command_answer(c, err, &error);
	} else if (err)
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
	if (session_verdict_of(b->s, l->commit) == l->verdict)
		return error_set(error, EINVAL, "%s is %s already", l->commit,
				 verdict_name(l->verdict));
	struct event ev = event_make(EV_JUDGED);
	ev.judged.commit = g_strdup(l->commit);
	ev.judged.subject = g_strdup(l->subject);
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
	if (!err && session_over(b->s) && !l->over) /* what was said of one in progress */
		err = error_set(&error, EINVAL,
				"'%s' is %s meanwhile: write it again to take the search up again",
				c->name, session_state_name(b->s->state));
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
