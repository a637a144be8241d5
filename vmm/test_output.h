/*
 * What the lines of a test say: those that the user's expressions match, the cases of a suite, a
 * number; and what the test's end means in their light. Lines and an end in, an outcome out. Pure;
 * one thread.
 */
#ifndef VMM_TEST_OUTPUT_H
#define VMM_TEST_OUTPUT_H

#include "bisectfs/runner.h"

#include <glib.h>
#include <stdbool.h>

struct test_output;
/* `rq` is borrowed for as long as the result lives. */
struct test_output *test_output_new(const struct run_request *rq);
void test_output_free(struct test_output *o); /* may be NULL */

/* A line of the console, without newline, of any time of the run: remembered for the report. */
void test_output_remember(struct test_output *o, const char *line);
/* The lines remembered last, each with its newline. */
void test_output_recent(const struct test_output *o, GString *out);

/* Cuts off the kernel's time stamp, where the line ends with one. */
void test_output_cut_stamp(char *line);

/* Whether `ready` matches it; where there is no `ready` each line does. */
bool test_output_is_ready(const struct test_output *o, const char *line);
/* Whether `fail` matches: then the outcome is OUTCOME_EXIT with the matched text as title. */
bool test_output_fails(const struct test_output *o, const char *line, struct outcome *outcome);

/* A line of the test. True: it is over with that, by `pass` or `fail`. */
bool test_output_line(struct test_output *o, const char *line, struct outcome *outcome);

/* The test ended with this exit status, 128 + N where signal N killed it. */
void test_output_ended(const struct test_output *o, int status, struct outcome *outcome);
/* It was not over at its time limit. */
void test_output_timed_out(const struct test_output *o, struct outcome *outcome);
/* A kernel that does not run our init has stopped: without a word on how, unless it has printed
 * that a case failed. False: it should have printed a line for `pass` before. */
bool test_output_stopped(const struct test_output *o, struct outcome *outcome);

#endif
