/*
 * The commands of a build, the user's build program among them: in which cage and environment they
 * run. The build's own thread.
 */
#ifndef ENGINE_BUILD_COMMAND_H
#define ENGINE_BUILD_COMMAND_H

#include "build.h"

void command_add_words(GPtrArray *argv, char *const *words);
/* What comes before every build command; the cage is a part of it. */
void command_add_launcher(const struct build *b, GPtrArray *argv);
/* Kernels of one source must be equal byte for byte, whoever builds them, when and where. */
GStrv command_environment(const struct build_request *rq);

/* Runs it to its end, into the log. 0 with the exit status, also when it went over a limit;
 * -ECANCELED; another error: not the commit's fault. */
err_t command_run(struct build *b, char *const *argv, int *status, struct error *error);
/* What a program says on stdout and stderr, to be freed; NULL: it fails. The user names compilers,
 * so they run in the cage too. */
char *command_output(const struct build *b, char *const *words, const char *last);

#endif
