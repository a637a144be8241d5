/*
 * git's commit-graph file, mapped: parents and dates of commits without reading the objects.
 * libgit2 1.5 rejects the file that git writes by default, so it is read here.
 *
 * Format: Documentation/gitformat-commit-graph of git, version 1 with SHA-1; split chains are left
 * alone. Whatever is odd about the file makes it as if there were none. Any thread.
 */
#ifndef ENGINE_HISTORY_COMMIT_GRAPH_H
#define ENGINE_HISTORY_COMMIT_GRAPH_H

#include "history.h"

#include <stdbool.h>

struct commit_graph;

/* Of the repository with this git directory; NULL: there is none that can be used.
 * commit_graph_close takes NULL too. */
struct commit_graph *commit_graph_open(const char *gitdir);
void commit_graph_close(struct commit_graph *g);

/* Date and parents, appended to `facts`, which stays empty where it returns false: there is no such
 * file (`g` NULL), or it does not have this commit (a younger one), or its entry is damaged. */
bool commit_graph_read(const struct commit_graph *g, const struct oid *oid,
		       struct commit_facts *facts);

#endif
