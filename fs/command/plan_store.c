/*
 * A fetch has a session of its own, which a terminal's Ctrl-C does not reach: so signals that would
 * end us end it first.
 */
#include "plan_store.h"

#include "engine/base/file.h"
#include "engine/objects/promisor.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>

static struct cancel stop;

static void ask_to_stop(int signal)
{
	(void)signal;
	cancel_ask(&stop);
}

static void catch_signals(void *arg, guint objects, const char *remote)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	static struct sigaction before[G_N_ELEMENTS(signals)];
	struct sigaction action = { .sa_handler = ask_to_stop };
	(void)arg;
	(void)remote;
	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], objects ? &action : &before[i], objects ? &before[i] : NULL);
}

static const struct promisor_watch watch = { .cancel = &stop, .fetching = catch_signals };

err_t plan_store_open(struct plan_store *store, struct repo *repo, struct error *error)
{
	*store = (struct plan_store){ 0 };
	if (!promisor_exists(repo_gitdir(repo)))
		return 0;
	GError *why = NULL;
	store->dir = g_dir_make_tmp("bisectfs-plan-XXXXXX", &why);
	if (!store->dir) {
		error_set(error, EIO, "cannot keep what the partial clone lacks: %s", why->message);
		g_error_free(why);
		return -EIO;
	}
	cancel_init(&stop, true);
	err_t err = promisor_open(repo_gitdir(repo), store->dir, &store->promisor, error);
	if (!err)
		err = repo_fetch_from(repo, store->promisor, error);
	repo_watch_fetches(repo, &watch);
	return err;
}

void plan_store_close(struct plan_store *store)
{
	if (!store->dir)
		return;
	promisor_free(store->promisor);
	cancel_clear(&stop);
	file_remove_tree(store->dir, NULL);
	g_clear_pointer(&store->dir, g_free);
}
