/*
 * The certificate of a search for what does not compile. Pure.
 */
#ifndef ENGINE_TEXT_BUILD_CERTIFICATE_H
#define ENGINE_TEXT_BUILD_CERTIFICATE_H

#include "bisectfs/session.h"

/* Appends it; for certificate_print, once one commit was found. */
void build_certificate_print(const struct session *s, GString *out);

#endif
