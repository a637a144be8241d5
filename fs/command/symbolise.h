/*
 * Source positions for a report, from a vmlinux and modules that its reader has.
 */
#ifndef FS_COMMAND_SYMBOLISE_H
#define FS_COMMAND_SYMBOLISE_H

#include <stdbool.h>

struct symbolise_request {
	const char *vmlinux;
	const char *tree;     /* cut from the paths; NULL: nothing */
	const char *modules;  /* below it NAME.ko and NAME.ko.debug are looked for; NULL: nowhere */
	const char *build_id; /* hex, of the kernel that printed the report; NULL: not told */
	const char *report;
};

/* The report with positions, new. NULL: `why` (to be freed) says what is wrong. What a request
 * names is opened once and kept for the next ones. One thread. */
char *symbolise(const struct symbolise_request *rq, char **why);

#endif
