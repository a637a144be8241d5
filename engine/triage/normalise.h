/*
 * What a title must not depend on: numbers, addresses, names of test programs. The replacements are
 * syzkaller's, so that titles are those that syzbot has. Pure; any thread.
 */
#ifndef ENGINE_TRIAGE_NORMALISE_H
#define ENGINE_TRIAGE_NORMALISE_H

/* Makes titles of one bug equal. Looks at the first 4 KiB of `text`; to be freed. */
char *normalise_title(const char *text);

#endif
