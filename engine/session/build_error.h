/*
 * What stands for a fault of the build: the compiler's error without what changes from commit to
 * commit although the fault does not. Pure.
 */
#ifndef ENGINE_SESSION_BUILD_ERROR_H
#define ENGINE_SESSION_BUILD_ERROR_H

/* `file: error: message` without line numbers, offsets, levels of make and names that compilers
 * count. To be freed. */
char *build_error_normal(const char *line);
/* The text in the line that the expression matches, in the same form; all of the line where it does
 * not. To be freed. */
char *build_error_matched(const char *line, const char *fail);

#endif
