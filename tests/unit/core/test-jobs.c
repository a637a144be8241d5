/* Which job fulfils which wish, and whose it is where a name is used again. */
#include "engine/core/jobs.h"

static const struct job_listener nobody;

static struct session *session(const char *name, guint64 serial)
{
	struct session *s = session_new(name);
	s->serial = serial;
	return s;
}

static struct job *add(struct jobs *jobs, enum job_kind kind, const struct session *s, int step)
{
	struct job *job = job_new(kind, s, &nobody, false);
	job->step = step;
	jobs_add(jobs, job);
	return job;
}

static void test_fulfils(void)
{
	static const struct {
		enum job_kind kind;
		int step, run;
		struct wish wish;
		bool yes;
	} rows[] = {
		{ JOB_LOAD, -1, -1, { WISH_LOAD, -1, -1 }, true },
		{ JOB_PREPARE, -1, -1, { WISH_LOAD, -1, -1 }, true }, /* its first half */
		{ JOB_BUILD, 2, -1, { WISH_BUILD, 2, -1 }, true },
		{ JOB_BUILD, 2, -1, { WISH_BUILD, 3, -1 }, false },
		{ JOB_BUILD, -1, -1, { WISH_BUILD, 0, -1 }, false }, /* ahead: nobody's yet */
		{ JOB_RUN, 2, 1, { WISH_RUN, 2, 1 }, true },
		{ JOB_RUN, 2, 1, { WISH_RUN, 2, 0 }, false },
		{ JOB_RUN, 2, 1, { WISH_RUN, 1, 1 }, false },
		{ JOB_NEXT, 3, -1, { WISH_NEXT, 3, -1 }, true }, /* the step it will answer */
		{ JOB_NEXT, 3, -1, { WISH_NEXT, 4, -1 }, false },
		{ JOB_REPORT, 4, -1, { WISH_REPORT, 4, -1 }, true },
		{ JOB_REPORT, 4, -1, { WISH_BUILD, 4, -1 }, false },
		{ JOB_LOOKUP, -1, -1, { WISH_LOAD, -1, -1 }, false },
	};
	struct session *s = session("x", 7);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct job *job = job_new(rows[i].kind, s, &nobody, false);
		if (job->kind == JOB_NEXT)
			job->next.step = rows[i].step;
		else
			job->step = rows[i].step;
		if (job->kind == JOB_RUN)
			job->run.run = rows[i].run;
		if (jobs_fulfils(job, 7, &rows[i].wish) != rows[i].yes)
			g_error("row %zu", i);
		g_assert_false(jobs_fulfils(job, 8, &rows[i].wish));
		job_free(job);
	}
	session_free(s);
}

static void test_find(void)
{
	struct jobs *jobs = jobs_new();
	struct session *old = session("x", 1), *new = session("x", 2);
	struct job *of_old = add(jobs, JOB_BUILD, old, 0), *of_new = add(jobs, JOB_BUILD, new, 0);
	const struct wish w = { WISH_BUILD, 0, -1 };
	g_assert_true(jobs_find(jobs, 1, &w) == of_old);
	g_assert_true(jobs_find(jobs, 2, &w) == of_new);
	g_assert_null(jobs_find(jobs, 3, &w));
	of_old->build.source.key = g_strdup("one");
	of_new->build.source.key = g_strdup("two");
	g_assert_true(jobs_building(jobs, "two") == of_new);
	g_assert_null(jobs_building(jobs, "three"));
	jobs_end(jobs, of_old);
	g_assert_cmpuint(jobs_count(jobs), ==, 1);
	g_assert_null(jobs_find(jobs, 1, &w));
	jobs_free(jobs);
	session_free(old);
	session_free(new);
}

static void test_namesake(void)
{
	struct jobs *jobs = jobs_new();
	struct session *old = session("x", 1), *new = session("x", 2), *other = session("y", 3);
	g_assert_false(jobs_of_namesake(jobs, new));
	struct job *run = add(jobs, JOB_RUN, old, 0);
	add(jobs, JOB_BUILD, new, 0);
	g_assert_true(jobs_of_namesake(jobs, new));
	g_assert_false(jobs_of_namesake(jobs, other));
	jobs_stop(run); /* it may still write */
	g_assert_true(jobs_of_namesake(jobs, new));
	jobs_end(jobs, run);
	g_assert_false(jobs_of_namesake(jobs, new));
	jobs_free(jobs);
	session_free(old);
	session_free(new);
	session_free(other);
}

static void test_give_to_step(void)
{
	struct session *s = session("x", 1);
	struct job *job = job_new(JOB_BUILD, s, &nobody, false);
	g_assert_cmpint(job_step(job), ==, -1);
	jobs_give_to_step(job, 4);
	g_assert_cmpint(job_step(job), ==, 4);
	g_assert_false(job->plan.speculative);
	jobs_give_to_step(job, -1);
	g_assert_true(job->plan.speculative);
	g_assert_false(cancel_asked(&job->cancel));
	jobs_stop(job);
	g_assert_true(cancel_asked(&job->cancel) && job->plan.cancelled);
	job_free(job);
	session_free(s);
}

static void test_skip(void)
{
	struct session *s = session("x", 1);
	struct job *job = job_new(JOB_RUN, s, &nobody, false);
	job->run.run = 3;
	job_skip_run(job);
	g_assert_cmpint(job->answer.kind, ==, EV_RUN_DONE);
	g_assert_cmpint(job->answer.run_done.run, ==, 3);
	g_assert_cmpint(job->answer.run_done.outcome, ==, OUTCOME_SKIPPED);
	job_free(job);
	session_free(s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/jobs/fulfils", test_fulfils);
	g_test_add_func("/jobs/find", test_find);
	g_test_add_func("/jobs/namesake", test_namesake);
	g_test_add_func("/jobs/give-to-step", test_give_to_step);
	g_test_add_func("/jobs/skip", test_skip);
	return g_test_run();
}
