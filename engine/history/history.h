/*
 * The room's story: a repository comes in, and out go the commits that a bisection has to test, the
 * same that `git bisect` would test.
 *
 *   repo, commit_graph   the repository on disk, through libgit2 and git's commit-graph file
 *   grafts               commits that have other parents than they say
 *   commit_text, titles  what people read of a commit; commits that were applied twice
 *   history              its commits as numbers, with parents and dates
 *   marks, queue, walk   git's walk over them: what is reachable from here and not from there
 *   pathspec, path_limit which commits change certain paths
 *   merge_base, reach    where two lines of development meet; is one commit in another one?
 *   candidates, choose   which commits are left, how evenly each divides them, which one is next
 *   stretches            the same where verdicts show that the bug comes and goes
 *   commit_settings      settings that say something else for each commit
 *   describe             commits as the events that name them
 *   navigate             the answers to what a session asks of all that
 *
 * None of them writes to the repository; git is run for names that libgit2 does not know and to
 * fetch what a partial clone lacks (engine/objects), and for nothing else. A history belongs to one
 * thread at a time, and so does everything that walks over it; nothing here takes a lock.
 *
 * This file: the commit graph in compact arrays. Commits are numbers, loaded from a source when
 * they are first needed and kept. The source is libgit2 in the program and a table in tests.
 */
#ifndef ENGINE_HISTORY_HISTORY_H
#define ENGINE_HISTORY_HISTORY_H

#include "bisectfs/error.h"
#include "engine/objects/oid.h"

#include <glib.h>
#include <stdint.h>

/* A commit as a source gives it. */
struct commit_facts {
	uint64_t date; /* committer's timestamp, seconds since 1970; unsigned as git's */
	struct oid tree;
	GArray *parents; /* struct oid, in order; emptied by the caller before each call */
};

struct commit_source {
	void *self;
	/* Fills `facts`. -ENOENT and a reason where the commit is missing. */
	err_t (*read)(void *self, const struct oid *oid, struct commit_facts *facts,
		      struct error *error);
};

#define NO_COMMIT UINT32_MAX

struct history;
/* Empty; copies `source`, whose `self` has to live as long as the history. */
struct history *history_new(const struct commit_source *source);
void history_free(struct history *h);

/* Number of the commit with this id, from 0, for the history's life; whether there is such a commit
 * is not looked at. */
uint32_t history_number(struct history *h, const struct oid *oid);
/* Until the next history_number or history_load. */
const struct oid *history_oid(const struct history *h, uint32_t c);
/* Commits known by number so far. */
uint32_t history_size(const struct history *h);

/* Reads date and parents, once. -ENOENT, or what else the source returns. */
err_t history_load(struct history *h, uint32_t c, struct error *error);
/* For loaded commits only. */
uint64_t history_date(const struct history *h, uint32_t c);
/* Until the next history_number or history_load. */
const struct oid *history_tree(const struct history *h, uint32_t c);
uint32_t history_parent_count(const struct history *h, uint32_t c);
uint32_t history_parent(const struct history *h, uint32_t c, uint32_t i);
/* All of them, `n` in number, in order; until the next history_load. */
const uint32_t *history_parents(const struct history *h, uint32_t c, uint32_t *n);

/* The same commits in ascending order of their ids, which is git's order of refs that are named by
 * hashes; to be freed. */
uint32_t *history_sort(const struct history *h, const uint32_t *commits, uint32_t n);

#endif
