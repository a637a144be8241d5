/*
 * The bisection log: the text that syzbot publishes, made from events and nothing else.
 */
#ifndef ENGINE_TEXT_BISECTION_LOG_H
#define ENGINE_TEXT_BISECTION_LOG_H

#include "bisectfs/session.h"

/* Appends what `ev`, just applied to `s`, adds to the story. */
void bisection_log_append(GString *log, const struct session *s, const struct event *ev);

/* Applies the event, and appends what it adds. Errors as session_apply has them; nothing is changed
 * then. */
err_t bisection_log_apply(struct session *s, GString *log, const struct event *ev,
			  struct error *error);

#endif
