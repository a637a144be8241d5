/*
 * A step's runs, counted; and its verdict, judged from the counts. Pure.
 */
#ifndef ENGINE_SESSION_TALLY_H
#define ENGINE_SESSION_TALLY_H

#include "bisectfs/session.h"
#include "verdict.h"

/* Counts a step's runs as good, bad, skip or infrastructure, by the setting `match`. Runs of other
 * steps with the same kernel count where they may: those of steps that were dropped, and for a
 * certificate all. */
struct tally tally_step(const struct session *s, const struct step *step);

/* The same over all steps whose kernel has this signature, against the certificate's limit. */
struct tally tally_kernel(const struct session *s, const char *signature);

/* Whether a run of the starting commit, or of the first step that is tested at all, says that there
 * is no test: the reproducer cannot be executed. It counts for nothing, also when the step is
 * tested again. */
bool tally_not_executed(const struct session *s, const struct step *step, const struct run *r);

/* Whether the run failed as a test can fail that was possible, whatever `match` says of it. */
bool tally_shows_bug(const struct session *s, const struct run *r);
/* What runs that show the bug do, for sentences about so many of so many: "crashed". */
const char *tally_bad_word(const struct session *s);

/* Whether the step belongs to a certificate: its runs go on until both outcomes are sure. */
bool tally_certifies(const struct step *step);
/* Runs that a certificate still needs before it is as sure as `confidence` asks. */
int tally_certificate_needs(const struct session *s, const struct tally *t);

/* Runs still needed before the verdict can be as sure as `confidence` asks, should all go on as
 * they do. */
int tally_needed(const struct session *s, const struct step *step, const struct tally *t);

/* VERDICT_NONE: more runs are needed. */
enum verdict tally_judge(const struct session *s, const struct step *step, struct tally *t);
/* Too many runs were lost: the bisection has to stop. */
bool tally_is_fault(const struct session *s, const struct step *step);
/* Why: one line, to be freed. */
char *tally_reason(const struct session *s, const struct step *step, const struct tally *t,
		   enum verdict v);

/* How often the bug shows where it is: the first step's runs, corrected down by what later bad
 * steps showed. */
struct rate tally_rate(const struct session *s);

/* Step before `n` that ran the same kernel and has its own verdict; -1: none. */
int tally_same_kernel(const struct session *s, int n);

#endif
