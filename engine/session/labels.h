/*
 * Why a culprit cannot be what it seems: what the history and its configuration say of it, and
 * whether it is the compiler that changes there. Pure.
 */
#ifndef ENGINE_SESSION_LABELS_H
#define ENGINE_SESSION_LABELS_H

#include "bisectfs/session.h"

/* A line each, for people; empty without a single culprit. Of borrowed and own texts: to be freed
 * with g_ptr_array_unref. */
GPtrArray *labels_of(const struct session *s);

#endif
