/*
 * A claim of ENOSPC is true where one of the places had next to nothing free at any look, or where
 * a file of some size cannot be written for that reason now; one of EDQUOT only by such a file,
 * written as the user whose quota it would be.
 */
#include "space.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* An object file or a part of a kernel fits; a build that fails for want of room has less. */
#define LITTLE_BYTES ((guint64)64 << 20)
#define LITTLE_INODES 64

void space_init(struct space *s, const struct disk *disk, uid_t user)
{
	*s = (struct space){ .disk = disk ? disk : &disk_real, .user = user };
}

void space_clear(struct space *s)
{
	for (int i = 0; i < SPACE_PLACES; i++)
		g_clear_pointer(&s->places[i], g_free);
}

void space_add(struct space *s, const char *dir)
{
	int i = 0;
	while (i < SPACE_PLACES && s->places[i])
		i++;
	if (!dir || i == SPACE_PLACES)
		return;
	s->places[i] = g_strdup(dir);
	s->bytes[i] = s->inodes[i] = G_MAXUINT64;
}

void space_look(struct space *s)
{
	for (int i = 0; i < SPACE_PLACES && s->places[i]; i++) {
		s->bytes[i] = MIN(s->bytes[i], s->disk->room(s->disk->self, s->places[i]));
		s->inodes[i] = MIN(s->inodes[i], s->disk->inodes(s->disk->self, s->places[i]));
	}
}

int space_claim(const char *text)
{
	return strstr(text, "No space left on device") ? ENOSPC
	       : strstr(text, "Disk quota exceeded")   ? EDQUOT
						       : 0;
}

static bool is_true(const struct space *s, int i, int claim)
{
	if (claim == ENOSPC && (s->bytes[i] < LITTLE_BYTES || s->inodes[i] < LITTLE_INODES))
		return true;
	return s->disk->probe(s->disk->self, s->places[i], s->user, LITTLE_BYTES) == -claim;
}

err_t space_judge(struct space *s, int claim, struct error *error)
{
	if (!claim)
		return 0;
	space_look(s);
	for (int i = 0; i < SPACE_PLACES && s->places[i]; i++) {
		if (is_true(s, i, claim))
			return error_set(
				error, claim, "no room left in %s while building%s", s->places[i],
				claim == EDQUOT ? ": the user's disk quota is used up" : "");
	}
	return 0;
}
