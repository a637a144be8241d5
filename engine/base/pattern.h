/*
 * Extended regular expressions of POSIX that users write, which may be made to do harm: matched by
 * an automaton (PCRE2's, through GLib), so that no expression takes exponential time or memory,
 * neither when it is read nor on a line. glibc's regcomp takes for ever for some.
 *
 * Left out: back references, which POSIX does not have in these; collating elements; repeating what
 * is just repeated ("a++"), which POSIX leaves open.
 */
#ifndef ENGINE_BASE_PATTERN_H
#define ENGINE_BASE_PATTERN_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>

struct pattern;

/* -EINVAL with the reason. */
err_t pattern_new(const char *text, struct pattern **out, struct error *error);
/* One with exactly one pair of parentheses, whose text pattern_find_group gives. It is found in no
 * more than quadratic time for that: the group must not be repeated, nor an alternative be outside
 * it. */
err_t pattern_new_group(const char *text, struct pattern **out, struct error *error);
void pattern_free(struct pattern *p); /* may be NULL */

/* Whether it matches somewhere in the line, bytes of any encoding; the first match, and the longest
 * one there, is from `from` to `to` (bytes; may be NULL). One thread at a time. */
bool pattern_find(const struct pattern *p, const char *line, int *from, int *to);

/* Where the group of the first match is, by POSIX's rule: what stands before it takes as much as it
 * can. Only for those of pattern_new_group. */
bool pattern_find_group(const struct pattern *p, const char *line, int *from, int *to);

/* The same for one that is asked again and again: the thread keeps the last one compiled. An
 * expression that is none matches nothing. */
bool pattern_matches(const char *text, const char *line);

#endif
