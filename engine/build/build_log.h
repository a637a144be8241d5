/*
 * What the log of a build that failed tells: a tree prints it, so it may hold anything, in lines of
 * any length. Any thread.
 */
#ifndef ENGINE_BUILD_BUILD_LOG_H
#define ENGINE_BUILD_BUILD_LOG_H

struct build_log {
	char *reason; /* the compiler's first error; failing that, the last line; in any case UTF-8
		       */
	int claim;    /* which want of room it tells of, see space.h; 0: none */
};

/* Reads it to its end, in little memory. `reason` is to be freed. */
void build_log_read(const char *path, struct build_log *found);

#endif
