/*
 * What the history has answered, by the question: it need not be asked twice, and what was asked
 * ahead is there when its step comes. The core thread's.
 */
#ifndef ENGINE_CORE_ANSWERS_H
#define ENGINE_CORE_ANSWERS_H

#include "bisectfs/event.h"

#include <glib.h>

struct answers;
struct answers *answers_new(void);
void answers_free(struct answers *answers);

/* Borrowed until answers_forget; NULL: not known yet. */
const struct event *answers_find(const struct answers *answers, const char *key);
/* Keeps a copy; the first answer to a question stays. */
void answers_put(struct answers *answers, const char *key, const struct event *answer);
void answers_forget(struct answers *answers);
guint answers_count(const struct answers *answers);
/* Changes with each answer that comes or goes. */
guint answers_version(const struct answers *answers);

#endif
