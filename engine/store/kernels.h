/*
 * Built kernels, kept by what they were built from, so that none is built twice: not for the
 * certificate, not for another bisection, not after a restart.
 *
 *   STATE/kernels/KEY/{kernel,vmlinux,modules.tar,config,build.log,result}
 *
 * A step gets its files as further names of the same ones, so that deleting here takes nothing away
 * from a step. The limit is on the bytes of all kernels, steps' included: what is over it is
 * deleted as soon as no step has it. Owned by the core thread; a worker writes only into the
 * directory that kernels_part() names for the key it builds.
 */
#ifndef ENGINE_STORE_KERNELS_H
#define ENGINE_STORE_KERNELS_H

#include "bisectfs/error.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct kernel {
	char *key;
	char *compiler;
	char *signature; /* NULL: it does not build, or no whole kernel was made */
	char *reason;	 /* why it does not build; NULL: it does */
	bool no_tree;	 /* nothing was compiled: its tree cannot be had */
	char **errors;	 /* all of that build, the first of them being `reason`; NULL: not known */
	char *object;	 /* that could not be made, or that `matched` is about; NULL: not known */
	char *matched;	 /* line of its log that `fail` matched; NULL: none */
	bool alone;	 /* only the object that was asked for was made */
	int64_t build_ns;
	int64_t made; /* ns since 1970 */
	guint64 bytes;
	guint64 used;		    /* higher: later */
	bool ahead;		    /* begun before a step asked for it */
	bool given;		    /* to a step, or found when the store was opened */
	struct kernel_files *files; /* the store's own */
};

struct kernels;
/* `state` NULL: nothing on disk, for simulations. `limit`: bytes. What an earlier daemon left whole
 * is known again; what it left half made is deleted. Nothing else is yet: steps that have kernels
 * are told with kernels_found first, then kernels_keep_limit is called. */
struct kernels *kernels_open(const char *state, guint64 limit);
void kernels_close(struct kernels *k);

/* NULL: not there. Valid until the next call that adds, takes or deletes. */
const struct kernel *kernels_find(struct kernels *k, const char *key);
/* Takes over what the worker left in its part directory, and makes it durable; Deletes what was
 * used longest ago until all is within the limit, but not this one. */
err_t kernels_add(struct kernels *k, const struct kernel *made, struct error *error);
void kernels_forget(struct kernels *k, const char *key);
/* Deletes what was used longest ago and no step has, until `limit` bytes are left; or until those
 * of the store's own limit are. */
void kernels_shrink(struct kernels *k, guint64 limit);
void kernels_keep_limit(struct kernels *k);
/* Of all kernels that the store or a step has. */
guint64 kernels_bytes(const struct kernels *k);
/* Whether `more` kernels that no step asks for yet would find room without any of those that wait
 * like them, or that a step has, being deleted. */
bool kernels_have_room(const struct kernels *k, int more);

/* Gives the step's directory (created if need be) the kernel's files, durably. -ENOENT: there is no
 * such kernel, or somebody has deleted it. The step has it until kernels_take. */
err_t kernels_give(struct kernels *k, const char *key, const char *step, struct error *error);
/* The same for a step whose kernel somebody has deleted; its log and configuration stay. */
err_t kernels_give_again(struct kernels *k, const char *key, const char *step, struct error *error);
bool kernels_step_has(const char *step); /* any thread */
/* Takes kernel, vmlinux and modules.tar away from the step, if it has been given any. */
void kernels_take(struct kernels *k, const char *step);
/* Notes what an earlier daemon has given to the step, if it did. */
void kernels_found(struct kernels *k, const char *step);
/* Notes that a step uses it. True: it was made for another one. */
bool kernels_given(struct kernels *k, const char *key);

/* Shows the log of a build that goes on in a step, as a further name of it. Any thread. */
void kernels_show_log(const char *state, const char *key, const char *bisection, int step);

/* Where a worker builds it; and where the finished one lies. To be freed. Any thread. */
char *kernels_part(const char *state, const char *key);
char *kernels_file(const char *state, const char *key, const char *name);

/* In the worker, once the build is over: makes the kernel itself durable. */
err_t kernels_sync(const char *part, struct error *error);

#endif
