/*
 * Dates and times at the beginning of a log's line, in the forms that loggers and dmesg write. All
 * take the bytes from `p` to `end` and return where what they know ends; NULL: it is not there.
 * Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_STAMP_H
#define ENGINE_TRIAGE_STAMP_H

#include <stdbool.h>
#include <stddef.h>

/* "2024-01-02T03:04:05.123456+00:00", "Jan  2 03:04:05", "Sun Sep  1 19:30:19 2019",
 * "03:04:05.123", "1704164645.123456", "01-02 03:04:05.123", each maybe in brackets; what a logger
 * writes between the date and the line ("-> ", "| ") and one blank belong to it. */
const char *stamp_date(const char *p, const char *end);

/* printk's time "[   12.345678]", with what dmesg -d ("<    0.000001>") and vendors ("@1", ",1")
 * add; `decimals` are its decimals. */
const char *stamp_kernel(const char *p, const char *end, int *decimals);
/* What dmesg -T, -H and -e make of it: "[Tue Jan  2 03:04:05 2024]", "[Jan 2 03:04]",
 * "[  +0.000002]". */
const char *stamp_dmesg(const char *p, const char *end);

/* "[ T123]", "[    C0]". */
const char *stamp_caller(const char *p, const char *end);

/* What dmesg -x writes, "kern  :warn  : ". */
const char *stamp_facility(const char *p, const char *end, bool *kernel);

/* These take NULL as well, so that they can be chained. The first two are always there. */
const char *stamp_blanks(const char *p, const char *end);
const char *stamp_digits(const char *p, const char *end);
const char *stamp_word(const char *p, const char *end, const char *word);
/* Copies what fits of the bytes from `from` to `to`, which no NUL ends. */
void stamp_copy(char *out, size_t size, const char *from, const char *to);

#endif
