/*
 * What a bisection wishes as far as the files of its kernels allow it.
 */
#ifndef ENGINE_CORE_WANTED_H
#define ENGINE_CORE_WANTED_H

#include "state.h"

/* Its session's wishes (struct wish, new), and a build where the kernel of the step that is being
 * tested has been deleted: runs that have not begun wait for it. */
GArray *wanted(const struct engine *e, const struct bisection *b);
/* Whether the run came to nothing because its kernel was deleted before it had begun: it is still
 * wished. */
bool wanted_again(const struct engine *e, const struct bisection *b, const struct job *job);

#endif
