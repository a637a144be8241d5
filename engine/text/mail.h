/*
 * What a finished bisection is reported with: recipients, mail, a page. Text made from the
 * session's state and nothing else.
 */
#ifndef ENGINE_TEXT_MAIL_H
#define ENGINE_TEXT_MAIL_H

#include "bisectfs/session.h"

/* Who is to be told, as lines "to: ADDRESS" and "cc: ADDRESS" sorted by kind and address as syzbot
 * does. `to` are the culprit's author and the tags of its message (Signed-off-by, Reviewed-by,
 * Cc ...), never stable@vger.kernel.org; where these are few, what get_maintainer.pl said joins
 * them. New strings in a new array; empty without one culprit. */
GPtrArray *report_recipients(const struct session *s);

/* syzbot asks get_maintainer.pl when the message names no more than these. */
#define REPORT_ENOUGH 2
bool report_needs_maintainers(const struct session *s);

/* A mail ready for `sendmail -t`. `crash`: the representative report, may be empty. Appends nothing
 * without one culprit. */
void report_mail(const struct session *s, const char *crash, GString *out);

/* One self-contained page; links are relative to the bisection's report/ directory. */
void report_html(const struct session *s, const char *crash, GString *out);

/* What `git bisect replay` takes. Appends nothing before the bisection is over. */
void report_git_log(const struct session *s, GString *out);

/* First line of the culprit's message; to be freed. */
char *report_subject(const struct session *s);

#endif
