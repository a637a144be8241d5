/*
 * Whether a tree of Linux compiles: one object of it, or all that its configuration has. The
 * build's own thread.
 */
#ifndef ENGINE_BUILD_COMPILE_H
#define ENGINE_BUILD_COMPILE_H

#include "build.h"

/* In its directories (configure_places): the result says what came of it. */
err_t compile_kernel(struct build *b, struct error *error);

#endif
