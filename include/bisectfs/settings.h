/*
 * The settings of a bisection: one table says what there is, what each may hold and its default.
 *
 * Scalars (one line) live in struct settings and travel in the `started` event. Large ones are
 * files in the state directory; only their names and limits are known here.
 */
#ifndef BISECTFS_SETTINGS_H
#define BISECTFS_SETTINGS_H

#include "bisectfs/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum setting {
	SET_MODE,
	SET_BRANCH,
	SET_CONFIG,
	SET_MAKE,
	SET_BUILD,
	SET_COMPILERS,
	SET_BACKPORTS,
	SET_TEST,
	SET_REPRODUCER,
	SET_ROOTFS,
	SET_RUNS,
	SET_FIRST_RUNS,
	SET_CONFIDENCE,
	SET_TIMEOUT,
	SET_BOOT_TIMEOUT,
	SET_READY,
	SET_PASS,
	SET_FAIL,
	SET_ON_TIMEOUT,
	SET_SKIP_STATUS,
	SET_METRIC,
	SET_METRIC_WORSE,
	SET_METRIC_CHANGE,
	SET_CERTIFY,
	SET_BASELINE,
	SET_CHOICE,
	SET_MATCH,
	SET_BISECT_LOG,
	SET_OLDEST,
	SET_MEMORY,
	SET_CPUS,
	SET_CMDLINE,
	SET_ARCH,
	SET_DOMAIN,
	SETTINGS
};

/* What a commit has to do: the words of `test`. */
enum test_kind {
	TEST_RUN,    /* run the reproducer without a fault */
	TEST_BOOT,   /* come up */
	TEST_BUILD,  /* compile */
	TEST_MANUAL, /* please its user */
	TEST_KINDS
};

/* First words of a `config` that is a fragment; the name of a make target follows. */
#define SETTING_FRAGMENT_MARK "# fragment of "

/* Further files for the guest: settings/files/NAME, each at most this many bytes. */
#define SETTING_FILES_DIR "files"
#define SETTING_FILE_LIMIT ((size_t)256 << 20)

struct settings {
	char *value[SETTINGS]; /* owned; never NULL for scalars, NULL for large ones */
};

/* Defaults. Free with settings_clear. */
void settings_init(struct settings *s);
void settings_clear(struct settings *s);
void settings_copy(struct settings *to, const struct settings *from);

const char *setting_name(enum setting id);
/* -1 where there is none of that name. */
int setting_find(const char *name);
/* Whether the value is a file of its own (collects until close) and not one line. */
bool setting_is_large(enum setting id);
/* Bytes that a value may have. */
size_t setting_limit(enum setting id);

/* Checks and stores one scalar; a newline at the end is dropped. -EINVAL with the reason. */
err_t settings_set(struct settings *s, enum setting id, const char *data, size_t len,
		   struct error *error);
/* Checks the bytes of a large value (never stores them). -EINVAL or -EFBIG with the reason. */
err_t setting_check_large(enum setting id, const char *data, size_t len, struct error *error);

/* Whether they make sense together, as far as they tell by themselves. `has` says whether a large
 * one is set. -EINVAL with the reason. In combination.c. */
err_t settings_fit_together(const struct settings *s, bool (*has)(void *arg, enum setting id),
			    void *arg, struct error *error);

/* Whether it has the value that it has without anybody's doing. */
bool settings_is_default(const struct settings *s, enum setting id);
const char *settings_text(const struct settings *s, enum setting id);
int settings_int(const struct settings *s, enum setting id);
double settings_number(const struct settings *s, enum setting id);
bool settings_on(const struct settings *s, enum setting id);
/* Whether `match` is `auto`; journals of before hold an empty one, which says the same. */
bool settings_match_is_auto(const struct settings *s);
enum test_kind settings_test(const struct settings *s);
/* Whether the test is a guest's run: `run` or `boot`. */
bool settings_need_guest(const struct settings *s);
/* Whether `status` is one of `skip_status`. */
bool settings_skip_status(const struct settings *s, int status);
/* Whether it is the fix that is looked for, and not the cause. */
bool settings_is_fix(const struct settings *s);

/* Scalars as a new JSON object {"name": "value"}; and back (unknown names are refused). */
json_t *settings_to_json(const struct settings *s);
err_t settings_from_json(struct settings *s, const json_t *json, struct error *error);

#endif
