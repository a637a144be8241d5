/*
 * What all operations ask of a request.
 */
#include "request.h"

struct mount *request_mount(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

bool request_is_publishers(fuse_req_t req)
{
	return publisher_is(request_mount(req)->publisher, fuse_req_ctx(req)->pid);
}

void request_refuse(fuse_req_t req, int code, const char *text)
{
	last_errors_set(request_mount(req)->last_errors, fuse_req_ctx(req)->uid, text);
	fuse_reply_err(req, code);
}

struct command *request_command(fuse_req_t req, enum command_kind kind, const struct node *n)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct command *c = command_new(kind, n ? n->owner : NULL, ctx->uid, ctx->gid);
	c->serial = n ? n->serial : 0;
	return c;
}
