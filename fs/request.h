/*
 * A request of the kernel: which mount it is for, who makes it, and how it is refused. Any thread.
 */
#ifndef FS_REQUEST_H
#define FS_REQUEST_H

#include "fs.h"

struct mount *request_mount(fuse_req_t req);
/* Of the publisher: it asks for what it has prepared itself. */
bool request_is_publishers(fuse_req_t req);
/* Answers with this errno; the text is the user's last_error from now on. */
void request_refuse(fuse_req_t req, int code, const char *text);
/* A command of who makes the request, for the bisection that the node belongs to (NULL: for none).
 */
struct command *request_command(fuse_req_t req, enum command_kind kind, const struct node *n);

#endif
