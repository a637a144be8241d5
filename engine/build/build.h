/*
 * One build in progress: where it writes, with which words and environment, what it has cost so
 * far, and what to say when it fails. Inside the builder: kbuild.c has the steps. One thread a
 * build.
 */
#ifndef ENGINE_BUILD_BUILD_H
#define ENGINE_BUILD_BUILD_H

#include "build_log.h"
#include "builder.h"
#include "space.h"

#include <glib.h>

struct slot;

struct build {
	const struct build_request *rq;
	struct slot *slot;
	struct build_result *result;
	int log;
	off_t void_bytes; /* of the log, at its beginning, that say nothing of the commit */
	char *obj, *conf;
	char *excess;  /* which limit it went over; NULL: none */
	GString *took; /* where the time went */
	gint64 since;  /* monotonic us: when the present part began */
	GStrv words;   /* of the setting `make` */
	GStrv env;
	struct space space; /* of the places that it writes to */
};

/* A line of our own in the log. */
void build_note(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A part of the work is over: for the log's last line. */
void build_end_part(struct build *b, const char *part);
/* Whether its commands have the rights of another user. */
bool build_is_others(const struct build *b);
/* A directory that they may write in. */
err_t build_mkdir(const struct build *b, const char *dir, struct error *error);
/* From now on what is free where it writes is watched; once, before the first command. */
void build_watch_space(struct build *b);
/* What the log tells, as far as it is about the commit; to be cleared. */
void build_read_log(struct build *b, struct build_log *found);
/* The commit does not build: the result says why. -ENOSPC, -EDQUOT: it was the disk, not only by
 * the build's own words. */
err_t build_broken(struct build *b, struct error *error);
/* It compiles, and no kernel is asked for: the result says what `fail` finds in the log. */
void build_compiled(struct build *b);

#endif
