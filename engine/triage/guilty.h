/*
 * The source file that most likely holds the bug, from a report with source positions. Pure.
 */
#ifndef ENGINE_TRIAGE_GUILTY_H
#define ENGINE_TRIAGE_GUILTY_H

#include <glib.h>

/* A path relative to the source tree, to be freed; NULL: the report names none. */
char *guilty_file(const char *log, gsize len);

#endif
