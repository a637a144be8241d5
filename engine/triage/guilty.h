/*
 * The source file that most likely holds the bug, from a report with source positions. Pure.
 */
#ifndef ENGINE_TRIAGE_GUILTY_H
#define ENGINE_TRIAGE_GUILTY_H

#include "prefix.h"

#include <glib.h>

/* A path relative to the source tree, to be freed; NULL: the log holds no crash, or its report has
 * no source positions (symbols.h). The rule is that of syzkaller's guiltyFile. Any thread. */
char *guilty_file(const struct prefix_form *form, const char *log, gsize len);

#endif
