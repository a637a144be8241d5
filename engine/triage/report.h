/*
 * From a log to the report: the lines that belong to the first crash, without their console
 * prefixes. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_REPORT_H
#define ENGINE_TRIAGE_REPORT_H

#include "prefix.h"

#include <glib.h>
#include <stdbool.h>

struct report {
	bool bare;    /* the crash line has no console prefix */
	bool syzbot;  /* a test program of syzkaller's ran: its titles have to be those of syzbot */
	int header;   /* of the crash line, see scan.h */
	gsize start;  /* offset of the crash line in the log */
	GString *all; /* texts of all kept lines, each with its newline */
	gsize text;   /* how much of it the title is made from: up to a second report */
	GString *shown; /* for people: some lines from before the crash, then `all` */
};

/* False: the log holds no crash, nothing has to be freed. Looks at 1 MiB behind the crash line at
 * most. */
bool report_read(const struct prefix_form *form, const char *log, gsize len, struct report *r);
void report_clear(struct report *r);

#endif
