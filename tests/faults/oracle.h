/*
 * Watches what the engine shows and records, and knows by itself what must hold: each fact was on
 * disk before it was shown, no finished run is made again, verdicts are what the rules say, and
 * reading the journals again gives the same bisections.
 */
#ifndef TESTS_FAULTS_ORACLE_H
#define TESTS_FAULTS_ORACLE_H

#include "engine/core/state.h"

struct world;
struct oracle;

struct oracle *oracle_new(struct world *w);
void oracle_free(struct oracle *o);

void oracle_added(struct oracle *o, const struct session *s);
void oracle_event(struct oracle *o, const struct session *s, const struct event *ev);
void oracle_removed(struct oracle *o, const char *name);
/* A user was told that this write to `control` took effect: it has to be on disk. */
void oracle_acknowledged(struct oracle *o, const char *name, const char *text);
void oracle_run_begins(struct oracle *o, const struct job *job);

/* After each turn: every slot has its job, no two jobs one slot. */
void oracle_check_turn(struct oracle *o);
/* While the daemon is down: what was shown is in the journals, and at most one fact more. */
void oracle_check_journals(struct oracle *o);
/* Reads all journals again and compares; nothing may be going on. */
void oracle_check_replay(struct oracle *o);
/* Nothing is left of work in the state directory. */
void oracle_check_rest(struct oracle *o);

/* How the bisections of a history ended. */
struct endings {
	int culprit, several, other, failed, aborted;
	long events, runs;
};
/* Checks what was found against the truth, and counts. */
void oracle_check_ends(struct oracle *o, struct endings *sum);

#endif
