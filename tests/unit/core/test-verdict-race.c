/* A user's verdict is checked against what is known when it is recorded: a step may have been
 * judged while its commit was looked up. */
#include "fake-workers.h"

#include <errno.h>
#include <string.h>

#define COMMITS 60

struct race {
	struct fake f;
	int culprit, tested; /* commits: the bad one, and that of the step that is running */
};

static int commit_of(const struct race *r, int step)
{
	return random_history_find(r->f.history,
				   session_step(fake_session(&r->f, "x"), step)->commit);
}

/* The first step is bad; the second one's runs go on. */
static void set_up(struct race *r, gconstpointer culprit)
{
	fake_open(&r->f, COMMITS);
	r->culprit = GPOINTER_TO_INT(culprit);
	fake_boot(&r->f);
	fake_start(&r->f, "x");
	fake_judge(&r->f, "x", 0, true);
	r->tested = commit_of(r, 1);
	g_assert_nonnull(fake_held(&r->f, JOB_RUN, "x"));
}

static void tear_down(struct race *r, gconstpointer culprit)
{
	(void)culprit;
	fake_close(&r->f);
}

/* A user's word on the commit, looked up now; its answer comes later. */
static struct job *begin(struct race *r, const char *verdict, int commit)
{
	g_autofree char *words =
		g_strdup_printf("%s %s", verdict, r->f.history->commits[commit].hash);
	r->f.hold_lookups = true;
	fake_command(&r->f, CMD_CONTROL, "x", words);
	r->f.hold_lookups = false;
	g_assert_false(r->f.answered);
	struct job *lookup = fake_held(&r->f, JOB_LOOKUP, "x");
	g_assert_nonnull(lookup);
	g_assert_cmpint(lookup->err, ==, 0); /* by what is known now it fits */
	return lookup;
}

static void expect_answer(struct race *r)
{
	struct fake *f = &r->f;
	const struct session *s = fake_session(f, "x");
	for (int step = 1; s->state == STATE_RUNNING; step++) {
		if (step >= (int)s->steps->len)
			break;
		int commit = commit_of(r, step);
		bool bug = random_history_reaches(f->history, commit, r->culprit) &&
			   session_step(s, step)->role != ROLE_REVERT;
		if (session_step(s, step)->state != STEP_DONE)
			fake_judge(f, "x", step, bug);
	}
	g_assert_cmpstr(session_state_name(s->state), ==, session_state_name(STATE_DONE));
	g_assert_nonnull(strstr(s->verdict, f->history->commits[r->culprit].hash));
}

static void expect_refusal(struct race *r, const char *commit)
{
	g_assert_true(r->f.answered);
	g_assert_cmpint(r->f.err, ==, -EINVAL);
	g_assert_nonnull(strstr(r->f.error.text, "contradicts"));
	g_assert_nonnull(strstr(r->f.error.text, commit));
	g_assert_cmpint(fake_session(&r->f, "x")->judgements->len, ==, 0);
}

/* An ancestor of what is found to be good. */
static void test_bad(struct race *r, gconstpointer culprit)
{
	(void)culprit;
	int commit = r->f.history->commits[r->tested].parents[0];
	struct job *lookup = begin(r, "bad", commit);
	fake_judge(&r->f, "x", 1, false);
	fake_end(&r->f, lookup);
	expect_refusal(r, r->f.history->commits[r->tested].hash);
	expect_answer(r);
}

/* Of the commit that is tested, not the last one. */
static int descendant(const struct race *r)
{
	int commit = r->tested + 1;
	while (!random_history_reaches(r->f.history, commit, r->tested))
		commit++;
	g_assert_cmpint(commit, <, COMMITS - 1);
	return commit;
}

/* A descendant of what is found to be bad. */
static void test_good(struct race *r, gconstpointer culprit)
{
	(void)culprit;
	struct job *lookup = begin(r, "good", descendant(r));
	fake_judge(&r->f, "x", 1, true);
	fake_end(&r->f, lookup);
	expect_refusal(r, r->f.history->commits[r->tested].hash);
	expect_answer(r);
}

/* What still fits when the range has changed is taken. */
static void test_fits(struct race *r, gconstpointer culprit)
{
	(void)culprit;
	r->culprit = descendant(r);
	struct job *lookup = begin(r, "bad", r->culprit);
	fake_judge(&r->f, "x", 1, false);
	fake_end(&r->f, lookup);
	g_assert_true(r->f.answered);
	g_assert_cmpint(r->f.err, ==, 0);
	g_assert_cmpint(fake_session(&r->f, "x")->judgements->len, ==, 1);
	expect_answer(r);
}

/* The bisection has ended when its user's word is known. */
static void test_over(struct race *r, gconstpointer culprit)
{
	(void)culprit;
	struct job *lookup = begin(r, "bad", r->tested);
	fake_do(&r->f, CMD_CONTROL, "x", "abort");
	r->f.answered = false;
	fake_end(&r->f, lookup);
	g_assert_true(r->f.answered);
	g_assert_cmpint(r->f.err, ==, -EINVAL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fake_library_start();
	const struct {
		const char *name;
		int culprit;
		void (*test)(struct race *, gconstpointer);
	} tests[] = { { "/verdict-race/bad", COMMITS - 1, test_bad },
		      { "/verdict-race/good", 1, test_good },
		      { "/verdict-race/fits", COMMITS - 1, test_fits },
		      { "/verdict-race/over", COMMITS - 1, test_over } };
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, struct race, GINT_TO_POINTER(tests[i].culprit), set_up,
			   tests[i].test, tear_down);
	int status = g_test_run();
	fake_library_stop();
	return status;
}
