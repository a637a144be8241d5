/*
 * Naming crashes: from a kernel's console log to the one-line title that stands for the crash.
 * Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_H
#define ENGINE_TRIAGE_H

#include "bisectfs/outcome.h"

#include <stdbool.h>
#include <stddef.h>

struct crash {
	char title[256];
	enum crash_type type;
	size_t start, end; /* the report's bytes in the log */
};

/* Whether this line (no newline) is the first line of a crash report. */
bool triage_is_crash(const char *line, size_t len);
/* Whether it closes one: nothing that matters follows. */
bool triage_is_end(const char *line, size_t len);

/* The first crash in a log; false where there is none. */
bool triage_find(const char *log, size_t len, struct crash *crash);

#endif
