/*
 * Making, copying, checking, writing and reading events: all of it goes through the rows that
 * event_fields.c has for the kind, so that no function here knows a kind (derive_flags aside).
 */
#include "event_fields.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>

/* ---- a field ---- */

static void *place(struct event *ev, const struct event_field *f)
{
	return (char *)ev + f->offset;
}

static const void *value(const struct event *ev, const struct event_field *f)
{
	return (const char *)ev + f->offset;
}

/* Enums and ids are as wide as an unsigned int; GCC and clang have it so for all enums here. */
static int64_t number(const struct event *ev, const struct event_field *f)
{
	const void *at = value(ev, f);
	if (f->type == F_TIME)
		return *(const int64_t *)at;
	if (f->type == F_INT)
		return *(const int *)at;
	return *(const unsigned *)at;
}

static void set_number(struct event *ev, const struct event_field *f, int64_t n)
{
	void *at = place(ev, f);
	if (f->type == F_TIME)
		*(int64_t *)at = n;
	else if (f->type == F_INT)
		*(int *)at = (int)n;
	else
		*(unsigned *)at = (unsigned)n;
}

G_STATIC_ASSERT(sizeof(uid_t) == sizeof(unsigned) && sizeof(gid_t) == sizeof(unsigned));
G_STATIC_ASSERT(sizeof(enum step_role) == sizeof(unsigned));
G_STATIC_ASSERT(sizeof(enum verdict) == sizeof(unsigned));
G_STATIC_ASSERT(sizeof(enum outcome_kind) == sizeof(unsigned));
G_STATIC_ASSERT(sizeof(enum crash_type) == sizeof(unsigned));

static bool is_number(const struct event_field *f)
{
	return f->type <= F_NUMBER;
}

static bool is_text(const struct event_field *f)
{
	return f->type == F_TEXT || f->type == F_LINE;
}

/* ---- the event as a value ---- */

struct event event_make(enum event_kind kind)
{
	struct event ev;
	memset(&ev, 0, sizeof(ev));
	ev.kind = kind;
	for (size_t i = 0; i < event_layouts[kind].n; i++) {
		const struct event_field *f = &event_layouts[kind].fields[i];
		if (is_number(f) && f->none)
			set_number(&ev, f, f->none);
	}
	return ev;
}

void event_clear(struct event *ev)
{
	const struct event_layout *layout = &event_layouts[ev->kind];
	for (size_t i = 0; i < layout->n; i++) {
		const struct event_field *f = &layout->fields[i];
		void *at = place(ev, f);
		if (is_text(f))
			g_free(*(char **)at);
		else if (f->type == F_LIST)
			g_strfreev(*(char ***)at);
		else if (f->type == F_VALUES)
			json_decref(*(json_t **)at);
	}
	*ev = event_make(EV_NONE);
}

void event_copy(struct event *to, const struct event *from)
{
	*to = *from;
	for (size_t i = 0; i < event_layouts[to->kind].n; i++) {
		const struct event_field *f = &event_layouts[to->kind].fields[i];
		void *at = place(to, f);
		if (is_text(f))
			*(char **)at = g_strdup(*(char **)at);
		else if (f->type == F_LIST)
			*(char ***)at = g_strdupv(*(char ***)at);
		else if (f->type == F_VALUES)
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
	return event_layouts[kind].name;
}

static int number_named(const struct event *ev, const char *name)
{
	const struct event_layout *layout = &event_layouts[ev->kind];
	for (size_t i = 0; i < layout->n; i++) {
		const struct event_field *f = &layout->fields[i];
		if (strcmp(f->name, name) == 0)
			return (int)number(ev, f);
	}
	return -1;
}

int event_step(const struct event *ev)
{
	return number_named(ev, "step");
}

int event_run(const struct event *ev)
{
	return number_named(ev, "run");
}

void event_each_line(struct event *ev, void (*change)(char **line))
{
	const struct event_layout *layout = &event_layouts[ev->kind];
	for (size_t i = 0; i < layout->n; i++) {
		const struct event_field *f = &layout->fields[i];
		if (f->type == F_LINE && *(char **)place(ev, f))
			change(place(ev, f));
	}
}

/* ---- what may be in it ---- */

static err_t out_of_range(const struct event_field *f, int64_t n, struct error *error)
{
	return error_set(error, EINVAL,
			 "field '%s' is %" PRId64 ", and must be between %" PRId64 " and %" PRId64,
			 f->name, n, f->min, f->max);
}

static bool in_range(const struct event_field *f, int64_t n)
{
	return (n >= f->min && n <= f->max) || (!f->needed && n == f->none);
}

static bool is_missing(const struct event *ev, const struct event_field *f)
{
	return f->needed && !is_number(f) && !*(void *const *)value(ev, f);
}

static err_t missing(const struct event *ev, const struct event_field *f, struct error *error)
{
	return error_set(error, EINVAL, "a '%s' event without '%s'", event_kind_name(ev->kind),
			 f->name);
}

err_t event_check(const struct event *ev, struct error *error)
{
	if (ev->time < 0)
		return error_set(error, EINVAL, "field 'time' is %" PRId64 ", before 1970",
				 ev->time);
	const struct event_layout *layout = &event_layouts[ev->kind];
	for (size_t i = 0; i < layout->n; i++) {
		const struct event_field *f = &layout->fields[i];
		if (is_missing(ev, f))
			return missing(ev, f, error);
		if (is_number(f) && !in_range(f, number(ev, f)))
			return out_of_range(f, number(ev, f), error);
	}
	return 0;
}

/* ---- to JSON ---- */

/* Subjects and titles are bytes; JSON is UTF-8. What is not valid is replaced, never refused. */
static json_t *string_to_json(const char *s)
{
	g_autofree char *valid = g_utf8_make_valid(s, -1);
	return json_string(valid);
}

static json_t *list_to_json(char *const *list)
{
	if (!list)
		return NULL;
	json_t *array = json_array();
	for (; *list; list++)
		json_array_append_new(array, string_to_json(*list));
	return array;
}

static json_t *number_to_json(const struct event_field *f, int64_t n)
{
	if (!f->needed && f->type != F_ID && n == f->none)
		return NULL;
	return f->name_of ? json_string(f->name_of((int)n)) : json_integer(n);
}

static json_t *field_to_json(const struct event_field *f, const struct event *ev)
{
	const void *at = value(ev, f);
	switch (f->type) {
	case F_INT:
	case F_TIME:
	case F_ID:
	case F_NAME:
	case F_NUMBER:
		return number_to_json(f, number(ev, f));
	case F_TRUE:
		return *(const bool *)at ? json_true() : NULL;
	case F_DISK:
		return *(const bool *)at ? json_string("disk") : NULL;
	case F_CHECKED:
		return ev->step.role == ROLE_SEARCH ? json_integer(*(const bool *)at) : NULL;
	case F_TEXT:
	case F_LINE:
		return *(char *const *)at ? string_to_json(*(char *const *)at) : NULL;
	case F_LIST:
		return list_to_json(*(char *const *const *)at);
	case F_VALUES:
		return json_incref(*(json_t *const *)at);
	}
	return NULL;
}

json_t *event_to_json(const struct event *ev)
{
	json_t *json = json_object();
	json_object_set_new(json, "event", json_string(event_layouts[ev->kind].name));
	json_object_set_new(json, "time", json_integer(ev->time));
	const struct event_layout *layout = &event_layouts[ev->kind];
	for (size_t i = 0; i < layout->n; i++) {
		json_t *v = field_to_json(&layout->fields[i], ev);
		if (v)
			json_object_set_new(json, layout->fields[i].name, v);
	}
	return json;
}

/* ---- from JSON ---- */

static err_t wrong(const struct event_field *f, struct error *error)
{
	return error_set(error, EINVAL, "field '%s' has a wrong value", f->name);
}

static err_t name_from_json(const struct event_field *f, const json_t *v, struct event *ev,
			    struct error *error)
{
	const char *name = json_string_value(v);
	for (int n = (int)f->min; n <= f->max; n++) {
		if (strcmp(f->name_of(n), name) == 0) {
			set_number(ev, f, n);
			return 0;
		}
	}
	return error_set(error, EINVAL, "field '%s' is '%s', which is none of its words", f->name,
			 name);
}

static err_t number_from_json(const struct event_field *f, const json_t *v, struct event *ev,
			      struct error *error)
{
	if (f->name_of && json_is_string(v))
		return name_from_json(f, v, ev, error);
	if (f->type == F_NAME || !json_is_integer(v))
		return wrong(f, error);
	int64_t n = json_integer_value(v);
	if (n < f->min || n > f->max)
		return out_of_range(f, n, error);
	set_number(ev, f, n);
	return 0;
}

static err_t list_from_json(const struct event_field *f, const json_t *v, struct event *ev,
			    struct error *error)
{
	if (!json_is_array(v))
		return wrong(f, error);
	char **list = g_new0(char *, json_array_size(v) + 1);
	*(char ***)place(ev, f) = list;
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *s = json_string_value(json_array_get(v, i));
		if (!s)
			return wrong(f, error);
		list[i] = g_strdup(s);
	}
	return 0;
}

static err_t field_from_json(const struct event_field *f, const json_t *v, struct event *ev,
			     struct error *error)
{
	void *at = place(ev, f);
	bool fits = false;
	switch (f->type) {
	case F_INT:
	case F_TIME:
	case F_ID:
	case F_NAME:
	case F_NUMBER:
		return number_from_json(f, v, ev, error);
	case F_LIST:
		return list_from_json(f, v, ev, error);
	case F_TRUE:
		fits = json_is_boolean(v);
		*(bool *)at = json_is_true(v);
		break;
	case F_DISK:
		fits = g_strcmp0(json_string_value(v), "disk") == 0;
		*(bool *)at = fits;
		break;
	case F_CHECKED:
		fits = json_is_integer(v) && json_integer_value(v) >= 0 &&
		       json_integer_value(v) <= 1;
		*(bool *)at = fits && json_integer_value(v);
		break;
	case F_TEXT:
	case F_LINE:
		fits = json_is_string(v);
		*(char **)at = g_strdup(json_string_value(v));
		break;
	case F_VALUES:
		fits = json_is_object(v);
		*(json_t **)at = fits ? json_incref((json_t *)v) : NULL;
		break;
	}
	return fits ? 0 : wrong(f, error);
}

/* Journals from before there were "by_user" and "no_op" say so in what people read alone. */
static void derive_flags(struct event *ev)
{
	if (ev->kind == EV_VERDICT && strcmp(ev->verdict.reason, "by its user") == 0)
		ev->verdict.by_user = true;
	if (ev->kind == EV_CONCLUDED && g_str_has_prefix(ev->concluded.verdict, "no-op"))
		ev->concluded.no_op = true;
}

static err_t read_fields(const json_t *json, struct event *ev, struct error *error)
{
	const struct event_layout *layout = &event_layouts[ev->kind];
	for (size_t i = 0; i < layout->n; i++) {
		const struct event_field *f = &layout->fields[i];
		const json_t *v = json_object_get(json, f->name);
		if (!v && f->needed)
			return missing(ev, f, error);
		err_t err = v ? field_from_json(f, v, ev, error) : 0;
		if (err)
			return err;
	}
	derive_flags(ev);
	return event_check(ev, error);
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
	while (kind > EV_NONE && strcmp(event_layouts[kind].name, name) != 0)
		kind--;
	if (kind == EV_NONE)
		return error_set(error, EINVAL, "unknown event '%s': written by a newer version?",
				 name);
	*ev = event_make((enum event_kind)kind);
	ev->time = json_integer_value(time);
	err_t err = read_fields(json, ev, error);
	if (err)
		event_clear(ev);
	return err;
}
