/*
 * Texts into one checksum so that two different sequences never read alike: each with its end, an
 * absent one unlike an empty one. Pure.
 */
#ifndef ENGINE_BASE_DIGEST_H
#define ENGINE_BASE_DIGEST_H

#include <glib.h>

/* NULL: absent. */
void digest_text(GChecksum *sum, const char *text);
/* NULL-terminated; NULL: absent. */
void digest_list(GChecksum *sum, char *const *list);
/* The content of a file, with its length; one that cannot be read counts as empty. */
void digest_file(GChecksum *sum, const char *path);
/* Which file lies under the path, and in which state: device, inode, size, and the times of its
 * last change. For files that are too large to be read for this. The time of the inode's change is
 * in it because nobody can set it: one that was written to in place has another digest whatever was
 * done to its other times. A copy with the same content has another one too. */
void digest_identity(GChecksum *sum, const char *path);
/* Which program it is: one that was replaced has another digest. The first word of `command` is
 * looked for as a shell would; one that is not there adds nothing. */
void digest_program(GChecksum *sum, const char *command);

#endif
