/*
 * The builder for Linux: checkout, configuration, make (or the user's own build program),
 * signature.
 */
#ifndef ENGINE_BUILD_KBUILD_H
#define ENGINE_BUILD_KBUILD_H

#include "builder.h"

/* Over the repository whose git directory is given (must outlive the builder). Any number of
 * threads, each in a slot of its own. */
struct builder kbuild_builder(const char *gitdir);

#endif
