/*
 * A finished bisection as a mail to those who are to be told.
 */
#ifndef ENGINE_TEXT_MAIL_H
#define ENGINE_TEXT_MAIL_H

#include "bisectfs/session.h"

/* A mail ready for `sendmail -t`. `crash`: the representative report, may be empty. Appends nothing
 * without one culprit. */
void mail_print(const struct session *s, const GString *log, const char *crash, GString *out);

#endif
