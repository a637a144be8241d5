/*
 * Whether a build that says it had no room says the truth. What a tree prints may be a lie, and one
 * that is believed stops the bisections of all users; so the disk is asked itself: how little was
 * free in the places that the build writes to while it ran, and, since quotas are not to be seen
 * there, whether a file can be written now. One thread.
 */
#ifndef ENGINE_BUILD_SPACE_H
#define ENGINE_BUILD_SPACE_H

#include "bisectfs/error.h"
#include "engine/base/disk.h"

#define SPACE_PLACES 4

struct space {
	const struct disk *disk;
	uid_t user;					   /* whose files the build's are */
	char *places[SPACE_PLACES];			   /* directories; NULL after the last */
	guint64 bytes[SPACE_PLACES], inodes[SPACE_PLACES]; /* the least that was free */
};

/* `disk`: borrowed; NULL: the real one. */
void space_init(struct space *s, const struct disk *disk, uid_t user);
void space_clear(struct space *s);
/* A directory that is written to; NULL: none. At most SPACE_PLACES. */
void space_add(struct space *s, const char *dir);
/* How much is free now? To be called now and then: what a compiler could not write whole it takes
 * away before it ends. */
void space_look(struct space *s);

/* Which want of room a text tells of, as programs write it in the C locale: ENOSPC, EDQUOT; 0:
 * none. */
int space_claim(const char *text);
/* Whether it is so: 0: it is not; -ENOSPC, -EDQUOT with the place. */
err_t space_judge(struct space *s, int claim, struct error *error);

#endif
