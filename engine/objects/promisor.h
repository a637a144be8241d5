/*
 * A partial clone (git clone --filter) lacks trees and files, which its promisor remotes give when
 * they are asked for. git would put them into the user's repository; here they go into a store of
 * our own, a bare repository that borrows the user's objects. git fetches, in the store alone.
 *
 *   user's objects ◄── alternates ── store ◄── git fetch ── promisor remote
 *         ▲                            ▲
 *         └────── libgit2's handles ───┘
 *
 * Of the user's repository's configuration only names and URLs of the promisor remotes are read:
 * whatever else is there (core.sshCommand, credential.helper, remote.*.uploadpack ...) could name
 * programs, and the repository may be another user's. What the fetch needs of that sort comes from
 * the configuration of the user that we run as. Transports are git's own: no ext::, no helpers.
 *
 * Any thread; one fetch at a time.
 */
#ifndef ENGINE_OBJECTS_PROMISOR_H
#define ENGINE_OBJECTS_PROMISOR_H

#include "bisectfs/error.h"
#include "engine/base/cancel.h"
#include "oid.h"

#include <glib.h>
#include <stdbool.h>

struct git_odb;
struct promisor;

/* Who asks for objects. */
struct promisor_watch {
	struct cancel *cancel; /* may be NULL */
	/* So many objects are fetched from now on, from the remote of this name; 0 and NULL: the
	 * fetch has ended. In the thread that asks; may be NULL. */
	void (*fetching)(void *arg, guint objects, const char *remote);
	void *arg;
};

/* Whether the repository with this git directory is a partial clone. */
bool promisor_exists(const char *gitdir);
/* `gitdir`: of the user's repository. `dir`: an empty directory, or one that a promisor had before;
 * who has it open owns it alone. It need not exist before the repository turns out to be a partial
 * clone. `promisor` NULL: it is none. -errno: the store cannot be written. */
err_t promisor_open(const char *gitdir, const char *dir, struct promisor **promisor,
		    struct error *error);
/* Takes NULL too. */
void promisor_free(struct promisor *p);
/* The store's objects, for alternates: they lead to the user's as well. A directory that may be
 * shown to others, unlike what lies beside it. Lives as long. */
const char *promisor_objects(const struct promisor *p);
/* Lets this store of libgit2's find what was fetched, now and later. -EIO. */
err_t promisor_attach(const struct promisor *p, struct git_odb *odb, struct error *error);

/* Waits until no other fetch goes on and lets none begin before promisor_give_back. `waited`: there
 * was one, so that others may have got what is wanted. -ECANCELED. */
err_t promisor_take(struct promisor *p, const struct promisor_watch *watch, bool *waited,
		    struct error *error);
void promisor_give_back(struct promisor *p);
/* Fetches these (struct oid) at one go, for who has taken the promisor; `below`: of trees also all
 * trees below them. `commit`: for whose sake, for the messages. -EREMOTEIO: no remote gives them,
 * with a sentence for users; -ECANCELED. `watch` may be NULL. */
err_t promisor_fetch(struct promisor *p, const GArray *ids, bool below, const char *commit,
		     const struct promisor_watch *watch, struct error *error);

/* A URL as others may see it: without password, and for http without user. To be freed. Pure. */
char *promisor_shown_url(const char *url);
/* The line of what git printed that says why it failed, to be freed. Pure. */
char *promisor_reason(const char *text);

#endif
