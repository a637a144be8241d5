/*
 * The modules that a configuration asks for, as one archive. The build's own thread.
 */
#ifndef ENGINE_BUILD_MODULES_H
#define ENGINE_BUILD_MODULES_H

#include "build.h"

/* Whether the configuration in use has modules at all. */
bool modules_are_configured(const struct build *b);
/* Once the kernel is there: builds its modules, installs them with the tree's own modules_install
 * (stripped) below lib/modules/RELEASE, packs that as modules.tar into the result's directory, and
 * makes it a part of the signature: kernels that differ in a module alone are not the same. `ok`:
 * they were built; else the commit does not build. */
err_t modules_collect(struct build *b, bool *ok, struct error *error);

#endif
