/*
 * QEMU connects while libvirt starts it, paused, so by the time the guest runs somebody listens.
 * The listener stays open until the run is over: until there is a connection that is what to poll.
 */
#include "serial.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

err_t serial_listen(struct serial *s, const char *dir, int slot, struct error *error)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	s->fd = s->listener = -1;
	if (g_snprintf(s->path, sizeof(s->path), "%s/vm-%d.sock", dir, slot) >=
	    (int)sizeof(s->path))
		return error_set(error, ENAMETOOLONG,
				 "%s is too long for the socket of a guest's console", dir);
	memcpy(name.sun_path, s->path, sizeof(name.sun_path));
	unlink(s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&name, sizeof(name)) != 0 ||
	    listen(s->listener, 1) != 0)
		return error_set(error, errno, "cannot listen on %s for the guest's console: %s",
				 s->path, g_strerror(errno));
	return 0;
}

int serial_fd(const struct serial *s)
{
	return s->fd >= 0 ? s->fd : s->listener;
}

int serial_read(struct serial *s, char *buf, int size)
{
	if (s->fd < 0) {
		s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (s->fd < 0)
			return 0;
	}
	ssize_t n = recv(s->fd, buf, (size_t)size, 0);
	if (n > 0)
		return (int)n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

void serial_close(struct serial *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->listener >= 0) {
		close(s->listener);
		unlink(s->path);
	}
	s->fd = s->listener = -1;
}
