/*
 * What a session concludes from its state: see session_decide. Pure.
 */
#ifndef ENGINE_SESSION_CONCLUDE_H
#define ENGINE_SESSION_CONCLUDE_H

#include "bisectfs/session.h"

/* Whether all is known but who is to be told (EV_REPORTED). */
bool conclude_needs_maintainers(const struct session *s);

#endif
