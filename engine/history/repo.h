/*
 * The user's repository, read through libgit2 and never modified: revisions, commits, tags.
 * A handle belongs to one thread at a time; open one per thread.
 */
#ifndef ENGINE_HISTORY_REPO_H
#define ENGINE_HISTORY_REPO_H

#include "history.h"
#include "engine/objects/missing.h"

#include <stdbool.h>

struct repo;

/* Around everything else here, once per process; before other threads are started and after they
 * have ended. */
void repo_library_start(void);
void repo_library_stop(void);

/* `path`: whatever `git -C` works in: a work tree or a directory in one, a linked work tree, a git
 * directory. -ENOENT with the reason; -EINVAL: it is in a format that cannot be read, and what to
 * do. repo_free takes NULL too. */
err_t repo_open(const char *path, struct repo **repo, struct error *error);
void repo_free(struct repo *repo);
/* Where the repository is that repo_open finds from `path`: `path` itself, or a directory above it,
 * to be freed; NULL where there is none. */
char *repo_locate(const char *path);
/* Its git directory, absolute; lives as long as the handle. */
const char *repo_gitdir(const struct repo *repo);
/* libgit2's own handle, for who looks at trees. Lives as long. */
struct git_repository *repo_git(const struct repo *repo);
bool repo_is_shallow(const struct repo *repo);

/* Lets it find what was fetched for a partial clone, and fetch more. `promisor` (NULL: none) has to
 * live as long. -EIO. */
err_t repo_fetch_from(struct repo *repo, struct promisor *promisor, struct error *error);
/* Who hears of its fetches from now on and may end them (NULL: nobody); borrowed until the next
 * call. */
void repo_watch_fetches(struct repo *repo, const struct promisor_watch *watch);
/* For who is about to read trees or files; as long as the watch. */
struct missing_source repo_missing(const struct repo *repo);

/* Looks whether the border of a shallow repository or its grafts have changed since, and if so
 * forgets the history: numbers of commits and what repo_history gave are no good any more. -errno:
 * they cannot be read. */
err_t repo_reread(struct repo *repo, struct error *error);

/* A commit from whatever `git rev-parse` takes: what libgit2 does not know git itself is asked for,
 * if there is one. -EINVAL: unknown or ambiguous. */
err_t repo_resolve(struct repo *repo, const char *rev, struct oid *oid, struct error *error);

/* The graph, loaded as it is needed; lives as long as the handle. */
struct history *repo_history(struct repo *repo);

/* What a commit is on disk, for git_odb_object_free. -ENOENT: it is missing. */
struct git_odb_object;
err_t repo_read_commit(struct repo *repo, const struct oid *oid, struct git_odb_object **object,
		       struct error *error);
/* Its tree. -ENOENT: the commit is missing, -EINVAL: git would not take it for one. */
err_t repo_tree(struct repo *repo, const struct oid *oid, struct oid *tree, struct error *error);
/* A release's tag and the commit that it names. */
struct release {
	char *name;
	struct oid commit;
};
/* All tags vX.Y and vX.Y.Z (no release candidates) that are reachable from `tip`, newest version
 * first, into a new array of struct release that frees its names. `border`: what `tip` reaches ends
 * because the repository is shallow. -ENOENT: a commit is missing. */
err_t repo_releases(struct repo *repo, const struct oid *tip, GArray **releases, bool *border,
		    struct error *error);
/* Name of the tag on this commit, to be freed; empty where there is none. Releases are preferred.
 */
char *repo_tag_of(struct repo *repo, const struct oid *oid);

#endif
