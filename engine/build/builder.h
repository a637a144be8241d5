/*
 * One commit's kernel, made in a slot. In comes a commit of the user's repository with all that its
 * kernel is made from (configuration, compiler, patches, the user's own build program) and what the
 * programs of its tree may use; out go the files kernel, vmlinux, modules.tar, config and build.log
 * in a directory of the caller's, the kernel's signature and the compiler's name, or the reason why
 * the commit does not build. What a tree prints and leaves is never trusted: a build that fails is
 * the commit's own failure unless the daemon has seen another cause itself.
 *
 * The workers call it (engine/work), one thread for each slot; a call blocks until the build has
 * ended or is cancelled. Tests put a builder of their own in its place. Nothing here knows of
 * bisections.
 */
#ifndef ENGINE_BUILD_BUILDER_H
#define ENGINE_BUILD_BUILDER_H

#include "bisectfs/error.h"
#include "cage.h"
#include "engine/base/cancel.h"
#include "engine/base/disk.h"

#include <stdbool.h>

struct build_request {
	const char *commit;    /* full hash */
	const char *slot;      /* directory of the slot */
	const char *config;    /* file: full .config or fragment; NULL: defconfig */
	const char *program;   /* file: the user's build program; NULL: kbuild */
	const char *make;      /* extra words, shell quoting */
	const char *cc;	       /* compiler; NULL: the default */
	char *const *patches;  /* as slot_checkout takes them; NULL: none */
	const char *dir;       /* gets build.log, config, kernel, vmlinux, modules.tar */
	bool low_priority;     /* others may be waiting for the processors */
	char *const *launcher; /* words put before every build command; NULL: none */
	struct confinement confine;
	int jobs;
	bool modules; /* wanted too, in modules.tar, where the configuration has any */
	/* The question is whether it compiles: all that the configuration has is made, and no
	 * kernel is taken. */
	bool compile_only;
	const char *object; /* with that: only this is made, if the kernel has it; NULL: all */
	/* with that: what the commit has changed since these (full hashes) is made first, and only
	 * that where it does not compile or `fail` finds something; NULL: nothing is */
	char *const *since;
	bool all_errors;  /* with that: the build goes on after the first one */
	const char *fail; /* with that: expression over the log's lines; NULL: none */
	bool ccache;
	const char *ccache_dir;	 /* NULL: the one that ccache is configured with */
	const struct disk *disk; /* who is asked whether it is full; NULL: the real one */
	struct cancel *cancel;
	void (*tick)(void *arg); /* while it builds, about twice a second */
	/* objects that a partial clone lacks are fetched, as in promisor.h; may be NULL */
	void (*fetching)(void *arg, unsigned objects, const char *remote);
	void *arg;
};

/* Owned texts; empty after an error. */
struct build_result {
	char *compiler, *signature;
	bool broken;  /* the commit does not build: `reason` is the compiler's first error */
	bool no_tree; /* broken since its tree cannot be had: a patch, or an object of it */
	char *reason;
	char **errors; /* all of the log, the first of them being that; NULL: not by a compiler */
	char *object;  /* that could not be made, or that `matched` is about; NULL: not known */
	char *matched; /* the first line that `fail` matches; NULL: none */
	bool alone;    /* only the object that was asked for was made */
};
void builder_result_clear(struct build_result *r);

/* The interface of whoever builds: the real one is kbuild_builder, a fake in tests. */
struct builder {
	void *self;
	/* 0 with the result (also for a commit that does not build); -ECANCELED; -ENOSPC, -EDQUOT:
	 * no room, by the disk's own word; -EREMOTEIO: objects that a partial clone lacks are not
	 * to be had; another error: not the commit's fault. */
	err_t (*build)(void *self, const struct build_request *rq, struct build_result *result,
		       struct error *error);
	/* See maintainers_ask. */
	err_t (*maintainers)(void *self, const char *slot, const char *commit,
			     const struct confinement *confine, struct cancel *cancel, char ***list,
			     struct error *error);
};

#endif
