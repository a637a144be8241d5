/*
 * What a finished bisection is reported with: recipients, mail, a page. Text made from the
 * session's state and nothing else.
 */
#ifndef ENGINE_REPORT_H
#define ENGINE_REPORT_H

#include "bisectfs/session.h"

/* Addresses of the culprit's author and of the tags of its message (Signed-off-by, Reviewed-by,
 * Cc ...), in that order, each once; never stable@vger.kernel.org (syzbot's rule). New strings in a
 * new array; empty without one culprit. */
GPtrArray *report_recipients(const struct session *s);

/* A mail ready for `sendmail -t`. `crash`: the representative report, may be empty. Appends nothing
 * without one culprit. */
void report_mail(const struct session *s, const char *crash, GString *out);

/* One self-contained page; links are relative to the bisection's report/ directory. */
void report_html(const struct session *s, const char *crash, GString *out);

/* First line of the culprit's message; to be freed. */
char *report_subject(const struct session *s);

#endif
