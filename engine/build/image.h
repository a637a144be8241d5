/*
 * The kernel that a build has left. The build's own thread.
 */
#ifndef ENGINE_BUILD_IMAGE_H
#define ENGINE_BUILD_IMAGE_H

#include "build.h"

/* `image`: path below the object directory. Leaves kernel and vmlinux in the result's directory and
 * the signature in the result; where there is no such kernel the commit does not build. */
err_t image_collect(struct build *b, const char *image, struct error *error);
/* Copies an opened file of the object directory to the new file `to`, whole or not at all. */
err_t image_copy(int in, off_t size, const char *to, struct error *error);

#endif
