/*
 * A finished bisection as one self-contained page.
 */
#ifndef ENGINE_TEXT_PAGE_H
#define ENGINE_TEXT_PAGE_H

#include "bisectfs/session.h"

/* `crash`: the representative report, may be empty. Links are relative to the bisection's report/
 * directory. Appends nothing before there is an answer. */
void page_print(const struct session *s, const char *crash, GString *out);

#endif
