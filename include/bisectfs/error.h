/*
 * Errors, in the two forms the project knows.
 *
 * err_t is 0 or a negative errno. Where a person will read the reason, the caller also passes a
 * struct error, which the failing function fills at the spot. A struct error owns nothing and may
 * be copied; a NULL one is allowed everywhere and drops the text.
 */
#ifndef BISECTFS_ERROR_H
#define BISECTFS_ERROR_H

typedef int err_t;

struct error {
	int code;	/* positive errno, 0 while unset */
	char text[500]; /* one line, no newline at the end */
};

/* Fills `e` (when not NULL) with a sentence; control characters become spaces. Returns -code. */
err_t error_set(struct error *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " before the text that `e` holds. Returns -e->code, or -EIO when e is NULL. */
err_t error_prefix(struct error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
