/* Texts of the mount's files: what guests and builds have written is shown up to a limit. */
#include "fs/render.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <unistd.h>

static char *dir;

/* The engine's layout is not what is tested: all files lie in one directory. */
char *paths_step(const struct engine *e, const struct session *s, int step, const char *file)
{
	(void)e;
	(void)s;
	(void)step;
	return g_build_filename(dir, file, NULL);
}

char *paths_run(const struct engine *e, const struct session *s, int step, int run,
		const char *suffix)
{
	(void)run;
	return paths_step(e, s, step, suffix);
}

char *paths_setting(const struct engine *e, const char *name, const char *setting)
{
	(void)name;
	return paths_step(e, NULL, 0, setting);
}

static void render(const struct file_def *defs, int count, const char *path, const struct render *r,
		   GString *out)
{
	for (int i = 0; i < count; i++) {
		if (g_str_equal(defs[i].path, path)) {
			defs[i].render(r, out);
			return;
		}
	}
	g_assert_not_reached();
}

static long peak_mib(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss >> 10;
}

static void add_step(struct session *s, enum step_role role, enum outcome_kind outcome)
{
	struct step *step = g_new0(struct step, 1);
	struct run run = { .outcome = outcome, .title = g_strdup("BUG: something") };
	step->role = role;
	step->state = STEP_DONE;
	step->verdict = VERDICT_BAD;
	step->runs = g_array_new(FALSE, TRUE, sizeof(struct run));
	step->commit = g_strdup("1234");
	step->options = g_new0(char *, 1);
	g_array_append_val(step->runs, run);
	g_ptr_array_add(s->steps, step);
}

static void write_sparse(const char *name, const char *start, off_t size)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_assert_true(g_file_set_contents(path, start, -1, NULL));
	g_assert_cmpint(truncate(path, size), ==, 0);
}

static void remove_file(const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_unlink(path);
}

/* A report of 1 GiB: its first 256 KiB are shown, and no more is ever in memory. */
static void test_long_report(void)
{
	struct session *s = session_new("x");
	g_autoptr(GString) out = g_string_new(NULL);
	add_step(s, ROLE_ORIGINAL, OUTCOME_CRASHED);
	struct render r = { .s = s, .step = session_step(s, 0), .n = 0 };
	write_sparse("report", "BUG: something\n", (off_t)1 << 30);
	long before = peak_mib();
	render(step_files, step_file_count, "crash", &r, out);
	g_assert_cmpuint(out->len, ==, 256 << 10);
	g_assert_true(g_str_has_prefix(out->str, "BUG: something\n"));
	g_assert_cmpint(peak_mib() - before, <, 64);
	remove_file("report");
	session_free(s);
}

static void test_short_report(void)
{
	struct session *s = session_new("x");
	g_autoptr(GString) out = g_string_new(NULL);
	add_step(s, ROLE_ORIGINAL, OUTCOME_CRASHED);
	struct render r = { .s = s, .step = session_step(s, 0), .n = 0 };
	render(step_files, step_file_count, "crash", &r, out);
	g_assert_cmpstr(out->str, ==, ""); /* there is none */
	write_sparse("report", "BUG\n", 4);
	render(step_files, step_file_count, "crash", &r, out);
	g_assert_cmpstr(out->str, ==, "BUG\n");
	remove_file("report");
	session_free(s);
}

/* What lies there may be anything: no reader waits for a writer that never comes. */
static void test_report_is_a_fifo(void)
{
	struct session *s = session_new("x");
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *path = g_build_filename(dir, "report", NULL);
	add_step(s, ROLE_ORIGINAL, OUTCOME_CRASHED);
	struct render r = { .s = s, .step = session_step(s, 0), .n = 0 };
	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	render(step_files, step_file_count, "crash", &r, out);
	g_assert_cmpstr(out->str, ==, "");
	remove_file("report");
	session_free(s);
}

/* The configuration of a build: limited in the same way. */
static void test_long_config(void)
{
	struct session *s = session_new("x");
	g_autoptr(GString) out = g_string_new(NULL);
	add_step(s, ROLE_MINIMIZE, OUTCOME_CRASHED);
	s->state = STATE_DONE;
	s->minimize = true; /* the bug needs none of its options: the step's set is the empty one */
	s->options = g_strsplit("CONFIG_A=y", " ", -1);
	struct render r = { .s = s, .n = -1 };
	write_sparse("config", "CONFIG_X=y\n", (off_t)1 << 30);
	long before = peak_mib();
	render(bisection_files, bisection_file_count, "report/config", &r, out);
	g_assert_cmpuint(out->len, ==, 4 << 20);
	g_assert_true(g_str_has_prefix(out->str, "CONFIG_X=y\n"));
	g_assert_cmpint(peak_mib() - before, <, 64);
	remove_file("config");
	session_free(s);
}

/* No escape of a terminal comes out of what a guest has printed. */
static void test_outcome_is_plain(void)
{
	struct run run = { .outcome = OUTCOME_CRASHED, .title = (char *)"BUG: \033[2J\nmore" };
	g_autoptr(GString) out = g_string_new(NULL);
	render_outcome(&run, out);
	g_assert_cmpstr(out->str, ==, "crashed: BUG:  [2J more\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	dir = g_dir_make_tmp("render-XXXXXX", NULL);
	g_test_add_func("/render/long-report", test_long_report);
	g_test_add_func("/render/short-report", test_short_report);
	g_test_add_func("/render/report-is-a-fifo", test_report_is_a_fifo);
	g_test_add_func("/render/long-config", test_long_config);
	g_test_add_func("/render/outcome-is-plain", test_outcome_is_plain);
	int rc = g_test_run();
	g_rmdir(dir);
	g_free(dir);
	return rc;
}
