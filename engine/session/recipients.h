/*
 * Who is to be told of a culprit. Pure.
 */
#ifndef ENGINE_SESSION_RECIPIENTS_H
#define ENGINE_SESSION_RECIPIENTS_H

#include "bisectfs/session.h"

/* Who is to be told, as lines "to: ADDRESS" and "cc: ADDRESS" sorted by kind and address as syzbot
 * does. `to` are the culprit's author and the tags of its message (Signed-off-by, Reviewed-by,
 * Cc ...), never stable@vger.kernel.org; where these are few, what get_maintainer.pl said joins
 * them. New strings in a new array; empty without one culprit. */
GPtrArray *recipients_of(const struct session *s);

/* syzbot asks get_maintainer.pl when the message names no more than these. */
#define RECIPIENTS_ENOUGH 2
bool recipients_need_maintainers(const struct session *s);

/* First line of the culprit's message; to be freed. */
char *recipients_subject(const struct session *s);

#endif
