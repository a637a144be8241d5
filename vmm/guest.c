/*
 * The run's thread polls an eventfd, the cancel button and, for guests on this machine, the
 * console's socket, and feeds what it reads to the log and to console.c. For guests elsewhere
 * libvirt's event thread reads the console's stream and leaves the bytes for the run's thread; it
 * never waits for that, since it serves all guests.
 */
#include "guest.h"

#include "engine/base/cancel.h"
#include "ship.h"
#include "virt_error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int64_t guest_now(void)
{
	return g_get_monotonic_time();
}

static void wake(struct guest *g)
{
	uint64_t one = 1;
	if (write(g->wake, &one, sizeof(one)) != sizeof(one))
		return; /* full: it is awake already */
}

struct guest *guest_new(const struct run_request *rq, const struct console_words *words)
{
	struct guest *g = g_atomic_rc_box_new0(struct guest);
	g->rq = rq;
	g->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->log = open(rq->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (g->log < 0)
		g->log = -errno;
	g->serial.fd = g->serial.listener = -1;
	g->bytes = g_string_new(NULL);
	g->console = console_new(rq, words);
	g_mutex_init(&g->lock);
	return g;
}

static void guest_clear(void *p)
{
	struct guest *g = p;
	if (g->log >= 0)
		close(g->log);
	if (g->wake >= 0)
		close(g->wake);
	serial_close(&g->serial);
	console_free(g->console);
	g_string_free(g->bytes, TRUE);
	g_free(g->copy);
	g_mutex_clear(&g->lock);
}

void guest_unref(void *p)
{
	g_atomic_rc_box_release_full(p, guest_clear);
}

/* ---- libvirt's event thread ---- */

static void domain_gone(struct host_watch *w, bool failed)
{
	struct guest *g = (struct guest *)((char *)w - offsetof(struct guest, watch));
	g_mutex_lock(&g->lock);
	g->gone = true;
	g->failed = failed;
	g_mutex_unlock(&g->lock);
	wake(g);
}

/* What waits for the run's thread, whose log may be on a slow disk. More than this is lost, rather
 * than kept in memory or in everybody's way. */
#define WAITING_MOST ((gsize)8 << 20)
/* Of one guest that never stops printing, before others have their turn. */
#define RECV_AT_ONCE 64

static void keep_bytes(struct guest *g, const char *data, int n)
{
	g->streamed += n;
	if (g->bytes->len + (gsize)n > WAITING_MOST)
		g->lost = true;
	else
		g_string_append_len(g->bytes, data, n);
}

static void console_event(virStreamPtr stream, int events, void *arg)
{
	struct guest *g = arg;
	char buf[16384];
	int n = 1;
	g_mutex_lock(&g->lock); /* the stream does not block */
	for (int i = 0; i < RECV_AT_ONCE && n > 0 && !g->ended; i++) {
		n = virStreamRecv(stream, buf, sizeof(buf));
		if (n > 0)
			keep_bytes(g, buf, n);
	}
	/* the end of a pty is an error, not an end of file */
	if (!g->ended && (n == 0 || n == -1)) {
		g->ended = true;
		virStreamEventRemoveCallback(stream);
	}
	g_mutex_unlock(&g->lock);
	(void)events; /* what they announce the next read says */
	wake(g);
}

/* ---- the run's own thread ---- */

/* What a guest prints beyond this is looked at, but not kept. */
#define LOG_LIMIT ((int64_t)64 << 20)

static err_t write_all(struct guest *g, const char *data, gsize len, struct error *error)
{
	while (len) {
		ssize_t n = write(g->log, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(error, errno, "cannot write the console log: %s",
					 g_strerror(errno));
		data += n;
		len -= (gsize)n;
		g->logged += n;
	}
	return 0;
}

static err_t write_log(struct guest *g, const char *data, gsize len, struct error *error)
{
	static const char last[] = "\n[bisectfs: more than 64 MiB, the rest is not kept]\n";
	gsize room = (gsize)MAX(LOG_LIMIT - g->logged, 0);
	err_t err = room ? write_all(g, data, MIN(len, room), error) : 0;
	if (!err && room && len >= room)
		err = write_all(g, last, sizeof(last) - 1, error);
	return err;
}

#define TELL_EVERY (G_USEC_PER_SEC / 10)

void guest_tell_growth(struct guest *g, bool last)
{
	int64_t now = guest_now();
	if (g->rq->grew && (last || now - g->told >= TELL_EVERY)) {
		g->told = now;
		g->rq->grew(g->rq->arg, g->logged);
	}
}

/* A guest that never stops printing must not keep us from looking at the clock. */
#define READ_AT_ONCE ((gsize)1 << 20)

/* False: the console is at its end. */
static bool read_socket(struct guest *g, GString *data)
{
	char buf[16384];
	int n = 0;
	while (data->len < READ_AT_ONCE && (n = serial_read(&g->serial, buf, sizeof(buf))) > 0)
		g_string_append_len(data, buf, n);
	return n >= 0;
}

static void take_streamed(struct guest *g, GString *data)
{
	static const char lost[] = "\n[bisectfs: it prints too fast, some of it was lost]\n";
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&g->lock);
	g_string_append_len(data, g->bytes->str, (gssize)g->bytes->len);
	g_string_truncate(g->bytes, 0);
	if (g->lost)
		g_string_append(data, lost);
	g->lost = false;
}

#define QUIET_US (G_USEC_PER_SEC / 20)

/* What the pty has forgotten when QEMU ended. libvirt's logger may be some milliseconds behind, so
 * it is at its end when a second look finds nothing more. */
static err_t take_rest(struct guest *g, GString *data, struct error *error)
{
	g_autoptr(GString) rest = g_string_new(NULL);
	err_t err = 0;
	for (int quiet = 0; !err && quiet < 2 && rest->len < WAITING_MOST; quiet++) {
		gsize before = rest->len;
		err = ship_read(g->conn, g->copy, g->streamed + (int64_t)before,
				WAITING_MOST - before, rest, error);
		if (rest->len > before)
			quiet = 0;
		g_usleep(QUIET_US);
	}
	g_string_append_len(data, rest->str, (gssize)rest->len);
	return err;
}

/* A stream that misses its end must not keep the slot. */
static void give_up_stream(struct guest *g)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&g->lock);
	if (g->watched && !g->ended)
		virStreamEventRemoveCallback(g->stream);
	g->ended = true;
}

/* Takes what has arrived. `over`: nothing more will. */
static err_t take_bytes(struct guest *g, bool *over, struct error *error)
{
	g_autoptr(GString) data = g_string_new(NULL);
	/* asked before the bytes are taken: at the end, then, these are all */
	g_mutex_lock(&g->lock);
	bool gone = g->gone, ended = g->ended, failed = g->failed;
	g_mutex_unlock(&g->lock);
	if (!g->by_socket)
		take_streamed(g, data);
	else if (!ended)
		g->ended = ended = !read_socket(g, data);
	/* the last bytes may come after the news that the domain stopped */
	*over = gone && ended;
	err_t err = *over && g->copy ? take_rest(g, data, error) : 0;
	if (!err && data->len)
		err = write_log(g, data->str, data->len, error);
	if (data->len) {
		console_feed(g->console, data->str, data->len, guest_now());
		guest_tell_growth(g, false);
	}
	if (*over)
		console_gone(g->console, failed, guest_now());
	return err;
}

err_t guest_watch(struct guest *g, struct error *error)
{
	bool over = false;
	int64_t gone_since = 0;
	console_start(g->console, guest_now());
	while (console_phase(g->console) != CONSOLE_OVER && !over) {
		int64_t left = (console_deadline(g->console) - guest_now()) / 1000 + 1;
		if (gone_since)
			left = MIN(left, 200);
		bool read_it = g->by_socket && !g->ended;
		struct pollfd fds[3] = {
			{ .fd = g->wake, .events = POLLIN },
			{ .fd = g->rq->cancel ? g->rq->cancel->fd : -1, .events = POLLIN },
			{ .fd = read_it ? serial_fd(&g->serial) : -1, .events = POLLIN },
		};
		poll(fds, 3, (int)CLAMP(left, 0, 1000));
		if (fds[1].revents)
			return error_set(error, ECANCELED, "stopped");
		uint64_t n;
		if (fds[0].revents && read(g->wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
			return error_set(error, errno, "eventfd: %s", g_strerror(errno));
		err_t err = take_bytes(g, &over, error);
		if (err)
			return err;
		console_tick(g->console, guest_now());
		g_mutex_lock(&g->lock);
		bool gone = g->gone;
		g_mutex_unlock(&g->lock);
		if (gone && !gone_since)
			gone_since = guest_now();
		if (gone_since && !over && guest_now() - gone_since > G_USEC_PER_SEC)
			give_up_stream(g);
	}
	return 0;
}

err_t guest_write_report(struct guest *g, struct error *error)
{
	gsize len;
	const char *text = console_report(g->console, &len);
	struct outcome outcome;
	console_outcome(g->console, &outcome);
	if (!text || outcome.kind == OUTCOME_OK)
		return 0;
	int fd = open(g->rq->report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err_t err = fd < 0 ? -errno : 0;
	if (!err && write(fd, text, len) != (ssize_t)len)
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err ? error_set(error, -err, "cannot write the crash report: %s", g_strerror(-err))
		   : 0;
}

static err_t start_domain(struct guest *g, struct host *host, virConnectPtr conn, const char *xml,
			  struct error *error)
{
	unsigned flags = VIR_DOMAIN_START_PAUSED;
	g->conn = conn;
	if (!host_is_embedded(
		    host)) /* not known to the embedded driver, whose guests the supervisor ends */
		flags |= VIR_DOMAIN_START_AUTODESTROY;
	g->dom = virDomainCreateXML(conn, xml, flags);
	if (!g->dom)
		return virt_error(error, EIO, "cannot start the guest");
	virDomainGetUUIDString(g->dom, g->watch.uuid);
	g->watch.gone = domain_gone;
	host_watch(host, &g->watch);
	return 0;
}

static err_t open_stream(struct guest *g, virConnectPtr conn, struct error *error)
{
	g->stream = virStreamNew(conn, VIR_STREAM_NONBLOCK);
	if (!g->stream ||
	    virDomainOpenConsole(g->dom, NULL, g->stream, VIR_DOMAIN_CONSOLE_FORCE) != 0)
		return virt_error(error, EIO, "cannot open the guest's console");
	if (virStreamEventAddCallback(
		    g->stream,
		    VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR,
		    console_event, g_atomic_rc_box_acquire(g), guest_unref) != 0) {
		guest_unref(g);
		return virt_error(error, EIO, "cannot watch the guest's console");
	}
	g->watched = true;
	return 0;
}

err_t guest_start(struct guest *g, struct host *host, virConnectPtr conn, const char *xml,
		  struct error *error)
{
	err_t err = start_domain(g, host, conn, xml, error);
	if (!err && !g->by_socket)
		err = open_stream(g, conn, error);
	if (!err && virDomainResume(g->dom) != 0)
		err = virt_error(error, EIO, "cannot let the guest run");
	return err;
}

void guest_end(struct guest *g, struct host *host)
{
	if (g->stream) { /* before the domain: closing it then finds nothing half gone */
		give_up_stream(g);
		virStreamAbort(g->stream);
		virStreamFree(g->stream);
	}
	if (!g->dom)
		return;
	host_destroy(host, g->dom);
	host_unwatch(host, &g->watch);
	virDomainFree(g->dom);
}
