/*
 * What the texts about a finished bisection have in common.
 */
#ifndef ENGINE_TEXT_REPORT_H
#define ENGINE_TEXT_REPORT_H

#include "bisectfs/session.h"

/* It has ended with one commit, whose text is known. */
bool report_has_culprit(const struct session *s);
/* It has ended with the borders of a bug that comes and goes, whose texts are known. */
bool report_has_borders(const struct session *s);
/* What a reader is to call what the bug shows itself by. */
const char *report_crash_word(const struct session *s);
/* The title that stands for the bug; empty: none was seen. Of the session. */
const char *report_title(const struct session *s);
/* Whether that is of a crash, with a report; else a test failed, or a guest was silent, and what it
 * printed last is all there is to show. */
bool report_is_crash(const struct session *s);

#endif
