/*
 * Numbers as words, and what several texts have in common.
 */
#ifndef ENGINE_TEXT_FORMAT_H
#define ENGINE_TEXT_FORMAT_H

#include "bisectfs/session.h"

#include <glib.h>
#include <stdint.h>

/* Nanoseconds as Go prints a duration: 5h43m22.238573904s. To be freed with g_free. */
char *format_duration(int64_t ns);
/* "2023-03-01 22:20:02 +0000 UTC". To be freed with g_free. */
char *format_time(int64_t ns);
/* Appends the line with which `git bisect` starts the same search: its range, --first-parent and
 * paths, these quoted as for the shell. */
void format_git_start(GString *out, const struct session *s, const char *bad, char *const *goods);

/* Appends a line where the culprit is a merge whose sides do it only together. */
void format_only_together(GString *out, const struct session *s);
/* Appends a line where a search of first parents has found a merge, and a side is like it. */
void format_side_with_bug(GString *out, const struct session *s);
/* Appends what was found inside a merge. */
void format_inside(GString *out, const struct session *s);
/* Appends why a certificate has no revert (see certify_revert_tells_more), with a newline. */
void format_no_revert(GString *out, const struct session *s);
/* Appends a line of a certificate for each label of the culprit's. */
void format_labels(GString *out, const struct session *s);

#endif
