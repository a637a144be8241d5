/*
 * Which lines of a console log begin a crash report: header words, and what only looks like one.
 * The facts are those of syzkaller's report package; what it does not know (other machines' oopses,
 * who speaks) is marked in the table. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_SCAN_H
#define ENGINE_TRIAGE_SCAN_H

#include "prefix.h"

#include <stdbool.h>
#include <stddef.h>

/* Number of the header that a line's text begins a crash with; -1: none. */
int scan_line(const char *line, size_t len);
/* The same of a whole clean line (prefix.h), where it is the kernel that says it; `form` may be
 * NULL, `first`: nothing stands before it in the log. */
int scan_spoken(const struct prefix_form *form, const char *line, size_t len, bool first);

/* The header's word, by its number. A constant. */
const char *scan_header(int header);
/* Whether it is one that syzkaller does not know: an oops of another machine, a hard lockup ... */
bool scan_is_oops(int header);

/* Offset of the first crash line's beginning in the log, its length (no newline) and header; false:
 * there is none. Linear in `len`. `form` may be NULL. */
bool scan_log(const struct prefix_form *form, const char *log, size_t len, size_t *at,
	      size_t *line_len, int *header);

/* Whether a later line begins a second report, which the first one's title must not be made from.
 */
bool scan_second(const char *line, size_t len);

#endif
