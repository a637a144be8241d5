/*
 * QEMU connects while libvirt starts it, paused, so by the time the guest runs somebody listens.
 * The listener stays open until the run is over: until there is a connection that is what to poll.
 */
#include "serial.h"

#include <errno.h>
#include <glib.h>
#include <glob.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What sockets elsewhere than in the state directory begin with; to be freed. */
static char *short_prefix(const char *state)
{
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, state, -1);
	return g_strdup_printf("/tmp/bisectfs-%.16s-", hash);
}

/* A long state directory does not fit into a socket's name: then a short one, always the same. */
static void choose_path(struct serial *s, const char *state, int slot)
{
	if (g_snprintf(s->path, sizeof(s->path), "%s/vm-%d.sock", state, slot) <
	    (int)sizeof(s->path))
		return;
	g_autofree char *prefix = short_prefix(state);
	g_snprintf(s->path, sizeof(s->path), "%s%d.sock", prefix, slot);
}

void serial_sweep(const char *state)
{
	g_autofree char *prefix = short_prefix(state);
	g_autofree char *pattern = g_strconcat(prefix, "*.sock", NULL);
	glob_t found;
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
	}
	globfree(&found);
}

err_t serial_listen(struct serial *s, const char *state, int slot, struct error *error)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	choose_path(s, state, slot);
	memcpy(name.sun_path, s->path, sizeof(name.sun_path));
	unlink(s->path);
	s->fd = -1;
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
