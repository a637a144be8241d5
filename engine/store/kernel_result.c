/*
 * JSON with what a build gave, and what its log told. Fields were added: an older result lacks
 * them.
 */
#include "kernel_result.h"

#include "engine/base/file.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* What the build's log tells beyond that; compilers say what they like. */
static void add_findings(json_t *json, const struct kernel *one)
{
	g_autofree char *matched = one->matched ? g_utf8_make_valid(one->matched, -1) : NULL;
	json_t *errors = json_array();
	for (char **e = one->errors; e && *e; e++) {
		g_autofree char *text = g_utf8_make_valid(*e, -1);
		json_array_append_new(errors, json_string(text));
	}
	json_object_set_new(json, "errors", errors);
	if (one->object)
		json_object_set_new(json, "object", json_string(one->object));
	if (matched)
		json_object_set_new(json, "matched", json_string(matched));
	if (one->alone)
		json_object_set_new(json, "alone", json_true());
	if (one->no_tree)
		json_object_set_new(json, "no_tree", json_true());
}

static void read_findings(json_t *json, struct kernel *one)
{
	json_t *errors = json_object_get(json, "errors");
	size_t n = json_array_size(errors);
	one->errors = g_new0(char *, n + 1);
	for (size_t i = 0, k = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(errors, i));
		if (text)
			one->errors[k++] = g_strdup(text);
	}
	one->object = g_strdup(json_string_value(json_object_get(json, "object")));
	one->matched = g_strdup(json_string_value(json_object_get(json, "matched")));
	one->alone = json_is_true(json_object_get(json, "alone"));
}

err_t kernel_result_write(const char *dir, const struct kernel *one, struct error *error)
{
	g_autofree char *path = g_build_filename(dir, "result", NULL);
	/* a compiler says what it likes; JSON takes UTF-8 alone */
	g_autofree char *compiler = g_utf8_make_valid(one->compiler, -1);
	g_autofree char *reason = one->reason ? g_utf8_make_valid(one->reason, -1) : NULL;
	json_t *json = json_pack("{s:s, s:s*, s:s*, s:I, s:I}", "compiler", compiler, "signature",
				 one->signature, "reason", reason, "build_ns",
				 (json_int_t)one->build_ns, "made", (json_int_t)one->made);
	if (json)
		add_findings(json, one);
	char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	json_decref(json);
	if (!text)
		return error_set(error, EINVAL, "the result of a build has no JSON form");
	err_t err = file_write(path, text, strlen(text), 0600, error);
	free(text);
	return err;
}

struct kernel *kernel_result_read(const char *dir, const char *key)
{
	g_autofree char *path = g_build_filename(dir, "result", NULL);
	json_t *json = json_load_file(path, 0, NULL);
	const char *compiler = "", *signature = NULL, *reason = NULL;
	json_int_t build_ns = 0, made = 0;
	struct kernel *one = NULL;
	if (json &&
	    json_unpack(json, "{s:s, s?s, s?s, s:I, s:I}", "compiler", &compiler, "signature",
			&signature, "reason", &reason, "build_ns", &build_ns, "made", &made) == 0 &&
	    (signature || reason || json_object_get(json, "errors")) &&
	    !json_object_get(json, "no_tree")) { /* what was missing may be there by now */
		one = g_new0(struct kernel, 1);
		one->key = g_strdup(key);
		one->compiler = g_strdup(compiler);
		one->signature = g_strdup(signature);
		one->reason = g_strdup(reason);
		one->build_ns = build_ns;
		one->made = made;
		read_findings(json, one);
	}
	json_decref(json);
	return one;
}
