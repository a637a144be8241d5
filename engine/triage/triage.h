/*
 * Triage, the room's story: from a kernel's console log to the one-line title that stands for the
 * first crash in it.
 *
 * What comes in: bytes of a serial console, hostile ones included. What goes out: title, type,
 * other titles of the same bug, the report, whether it is damaged, the file to blame.
 *
 *   clean                bytes that are no part of a line
 *   prefix               what stands before the kernel's text in it, learnt from the first lines;
 *     stamp, android, words   dates and times, what phones print, unknown loggers
 *   scan                 finds the crash line: one pass over the log
 *   report               the lines that belong to it, without console prefixes
 *   rules, rules_ours    say what crashes are called: tables
 *   title                picks the rule and makes the title, with
 *     recipe, stack      the function that it names, and the trace in which that stands
 *     noise, demangle    functions that never name a bug; their names in the source
 *     normalise          numbers and addresses out of it
 *   guilty               the source file to blame
 *   symbols              source positions for a report, from the kernel's debug information
 *   shape                the expressions that all of them are written in
 *
 * Callers outside include this header, prefix.h, clean.h and symbols.h. All but symbols is pure and
 * may be used in any thread. Time is linear in the log's size, memory bounded whatever it holds:
 * the report is at most 1 MiB, a line of it 4 KiB.
 */
#ifndef ENGINE_TRIAGE_TRIAGE_H
#define ENGINE_TRIAGE_TRIAGE_H

#include "prefix.h"

#include "bisectfs/outcome.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct triage {
	char *title;
	const char *type;     /* as syzbot has it: KASAN-READ, LOCKDEP, DoS, UNKNOWN ... */
	enum crash_type kind; /* the same, coarser: what picks a step's representative */
	GPtrArray *others;    /* char *: titles under which the same bug may go */
	bool corrupted;	      /* the report is damaged or cut: the title is a best guess */
	bool panicked;
	char *program; /* test process and program, "P.N"; NULL: not named */
	char *report;  /* for people, with some lines from before the crash */
	size_t start;  /* where in the log it begins */
};

/* Whether a part of a log holds a crash; `form`: what its lines are like. Linear in `len`,
 * allocates a line at most. */
bool triage_any(const struct prefix_form *form, const char *log, size_t len);

/* Names the first crash. False: there is none, nothing has to be freed. The log may go at once. */
bool triage_log(const char *log, size_t len, struct triage *t);
/* The same of a part of a log whose form has been learnt from what came before (prefix.h). */
bool triage_log_as(const struct prefix_form *form, const char *log, size_t len, struct triage *t);
void triage_clear(struct triage *t);

/* The file to blame, relative to the source tree, to be freed; NULL: none is named. `form` NULL: it
 * is learnt from the log. */
char *triage_guilty(const struct prefix_form *form, const char *log, size_t len);

/* Whether this line (no newline) is the first line of a crash report. `form`: what the lines before
 * it were like, may be NULL; `first`: there were none. */
bool triage_is_crash(const struct prefix_form *form, const char *line, size_t len, bool first);
/* Whether it closes one: nothing that matters follows. */
bool triage_is_end(const char *line, size_t len);

#endif
