/*
 * Options of the user's configuration that come or go with a commit: the bug may show, or not, for
 * want of them.
 */
#ifndef ENGINE_WORK_CONFIG_LABELS_H
#define ENGINE_WORK_CONFIG_LABELS_H

#include <glib.h>

/* Lines for people. `wanted` is the setting `config`, the others the .config files of a commit and
 * of its parent; NULL: there is none. Only options that `wanted` sets count. NULL: nothing to say.
 * Pure. */
GStrv config_labels(const char *wanted, const char *commit, const char *parent);

#endif
