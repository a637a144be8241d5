/*
 * One guest: its domain from the start to the end, its console as bytes come, its log and report.
 * Inside the room: run.c says which guest and where. The run's own thread, unless said otherwise.
 */
#ifndef VMM_GUEST_H
#define VMM_GUEST_H

#include "console.h"
#include "host.h"
#include "serial.h"

#include <glib.h>
#include <libvirt/libvirt.h>

/* State of one run. Counted, since a callback of the console may still be on its way when the run
 * is over. */
struct guest {
	struct host_watch watch;
	const struct run_request *rq;
	virDomainPtr dom;
	virStreamPtr stream;
	struct serial serial; /* in place of the stream, for guests on this machine */
	bool by_socket;
	virConnectPtr conn; /* borrowed, until the run is over */
	char *copy;	    /* file on the host with all that the console printed; NULL: none */
	struct console *console;
	GMutex lock;	  /* of what follows up to `failed`: libvirt's event thread sets it */
	GString *bytes;	  /* from the stream, not taken yet; bounded */
	bool lost;	  /* more came than it holds */
	int64_t streamed; /* bytes that came */
	bool watched;	  /* the stream has its callback */
	bool ended;	  /* the console is at its end */
	bool gone;	  /* the domain has stopped */
	bool failed;	  /* ... killed from outside */
	int wake;	  /* eventfd */
	int log;	  /* descriptor */
	int64_t logged;
	int64_t told; /* monotonic us, of the last call of rq->grew */
};

/* Monotonic, us. */
int64_t guest_now(void);

/* With its log open, or -errno in `log`. `words`: see console_new. */
struct guest *guest_new(const struct run_request *rq, const struct console_words *words);
void guest_unref(void *guest); /* any thread */

/* Created paused: the console is listened to before the guest's first byte. */
err_t guest_start(struct guest *g, struct host *host, virConnectPtr conn, const char *xml,
		  struct error *error);
/* Until the console says what came of it. -ECANCELED, -ENOSPC. */
err_t guest_watch(struct guest *g, struct error *error);
/* Tells how long the log is; `last`: whenever that was told before. */
void guest_tell_growth(struct guest *g, bool last);
err_t guest_write_report(struct guest *g, struct error *error);
/* Destroys the domain; any thread, once the run is over. */
void guest_end(struct guest *g, struct host *host);

#endif
