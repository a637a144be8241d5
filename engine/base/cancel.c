#include "cancel.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

void cancel_init(struct cancel *c, bool pollable)
{
	atomic_init(&c->asked, false);
	c->fd = pollable ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
}

void cancel_clear(struct cancel *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void cancel_ask(struct cancel *c)
{
	uint64_t one = 1;
	atomic_store(&c->asked, true);
	if (c->fd >= 0 && write(c->fd, &one, sizeof(one)) != sizeof(one))
		return; /* full: it is readable already */
}

bool cancel_asked(const struct cancel *c)
{
	return atomic_load(&c->asked);
}
