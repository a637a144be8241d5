/*
 * What a guest's console says about its run: bytes and times in, outcome out. Pure, so that it is
 * tested without a guest; one thread.
 *
 *   boot -> (ready) -> basic -> (basic 0) -> test -> (exit N, timeout, crash, reset) -> over
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include "bisectfs/runner.h"

#include <stdbool.h>
#include <stddef.h>

enum console_phase { CONSOLE_BOOT, CONSOLE_BASIC, CONSOLE_TEST, CONSOLE_OVER };

/* What marks the lines of our init: random words made for one run, each for lines of one kind, as
 * the kernel's log shows to programs in the guest which ones were used. So a line that has been
 * seen tells nothing of those to come, nor the word of a failure that of a success. */
enum console_word { CONSOLE_READY, CONSOLE_BASIC_DONE, CONSOLE_PASSED, CONSOLE_FAILED };
#define CONSOLE_WORDS 4
#define CONSOLE_WORD_HEX 24
struct console_words {
	char word[CONSOLE_WORDS][CONSOLE_WORD_HEX + 1];
};

struct console;
/* `words` NULL: a kernel that does not run our init; then the request's regular expressions say
 * what is what. Copied. */
struct console *console_new(const struct run_request *rq, const struct console_words *words);
void console_free(struct console *c);

/* Times are monotonic microseconds. */
void console_start(struct console *c, int64_t now);
void console_feed(struct console *c, const char *data, size_t len, int64_t now);
/* The guest is gone by itself (`failed`: killed from outside, not by its own reset). */
void console_gone(struct console *c, bool failed, int64_t now);
/* A moment has come at which nothing happened. */
void console_tick(struct console *c, int64_t now);

/* When to call console_tick if nothing arrives before. */
int64_t console_deadline(const struct console *c);
enum console_phase console_phase(const struct console *c);
/* When the guest was up and its test began; 0: not yet. */
int64_t console_tested(const struct console *c);
/* The outcome; valid once the phase is CONSOLE_OVER. */
void console_outcome(const struct console *c, struct outcome *outcome);
/* The crash report, NULL where there was no crash; lives as long as `c`. */
const char *console_report(const struct console *c, size_t *len);

#endif
