/*
 * The builder for Linux: checkout, configuration, make (or the user's own build program),
 * signature.
 */
#ifndef ENGINE_BUILD_KBUILD_H
#define ENGINE_BUILD_KBUILD_H

#include "builder.h"

struct slot_objects;

/* Over the repository with these objects (must outlive the builder). Any number of threads, each in
 * a slot of its own. */
struct builder kbuild_builder(const struct slot_objects *from);

#endif
