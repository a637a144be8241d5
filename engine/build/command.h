/*
 * One build in progress: the commands that it runs, in which cage, with which words and
 * environment, and what to say when one fails. Inside building: build.c has the steps. One thread a
 * build.
 */
#ifndef ENGINE_BUILD_COMMAND_H
#define ENGINE_BUILD_COMMAND_H

#include "kbuild.h"
#include "space.h"

#include <glib.h>

struct slot;

struct build {
	const struct build_request *rq;
	struct slot *slot;
	struct build_result *result;
	int log;
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

/* Whether the setting `make` has a word that begins so ("CC="). */
bool build_has_word(const struct build *b, const char *variable);
void build_add_words(GPtrArray *argv, char *const *words);
/* Whether its commands have the rights of another user. */
bool build_is_others(const struct build *b);
/* A directory that they may write in. */
err_t build_mkdir(const struct build *b, const char *dir, struct error *error);
/* The source is read-only; what a build writes goes into its own directories. */
void build_add_cage(const struct build *b, GPtrArray *argv);
/* What comes before every build command; the cage is a part of it. */
void build_add_launcher(const struct build *b, GPtrArray *argv);
/* make -C SRC O=OBJ -jN LOCALVERSION= ... TARGET; to be freed. */
GStrv build_make_command(const struct build *b, const char *obj, const char *target);
/* Kernels of one source must be equal byte for byte, whoever builds them, when and where. */
GStrv build_environment(const struct build_request *rq);

/* Runs it to its end, into the log. 0 with the exit status, also when it went over a limit;
 * -ECANCELED; another error: not the commit's fault. */
err_t build_run(struct build *b, char *const *argv, int *status, struct error *error);
/* From now on what is free where it writes is watched; once, before the first command. */
void build_watch_space(struct build *b);
/* The commit does not build: the result says why. -ENOSPC, -EDQUOT: it was the disk, not only by
 * the build's own words. */
err_t build_broken(struct build *b, struct error *error);

#endif
