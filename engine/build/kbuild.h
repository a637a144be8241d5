/*
 * Building one commit's kernel in a slot: checkout, configuration, make (or the user's own build
 * program), signature. Blocks its thread; the caller has one per slot.
 */
#ifndef ENGINE_BUILD_KBUILD_H
#define ENGINE_BUILD_KBUILD_H

#include "bisectfs/error.h"
#include "engine/base/cancel.h"
#include "engine/base/disk.h"
#include "engine/base/spawn.h"

#include <stdbool.h>

/* How programs that come out of the tree are held. */
struct confinement {
	bool caged;		/* see cage.h */
	struct spawn_user user; /* whose work it is; matters in a cage alone */
	struct spawn_limits limits;
};

struct build_request {
	const char *commit;    /* full hash */
	const char *slot;      /* directory of the slot */
	const char *config;    /* file: full .config or fragment; NULL: defconfig */
	const char *program;   /* file: the user's build program; NULL: kbuild */
	const char *make;      /* extra words, shell quoting */
	const char *cc;	       /* compiler; NULL: the default */
	char *const *patches;  /* "backport HASH", "pick HASH", "revert HASH"; NULL: none */
	const char *dir;       /* gets build.log, config, kernel, vmlinux */
	bool low_priority;     /* others may be waiting for the processors */
	char *const *launcher; /* words put before every build command; NULL: none */
	struct confinement confine;
	int jobs;
	bool ccache;
	const char *ccache_dir;	 /* NULL: the one that ccache is configured with */
	const struct disk *disk; /* who is asked whether it is full; NULL: the real one */
	struct cancel *cancel;
	void (*tick)(void *arg); /* while it builds, about twice a second */
	void *arg;
};

struct build_result {
	char *compiler, *signature;
	bool broken; /* the commit does not build: `reason` is the compiler's first error */
	char *reason;
};
void build_result_clear(struct build_result *r);

/* The interface of whoever builds: the real one below, a fake in tests. */
struct builder {
	void *self;
	/* 0 with the result (also for a commit that does not build); -ECANCELED; -ENOSPC, -EDQUOT:
	 * no room, by the disk's own word; another error: not the commit's fault. */
	err_t (*build)(void *self, const struct build_request *rq, struct build_result *result,
		       struct error *error);
	/* See maintainers_ask. */
	err_t (*maintainers)(void *self, const char *slot, const char *commit,
			     const struct confinement *confine, struct cancel *cancel, char ***list,
			     struct error *error);
};

/* kbuild over the repository whose git directory is given (must outlive the builder). */
struct builder kbuild_builder(const char *gitdir);

#endif
