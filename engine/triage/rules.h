/*
 * The rules by which a crash gets its title: data. Adding a family is adding a row. The facts
 * (which lines, which titles, which functions do not count, which type) are those of syzkaller's
 * report package; the titles have to be the ones that syzbot shows. Constants; any thread.
 *
 * Shapes are written as shape.h says, for one line each.
 */
#ifndef ENGINE_TRIAGE_RULES_H
#define ENGINE_TRIAGE_RULES_H

#include <stdbool.h>

enum extractor { EXTRACT_TOP, EXTRACT_STALL, EXTRACT_HANG };

#define MOST_SHAPES 4

struct rule {
	const char *head; /* searched in the report's text */
	/* Searched too, if there is one; each further shape on a later line, its last occurrence
	 * there. */
	const char *body[MOST_SHAPES];
	/* "$1" is a group of the head or, with a body, of the body; "$F" the recipe's function. */
	const char *title;
	/* How to find the function (recipe.h); steps with ';' between them: IP (a line with an
	 * instruction pointer), CT (a call trace's beginning), T (read a trace), ARM (the same,
	 * only frames of 32-bit ARM), any other: a shape
	 * whose {F} is a candidate. "ELSE" begins a second try, "OURS" a last one that syzkaller
	 * does not make: only for reports that are not syzbot's. NULL: no function. */
	const char *recipe;
	const char *noise; /* functions that do not count here, beside those that never do */
	enum extractor extractor;
	bool corrupted;	 /* the report is damaged whenever this rule is needed */
	bool two_traces; /* the recipe finds two functions: where it was, where it comes from */
	bool no_trace;	 /* the report is sound without a stack trace */
};

/* The groups that are ours (rules_ours.c): what syzkaller does not know. */
extern const struct rule rules_lockup[], rules_slab[], rules_zfs[], rules_early[], rules_cfi[],
	rules_parisc[], rules_alpha[], rules_m68k[], rules_oops[];

/* The rules of a header's group, in their order; ends with a row without head. NULL: none. */
const struct rule *rules_of(const char *header);

/* Which functions never name a bug (markers: "=is", "begins*", "*ends", "~begins" after leading
 * underscores, else contains; "?" is a gap, "#" a digit). */
extern const char rules_noise[];
/* For the stall extractor: what the function in question was called from. */
extern const char rules_anchors[];

/* Type by the beginning of the title, as syzbot has it; "UNKNOWN" for others. A constant. */
const char *rules_type(const char *title);

#endif
