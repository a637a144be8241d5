/*
 * What a session concludes from its state and wants next (session_decide, session_wishes).
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include "bisectfs/session.h"
#include "verdict.h"

/* Counts a step's runs as good, bad, skip or infrastructure, by the setting `match`. */
struct tally plan_tally(const struct session *s, const struct step *step);

#endif
