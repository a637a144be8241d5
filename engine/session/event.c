/*
 * Events to JSON and back, by one table of the struct's fields.
 */
#include "bisectfs/event.h"

#include <errno.h>
#include <glib.h>
#include <stddef.h>
#include <string.h>

enum field_type { F_INT, F_I64, F_STR, F_LIST, F_VALUES };

static const struct field {
	const char *name;
	enum field_type type;
	size_t offset;
} fields[] = {
	{ "duration", F_I64, offsetof(struct event, duration) },
	{ "boot", F_I64, offsetof(struct event, boot) },
	{ "step", F_INT, offsetof(struct event, step) },
	{ "run", F_INT, offsetof(struct event, run) },
	{ "left", F_INT, offsetof(struct event, left) },
	{ "roughly", F_INT, offsetof(struct event, roughly) },
	{ "uid", F_INT, offsetof(struct event, uid) },
	{ "gid", F_INT, offsetof(struct event, gid) },
	{ "checked", F_INT, offsetof(struct event, checked) },
	{ "outcome", F_INT, offsetof(struct event, outcome) },
	{ "type", F_INT, offsetof(struct event, type) },
	{ "status", F_INT, offsetof(struct event, status) },
	{ "same", F_INT, offsetof(struct event, same) },
	{ "good", F_INT, offsetof(struct event, good) },
	{ "bad", F_INT, offsetof(struct event, bad) },
	{ "name", F_STR, offsetof(struct event, name) },
	{ "text", F_STR, offsetof(struct event, text) },
	{ "commit", F_STR, offsetof(struct event, commit) },
	{ "subject", F_STR, offsetof(struct event, subject) },
	{ "release", F_STR, offsetof(struct event, release) },
	{ "role", F_STR, offsetof(struct event, role) },
	{ "verdict", F_STR, offsetof(struct event, verdict) },
	{ "reason", F_STR, offsetof(struct event, reason) },
	{ "title", F_STR, offsetof(struct event, title) },
	{ "compiler", F_STR, offsetof(struct event, compiler) },
	{ "signature", F_STR, offsetof(struct event, signature) },
	{ "host", F_STR, offsetof(struct event, host) },
	{ "cc", F_STR, offsetof(struct event, cc) },
	{ "key", F_STR, offsetof(struct event, key) },
	{ "base", F_STR, offsetof(struct event, base) },
	{ "parents", F_LIST, offsetof(struct event, parents) },
	{ "patches", F_LIST, offsetof(struct event, patches) },
	{ "options", F_LIST, offsetof(struct event, options) },
	{ "list", F_LIST, offsetof(struct event, list) },
	{ "values", F_VALUES, offsetof(struct event, values) },
};

/* Name of the kind, and the fields without which it means nothing. */
static const struct {
	const char *name;
	const char *needs; /* space-separated field names */
} kinds[EV_KINDS] = {
	[EV_NONE] = { "none", "" },
	[EV_CREATED] = { "created", "name uid gid" },
	[EV_STARTED] = { "started", "text commit list values host" },
	[EV_LOADED] = { "loaded", "list" },
	[EV_STEP] = { "step", "step commit subject role" },
	[EV_BUILT] = { "built", "step signature" },
	[EV_BUILD_FAILED] = { "build_failed", "step reason" },
	[EV_RUN_STARTED] = { "run_started", "step run" },
	[EV_RUN_DONE] = { "run_done", "step run outcome" },
	[EV_KNOWN] = { "known", "step verdict good bad reason" },
	[EV_VERDICT] = { "verdict", "step verdict reason" },
	[EV_DROPPED] = { "dropped", "step reason" },
	[EV_KEPT] = { "kept", "step" },
	[EV_JUDGED] = { "judged", "commit verdict" },
	[EV_RETEST] = { "retest", "step" },
	[EV_MINIMIZE] = { "minimize", "options" },
	[EV_REOPENED] = { "reopened", "reason" },
	[EV_REPORTED] = { "reported", "list" },
	[EV_FOUND] = { "found", "list" },
	[EV_CONCLUDED] = { "concluded", "verdict" },
	[EV_FAILED] = { "failed", "reason" },
	[EV_PAUSED] = { "paused", "reason" },
	[EV_RESUMED] = { "resumed", "" },
	[EV_ABORTED] = { "aborted", "" },
	[EV_RESTARTED] = { "restarted", "" },
};

/* Enumerations are written by name, so that a journal can be read by people and outlives a
 * reordering of the enum. */
static json_t *enum_to_json(const struct field *f, int value)
{
	if (f->offset == offsetof(struct event, outcome))
		return json_string(outcome_kind_name((enum outcome_kind)value));
	if (f->offset == offsetof(struct event, type))
		return json_string(crash_type_name((enum crash_type)value));
	return NULL;
}

static bool enum_from_json(const struct field *f, const json_t *v, int *value)
{
	if (f->offset == offsetof(struct event, outcome)) {
		*value = outcome_kind_parse(json_string_value(v));
		return *value != OUTCOME_NONE;
	}
	if (f->offset == offsetof(struct event, type)) {
		*value = crash_type_parse(json_string_value(v));
		return *value != CRASH_NONE;
	}
	return false;
}

struct event event_make(enum event_kind kind)
{
	return (struct event){
		.kind = kind,
		.step = -1,
		.run = -1,
		.left = -1,
		.roughly = -1,
		.uid = -1,
		.gid = -1,
		.checked = -1,
		.status = -1,
		.same = -1,
		.good = -1,
		.bad = -1,
	};
}

void event_clear(struct event *ev)
{
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		void *at = (char *)ev + fields[i].offset;
		if (fields[i].type == F_STR)
			g_free(*(char **)at);
		else if (fields[i].type == F_LIST)
			g_strfreev(*(char ***)at);
		else if (fields[i].type == F_VALUES)
			json_decref(*(json_t **)at);
	}
	*ev = event_make(EV_NONE);
}

void event_copy(struct event *to, const struct event *from)
{
	*to = *from;
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		void *at = (char *)to + fields[i].offset;
		if (fields[i].type == F_STR)
			*(char **)at = g_strdup(*(char **)at);
		else if (fields[i].type == F_LIST)
			*(char ***)at = g_strdupv(*(char ***)at);
		else if (fields[i].type == F_VALUES)
			json_incref(*(json_t **)at);
	}
}

void event_free(void *p)
{
	event_clear(p);
	g_free(p);
}

const char *event_kind_name(enum event_kind kind)
{
	return kinds[kind].name;
}

/* Subjects and titles are bytes; JSON is UTF-8. What is not valid is replaced, never refused. */
static json_t *string_to_json(const char *s)
{
	g_autofree char *valid = g_utf8_make_valid(s, -1);
	return json_string(valid);
}

static json_t *field_to_json(const struct field *f, const struct event *ev)
{
	const void *at = (const char *)ev + f->offset;
	switch (f->type) {
	case F_INT: {
		int v = *(const int *)at;
		bool is_enum = f->offset == offsetof(struct event, outcome) ||
			       f->offset == offsetof(struct event, type);
		if (is_enum)
			return v ? enum_to_json(f, v) : NULL;
		return v < 0 ? NULL : json_integer(v);
	}
	case F_I64: {
		int64_t v = *(const int64_t *)at;
		return v ? json_integer(v) : NULL;
	}
	case F_STR: {
		const char *s = *(char *const *)at;
		return s ? string_to_json(s) : NULL;
	}
	case F_LIST: {
		char *const *list = *(char *const *const *)at;
		if (!list)
			return NULL;
		json_t *array = json_array();
		for (; *list; list++)
			json_array_append_new(array, string_to_json(*list));
		return array;
	}
	case F_VALUES:
		return json_incref(*(json_t *const *)at);
	}
	return NULL;
}

json_t *event_to_json(const struct event *ev)
{
	json_t *json = json_object();
	json_object_set_new(json, "event", json_string(kinds[ev->kind].name));
	json_object_set_new(json, "time", json_integer(ev->time));
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		json_t *v = field_to_json(&fields[i], ev);
		if (v)
			json_object_set_new(json, fields[i].name, v);
	}
	return json;
}

static bool field_from_json(const struct field *f, const json_t *v, struct event *ev)
{
	void *at = (char *)ev + f->offset;
	switch (f->type) {
	case F_INT:
		if (json_is_string(v))
			return enum_from_json(f, v, at);
		if (!json_is_integer(v) || json_integer_value(v) < 0 ||
		    json_integer_value(v) > INT32_MAX)
			return false;
		*(int *)at = (int)json_integer_value(v);
		return true;
	case F_I64:
		if (!json_is_integer(v))
			return false;
		*(int64_t *)at = json_integer_value(v);
		return true;
	case F_STR:
		if (!json_is_string(v))
			return false;
		*(char **)at = g_strdup(json_string_value(v));
		return true;
	case F_LIST: {
		if (!json_is_array(v))
			return false;
		char **list = g_new0(char *, json_array_size(v) + 1);
		*(char ***)at = list;
		for (size_t i = 0; i < json_array_size(v); i++) {
			const char *s = json_string_value(json_array_get(v, i));
			if (!s)
				return false;
			list[i] = g_strdup(s);
		}
		return true;
	}
	case F_VALUES:
		if (!json_is_object(v))
			return false;
		*(json_t **)at = json_incref((json_t *)v);
		return true;
	}
	return false;
}

static err_t read_fields(const json_t *json, struct event *ev, struct error *error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		const json_t *v = json_object_get(json, fields[i].name);
		if (v && !field_from_json(&fields[i], v, ev))
			return error_set(error, EINVAL, "field '%s' has a wrong value",
					 fields[i].name);
	}
	g_auto(GStrv) needs = g_strsplit(kinds[ev->kind].needs, " ", -1);
	for (char **n = needs; *n; n++) {
		if (**n && !json_object_get(json, *n))
			return error_set(error, EINVAL, "a '%s' event without '%s'",
					 kinds[ev->kind].name, *n);
	}
	return 0;
}

err_t event_from_json(const json_t *json, struct event *ev, struct error *error)
{
	*ev = event_make(EV_NONE);
	if (!json_is_object(json))
		return error_set(error, EINVAL, "not a JSON object");
	const char *name = json_string_value(json_object_get(json, "event"));
	const json_t *time = json_object_get(json, "time");
	if (!name || !json_is_integer(time))
		return error_set(error, EINVAL, "'event' or 'time' is missing");
	int kind = EV_KINDS - 1;
	while (kind > EV_NONE && strcmp(kinds[kind].name, name) != 0)
		kind--;
	if (kind == EV_NONE)
		return error_set(error, EINVAL, "unknown event '%s': written by a newer version?",
				 name);
	ev->kind = (enum event_kind)kind;
	ev->time = json_integer_value(time);
	err_t err = read_fields(json, ev, error);
	if (err)
		event_clear(ev);
	return err;
}
