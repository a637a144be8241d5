/* The history's answers by their questions. */
#include "engine/core/answers.h"

static void put_step(struct answers *answers, const char *key, const char *commit)
{
	struct event ev = event_make(EV_STEP);
	ev.step.commit = g_strdup(commit);
	answers_put(answers, key, &ev);
	event_clear(&ev);
}

static void test_put(void)
{
	struct answers *answers = answers_new();
	guint before = answers_version(answers);
	g_assert_null(answers_find(answers, "a"));
	put_step(answers, "a", "first");
	const struct event *first = answers_find(answers, "a");
	g_assert_cmpstr(first->step.commit, ==, "first");
	g_assert_cmpuint(answers_version(answers), !=, before);
	g_assert_null(answers_find(answers, "b"));
	answers_free(answers);
}

/* Forecasts hold on to what they found. */
static void test_first_stays(void)
{
	struct answers *answers = answers_new();
	put_step(answers, "a", "first");
	const struct event *first = answers_find(answers, "a");
	guint version = answers_version(answers);
	put_step(answers, "a", "second");
	g_assert_true(answers_find(answers, "a") == first);
	g_assert_cmpstr(first->step.commit, ==, "first");
	g_assert_cmpuint(answers_version(answers), ==, version);
	g_assert_cmpuint(answers_count(answers), ==, 1);
	answers_free(answers);
}

static void test_forget(void)
{
	struct answers *answers = answers_new();
	put_step(answers, "a", "x");
	put_step(answers, "b", "y");
	guint version = answers_version(answers);
	answers_forget(answers);
	g_assert_cmpuint(answers_count(answers), ==, 0);
	g_assert_null(answers_find(answers, "a"));
	g_assert_cmpuint(answers_version(answers), !=, version);
	answers_free(answers);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/answers/put", test_put);
	g_test_add_func("/answers/first-stays", test_first_stays);
	g_test_add_func("/answers/forget", test_forget);
	return g_test_run();
}
