/*
 * One function reads each kind of value, and a chain of names says where it goes. A reader carries
 * the path of the value ("/hosts/1/vms") along; by it a refusal finds line and column in the text.
 */
#include "profile.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

struct reader {
	struct profile *p;
	const char *path;
	const char *text;
	struct error *error;
};

static void host_clear(void *p)
{
	g_free(((struct profile_host *)p)->uri);
}

static void add_host(struct profile *p, const char *uri, int vms)
{
	struct profile_host host = { .uri = g_strdup(uri), .vms = vms };
	g_array_append_val(p->hosts, host);
}

static int most_of_memory(void)
{
	double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
	return (int)(bytes * 0.8 / (1 << 20));
}

void profile_init(struct profile *p)
{
	*p = (struct profile){ .builders = 1,
			       .ccache = true,
			       .ahead = true,
			       .kernels_mib = 4096,
			       .sandbox = true,
			       .build_timeout_s = 4 * 3600,
			       .build_processes = 4096,
			       .build_memory_mib = most_of_memory(),
			       .build_output_mib = 256 };
	settings_init(&p->settings);
	p->hosts = g_array_new(FALSE, FALSE, sizeof(struct profile_host));
	g_array_set_clear_func(p->hosts, host_clear);
	add_host(p, "qemu:///embed", 2);
}

void profile_clear(struct profile *p)
{
	settings_clear(&p->settings);
	for (int i = 0; i < SETTINGS; i++)
		g_free(p->large[i]);
	g_strfreev(p->launcher);
	g_clear_pointer(&p->hosts, g_array_unref);
}

int profile_vms(const struct profile *p)
{
	int n = 0;
	for (guint i = 0; i < p->hosts->len; i++)
		n += g_array_index(p->hosts, struct profile_host, i).vms;
	return n;
}

/* ---- where a key stands: jansson keeps no positions, so the text is walked once more ---- */

struct scan {
	const char *at, *wanted, *found;
	GString *path;
};

static void skip_blanks(struct scan *s)
{
	s->at += strspn(s->at, " \t\r\n");
}

static void skip_string(struct scan *s)
{
	for (s->at++; *s->at && *s->at != '"'; s->at++) {
		if (*s->at == '\\' && s->at[1])
			s->at++;
	}
	if (*s->at)
		s->at++;
}

static void scan_value(struct scan *s);

/* `path` grows by one key or index for each member, and is cut back after it. */
static void scan_members(struct scan *s, char close)
{
	gsize length = s->path->len;
	s->at++;
	for (int i = 0; *s->at; i++) {
		skip_blanks(s);
		if (*s->at == close)
			break;
		const char *key = s->at;
		if (close == '}') {
			skip_string(s);
			g_string_append_printf(s->path, "/%.*s", (int)(s->at - key - 2), key + 1);
			skip_blanks(s);
			s->at += *s->at == ':';
		} else {
			g_string_append_printf(s->path, "/%d", i);
		}
		if (!s->found && strcmp(s->path->str, s->wanted) == 0)
			s->found = key;
		scan_value(s);
		g_string_truncate(s->path, length);
		skip_blanks(s);
		s->at += *s->at == ',';
	}
	s->at += *s->at == close;
}

static void scan_value(struct scan *s)
{
	skip_blanks(s);
	if (*s->at == '{')
		scan_members(s, '}');
	else if (*s->at == '[')
		scan_members(s, ']');
	else if (*s->at == '"')
		skip_string(s);
	else
		s->at += strcspn(s->at, ",]} \t\r\n");
}

static err_t refuse(struct reader *r, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static err_t refuse(struct reader *r, const char *path, const char *fmt, ...)
{
	struct scan s = { .at = r->text, .wanted = path, .path = g_string_new(NULL) };
	scan_value(&s);
	const char *stop = s.found ? s.found : r->text;
	int line = 1, column = 1;
	for (const char *p = r->text; p < stop; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	g_string_free(s.path, TRUE);
	va_list ap;
	va_start(ap, fmt);
	g_autofree char *why = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	return error_set(r->error, EINVAL, "%s:%d:%d: %s", r->path, line, column, why);
}

/* ---- reading ---- */

static err_t read_int(struct reader *r, const char *path, const json_t *v, int min, int max, int *n)
{
	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
		return refuse(r, path, "%s: a whole number from %d to %d is needed", path + 1, min,
			      max);
	*n = (int)json_integer_value(v);
	return 0;
}

static err_t read_large(struct reader *r, const char *path, int id, const char *file)
{
	g_autofree char *dir = g_path_get_dirname(r->path);
	char *full = g_canonicalize_filename(file, dir);
	if (access(full, R_OK) != 0) {
		err_t err = refuse(r, path, "%s: cannot read %s: %s", path + 1, full,
				   g_strerror(errno));
		g_free(full);
		return err;
	}
	g_free(r->p->large[id]);
	r->p->large[id] = full;
	return 0;
}

static err_t read_setting(struct reader *r, const char *key, const json_t *v)
{
	g_autofree char *path = g_strdup_printf("/settings/%s", key);
	int id = setting_find(key);
	if (id < 0)
		return refuse(r, path, "unknown setting '%s'", key);
	char text[64] = "";
	const char *s = json_string_value(v);
	if (json_is_integer(v))
		g_snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		g_ascii_formatd(text, sizeof(text), "%.6g", json_real_value(v));
	else if (json_is_boolean(v))
		g_strlcpy(text, json_is_true(v) ? "on" : "off", sizeof(text));
	else if (!s)
		return refuse(r, path, "setting '%s': a string or a number is needed", key);
	if (!s)
		s = text;
	if (setting_is_large((enum setting)id))
		return read_large(r, path, id, s);
	struct error why = { 0 };
	if (settings_set(&r->p->settings, (enum setting)id, s, strlen(s), &why) != 0)
		return refuse(r, path, "%s", why.text);
	return 0;
}

static err_t read_settings(struct reader *r, const json_t *v)
{
	const char *key;
	json_t *value;
	if (!json_is_object(v))
		return refuse(r, "/settings", "settings: an object is needed");
	json_object_foreach((json_t *)v, key, value)
	{
		err_t err = read_setting(r, key, value);
		if (err)
			return err;
	}
	return 0;
}

static err_t read_launcher(struct reader *r, const json_t *v)
{
	if (!json_is_array(v))
		return refuse(r, "/launcher", "launcher: an array of strings is needed");
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *word = json_string_value(json_array_get(v, i));
		if (!word) {
			g_ptr_array_unref(words);
			g_autofree char *path = g_strdup_printf("/launcher/%zu", i);
			return refuse(r, path, "launcher: an array of strings is needed");
		}
		g_ptr_array_add(words, g_strdup(word));
	}
	g_ptr_array_add(words, NULL);
	g_strfreev(r->p->launcher);
	r->p->launcher = (GStrv)g_ptr_array_free(words, FALSE);
	return 0;
}

static err_t read_host(struct reader *r, size_t i, const json_t *v)
{
	g_autofree char *at = g_strdup_printf("/hosts/%zu", i);
	const char *key, *uri = NULL;
	json_t *value;
	int vms = 1;
	if (!json_is_object(v))
		return refuse(r, at, "hosts: objects like {\"uri\": ..., \"vms\": N} are needed");
	json_object_foreach((json_t *)v, key, value)
	{
		g_autofree char *path = g_strdup_printf("%s/%s", at, key);
		if (strcmp(key, "uri") == 0) {
			uri = json_string_value(value);
			if (!uri || !strstr(uri, "://"))
				return refuse(r, path, "uri: a libvirt URI is needed");
		} else if (strcmp(key, "vms") == 0) {
			err_t err = read_int(r, path, value, 1, 1000, &vms);
			if (err)
				return err;
		} else {
			return refuse(r, path, "unknown key '%s'", key);
		}
	}
	if (!uri)
		return refuse(r, at, "hosts: 'uri' is missing");
	add_host(r->p, uri, vms);
	return 0;
}

static err_t read_hosts(struct reader *r, const json_t *v)
{
	if (!json_is_array(v) || json_array_size(v) == 0)
		return refuse(r, "/hosts", "hosts: an array with at least one host is needed");
	g_array_set_size(r->p->hosts, 0);
	for (size_t i = 0; i < json_array_size(v); i++) {
		err_t err = read_host(r, i, json_array_get(v, i));
		if (err)
			return err;
	}
	return 0;
}

static err_t read_bool(struct reader *r, const char *path, const char *key, const json_t *v,
		       bool *value)
{
	if (!json_is_boolean(v))
		return refuse(r, path, "%s: true or false is needed", key);
	*value = json_is_true(v);
	return 0;
}

static err_t read_key(struct reader *r, const char *key, const json_t *v)
{
	struct profile *p = r->p;
	g_autofree char *path = g_strdup_printf("/%s", key);
	if (strcmp(key, "settings") == 0)
		return read_settings(r, v);
	if (strcmp(key, "builders") == 0)
		return read_int(r, path, v, 1, 256, &p->builders);
	if (strcmp(key, "jobs") == 0)
		return read_int(r, path, v, 0, 4096, &p->jobs);
	if (strcmp(key, "keep_days") == 0)
		return read_int(r, path, v, 0, 36500, &p->keep_days);
	if (strcmp(key, "launcher") == 0)
		return read_launcher(r, v);
	if (strcmp(key, "hosts") == 0)
		return read_hosts(r, v);
	if (strcmp(key, "kernels_mib") == 0)
		return read_int(r, path, v, 0, 1 << 24, &p->kernels_mib);
	if (strcmp(key, "build_timeout") == 0)
		return read_int(r, path, v, 0, 1 << 24, &p->build_timeout_s);
	if (strcmp(key, "build_processes") == 0)
		return read_int(r, path, v, 0, 1 << 24, &p->build_processes);
	if (strcmp(key, "build_memory_mib") == 0)
		return read_int(r, path, v, 0, 1 << 24, &p->build_memory_mib);
	if (strcmp(key, "build_output_mib") == 0)
		return read_int(r, path, v, 0, 1 << 24, &p->build_output_mib);
	if (strcmp(key, "sandbox") == 0)
		return read_bool(r, path, key, v, &p->sandbox);
	if (strcmp(key, "ccache") == 0)
		return read_bool(r, path, key, v, &p->ccache);
	if (strcmp(key, "ahead") == 0)
		return read_bool(r, path, key, v, &p->ahead);
	return refuse(r, path, "unknown key '%s'", key);
}

err_t profile_load(struct profile *p, const char *path, struct error *error)
{
	g_autofree char *text = NULL;
	GError *why = NULL;
	if (!g_file_get_contents(path, &text, NULL, &why)) {
		err_t err = error_set(error, ENOENT, "profile: %s", why->message);
		g_error_free(why);
		return err;
	}
	json_error_t je;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &je);
	if (!json)
		return error_set(error, EINVAL, "%s:%d:%d: %s", path, je.line, je.column, je.text);
	struct reader r = { .p = p, .path = path, .text = text, .error = error };
	err_t err = json_is_object(json) ? 0 : refuse(&r, "", "an object is needed");
	const char *key;
	json_t *v;
	json_object_foreach(json, key, v)
	{
		if (!err)
			err = read_key(&r, key, v);
	}
	json_decref(json);
	return err;
}
