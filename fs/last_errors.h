/*
 * Why the last refused operation of each user was refused: what MOUNT/last_error shows to its
 * reader. Any thread.
 */
#ifndef FS_LAST_ERRORS_H
#define FS_LAST_ERRORS_H

#include <glib.h>
#include <sys/types.h>

struct last_errors;
struct last_errors *last_errors_new(void);
void last_errors_free(struct last_errors *l); /* NULL is fine */
void last_errors_set(struct last_errors *l, uid_t uid, const char *text);
/* One line, a new reference; NULL: nothing was refused. */
GBytes *last_errors_get(struct last_errors *l, uid_t uid);

#endif
