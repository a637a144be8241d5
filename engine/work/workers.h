/*
 * The real workers.
 */
#ifndef ENGINE_WORK_WORKERS_H
#define ENGINE_WORK_WORKERS_H

#include "bisectfs/runner.h"
#include "engine/build/builder.h"
#include "engine/core/jobs.h"
#include "engine/store/profile.h"

/* Borrowed but for the copies that workers_new makes of the strings. */
struct workers_config {
	const char *state, *repo;  /* directories, absolute */
	struct promisor *promisor; /* gives what the repository lacks; NULL: it is no partial clone;
				    * has to live as long as the workers */
	const struct profile *profile;
	struct builder builder;
	struct runner runner;
};

struct promisor;
struct work_env;
/* Opens the repository. */
err_t workers_new(const struct workers_config *config, struct work_env **env, struct error *error);
/* After the engine that they work for has stopped. */
void workers_free(struct work_env *env);
/* What the engine calls them by; valid until they are freed. */
struct workers workers_interface(struct work_env *env);

#endif
