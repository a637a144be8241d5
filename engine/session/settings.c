/*
 * The table has a row for each setting; reading, checking and the defaults go by it.
 */
#include "bisectfs/settings.h"

#include "bisect_log.h"
#include "engine/base/pattern.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum value_kind {
	V_WORD,
	V_LINE,
	V_INT,
	V_INTS, /* separated by spaces */
	V_FRACTION,
	V_PERCENT,
	V_SWITCH,
	V_REGEX,
	V_NUMBER_REGEX, /* whose one group is a number */
	V_PATH,
	V_LARGE
};

static const struct {
	const char *name;
	enum value_kind kind;
	const char *initial;
	const char
		*words; /* V_WORD: those allowed, space-separated; V_REGEX: words beside regexes */
	int min, max;	/* V_INT, V_INTS */
	size_t limit;	/* V_LARGE: bytes */
} table[SETTINGS] = {
	[SET_MODE] = { "mode", V_WORD, "cause", "cause fix" },
	[SET_BRANCH] = { "branch", V_LINE, "HEAD" },
	[SET_CONFIG] = { "config", V_LARGE, .limit = 4 << 20 },
	[SET_MAKE] = { "make", V_LINE, "" },
	[SET_BUILD] = { "build", V_LARGE, .limit = 16 << 20 },
	[SET_COMPILERS] = { "compilers", V_LARGE, .limit = 64 << 10 },
	[SET_BACKPORTS] = { "backports", V_LARGE, .limit = 64 << 10 },
	[SET_TEST] = { "test", V_WORD, "run", "run boot build manual" },
	[SET_REPRODUCER] = { "reproducer", V_LARGE, .limit = 64 << 20 },
	[SET_ROOTFS] = { "rootfs", V_PATH, "" },
	[SET_RUNS] = { "runs", V_INT, "10", .min = 1, .max = 1000 },
	[SET_FIRST_RUNS] = { "first_runs", V_INT, "20", .min = 1, .max = 1000 },
	[SET_CONFIDENCE] = { "confidence", V_FRACTION, "0.99" },
	[SET_TIMEOUT] = { "timeout", V_INT, "60", .min = 1, .max = 86400 },
	[SET_BOOT_TIMEOUT] = { "boot_timeout", V_INT, "60", .min = 1, .max = 86400 },
	[SET_READY] = { "ready", V_REGEX, "", "" },
	[SET_PASS] = { "pass", V_REGEX, "", "" },
	[SET_FAIL] = { "fail", V_REGEX, "", "" },
	[SET_ON_TIMEOUT] = { "on_timeout", V_WORD, "good", "good bad skip" },
	[SET_SKIP_STATUS] = { "skip_status", V_INTS, "125", .min = 1, .max = 127 },
	[SET_METRIC] = { "metric", V_NUMBER_REGEX, "", "" },
	[SET_METRIC_WORSE] = { "metric_worse", V_WORD, "lower", "lower higher" },
	[SET_METRIC_CHANGE] = { "metric_change", V_PERCENT, "5" },
	[SET_CERTIFY] = { "certify", V_SWITCH, "on" },
	[SET_BASELINE] = { "baseline", V_LARGE, .limit = 4 << 20 },
	[SET_CHOICE] = { "choice", V_WORD, "git", "git cost" },
	[SET_MATCH] = { "match", V_REGEX, "auto", "auto any type" },
	[SET_BISECT_LOG] = { "bisect-log", V_LARGE, .limit = 4 << 20 },
	[SET_OLDEST] = { "oldest", V_LINE, "v4.19" },
	[SET_MEMORY] = { "memory", V_INT, "256", .min = 8, .max = 1 << 20 },
	[SET_CPUS] = { "cpus", V_INT, "1", .min = 1, .max = 512 },
	[SET_CMDLINE] = { "cmdline", V_LINE, "" },
	[SET_ARCH] = { "arch", V_LINE, "" },
	[SET_DOMAIN] = { "domain", V_LARGE, .limit = 256 << 10 },
};

void settings_init(struct settings *s)
{
	for (int i = 0; i < SETTINGS; i++)
		s->value[i] = g_strdup(table[i].initial);
}

void settings_clear(struct settings *s)
{
	for (int i = 0; i < SETTINGS; i++)
		g_clear_pointer(&s->value[i], g_free);
}

void settings_copy(struct settings *to, const struct settings *from)
{
	for (int i = 0; i < SETTINGS; i++)
		to->value[i] = g_strdup(from->value[i]);
}

const char *setting_name(enum setting id)
{
	return table[id].name;
}

int setting_find(const char *name)
{
	for (int i = 0; i < SETTINGS; i++) {
		if (strcmp(table[i].name, name) == 0)
			return i;
	}
	return -1;
}

bool setting_is_large(enum setting id)
{
	return table[id].kind == V_LARGE;
}

size_t setting_limit(enum setting id)
{
	return setting_is_large(id) ? table[id].limit : 4095;
}

static bool is_word(const char *words, const char *value)
{
	g_auto(GStrv) list = g_strsplit(words, " ", -1);
	return *value && g_strv_contains((const char *const *)list, value);
}

static err_t check_int(enum setting id, const char *value, struct error *error)
{
	char *end;
	errno = 0;
	long n = strtol(value, &end, 10);
	if (end == value || *end || errno || n < table[id].min || n > table[id].max)
		return error_set(error, EINVAL, "%s: '%s' is not a whole number from %d to %d",
				 table[id].name, value, table[id].min, table[id].max);
	return 0;
}

static err_t check_fraction(enum setting id, const char *value, struct error *error)
{
	char *end;
	double n = g_ascii_strtod(value, &end);
	if (end == value || *end || !(n > 0.0 && n <= 1.0))
		return error_set(error, EINVAL, "%s: '%s' is not a number above 0, at most 1",
				 table[id].name, value);
	return 0;
}

static err_t check_ints(enum setting id, const char *value, struct error *error)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
	for (char **w = words; *w; w++) {
		err_t err = **w ? check_int(id, *w, error) : 0;
		if (err)
			return err;
	}
	return 0;
}

static err_t check_percent(enum setting id, const char *value, struct error *error)
{
	char *end;
	double n = g_ascii_strtod(value, &end);
	if (end == value || *end || !(n > 0.0 && n <= 1000.0))
		return error_set(error, EINVAL,
				 "%s: '%s' is not a number above 0, at most 1000 (percent)",
				 table[id].name, value);
	return 0;
}

static err_t check_regex(enum setting id, const char *value, struct error *error)
{
	if (!*value || is_word(table[id].words, value))
		return 0;
	struct pattern *p = NULL;
	struct error why;
	if (pattern_new(value, &p, &why) != 0)
		return error_set(error, EINVAL, "%s: not an extended regular expression: %s",
				 table[id].name, why.text);
	pattern_free(p);
	return 0;
}

/* That the group is a number can be told by the first run only; that there is one, and which, from
 * the expression. */
static err_t check_number_regex(enum setting id, const char *value, struct error *error)
{
	struct pattern *pattern = NULL;
	struct error why = { 0 };
	err_t err = check_regex(id, value, error);
	if (err || !*value)
		return err;
	err = pattern_new_group(value, &pattern, &why);
	pattern_free(pattern);
	if (err)
		error_set(error, EINVAL, "%s: '%s': %s", table[id].name, value, why.text);
	return err;
}

static err_t check_scalar(enum setting id, const char *value, struct error *error)
{
	const char *name = table[id].name;
	switch (table[id].kind) {
	case V_WORD:
		if (!is_word(table[id].words, value))
			return error_set(error, EINVAL, "%s: '%s' is none of: %s", name, value,
					 table[id].words);
		return 0;
	case V_SWITCH:
		if (!is_word("on off", value))
			return error_set(error, EINVAL, "%s: '%s' is neither on nor off", name,
					 value);
		return 0;
	case V_INT:
		return check_int(id, value, error);
	case V_INTS:
		return check_ints(id, value, error);
	case V_FRACTION:
		return check_fraction(id, value, error);
	case V_PERCENT:
		return check_percent(id, value, error);
	case V_REGEX:
		return check_regex(id, value, error);
	case V_NUMBER_REGEX:
		return check_number_regex(id, value, error);
	case V_PATH:
		if (*value && *value != '/')
			return error_set(error, EINVAL, "%s: '%s' is not an absolute path", name,
					 value);
		return 0;
	default:
		return 0;
	}
}

/* Some must not be empty: without these words nothing would be left to fall back to. */
static bool may_be_empty(enum setting id)
{
	return id != SET_BRANCH && id != SET_OLDEST && id != SET_SKIP_STATUS;
}

err_t settings_set(struct settings *s, enum setting id, const char *data, size_t len,
		   struct error *error)
{
	if (len && data[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		if (c < 0x20 && c != '\t')
			return error_set(error, EINVAL,
					 "%s: takes one line of text, byte %zu is %d",
					 table[id].name, i, c);
	}
	const char *end;
	if (!g_utf8_validate_len(data, len, &end)) /* the journal is JSON */
		return error_set(error, EINVAL, "%s: byte %zu is no UTF-8", table[id].name,
				 (size_t)(end - data));
	g_autofree char *value = g_strstrip(g_strndup(data, len));
	if (!*value && !may_be_empty(id))
		return error_set(error, EINVAL, "%s: must not be empty", table[id].name);
	err_t err = check_scalar(id, value, error);
	if (err)
		return err;
	g_free(s->value[id]);
	s->value[id] = g_steal_pointer(&value);
	return 0;
}

/* "RELEASE CC" a line. */
static err_t check_compilers(const char *data, struct error *error)
{
	g_auto(GStrv) lines = g_strsplit(data, "\n", -1);
	for (int i = 0; lines[i]; i++) {
		g_autofree char *line = g_strstrip(g_strdup(lines[i]));
		if (*line && !strpbrk(line, " \t"))
			return error_set(error, EINVAL,
					 "compilers: line %d: '%s' is not 'RELEASE CC'", i + 1,
					 line);
	}
	return 0;
}

static err_t check_bisect_log(const char *text, struct error *error)
{
	struct bisect_log log;
	err_t err = bisect_log_parse(text, &log, error);
	bisect_log_clear(&log);
	return err;
}

static bool is_elf(const char *data, size_t len)
{
	return len > 4 && memcmp(data, "\177ELF", 4) == 0;
}

err_t setting_check_large(enum setting id, const char *data, size_t len, struct error *error)
{
	const char *name = table[id].name;
	if (len > setting_limit(id))
		return error_set(error, EFBIG, "%s: %zu bytes, at most %zu are taken", name, len,
				 setting_limit(id));
	bool binary = memchr(data, 0, len) != NULL;
	if (id == SET_REPRODUCER || id == SET_BUILD) {
		bool script = len > 2 && data[0] == '#' && data[1] == '!';
		if (len && binary && !is_elf(data, len))
			return error_set(error, EINVAL, "%s: neither ELF nor text", name);
		if (len && id == SET_BUILD && !script && !is_elf(data, len))
			return error_set(error, EINVAL,
					 "build: an ELF program or a script with '#!' is needed");
		return 0;
	}
	if (binary)
		return error_set(error, EINVAL, "%s: holds a NUL byte, text is needed", name);
	if (id != SET_COMPILERS && id != SET_BISECT_LOG)
		return 0;
	g_autofree char *text = g_strndup(data, len);
	return id == SET_COMPILERS ? check_compilers(text, error) : check_bisect_log(text, error);
}

bool settings_is_default(const struct settings *s, enum setting id)
{
	return g_strcmp0(s->value[id], table[id].initial) == 0;
}

const char *settings_text(const struct settings *s, enum setting id)
{
	return s->value[id] ? s->value[id] : "";
}

int settings_int(const struct settings *s, enum setting id)
{
	return atoi(settings_text(s, id));
}

double settings_number(const struct settings *s, enum setting id)
{
	return g_ascii_strtod(settings_text(s, id), NULL);
}

bool settings_on(const struct settings *s, enum setting id)
{
	return strcmp(settings_text(s, id), "on") == 0;
}

bool settings_match_is_auto(const struct settings *s)
{
	const char *match = settings_text(s, SET_MATCH);
	return !*match || strcmp(match, "auto") == 0;
}

enum test_kind settings_test(const struct settings *s)
{
	static const char *const names[TEST_KINDS] = { [TEST_RUN] = "run",
						       [TEST_BOOT] = "boot",
						       [TEST_BUILD] = "build",
						       [TEST_MANUAL] = "manual" };
	for (int i = 0; i < TEST_KINDS; i++) {
		if (strcmp(settings_text(s, SET_TEST), names[i]) == 0)
			return (enum test_kind)i;
	}
	return TEST_RUN;
}

bool settings_need_guest(const struct settings *s)
{
	enum test_kind test = settings_test(s);
	return test == TEST_RUN || test == TEST_BOOT;
}

bool settings_skip_status(const struct settings *s, int status)
{
	g_autofree char *word = g_strdup_printf("%d", status);
	g_auto(GStrv) words = g_strsplit_set(settings_text(s, SET_SKIP_STATUS), " \t", -1);
	return g_strv_contains((const char *const *)words, word);
}

bool settings_is_fix(const struct settings *s)
{
	return strcmp(settings_text(s, SET_MODE), "fix") == 0;
}

json_t *settings_to_json(const struct settings *s)
{
	json_t *json = json_object();
	for (int i = 0; i < SETTINGS; i++) {
		if (s->value[i])
			json_object_set_new(json, table[i].name, json_string(s->value[i]));
	}
	return json;
}

err_t settings_from_json(struct settings *s, const json_t *json, struct error *error)
{
	const char *key;
	json_t *v;
	json_object_foreach((json_t *)json, key, v)
	{
		int id = setting_find(key);
		if (id < 0 || setting_is_large((enum setting)id))
			return error_set(error, EINVAL, "unknown setting '%s'", key);
		const char *text = json_string_value(v);
		if (!text)
			return error_set(error, EINVAL, "setting '%s' is not a string", key);
		err_t err = settings_set(s, (enum setting)id, text, strlen(text), error);
		if (err)
			return err;
	}
	return 0;
}
