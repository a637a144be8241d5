/*
 * The workers: each takes a job, blocks its own thread, and leaves one answer in the job. What a
 * worker knows of the machine is here; of the engine it knows nothing.
 *
 *   core ── job ──► workers ─► build_job, run_job, report_job, prepare_job   a thread each
 *                        └───► history_job, lookup_job                       one thread for all
 *   core ◄── job with its answer
 */
#ifndef ENGINE_WORK_WORK_H
#define ENGINE_WORK_WORK_H

#include "bisectfs/runner.h"
#include "engine/build/builder.h"
#include "engine/core/jobs.h"
#include "engine/store/profile.h"

struct repo;
struct symbol_cache;
struct trees;

struct work_env {
	char *state;
	const struct profile *profile;
	struct builder builder;
	struct runner runner;
	struct confinement confine;
	const char *uncaged; /* why builds are not isolated; NULL: they are */
	struct repo *repo;   /* the history thread's alone */
	struct trees *trees;
	struct symbol_cache *symbols;
};

/* The job's fact is that the bisection cannot go on, and why. */
void work_fail(struct job *job, const struct error *why);
/* Whether hardly any room is left: whatever went wrong (a compiler, libvirt, QEMU) went wrong for
 * want of it, whichever error it came as. Makes that the answer: nobody's fault, and to be done
 * again when there is room. */
bool work_lacks_room(const struct work_env *env, struct job *job);
/* The job's error says that the disk is full, that it was stopped or that a remote does not give
 * what it needs: there is no other answer. */
bool work_is_void(const struct job *job);

/* Path of a large setting of the bisection, to be freed; NULL: it is not set. */
char *work_large_setting(const struct work_env *env, const struct job *job, enum setting id);
/* Its content, to be freed; NULL: it is not set. */
char *work_large_text(const struct work_env *env, const struct job *job, enum setting id);
/* The guest's program, once it is prepared. To be freed. */
char *work_reproducer(const struct work_env *env, const struct job *job);

/* Whether its builds have rights of their own: not the daemon's. */
bool work_is_others(const struct work_env *env, const struct job *job);
/* Where its trees lie, to be freed: who builds with other rights has trees of his own, since what
 * one leaves in object files must not become another's kernel. */
char *work_trees(const struct work_env *env, const struct job *job);
struct confinement work_confinement(const struct work_env *env, const struct job *job);
/* For a promisor_watch: the job fetches, see job_fetches. */
void work_fetching(void *job, guint objects, const char *remote);
/* The words of the job's listener. */
void work_grew(const struct job *job, int64_t size);

void prepare_job_do(const struct work_env *env, struct job *job);
void history_job_do(const struct work_env *env, struct job *job); /* JOB_LOAD, JOB_NEXT */
void lookup_job_do(const struct work_env *env, struct job *job);
void build_job_do(const struct work_env *env, struct job *job);
void run_job_do(const struct work_env *env, struct job *job);
void report_job_do(const struct work_env *env, struct job *job);

#endif
