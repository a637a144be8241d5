/*
 * Inside a merge whose sides only break together: which commit of its second side is the first that
 * breaks when it is merged onto the first one? Each is built from a tree that is merged in memory;
 * where that has conflicts it cannot be tested. Pure.
 */
#ifndef ENGINE_SESSION_INSIDE_H
#define ENGINE_SESSION_INSIDE_H

#include "bisectfs/session.h"

/* The certificate of what was found asks for it, and it is not answered yet. */
bool inside_is_wanted(const struct session *s);

/* Makes the question one for the next commit of the side, whose tree is to be merged with the first
 * parent's, or for the answer. It holds a commit where the second parent is to be tested itself. */
void inside_query(const struct session *s, struct next_query *q);

/* Lines for people, without newlines (char *, new); none where it was not asked or is not known. */
GPtrArray *inside_lines(const struct session *s);

#endif
