/*
 * A setting that a user has written, shown as it lies in the state directory now. The core thread.
 */
#ifndef FS_SHOW_SETTING_H
#define FS_SHOW_SETTING_H

#include "nodes.h"

/* `view`: a struct view. `name`: of the bisection; NULL: of the defaults. `setting`: its name, or
 * files/NAME. */
void show_setting(void *view, const char *name, const char *setting);

#endif
