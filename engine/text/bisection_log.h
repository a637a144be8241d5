/*
 * The bisection log: the text that syzbot publishes, made from events and nothing else.
 */
#ifndef ENGINE_TEXT_BISECTION_LOG_H
#define ENGINE_TEXT_BISECTION_LOG_H

#include "bisectfs/session.h"

/* Appends to s->log what `ev`, just applied to `s`, adds to the story. */
void bisection_log_append(struct session *s, const struct event *ev);

#endif
