/*
 * What one run showed, in the words that people and scripts read.
 */
#ifndef BISECTFS_OUTCOME_H
#define BISECTFS_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

/* Status of a reproducer that was killed at its time limit, as timeout(1) gives it. */
#define OUTCOME_TIMED_OUT 124
/* Statuses by which shells, and our init, say that a program cannot be executed, or is not there
 * (POSIX, Shell Command Language, 2.8.2). */
#define OUTCOME_NOT_EXECUTABLE 126
#define OUTCOME_NOT_FOUND 127

enum outcome_kind {
	OUTCOME_NONE,
	OUTCOME_OK,
	OUTCOME_CRASHED,
	OUTCOME_BOOT_FAILED,
	OUTCOME_BASIC_FAILED,
	OUTCOME_EXIT,	 /* the reproducer failed: by its status, its time, or what it printed */
	OUTCOME_SKIPPED, /* it cannot say; with a negative status: the run was not needed any more
			  */
	OUTCOME_INFRA,	 /* our side's fault: never counted */
	OUTCOME_KINDS
};

/* Kinds of crashes, as syzbot groups them to pick a representative one. */
enum crash_type {
	CRASH_NONE,
	CRASH_UNKNOWN,
	CRASH_HANG,
	CRASH_MEMORY_LEAK,
	CRASH_DATA_RACE,
	CRASH_UNEXPECTED_REBOOT,
	CRASH_LOST_CONNECTION,
	CRASH_WARNING,
	CRASH_BUG,
	CRASH_OOPS,
	CRASH_LOCKDEP,
	CRASH_ATOMIC_SLEEP,
	CRASH_KASAN,
	CRASH_KMSAN,
	CRASH_UBSAN,
	CRASH_PANIC,
	CRASH_TYPES
};

struct outcome {
	enum outcome_kind kind;
	enum crash_type type; /* CRASH_NONE where the kernel did not crash */
	int status; /* exit status of the reproducer; OUTCOME_TIMED_OUT at its time limit; -1: there
		     * is none */
	char title[256]; /* crash title, or why it failed, was skipped or lost */
	char value[64];	 /* the number that `metric` found, as printed; empty: none */
	int64_t boot_ns; /* from nothing to the start of the test; 0: it did not come to that */
};

const char *outcome_kind_name(enum outcome_kind kind);
enum outcome_kind outcome_kind_parse(const char *name);
const char *crash_type_name(enum crash_type type);
enum crash_type crash_type_parse(const char *name);

/* "crashed: TITLE", "OK", ... into `text`, one line without newline. */
void outcome_print(enum outcome_kind kind, const char *title, int status, char *text, int size);

#endif
