/*
 * The search as git knows it.
 */
#ifndef ENGINE_TEXT_GIT_LOG_H
#define ENGINE_TEXT_GIT_LOG_H

#include "bisectfs/session.h"

/* What `git bisect replay` takes. Appends nothing before the bisection is over. */
void git_log_print(const struct session *s, GString *out);

#endif
