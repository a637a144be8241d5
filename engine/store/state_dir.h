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
err_t store_open(const char *dir, int *fd, struct error *error);

char *store_bisection(const char *state, const char *name);
char *store_step(const char *state, const char *name, int step);
char *store_run(const char *state, const char *name, int step, int run, const char *suffix);
/* `name` NULL: defaults of new bisections. `setting` NULL: the directory. */
char *store_setting(const char *state, const char *name, const char *setting);

err_t store_mkdir(const char *dir, struct error *error); /* with parents, 0755 */
/* Writes to a temporary name, syncs, renames: readers see the old or the new content. Links that
 * lie under either name are replaced, never followed. */
err_t store_write(const char *path, const void *data, gsize len, int mode, struct error *error);
err_t store_remove_tree(const char *dir, struct error *error);
/* Copies the files of `from` whose permissions have all of `bits` into the new directory `to`; a
 * directory that is missing is an empty one. */
err_t store_copy_tree(const char *from, const char *to, mode_t bits, struct error *error);
/* Makes a new bisection's directory and the name of its journal durable. */
err_t store_sync_names(const char *state, const char *name, struct error *error);
/* Makes the removal of a bisection durable at once and deletes its files after that. */
err_t store_remove_bisection(const char *state, const char *name, struct error *error);
/* What is in a directory (char *, new, sorted); none where there is no such. */
GPtrArray *store_names(const char *dir);
bool store_exists(const char *path);
/* For directories that programs of a tree write in: opens the regular file `path` below `dir` for
 * reading, whatever else lies there. Links that lead out of `dir` are not followed. -1 and errno
 * (EINVAL: it is no regular file). */
int store_open_below(const char *dir, const char *path);
/* The content, with a zero behind it, to be freed; NULL: there is no such file, or more than
 * `limit` bytes. */
char *store_read_below(const char *dir, const char *path, gsize limit, gsize *len);
/* Free bytes of the file system that holds `dir`; UINT64_MAX when that cannot be told. */
guint64 store_room(const char *dir);

#endif
