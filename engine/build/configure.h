/*
 * The configuration of a kernel. The build's own thread.
 */
#ifndef ENGINE_BUILD_CONFIGURE_H
#define ENGINE_BUILD_CONFIGURE_H

#include "build.h"

/* Makes the directories of configuration and objects, which any command's cage needs. */
err_t configure_places(const struct build *b, struct error *error);
/* Makes the .config in the object directory, and shows it as `config` in the result's directory.
 * `ok`: false: make cannot. Needs the compiler's name in the result, on which it depends. */
err_t configure_kernel(struct build *b, bool *ok, struct error *error);

#endif
