/*
 * What a test suite says of its cases, in the Test Anything Protocol (testanything.org, version 14)
 * or the kernel's variety of it (Documentation/dev-tools/ktap.rst): lines in, the first case that
 * failed out. Pure; one thread.
 *
 * Suites nest. A nested one is indented, or as kselftest's runner has it, each of its lines begins
 * with "# ". What failed in it counts when the case that stands for it has failed too, and then
 * names the failure, since it says more.
 */
#ifndef VMM_TAP_H
#define VMM_TAP_H

#include <stdbool.h>

#define TAP_LEVELS 32
#define TAP_TITLE 200

enum tap_result {
	TAP_NONE, /* the line is no case's */
	TAP_OK,
	TAP_FAILED,
	TAP_SKIPPED,
	TAP_EXPECTED /* failed, as it was expected to */
};

struct tap {
	bool seen;			    /* the output is TAP: there was a version or a plan */
	bool marked[TAP_LEVELS];	    /* ... in lines that begin with as many "# " */
	char failed[TAP_LEVELS][TAP_TITLE]; /* first failure of each level, not yet judged above */
	char skipped[TAP_TITLE];	    /* why the whole suite was skipped; empty: it was not */
	int cases, cases_skipped;	    /* of the outermost level */
};

/* Takes the next line, without newline and the kernel's time stamp. What it says of a case; `title`
 * is then the case's line as a name: without indentation and what follows '#'. */
enum tap_result tap_line(struct tap *t, const char *line, char title[TAP_TITLE]);

/* The line of the first case that failed: "not ok 3 name"; NULL: none has. */
const char *tap_failed(const struct tap *t);
/* Why nothing was tested: the suite, or each of its cases, was skipped; NULL: something was. */
const char *tap_skipped(const struct tap *t);

#endif
