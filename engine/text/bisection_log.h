/*
 * The bisection log: the text that syzbot publishes, made from events and nothing else.
 */
#ifndef ENGINE_TEXT_BISECTION_LOG_H
#define ENGINE_TEXT_BISECTION_LOG_H

#include "bisectfs/session.h"

/* Appends to s->log what `ev`, just applied to `s`, adds to the story. */
void log_append(struct session *s, const struct event *ev);

/* Nanoseconds as Go prints a duration: 5h43m22.238573904s. To be freed with g_free. */
char *log_duration(int64_t ns);
/* "2023-03-01 22:20:02 +0000 UTC". To be freed with g_free. */
char *log_time(int64_t ns);

#endif
