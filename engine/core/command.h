/*
 * A user's command, and its answer.
 */
#ifndef ENGINE_CORE_COMMAND_H
#define ENGINE_CORE_COMMAND_H

#include "bisectfs/error.h"

#include <glib.h>
#include <sys/types.h>

enum command_kind {
	CMD_MKDIR,   /* a draft named `name` */
	CMD_RMDIR,   /* and all its data */
	CMD_START,   /* `name` NULL: a new one with the defaults; data: "BAD [GOOD...]" */
	CMD_CONTROL, /* data: pause, resume, abort ... */
	CMD_SET,     /* setting `word` of `name` (NULL: defaults) becomes `data` */
	CMD_MODE,    /* the large setting or further file `word` gets the permissions `mode` */
	CMD_UNSET,   /* removes the further file `word` ("files/NAME") */
};

/* Made by command_new, owned by the engine from engine_command on. */
struct command {
	enum command_kind kind;
	char *name, *word;
	guint64 serial; /* of the bisection that is meant; 0: whichever has the name */
	uid_t uid;
	gid_t gid;
	int mode; /* CMD_MODE, CMD_SET: permission bits of a large setting; -1: as they are */
	GBytes *data;
	char *made; /* the name that a start through new/ got */
	/* Called once, in the core thread, after the command took effect or was refused. */
	void (*done)(struct command *c, err_t err, const struct error *error);
	void *arg;
};

struct command *command_new(enum command_kind kind, const char *name, uid_t uid, gid_t gid);
void command_free(struct command *c);

/* Answers the user's write and frees the command. */
void command_answer(struct command *c, err_t err, const struct error *error);
char *command_text(const struct command *c); /* its data, stripped; to be freed */
GStrv command_words(const char *text);	     /* to be freed */
/* -ENODEV: its bisection is not there any more. */
err_t command_gone(const struct command *c, struct error *error);

#endif
