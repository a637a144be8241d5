/* What a user's write was answered "done" is on disk; what the disk does not take is refused. */
#include "fake-workers.h"

#include <errno.h>
#include <string.h>

static void set_up(struct fake *f, gconstpointer error)
{
	(void)error;
	fake_open(f, 12);
	f->vms = 2;
	fake_boot(f);
	fake_start(f, "x");
}

static void tear_down(struct fake *f, gconstpointer error)
{
	(void)error;
	fake_close(f);
}

static struct job *run_of(const struct fake *f, int run)
{
	for (guint i = 0; i < f->held->len; i++) {
		struct job *job = g_ptr_array_index(f->held, i);
		if (job_run(job) == run)
			return job;
	}
	g_error("run %d is not there", run);
}

static void expect_state(const struct fake *f, enum session_state state)
{
	g_assert_cmpstr(session_state_name(fake_session(f, "x")->state), ==,
			session_state_name(state));
}

/* A guest finds the disk full, and that is recorded; then it takes nothing any more, and what
 * another guest showed waits. */
static void fill_up(struct fake *f, err_t error)
{
	struct job *lost = run_of(f, 0), *ends = run_of(f, 1);
	f->room = f->inodes = 0;
	lost->err = error;
	fake_end(f, lost);
	expect_state(f, STATE_PAUSED);
	f->disk_error = error;
	fake_end_run(f, ends, true);
	g_assert_cmpint(step_run(session_step(fake_session(f, "x"), 0), 1)->outcome, ==,
			OUTCOME_NONE);
}

static void expect_refusal(struct fake *f, const char *word, err_t error)
{
	g_assert_cmpint(fake_command(f, CMD_CONTROL, "x", word), ==, error);
	g_assert_true(g_str_has_prefix(f->error.text, "not recorded, and not done: "));
	g_assert_nonnull(strstr(f->error.text, f->state));
	expect_state(f, STATE_PAUSED);
}

/* Room again: the runs that wait are recorded, and the search goes on to its verdicts. */
static void expect_to_go_on(struct fake *f)
{
	f->disk_error = 0;
	f->room = f->inodes = (guint64)1 << 40;
	for (int s = 0; s < 61 && fake_session(f, "x")->state == STATE_PAUSED; s++)
		fake_wait(f, 1);
	expect_state(f, STATE_RUNNING);
	fake_judge(f, "x", 0, true);
	g_assert_cmpint(session_step(fake_session(f, "x"), 0)->verdict, ==, VERDICT_BAD);
}

static void test_refused(struct fake *f, gconstpointer arg)
{
	err_t error = GPOINTER_TO_INT(arg);
	fill_up(f, error);
	expect_refusal(f, "resume", error);
	expect_refusal(f, "resume", error);
	expect_refusal(f, "abort", error);
	expect_to_go_on(f);
	g_assert_cmpint(step_run(session_step(fake_session(f, "x"), 0), 1)->outcome, ==,
			OUTCOME_CRASHED);
}

/* What was refused has not happened for the next daemon either. */
static void test_killed(struct fake *f, gconstpointer arg)
{
	fill_up(f, GPOINTER_TO_INT(arg));
	expect_refusal(f, "abort", GPOINTER_TO_INT(arg));
	fake_kill(f);
	f->disk_error = 0;
	fake_boot(f);
	expect_state(f, STATE_PAUSED);
	expect_to_go_on(f);
}

/* What was acknowledged has, whenever the daemon ends. */
static void test_acknowledged(struct fake *f, gconstpointer arg)
{
	fill_up(f, GPOINTER_TO_INT(arg));
	expect_refusal(f, "abort", GPOINTER_TO_INT(arg));
	expect_to_go_on(f);
	fake_do(f, CMD_CONTROL, "x", "abort");
	f->disk_error = GPOINTER_TO_INT(arg);
	fake_kill(f);
	fake_boot(f);
	expect_state(f, STATE_ABORTED);
}

/* Another bisection's disk is as full, and it has nothing that waits. */
static void test_nothing_waits(struct fake *f, gconstpointer arg)
{
	fake_do(f, CMD_MKDIR, "draft", NULL);
	fill_up(f, GPOINTER_TO_INT(arg));
	g_assert_cmpint(fake_command(f, CMD_START, "draft", "master"), !=, 0);
	g_assert_cmpint(fake_session(f, "draft")->state, ==, STATE_DRAFT);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct fake *, gconstpointer);
	} tests[] = { { "refused", test_refused },
		      { "killed", test_killed },
		      { "acknowledged", test_acknowledged },
		      { "nothing-waits", test_nothing_waits } };
	static const struct {
		const char *name;
		err_t error;
	} errors[] = { { "full", -ENOSPC }, { "quota", -EDQUOT } };
	g_test_init(&argc, &argv, NULL);
	fake_library_start();
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
		for (gsize k = 0; k < G_N_ELEMENTS(errors); k++) {
			g_autofree char *path = g_strdup_printf("/acknowledge/%s/%s", tests[i].name,
								errors[k].name);
			g_test_add(path, struct fake, GINT_TO_POINTER(errors[k].error), set_up,
				   tests[i].test, tear_down);
		}
	}
	int status = g_test_run();
	fake_library_stop();
	return status;
}
