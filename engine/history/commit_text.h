/*
 * What people read of a commit. A commit may hold any bytes: in no encoding, or in the one that its
 * header names, with control characters, without an author. One thread at a time, that of `repo`.
 */
#ifndef ENGINE_HISTORY_COMMIT_TEXT_H
#define ENGINE_HISTORY_COMMIT_TEXT_H

#include "repo.h"

/* First paragraph of the message as one line (git's %s), to be freed: `bytes` as they lie in the
 * commit, `text` for people (UTF-8 without control characters). Either may be NULL. -ENOENT: the
 * commit is missing. */
err_t commit_text_subject(struct repo *repo, const struct oid *oid, char **bytes, char **text,
			  struct error *error);

/* Header, message and --stat as `git show --stat` prints them, for people as above, to be freed.
 * Where the change cannot be read it says so in place of it. -ENOENT: the commit is missing; the
 * errors of missing_fetch. */
err_t commit_text_show(struct repo *repo, const struct oid *oid, char **text, struct error *error);

/* The date of a commit as git shows it, "Thu Jan 1 00:00:00 1970 +0000", to be freed. `ident` is a
 * header's field, `len` bytes: "NAME <ADDRESS> SECONDS ZONE". Pure. */
char *commit_text_date(const char *ident, gsize len);
/* Text in `encoding` (NULL: UTF-8) as UTF-8 without control characters but tab and newline, to be
 * freed. Bytes that are not in their encoding are taken for Latin-1. Pure. */
char *commit_text_clean(const char *text, gsize len, const char *encoding);

#endif
