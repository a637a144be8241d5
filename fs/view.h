/*
 * The view: from the engine's states to nodes and changes. Runs in the engine's core thread;
 * remembers what it has published last, so that only what differs becomes an event.
 */
#ifndef FS_VIEW_H
#define FS_VIEW_H

#include "fs.h"

struct view;
struct view *view_new(struct mount *m, const char *mountpoint);
void view_free(struct view *v);
/* The vtable for the engine. */
struct engine_view view_engine(struct view *v);
/* Once the engine exists and before it runs: the files at the top and the settings of new/. */
void view_fill(struct view *v);
/* From now on the mount is there: changes go through the publisher. */
void view_go_live(struct view *v);

#endif
