/*
 * From a log to the report: the lines that belong to the first crash, without their console
 * prefixes. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_REPORT_H
#define ENGINE_TRIAGE_REPORT_H

#include <glib.h>
#include <stdbool.h>

struct report {
	int header;	/* of the crash line, see scan.h */
	gsize start;	/* offset of the crash line in the log */
	GString *all;	/* texts of all kept lines, each with its newline */
	gsize text;	/* how much of it the title is made from: up to a second report */
	GString *shown; /* for people: some lines from before the crash, then `all` */
};

/* False: the log holds no crash, nothing has to be freed. Looks at 1 MiB behind the crash line at
 * most. */
bool report_read(const char *log, gsize len, struct report *r);
void report_clear(struct report *r);

/* Beginning of a line's text behind its console prefix; `bare` where it has none. */
gsize report_prefix(const char *line, gsize len, bool *bare);

#endif
