/*
 * Which lines of a console log begin a crash report: header words, and what only looks like one.
 * The facts are those of syzkaller's report package. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_SCAN_H
#define ENGINE_TRIAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Number of the header that this line (no newline) begins a crash with; -1: none. */
int scan_line(const char *line, size_t len);

/* The header's word, by its number. A constant. */
const char *scan_header(int header);

/* Offset of the first crash line's beginning in the log, its length (no newline) and header; false:
 * there is none. Linear in `len`. */
bool scan_log(const char *log, size_t len, size_t *at, size_t *line_len, int *header);

/* Whether a later line begins a second report, which the first one's title must not be made from.
 */
bool scan_second(const char *line, size_t len);

#endif
