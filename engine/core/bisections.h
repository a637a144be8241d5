/*
 * All bisections that there are, by name and by serial number. The core thread's, but for
 * bisections_serial.
 */
#ifndef ENGINE_CORE_BISECTIONS_H
#define ENGINE_CORE_BISECTIONS_H

#include "bisection.h"

struct bisections;
struct bisections *bisections_new(void);
void bisections_free(struct bisections *all); /* and all in it */

/* A serial number that none has had before. Any thread. */
guint64 bisections_serial(struct bisections *all);

/* Takes it over. */
void bisections_add(struct bisections *all, struct bisection *b);
void bisections_remove(struct bisections *all, struct bisection *b); /* frees it */
guint bisections_count(const struct bisections *all);
/* In the order in which they were added; NULL: there are not so many. */
struct bisection *bisections_at(const struct bisections *all, guint i);
/* NULL: there is none, or no name. */
struct bisection *bisections_find(const struct bisections *all, const char *name);
struct bisection *bisections_by_serial(const struct bisections *all, guint64 serial);

#endif
