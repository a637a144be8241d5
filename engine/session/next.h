/*
 * What a session tests next. Pure.
 */
#ifndef ENGINE_SESSION_NEXT_H
#define ENGINE_SESSION_NEXT_H

#include "bisectfs/session.h"

/* What comes after the steps so far; ROLES: nothing, the bisection can be concluded. */
enum step_role next_role(const struct session *s);

#endif
