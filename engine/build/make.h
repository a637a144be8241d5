/*
 * make in a tree of Linux: its command line, and what it and the compilers say of themselves. The
 * build's own thread.
 */
#ifndef ENGINE_BUILD_MAKE_H
#define ENGINE_BUILD_MAKE_H

#include "build.h"

/* make -C SRC O=OBJ -jN LOCALVERSION= ... TARGET; to be freed. */
GStrv make_command(const struct build *b, const char *obj, const char *target);
/* Runs that, into the log. `ok`: it succeeded. */
err_t make_target(struct build *b, const char *obj, const char *target, bool *ok,
		  struct error *error);
/* "COMPILER, LINKER" as they call themselves; to be freed. */
char *make_compiler(const struct build *b);
/* Path of the bootable image below the object directory, as kbuild itself names it; to be freed. */
char *make_image_name(struct build *b);

#endif
