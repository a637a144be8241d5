/*
 * What the log of a build tells: a tree prints it, so it may hold anything, in lines of any length.
 * Any thread.
 */
#ifndef ENGINE_BUILD_BUILD_LOG_H
#define ENGINE_BUILD_BUILD_LOG_H

#include <stdbool.h>
#include <sys/types.h>

/* Errors of one log that are kept. */
#define BUILD_LOG_ERRORS 64

/* Owned texts, in any case UTF-8. */
struct build_log {
	char *reason;  /* the compiler's first error; failing that, the last line */
	char **errors; /* each error once, that one first; without any `reason` alone */
	char *object;  /* that the first error, or `matched`, is about; NULL: not known */
	char *matched; /* the first line that `fail` matches; NULL: none */
	int claim;     /* which want of room it tells of, see space.h; 0: none */
};

/* Reads it from byte `from` to its end, in little memory. `trees`: directories whose names say
 * nothing to a reader and are left out, NULL-terminated; NULL: none. `fail`: an expression; NULL:
 * none. */
void build_log_read(const char *path, off_t from, const char *const *trees, const char *fail,
		    struct build_log *found);
void build_log_clear(struct build_log *found);

/* Whether it may be given to make as an object, which is a path below the tree: no option, no
 * variable, nothing that leads out of it. */
bool build_log_is_object(const char *text);

/* Whether the text, commands that make would run, has one that makes this object. */
bool build_log_makes(const char *text, const char *object);

/* Whether make has said, in what follows the first `from` bytes, that it has no rule for the
 * object: its tree has no such file, or its configuration leaves it out. */
bool build_log_lacks_rule(const char *path, off_t from, const char *object);

#endif
