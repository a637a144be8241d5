/*
 * The engine's state: what the files of this room share, and nobody else includes.
 *
 * Each member is an owner with a type of its own, which keeps its secrets; this is only where they
 * hang together. All of it is the core thread's, but for the queue.
 *
 *   loop ─► commands ─► start, set, control ─┐
 *     └──► schedule ─► ahead ─► runs ────────┴─► facts ─► bisections, disk_watch
 *                └──► recipe, answers, jobs, slots
 */
#ifndef ENGINE_CORE_STATE_H
#define ENGINE_CORE_STATE_H

#include "answers.h"
#include "bisections.h"
#include "command.h"
#include "disk_watch.h"
#include "engine.h"
#include "jobs.h"
#include "slots.h"

#include "engine/store/kernels.h"
#include "engine/store/trash.h"

struct engine {
	/* what it was made with */
	char *state; /* NULL: a simulation, which leaves no trace */
	const struct profile *profile;
	struct engine_view view;
	struct workers workers;
	const struct disk *disk;
	char host[256];
	struct job_listener listener;

	GAsyncQueue *queue; /* struct message * */
	GThread *core;

	struct bisections *bisections;
	struct settings defaults;
	guint defaults_version; /* changes with each of them */
	struct jobs *jobs;
	struct slots *slots;
	struct kernels *kernels;
	struct answers *answers;
	struct disk_watch *disk_watch;
	int64_t remote_failed_at; /* uptime, us: when a job ahead could not fetch; 0: none */
	struct trash *trash;	  /* NULL: a simulation */
	guint turn;		  /* whose wishes come first */
	int64_t expired_at;	  /* uptime, us: when old bisections were looked for last */
	bool stopping;
	struct engine_counters counters;
};

/* Now, ns since 1970, by the workers' clock. */
static inline int64_t state_now(const struct engine *e)
{
	return e->workers.now(e->workers.self);
}

/* Whether builds for this user have rights of their own: not the daemon's. */
static inline bool state_is_others(const struct engine *e, struct spawn_user user)
{
	return !e->workers.uncaged && spawn_is_other(user);
}

/* The bisection that a command is for; NULL: it is not there any more, or the command names none.
 */
static inline struct bisection *state_bisection(const struct engine *e, const struct command *c)
{
	struct bisection *b = bisections_find(e->bisections, c->name);
	return b && c->serial && b->s->serial != c->serial ? NULL : b;
}

#endif
