/*
 * A log as its reader means it: mapped where it is a plain file, else read from a pipe, compressed
 * or in UTF-16, with bounded memory.
 */
#ifndef FS_COMMAND_LOG_INPUT_H
#define FS_COMMAND_LOG_INPUT_H

#include "engine/triage/prefix.h"

#include <glib.h>

struct log_input {
	GBytes *bytes;		 /* of something too large only what lies about the first crash */
	struct prefix_form form; /* of its first lines */
};

/* `path` NULL: standard input. False: it cannot be read, and `why` (to be freed) says what is
 * wrong. True with a reason: it broke off; what came before is there. */
bool log_input_read(const char *path, struct log_input *in, char **why);
void log_input_clear(struct log_input *in);

#endif
