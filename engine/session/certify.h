/*
 * The certificate: after the search, the culprit and its parent are tested until both are as sure
 * as `confidence` asks, and so is the starting commit with the culprit reverted. Pure.
 */
#ifndef ENGINE_SESSION_CERTIFY_H
#define ENGINE_SESSION_CERTIFY_H

#include "bisectfs/session.h"

/* What is to be tested next for what was found; ROLES: nothing. */
enum step_role certify_next(const struct session *s);

/* Signature of a commit's kernel with the configuration in use; NULL: it was never built. */
const char *certify_signature(const struct session *s, const char *commit);

/* The culprit and its parent are the same kernel: the commit cannot have changed anything. */
bool certify_is_no_op(const struct session *s);

/* The parent, which the search took for clean, has shown the bug: the search has to go on. The
 * reason is to be freed; NULL: no such contradiction. */
char *certify_contradiction(const struct session *s);

/* How sure the result is, 0..1. With a certificate it is the chance that the side shown clean
 * really is, over all rates at which the bug may show; without one syzbot's product over the good
 * steps. */
double certify_confidence(const struct session *s);

/* What was run and how sure it makes: for report/certificate. Empty until a culprit is concluded.
 */
void certify_text(const struct session *s, GString *out);

#endif
