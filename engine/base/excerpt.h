/*
 * A line of a compiler in a build's log, and what it and its companions say around it. Any thread.
 */
#ifndef ENGINE_BASE_EXCERPT_H
#define ENGINE_BASE_EXCERPT_H

/* The lines about this one, each with a newline, to be freed. `line` is a line of the log, or a
 * part of one from which the name of a directory has been left out: that is left out of all. Just
 * `line` where it is not found. Reads 16 MiB of the log at most. */
char *excerpt_read(const char *path, const char *line);

#endif
