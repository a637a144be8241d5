/* Finished bisections go when the profile says so, also while the daemon runs. */
#include "fake-workers.h"

#include "engine/base/file.h"
#include "engine/store/state_dir.h"

#define DAY_S 86400

static bool is_there(const struct fake *f, const char *name)
{
	g_autofree char *dir = state_dir_bisection(f->state, name);
	return file_exists(dir);
}

static void test_expire(void)
{
	struct fake f;
	fake_open(&f, 12);
	f.profile.keep_days = 3;
	fake_boot(&f);
	fake_do(&f, CMD_MKDIR, "draft", NULL);
	for (int i = 0; i < 3; i++) {
		g_autofree char *name = g_strdup_printf("x%d", i);
		fake_start(&f, name);
	}
	fake_do(&f, CMD_CONTROL, "x0", "abort");
	fake_wait(&f, DAY_S);
	fake_do(&f, CMD_CONTROL, "x1", "abort");
	g_assert_cmpuint(f.removed->len, ==, 0);
	fake_wait(&f, 2 * DAY_S - 10);
	g_assert_cmpuint(f.removed->len, ==, 0);
	fake_wait(&f, 59); /* looked for once a minute: not yet */
	g_assert_cmpuint(f.removed->len, ==, 0);
	fake_wait(&f, 1);
	g_assert_cmpuint(f.removed->len, ==, 1);
	g_assert_cmpstr(f.removed->pdata[0], ==, "x0");
	g_assert_false(is_there(&f, "x0"));
	g_assert_true(is_there(&f, "x1"));
	f.now += 30 * DAY_S * (int64_t)1000000000; /* the clock is set: the minute is not of that */
	fake_wait(&f, 30);
	g_assert_cmpuint(f.removed->len, ==, 1);
	fake_wait(&f, 30);
	g_assert_cmpuint(f.removed->len, ==, 2);
	g_assert_cmpstr(f.removed->pdata[1], ==, "x1");
	fake_wait(&f, 60);
	g_assert_cmpuint(f.removed->len, ==, 2); /* what goes on, and drafts, are kept */
	g_assert_true(is_there(&f, "x2") && is_there(&f, "draft"));
	fake_close(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fake_library_start();
	g_test_add_func("/expire", test_expire);
	int status = g_test_run();
	fake_library_stop();
	return status;
}
