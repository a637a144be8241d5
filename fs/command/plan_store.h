/*
 * What `plan` fetches of a partial clone: kept in a temporary directory until it ends. The main
 * thread's.
 */
#ifndef FS_COMMAND_PLAN_STORE_H
#define FS_COMMAND_PLAN_STORE_H

#include "engine/history/repo.h"

struct plan_store {
	char *dir; /* NULL: the repository is no partial clone */
	struct promisor *promisor;
};

/* For this repository, which fetches into it from now on; Ctrl-C ends a fetch. To be closed after
 * the repository is freed, also after an error. -errno: there can be no such directory. */
err_t plan_store_open(struct plan_store *store, struct repo *repo, struct error *error);
void plan_store_close(struct plan_store *store);

#endif
