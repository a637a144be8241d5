/* What may be written into settings and profiles, and what is said about the rest. */
#include "engine/store/profile.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

static const struct {
	const char *name, *value;
	const char *stored; /* NULL: refused */
} scalars[] = {
	{ "runs", "10\n", "10" },
	{ "runs", "  7  ", "7" },
	{ "runs", "0", NULL },
	{ "runs", "ten", NULL },
	{ "runs", "", NULL },
	{ "runs", "10 20", NULL },
	{ "runs", "99999999999999999999", NULL },
	{ "confidence", "0.95", "0.95" },
	{ "confidence", "1", "1" },
	{ "confidence", "0", NULL },
	{ "confidence", "1.01", NULL },
	{ "confidence", "nan", NULL },
	{ "mode", "fix", "fix" },
	{ "mode", "Fix", NULL },
	{ "certify", "off", "off" },
	{ "certify", "yes", NULL },
	{ "match", "any", "any" },
	{ "match", "^BUG: .* in (a|b)$", "^BUG: .* in (a|b)$" },
	{ "match", "(", NULL },
	{ "ready", "", "" },
	{ "ready", "[", NULL },
	{ "rootfs", "/img.qcow2", "/img.qcow2" },
	{ "rootfs", "img.qcow2", NULL },
	{ "cmdline", "a=b c", "a=b c" },
	{ "cmdline", "a\nb", NULL },
	{ "cmdline", "a=\303\244", "a=\303\244" },
	{ "cmdline", "a=\344", NULL },
	{ "branch", "", NULL },
	{ "make", "LLVM=1 ARCH=arm64", "LLVM=1 ARCH=arm64" },
};

static void test_scalars(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(scalars); i++) {
		struct settings s;
		struct error why = { 0 };
		settings_init(&s);
		enum setting id = (enum setting)setting_find(scalars[i].name);
		g_autofree char *before = g_strdup(settings_text(&s, id));
		const char *value = scalars[i].value;
		err_t err = settings_set(&s, id, value, strlen(value), &why);
		if (scalars[i].stored) {
			g_assert_cmpint(err, ==, 0);
			g_assert_cmpstr(settings_text(&s, id), ==, scalars[i].stored);
		} else {
			g_assert_cmpint(err, ==, -EINVAL);
			g_assert_true(g_str_has_prefix(why.text, scalars[i].name));
			g_assert_cmpstr(settings_text(&s, id), ==, before);
		}
		settings_clear(&s);
	}
}

static void test_large(void)
{
	g_assert_cmpint(setting_check_large(SET_REPRODUCER, "#!/bin/sh\n", 10, NULL), ==, 0);
	g_assert_cmpint(setting_check_large(SET_REPRODUCER, "int main;", 9, NULL), ==, 0);
	g_assert_cmpint(setting_check_large(SET_REPRODUCER, "\177ELF\2\0", 6, NULL), ==, 0);
	g_assert_cmpint(setting_check_large(SET_REPRODUCER, "PK\3\4\0\0", 6, NULL), ==, -EINVAL);
	g_assert_cmpint(setting_check_large(SET_BUILD, "make", 4, NULL), ==, -EINVAL);
	g_assert_cmpint(setting_check_large(SET_CONFIG, "CONFIG\0", 7, NULL), ==, -EINVAL);
	g_assert_cmpint(setting_check_large(SET_COMPILERS, "v5.9 gcc-8\n* gcc\n", 17, NULL), ==, 0);
	g_assert_cmpint(setting_check_large(SET_COMPILERS, "v5.9\n", 5, NULL), ==, -EINVAL);
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

static const struct {
	const char *text;
	const char *error; /* what follows the file's name; NULL: taken */
} profiles[] = {
	{ "{}", NULL },
	{ "{\"settings\": {\"runs\": 5, \"confidence\": 0.5, \"certify\": false, \"mode\": "
	  "\"fix\"},\n"
	  " \"builders\": 2, \"jobs\": 4, \"launcher\": [\"srun\", \"-c8\"], \"ccache\": false,\n"
	  " \"hosts\": [{\"uri\": \"qemu:///embed\", \"vms\": 3}, {\"uri\": "
	  "\"qemu+ssh://a@b/system\"}],\n"
	  " \"keep_days\": 30}",
	  NULL },
	{ "{\n  \"builders\": 1,\n  \"colour\": \"red\"\n}", ":3:3: unknown key 'colour'" },
	{ "{\"settings\":\n {\"runs\": 5,\n    \"run\": 6}}", ":3:5: unknown setting 'run'" },
	{ "{\"settings\": {\n\"runs\": \"many\"}}",
	  ":2:1: runs: 'many' is not a whole number from 1 to 1000" },
	{ "{\"settings\": {\n\"runs\": []}}",
	  ":2:1: setting 'runs': a string or a number is needed" },
	{ "{\"settings\": []}", ":1:2: settings: an object is needed" },
	{ "{\"hosts\": [{\"uri\": \"qemu:///embed\"},\n  {\"url\": \"x\"}]}",
	  ":2:4: unknown key 'url'" },
	{ "{\"hosts\": [\n  {\"vms\": 2}]}", ":2:3: hosts: 'uri' is missing" },
	{ "{\"hosts\": []}", ":1:2: hosts: an array with at least one host is needed" },
	{ "{\"builders\": 0}", ":1:2: builders: a whole number from 1 to 256 is needed" },
	{ "{\"ccache\": \"yes\"}", ":1:2: ccache: true or false is needed" },
	{ "{\"launcher\": [\"a\",\n 1]}", ":2:2: launcher: an array of strings is needed" },
	{ "{\"settings\": {\"reproducer\": \"missing\"}}",
	  ":1:15: settings/reproducer: cannot read */missing: No such file or directory" },
	{ "{\n\"builders\" 1}", ":2:*" },
	{ "[]", ":1:1: an object is needed" },
};

static void test_profiles(void)
{
	g_autofree char *dir = g_dir_make_tmp("profile-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "profile.json", NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(profiles); i++) {
		struct profile p;
		struct error why = { 0 };
		profile_init(&p);
		g_file_set_contents(path, profiles[i].text, -1, NULL);
		err_t err = profile_load(&p, path, &why);
		if (profiles[i].error) {
			g_autofree char *want = g_strconcat(path, profiles[i].error, NULL);
			g_assert_cmpint(err, ==, -EINVAL);
			if (!g_pattern_match_simple(want, why.text))
				g_error("got '%s', wanted '%s'", why.text, want);
		} else {
			g_assert_cmpint(err, ==, 0);
		}
		if (i == 1) {
			g_assert_cmpint(profile_vms(&p), ==, 4);
			g_assert_cmpint(settings_int(&p.settings, SET_RUNS), ==, 5);
			g_assert_false(settings_on(&p.settings, SET_CERTIFY));
			g_assert_cmpint(g_strv_length(p.launcher), ==, 2);
		}
		profile_clear(&p);
	}
	struct profile p;
	profile_init(&p);
	g_unlink(path);
	g_assert_cmpint(profile_load(&p, path, NULL), ==, -ENOENT);
	profile_clear(&p);
	g_rmdir(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/settings/scalars", test_scalars);
	g_test_add_func("/settings/large", test_large);
	g_test_add_func("/settings/json", test_json);
	g_test_add_func("/profile/strict", test_profiles);
	return g_test_run();
}
