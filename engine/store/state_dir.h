/*
 * Where things lie in the state directory, and the few operations on it that must be atomic.
 *
 *   lock                     held by the daemon
 *   new/settings/NAME        defaults of the next bisections
 *   b/NAME/journal           one bisection
 *   b/NAME/settings/NAME     its large settings; files/ in it
 *   b/NAME/steps/N/...       build.log, config, runs/K.log, runs/K.report
 *   slots/N/{src,obj,git}    build slots
 *   users/UID/slots/N/...    those of users who build with their own rights; ccache/ beside them;
 *                            closed to all but root, so that nobody acts in them but in a cage
 *   libvirt/                 root of the embedded driver
 *   trash/                   being deleted
 *
 * Any thread; paths are new strings, to be freed.
 */
#ifndef ENGINE_STORE_STATE_DIR_H
#define ENGINE_STORE_STATE_DIR_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Creates the directory and takes its lock. -EBUSY: another daemon has it. `fd` keeps the lock. */
err_t state_dir_open(const char *dir, int *fd, struct error *error);

char *state_dir_bisection(const char *state, const char *name);
char *state_dir_step(const char *state, const char *name, int step);
char *state_dir_run(const char *state, const char *name, int step, int run, const char *suffix);
/* `name` NULL: defaults of new bisections. `setting` NULL: the directory. */
char *state_dir_setting(const char *state, const char *name, const char *setting);

/* Makes a new bisection's directory and the name of its journal durable. */
err_t state_dir_sync_bisection(const char *state, const char *name, struct error *error);
/* Makes the removal of a bisection durable at once and deletes its files after that. */
err_t state_dir_remove_bisection(const char *state, const char *name, struct error *error);

#endif
