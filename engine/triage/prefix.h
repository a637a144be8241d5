/*
 * What stands before the kernel's text in a line of a log: what journald, syslog, logread, dmesg
 * and its options, Android, a serial logger, a mail's quote or colours put there. Kernel times are
 * those of printk ("[   12.345678]", always six decimals); a firmware's look like them and have
 * others.
 *
 * Most forms tell themselves. Those that do not (a quote, a date alone, a prefix of an unknown
 * logger) are believed where most of a log's first lines have them: struct prefix_form is what has
 * been learnt so far, one for each stream. Pure; any thread, a form in one at a time.
 */
#ifndef ENGINE_TRIAGE_PREFIX_H
#define ENGINE_TRIAGE_PREFIX_H

#include "words.h"

#include <glib.h>
#include <stdbool.h>

/* A line is looked at so far. */
#define PREFIX_LINE_BYTES ((gsize)4096)
/* A form is settled after so many lines or bytes, whichever comes first. */
#define PREFIX_LEARN_LINES 400
#define PREFIX_LEARN_BYTES ((gsize)48 << 10)
struct prefix_form { /* all zero: nothing is known yet */
	gsize bytes;
	int lines;	  /* that are not empty */
	int kernel_times; /* with a time of printk's, or one that dmesg made of it */
	int other_times;  /* with one of another number of decimals */
	int tags;	  /* that name the kernel */
	int host_tags;	  /* with "kernel:" behind a date, as syslog writes it */
	int quotes, dates;
	int indent;    /* blanks that all lines begin with */
	char host[64]; /* of a journal whose times are the kernel's */
	struct words_guess words[WORDS_MOST];
};

enum prefix_speaker { PREFIX_UNKNOWN, PREFIX_KERNEL, PREFIX_OTHER };

struct prefix_line {
	enum prefix_speaker speaker;
	gsize text; /* where it begins */
	/* What printed the line: "[ T123]" a task, "[ C0]" a processor, as printk writes it;
	 * "( T123)" is made of a vendor's field. Empty: not told. */
	char caller[32];
	bool syzkaller;	 /* the prefix is one that syzkaller's consoles have, and nothing else */
	bool other_time; /* a firmware's or a boot loader's, where a kernel's is known too */
};

bool prefix_is_settled(const struct prefix_form *f);
/* Learns from one more clean line (clean.h); false: the form is settled, nothing was done. */
bool prefix_feed(struct prefix_form *f, const char *line, gsize len);
/* Learns from a log's first lines. */
void prefix_learn(struct prefix_form *f, const char *log, gsize len);

/* Reads a clean line; `f` may be NULL. */
void prefix_read(const struct prefix_form *f, const char *line, gsize len, struct prefix_line *out);

/* Whether the kernel's own lines can be told from others by their prefix. */
bool prefix_tells_kernel(const struct prefix_form *f);

#endif
