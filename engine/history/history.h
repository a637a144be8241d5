/*
 * The commit graph in compact arrays: commits are numbers, loaded from a source when first needed
 * and kept. What comes in: object ids; what goes out: parents, dates. The source is libgit2 in the
 * program and a table in tests. One thread at a time.
 */
#ifndef ENGINE_HISTORY_HISTORY_H
#define ENGINE_HISTORY_HISTORY_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdint.h>

#define OID_BYTES 20
#define OID_HEX 40

struct oid {
	uint8_t b[OID_BYTES];
};

/* A commit as a source gives it. */
struct commit_facts {
	int64_t date;	 /* committer's timestamp, seconds */
	GArray *parents; /* struct oid, in order; emptied by the caller before each call */
};

struct commit_source {
	void *self;
	/* -ENOENT and a reason where the commit is missing. */
	err_t (*read)(void *self, const struct oid *oid, struct commit_facts *facts,
		      struct error *error);
};

#define NO_COMMIT UINT32_MAX

struct history;
struct history *history_new(const struct commit_source *source);
void history_free(struct history *h);

/* Number of the commit with this id; it is not loaded by that. */
uint32_t history_number(struct history *h, const struct oid *oid);
const struct oid *history_oid(const struct history *h, uint32_t c);
/* Commits known by number so far. */
uint32_t history_size(const struct history *h);

/* Reads date and parents, once. */
err_t history_load(struct history *h, uint32_t c, struct error *error);
/* For loaded commits only. */
int64_t history_date(const struct history *h, uint32_t c);
uint32_t history_parent_count(const struct history *h, uint32_t c);
uint32_t history_parent(const struct history *h, uint32_t c, uint32_t i);

int oid_compare(const struct oid *a, const struct oid *b);
/* 40 hex digits; false where it is none. */
gboolean oid_parse(struct oid *oid, const char *hex);
/* The same for OID_HEX characters that need not end there. */
gboolean oid_parse_bytes(struct oid *oid, const char *hex);
/* `hex` takes OID_HEX + 1 bytes. */
void oid_print(const struct oid *oid, char *hex);

#endif
