/*
 * What `git bisect log` prints, read: which commits a search that was begun elsewhere has judged.
 * Pure. The form is git's (bisect.c, process_replay_line): commands with their words quoted as for
 * a shell, and comments.
 */
#ifndef ENGINE_SESSION_BISECT_LOG_H
#define ENGINE_SESSION_BISECT_LOG_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>

/* On which side of the change the commit is, whatever words that search had for it. */
enum bisect_log_side {
	BISECT_LOG_OLD, /* git's good or old */
	BISECT_LOG_NEW, /* bad or new */
	BISECT_LOG_SKIP,
};

struct bisect_log_entry {
	enum bisect_log_side side;
	int line;	/* from 1 */
	bool at_start;	/* a word of `git bisect start` */
	char *revision; /* a skip may be a range: "A..B" */
};

struct bisect_log {
	GArray *entries; /* struct bisect_log_entry, in the order of the text */
	/* How `git bisect start` narrows the search beyond its ends, and in which line; 0: not. */
	int first_parent, paths;
};

/* Reads a text; of several `git bisect start` the last counts, as in git. To be cleared, also after
 * an error: -EINVAL with line and reason. */
err_t bisect_log_parse(const char *text, struct bisect_log *log, struct error *error);
void bisect_log_clear(struct bisect_log *log);

#endif
