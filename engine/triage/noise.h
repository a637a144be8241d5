/*
 * Names of functions: which never name a bug, what is cut from them, which of a trace's stands for
 * a hang. Pure.
 */
#ifndef ENGINE_TRIAGE_NOISE_H
#define ENGINE_TRIAGE_NOISE_H

#include "rules.h"

#include <glib.h>

/* Whether a name fits one of the marked words (see rules.h); `words` may be NULL. */
bool noise_fits(const char *words, const char *name);

/* Without the syscall's prefix; to be freed. */
char *noise_cut(const char *name);
/* All names that cutting one prefix gives, and the name itself. New. */
GPtrArray *noise_variants(const char *name);

/* Of candidates (char *, from the top) the one that names the bug; NULL: none. New. */
char *noise_extract(const GPtrArray *candidates, enum extractor extractor);

#endif
