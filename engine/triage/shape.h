/*
 * The expressions that this room's tables are written in: Perl-compatible, through GLib, with {F}
 * for a function (a group), {PC} for an address in brackets, {SRC} for a source position (a group)
 * and {REST} for the rest of the line (a group). Bytes, not characters: a console prints what it
 * likes. Any thread.
 */
#ifndef ENGINE_TRIAGE_SHAPE_H
#define ENGINE_TRIAGE_SHAPE_H

#include <glib.h>
#include <stdbool.h>

/* Compiled once and kept; never NULL: shapes are constants of ours, and one that is wrong ends the
 * program. Owned by this file. */
GRegex *shape_regex(const char *shape);

/* Offset of the first match in `len` bytes of text, -1: none. Where it ends goes to `end`, and its
 * groups, from the first one on, are appended to `groups` (char *, empty for a group that takes no
 * part); both may be NULL. */
int shape_search(const char *shape, const char *text, gsize len, int *end, GPtrArray *groups);
/* Whether there is one. */
bool shape_fits(const char *shape, const char *line, gsize len);

#endif
