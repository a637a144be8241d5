/* What may be written into settings and profiles. */
#include "engine/store/profile.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

static const struct {
	const char *name, *value;
	const char *stored;
} scalars[] = {
	{ "runs", "10\n", "10" },
	{ "runs", "  7  ", "7" },
	{ "confidence", "0.95", "0.95" },
	{ "confidence", "1", "1" },
	{ "mode", "fix", "fix" },
	{ "certify", "off", "off" },
	{ "match", "any", "any" },
	{ "match", "^BUG: .* in (a|b)$", "^BUG: .* in (a|b)$" },
	{ "ready", "", "" },
	{ "rootfs", "/img.qcow2", "/img.qcow2" },
	{ "cmdline", "a=b c", "a=b c" },
	{ "cmdline", "a=\303\244", "a=\303\244" },
	{ "make", "LLVM=1 ARCH=arm64", "LLVM=1 ARCH=arm64" },
};

static void test_scalars(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(scalars); i++) {
		struct settings s;
		settings_init(&s);
		enum setting id = (enum setting)setting_find(scalars[i].name);
		const char *value = scalars[i].value;
		g_assert_cmpint(settings_set(&s, id, value, strlen(value), NULL), ==, 0);
		g_assert_cmpstr(settings_text(&s, id), ==, scalars[i].stored);
		settings_clear(&s);
	}
}

static bool has_reproducer(void *arg, enum setting id)
{
	(void)arg;
	return id == SET_REPRODUCER;
}

static bool has_none(void *arg, enum setting id)
{
	(void)arg;
	(void)id;
	return false;
}

static const struct {
	const char *test, *name, *value;
	const char *why; /* NULL: they fit */
} combinations[] = {
	{ "run", "metric", "speed: ([0-9.]+)", NULL },
	{ "boot", "metric", "speed: ([0-9.]+)", "metric: of no use with 'test' = boot: " },
	{ "build", "metric", "([0-9]+)", "metric: of no use with 'test' = build: " },
	{ "build", "fail", "warning:", NULL },
	{ "build", "ready", "login:", "ready: of no use with 'test' = build: " },
	{ "boot", "ready", "login:", NULL },
	{ "boot", "pass", "ok", "pass: of no use with 'test' = boot: " },
	{ "build", "on_timeout", "bad", "on_timeout: of no use with 'test' = build: " },
	{ "boot", "on_timeout", "skip", "on_timeout: of no use with 'test' = boot: " },
	{ "manual", "match", "^BUG", "match: of no use with 'test' = manual: " },
	{ "run", "metric_worse", "higher", "metric_worse: of no use without 'metric'" },
	{ "manual", "fail", "warning:", "fail: of no use with 'test' = manual: " },
};

/* With `metric` set as well. */
static const struct {
	const char *name, *value, *why;
} with_metric[] = {
	{ "match", "type", "match: of no use with 'metric': " },
	{ "match", "auto", NULL },
	{ "on_timeout", "bad", "on_timeout: 'bad' is of no use with 'metric': " },
	{ "on_timeout", "skip", NULL },
};

static void set_text(struct settings *s, const char *name, const char *value)
{
	g_assert_cmpint(
		settings_set(s, (enum setting)setting_find(name), value, strlen(value), NULL), ==,
		0);
}

static void test_combinations_of_metric(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(with_metric); i++) {
		struct settings s;
		struct error why = { 0 };
		settings_init(&s);
		set_text(&s, "metric", "speed: ([0-9.]+)");
		set_text(&s, with_metric[i].name, with_metric[i].value);
		err_t err = settings_fit_together(&s, has_none, NULL, &why);
		g_assert_cmpint(err, ==, with_metric[i].why ? -EINVAL : 0);
		if (with_metric[i].why)
			g_assert_true(g_str_has_prefix(why.text, with_metric[i].why));
		settings_clear(&s);
	}
}

static void test_combinations(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(combinations); i++) {
		struct settings s;
		struct error why = { 0 };
		settings_init(&s);
		set_text(&s, "test", combinations[i].test);
		set_text(&s, combinations[i].name, combinations[i].value);
		err_t err = settings_fit_together(&s, has_none, NULL, &why);
		g_assert_cmpint(err, ==, combinations[i].why ? -EINVAL : 0);
		if (combinations[i].why)
			g_assert_true(g_str_has_prefix(why.text, combinations[i].why));
		bool runs = strcmp(combinations[i].test, "run") == 0;
		settings_clear(&s);
		settings_init(&s);
		set_text(&s, "test", combinations[i].test);
		g_assert_cmpint(settings_fit_together(&s, has_reproducer, NULL, NULL), ==,
				runs ? 0 : -EINVAL);
		settings_clear(&s);
	}
}

static void test_lists(void)
{
	struct settings s;
	settings_init(&s);
	g_assert_true(settings_skip_status(&s, 125));
	g_assert_false(settings_skip_status(&s, 4));
	set_text(&s, "skip_status", "125 4");
	g_assert_true(settings_skip_status(&s, 4));
	g_assert_false(settings_skip_status(&s, 12));
	settings_clear(&s);
}

/* What is refused, and how, is in tests/assets/should-fail-setting-*; this is what stays then. */
static void test_refused(void)
{
	struct settings s;
	struct error why = { 0 };
	settings_init(&s);
	g_assert_cmpint(settings_set(&s, SET_RUNS, "7", 1, NULL), ==, 0);
	g_assert_cmpint(settings_set(&s, SET_RUNS, "0", 1, &why), ==, -EINVAL);
	g_assert_cmpstr(settings_text(&s, SET_RUNS), ==, "7");
	settings_clear(&s);
}

static void test_large(void)
{
	g_assert_cmpint(setting_check_large(SET_REPRODUCER, "#!/bin/sh\n", 10, NULL), ==, 0);
	g_assert_cmpint(setting_check_large(SET_REPRODUCER, "int main;", 9, NULL), ==, 0);
	g_assert_cmpint(setting_check_large(SET_REPRODUCER, "\177ELF\2\0", 6, NULL), ==, 0);
	g_assert_cmpint(setting_check_large(SET_COMPILERS, "v5.9 gcc-8\n* gcc\n", 17, NULL), ==, 0);
	g_assert_cmpint(
		setting_check_large(SET_COMPILERS, "", setting_limit(SET_COMPILERS) + 1, NULL), ==,
		-EFBIG);
}

static void test_json(void)
{
	struct settings a, b;
	settings_init(&a);
	settings_init(&b);
	g_assert_cmpint(settings_set(&a, SET_RUNS, "33", 2, NULL), ==, 0);
	json_t *json = settings_to_json(&a);
	g_assert_cmpint(settings_from_json(&b, json, NULL), ==, 0);
	g_assert_cmpint(settings_int(&b, SET_RUNS), ==, 33);
	json_object_set_new(json, "colour", json_string("red"));
	g_assert_cmpint(settings_from_json(&b, json, NULL), ==, -EINVAL);
	json_decref(json);
	settings_clear(&a);
	settings_clear(&b);
}

/* Those that are refused are in tests/assets/should-fail-profile-*. */
static void test_profile(void)
{
	static const char text[] =
		"{\"settings\": {\"runs\": 5, \"confidence\": 0.5, \"certify\": false, "
		"\"mode\": \"fix\"},\n"
		" \"builders\": 2, \"jobs\": 4, \"launcher\": [\"srun\", \"-c8\"], "
		"\"ccache\": false,\n"
		" \"hosts\": [{\"uri\": \"qemu:///embed\", \"vms\": 3}, {\"uri\": "
		"\"qemu+ssh://a@b/system\"}],\n"
		" \"keep_days\": 30}";
	g_autofree char *dir = g_dir_make_tmp("profile-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "profile.json", NULL);
	struct profile p;
	profile_init(&p);
	g_assert_true(g_file_set_contents(path, "{}", -1, NULL));
	g_assert_cmpint(profile_load(&p, path, NULL), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(profile_load(&p, path, NULL), ==, 0);
	g_assert_cmpint(profile_vms(&p), ==, 4);
	g_assert_cmpint(settings_int(&p.settings, SET_RUNS), ==, 5);
	g_assert_false(settings_on(&p.settings, SET_CERTIFY));
	g_assert_cmpint(g_strv_length(p.launcher), ==, 2);
	g_unlink(path);
	g_assert_cmpint(profile_load(&p, path, NULL), ==, -ENOENT);
	profile_clear(&p);
	g_rmdir(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/settings/scalars", test_scalars);
	g_test_add_func("/settings/refused", test_refused);
	g_test_add_func("/settings/large", test_large);
	g_test_add_func("/settings/combinations", test_combinations);
	g_test_add_func("/settings/combinations-of-metric", test_combinations_of_metric);
	g_test_add_func("/settings/lists", test_lists);
	g_test_add_func("/settings/json", test_json);
	g_test_add_func("/profile/read", test_profile);
	return g_test_run();
}
