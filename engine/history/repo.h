/*
 * The user's repository, read through libgit2 and never modified: revisions, commits, tags, texts.
 * A handle belongs to one thread at a time; open one per thread.
 */
#ifndef ENGINE_HISTORY_REPO_H
#define ENGINE_HISTORY_REPO_H

#include "history.h"

#include <stdbool.h>

struct repo;

/* Around everything else here, once per process; before other threads are started and after they
 * have ended. */
void repo_library_start(void);
void repo_library_stop(void);

/* `path`: a work tree's top or a git directory. -ENOENT with the reason; repo_free takes NULL too.
 */
err_t repo_open(const char *path, struct repo **repo, struct error *error);
void repo_free(struct repo *repo);
/* Its git directory, absolute; lives as long as the handle. */
const char *repo_gitdir(const struct repo *repo);
/* libgit2's own handle, for who looks at trees. Lives as long. */
struct git_repository *repo_git(const struct repo *repo);
bool repo_is_shallow(const struct repo *repo);

/* A commit from whatever `git rev-parse` takes. -EINVAL: unknown or ambiguous. */
err_t repo_resolve(struct repo *repo, const char *rev, struct oid *oid, struct error *error);

/* The graph, loaded as it is needed; lives as long as the handle. */
struct history *repo_history(struct repo *repo);

/* First paragraph of the message as one line (the bytes as they lie in the commit), to be freed. */
err_t repo_subject(struct repo *repo, const struct oid *oid, char **subject, struct error *error);
/* Header, message and --stat as `git show --stat` prints them, to be freed. */
err_t repo_show(struct repo *repo, const struct oid *oid, char **text, struct error *error);

/* A commit on `branch` (hash) with the same title as `like`, compared as syzbot does: without case
 * and without prefixes as "[PATCH]" or "UPSTREAM:". Looks no further back than the two have in
 * common. */
err_t repo_find_title(struct repo *repo, const char *branch, const struct oid *like,
		      struct oid *found, bool *any, struct error *error);

/* A release's tag and the commit that it names. */
struct release {
	char *name;
	struct oid commit;
};
/* All tags vX.Y and vX.Y.Z (no release candidates) that are reachable from `tip`, newest version
 * first, into a new array of struct release that frees its names. -ENOENT: a commit is missing. */
err_t repo_releases(struct repo *repo, const struct oid *tip, GArray **releases,
		    struct error *error);
/* Name of the tag on this commit, to be freed; empty where there is none. Releases are preferred.
 */
char *repo_tag_of(struct repo *repo, const struct oid *oid);

#endif
