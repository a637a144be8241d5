/*
 * Names of functions in a trace: which are noise, that is never name a bug; what is cut from them;
 * and which of them names it. The rules are syzkaller's. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_NOISE_H
#define ENGINE_TRIAGE_NOISE_H

#include "rules.h"

#include <glib.h>

/* Whether a name fits one of the marked words (see rules.h); `words` may be NULL. */
bool noise_fits(const char *words, const char *name);

/* Without the longest prefix of a syscall ("__x64_sys_"), if it has one; to be freed. */
char *noise_cut(const char *name);
/* The name itself, and all names that cutting one prefix gives (char *). New. */
GPtrArray *noise_variants(const char *name);

/* Of candidates (char *, from the top) the one that names the bug, which is not always told by its
 * own name: "smp_call_function" stands for all of its kind. Its place goes to `at`. NULL: none. A
 * constant, or the candidate's. */
const char *noise_extract(const GPtrArray *candidates, enum extractor extractor, guint *at);

#endif
