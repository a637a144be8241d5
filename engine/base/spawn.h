/*
 * A child process with its output in a file, a time limit and a stop button. It gets a process
 * group of its own, which is killed whole.
 */
#ifndef ENGINE_BASE_SPAWN_H
#define ENGINE_BASE_SPAWN_H

#include "bisectfs/error.h"
#include "cancel.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a child and all its descendants together may use. 0: as they like. */
struct spawn_limits {
	int timeout_s;
	int processes;
	int memory_mib; /* resident */
	int output_mib; /* in `output`, a file */
};

/* Whose work a child does. */
struct spawn_user {
	uid_t uid;
	gid_t gid;
};

struct spawn {
	char *const *argv; /* argv[0] is searched in PATH */
	char *const *env;  /* NULL: ours */
	const char *dir;   /* working directory, NULL: ours */
	int input;	   /* descriptor for stdin; 0: /dev/null */
	int output;	   /* descriptor for stdout and stderr; -1: /dev/null */
	bool own_session;  /* it has no terminal, and can ask nobody for a password */
	struct spawn_limits limits;
	struct cancel *cancel;	 /* may be NULL */
	void (*tick)(void *arg); /* called about twice a second meanwhile; may be NULL */
	void *arg;
};

/* Whether a child can and must be given this user's rights in place of ours: we are root, he is
 * not. */
bool spawn_is_other(struct spawn_user user);
/* The environment of such a child, to be freed: of ours, which may hold secrets, only what programs
 * need to be found and to speak; for a child with our own rights all of it. */
GStrv spawn_environment(struct spawn_user user);
/* Appends the words that a command with this user's rights begins with. */
void spawn_add_user(GPtrArray *argv, struct spawn_user user);

/* Runs it to its end. 0 with the exit status in `status` (128 + signal when killed); -ETIMEDOUT,
 * -ECANCELED; -EDOM when it went over one of the other limits, with the text that says so; another
 * errno when it could not be started. */
err_t spawn_run(const struct spawn *sp, int *status, struct error *error);

/* Runs it (`output` is not looked at; it gets two minutes and 64 MiB where nothing else is said)
 * and gives what it printed on stdout and stderr (at most `most` bytes), to be freed. */
err_t spawn_capture(const struct spawn *sp, size_t most, char **text, int *status,
		    struct error *error);

#endif
