/*
 * What an earlier daemon recorded. Before the core thread begins.
 */
#ifndef ENGINE_CORE_RECOVER_H
#define ENGINE_CORE_RECOVER_H

#include "state.h"

/* Reads all journals; calls view.added for each bisection. One that cannot be read is an error:
 * nothing is guessed. */
err_t recover(struct engine *e, struct error *error);

#endif
