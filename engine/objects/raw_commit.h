/*
 * A commit as its bytes, read as git reads them and no more strictly than that: libgit2 refuses
 * commits that git works with. Pure; any thread.
 */
#ifndef ENGINE_OBJECTS_RAW_COMMIT_H
#define ENGINE_OBJECTS_RAW_COMMIT_H

#include "bisectfs/error.h"
#include "oid.h"

#include <glib.h>

/* What git's walks take from a commit (parse_commit_buffer in commit.c of git). */
struct raw_commit {
	struct oid tree;
	uint64_t date; /* of the committer, seconds since 1970; git has no negative ones: they count
			* from 2^64 down. 0 where author or committer are not where they belong */
	GArray *parents; /* struct oid; appended to, the caller's */
};

/* -EINVAL: git does not take this for a commit either. */
err_t raw_commit_parse(const char *data, gsize len, struct raw_commit *commit);

/* What follows "NAME " in a line of the header; NULL where there is none. Inside of `data`, `size`
 * bytes. */
const char *raw_commit_field(const char *data, gsize len, const char *name, gsize *size);
/* The message, as bytes up to the end. Inside of `data`. */
const char *raw_commit_message(const char *data, gsize len, gsize *size);

#endif
