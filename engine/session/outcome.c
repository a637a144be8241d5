/*
 * The names are part of the journal's form: they are added to, never changed.
 */
#include "bisectfs/outcome.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[OUTCOME_KINDS] = {
	[OUTCOME_NONE] = "none",
	[OUTCOME_OK] = "ok",
	[OUTCOME_CRASHED] = "crashed",
	[OUTCOME_BOOT_FAILED] = "boot failed",
	[OUTCOME_BASIC_FAILED] = "basic failed",
	[OUTCOME_EXIT] = "exit",
	[OUTCOME_SKIPPED] = "skipped",
	[OUTCOME_INFRA] = "infra",
};

static const char *const type_names[CRASH_TYPES] = {
	[CRASH_NONE] = "none",
	[CRASH_UNKNOWN] = "unknown",
	[CRASH_HANG] = "hang",
	[CRASH_MEMORY_LEAK] = "memory leak",
	[CRASH_DATA_RACE] = "data race",
	[CRASH_UNEXPECTED_REBOOT] = "unexpected reboot",
	[CRASH_LOST_CONNECTION] = "lost connection",
	[CRASH_WARNING] = "warning",
	[CRASH_BUG] = "bug",
	[CRASH_OOPS] = "oops",
	[CRASH_LOCKDEP] = "lockdep",
	[CRASH_ATOMIC_SLEEP] = "atomic sleep",
	[CRASH_KASAN] = "kasan",
	[CRASH_KMSAN] = "kmsan",
	[CRASH_UBSAN] = "ubsan",
	[CRASH_PANIC] = "panic",
};

static int find(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (name && strcmp(names[i], name) == 0)
			return i;
	}
	return 0;
}

const char *outcome_kind_name(enum outcome_kind kind)
{
	return kind_names[kind];
}

enum outcome_kind outcome_kind_parse(const char *name)
{
	return (enum outcome_kind)find(kind_names, OUTCOME_KINDS, name);
}

const char *crash_type_name(enum crash_type type)
{
	return type_names[type];
}

enum crash_type crash_type_parse(const char *name)
{
	return (enum crash_type)find(type_names, CRASH_TYPES, name);
}

void outcome_print(enum outcome_kind kind, const char *title, int status, char *text, int size)
{
	size_t n = (size_t)size;
	switch (kind) {
	case OUTCOME_OK:
		snprintf(text, n, "OK");
		break;
	case OUTCOME_CRASHED:
		snprintf(text, n, "crashed: %s", title);
		break;
	case OUTCOME_BOOT_FAILED:
		snprintf(text, n, "boot failed: %s", title);
		break;
	case OUTCOME_BASIC_FAILED:
		snprintf(text, n, "basic kernel testing failed: %s", title);
		break;
	case OUTCOME_EXIT:
		if (title && *title)
			snprintf(text, n, "failed: %s", title);
		else
			snprintf(text, n, "failed: exit status %d", status);
		break;
	case OUTCOME_SKIPPED:
		snprintf(text, n, "skipped: %s", title);
		break;
	case OUTCOME_INFRA:
		snprintf(text, n, "infra problem: %s", title);
		break;
	default:
		text[0] = '\0';
		break;
	}
}
