/*
 * A log's bytes as they are read. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_CLEAN_H
#define ENGINE_TRIAGE_CLEAN_H

#include <glib.h>

/* A line (no newline) without carriage returns, colours, byte order mark and blanks at its end; NUL
 * bytes become 1; at most `most` bytes. Replaces `out`. */
void clean_line(const char *line, gsize len, gsize most, GString *out);

#endif
