/*
 * A short name of the state directory, for what has sockets in it: a UNIX socket's name has 107
 * bytes at most, libvirt's embedded driver adds up to 66 to its root, and a state directory may lie
 * anywhere. The name is a symbolic link in a directory that only this user can write to, and
 * follows from the state's path, so the next daemon knows it too.
 */
#ifndef VMM_SHORT_PATH_H
#define VMM_SHORT_PATH_H

#include "bisectfs/error.h"

#include <glib.h>

/* Makes the link. `state`: absolute, without links in it. `path` is to be freed. Where no directory
 * for it can be had, it is `state` itself if that is short enough, else -ENAMETOOLONG and what to
 * do about it. */
err_t short_path_make(const char *state, char **path, struct error *error);
/* Makes it again where somebody who cleans /tmp has removed it. Any thread. */
err_t short_path_keep(const char *path, const char *state, struct error *error);
void short_path_remove(const char *path, const char *state);

/* All names that an earlier daemon may have used for it, `state` itself first; strings. */
GPtrArray *short_path_all(const char *state);

#endif
