/*
 * What was run for a culprit and how sure that makes it, in words.
 */
#ifndef ENGINE_TEXT_CERTIFICATE_H
#define ENGINE_TEXT_CERTIFICATE_H

#include "bisectfs/session.h"

/* Appends nothing until one culprit is concluded. */
void certificate_print(const struct session *s, GString *out);

#endif
