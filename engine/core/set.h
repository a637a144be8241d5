/*
 * What users write to settings. The core thread's.
 */
#ifndef ENGINE_CORE_SET_H
#define ENGINE_CORE_SET_H

#include "command.h"
#include "state.h"

/* Reads the scalars of a draft (`name` NULL: the defaults) that are on disk. */
err_t set_load(struct engine *e, const char *name, struct settings *settings, struct error *error);

/* CMD_SET, CMD_MODE, CMD_UNSET. */
err_t set_write(struct engine *e, const struct command *c, struct error *error);
err_t set_mode(struct engine *e, const struct command *c, struct error *error);
err_t set_unset(struct engine *e, const struct command *c, struct error *error);

#endif
