/*
 * One connection serves all runs of a host. Whoever needs it and finds none opens it while the
 * others wait for that; the lock is not held meanwhile, since events of guests need it, and
 * libvirt may take a minute to find out that a machine does not answer.
 *
 * The embedded driver runs in our process: it gets a root directory with a configuration of our
 * own, and QEMU is a process of this machine, which we end faster than libvirt would.
 */
#include "host.h"

#include "probe.h"
#include "qemu_process.h"
#include "ship.h"
#include "sweep.h"
#include "virt_error.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

enum kvm { KVM_UNKNOWN, KVM_PROBING, KVM_NO, KVM_YES };

struct host {
	char *uri, *open_uri, *root;
	bool embedded;
	struct ship *ship;
	GMutex lock;	 /* of all below; no call of libvirt is made with it */
	GCond changed;	 /* of `connecting`, `kvm` */
	bool connecting; /* a thread does: the next three are that thread's */
	virConnectPtr conn;
	int callback;
	struct error broken; /* the embedded driver gets one try per process: why it failed */
	enum kvm kvm;
	GPtrArray *watches; /* struct host_watch * */
};

/* ---- libvirt's events ---- */

static void report_nothing(void *arg, virErrorPtr err)
{
	(void)arg;
	(void)err; /* each failing call reports its own error where it happens */
}

static gpointer event_loop(gpointer arg)
{
	(void)arg;
	while (virEventRunDefaultImpl() == 0)
		;
	return NULL;
}

/* Once per process, and before the first connection. */
static err_t start_events(struct error *error)
{
	static gsize started;
	if (g_once_init_enter(&started)) {
		g_setenv("LIBVIRT_DEBUG", "4",
			 FALSE); /* errors; that guests run as root is meant */
		virSetErrorFunc(NULL, report_nothing);
		gsize state = virInitialize() == 0 && virEventRegisterDefaultImpl() == 0 ? 1 : 2;
		if (state == 1)
			g_thread_unref(g_thread_new("libvirt", event_loop, NULL));
		g_once_init_leave(&started, state);
	}
	return started == 1 ? 0 : virt_error(error, EIO, "cannot start libvirt's event loop");
}

static int lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *arg)
{
	struct host *h = arg;
	char uuid[VIR_UUID_STRING_BUFLEN];
	(void)conn;
	if (event != VIR_DOMAIN_EVENT_STOPPED || virDomainGetUUIDString(dom, uuid) != 0)
		return 0;
	bool failed = detail == VIR_DOMAIN_EVENT_STOPPED_FAILED ||
		      detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED;
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	for (guint i = 0; i < h->watches->len; i++) {
		struct host_watch *w = g_ptr_array_index(h->watches, i);
		if (strcmp(w->uuid, uuid) == 0)
			w->gone(w, failed);
	}
	return 0;
}

void host_watch(struct host *h, struct host_watch *w)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	g_ptr_array_add(h->watches, w);
}

void host_unwatch(struct host *h, struct host_watch *w)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	g_ptr_array_remove_fast(h->watches, w);
}

/* ---- a host ---- */

struct host *host_new(const char *uri, const char *root)
{
	struct host *h = g_new0(struct host, 1);
	h->uri = g_strdup(uri);
	h->embedded = strstr(uri, "/embed") != NULL;
	h->watches = g_ptr_array_new();
	h->root = g_strdup(root);
	h->ship = ship_new(root);
	h->callback = -1;
	g_mutex_init(&h->lock);
	g_cond_init(&h->changed);
	if (h->embedded && !strstr(uri, "root=")) {
		g_autofree char *escaped = g_uri_escape_string(root, "/", TRUE);
		h->open_uri = g_strdup_printf("%s?root=%s", uri, escaped);
	} else {
		h->open_uri = g_strdup(uri);
	}
	return h;
}

const char *host_uri(const struct host *h)
{
	return h->uri;
}

bool host_is_embedded(const struct host *h)
{
	return h->embedded;
}

struct ship *host_ship(struct host *h)
{
	return h->ship;
}

/* ---- the connection ---- */

/* The embedded driver reads this; security drivers and a log daemon are of no use to it. */
static const char qemu_conf[] = "stdio_handler = \"file\"\n"
				"security_driver = \"none\"\n"
				"dynamic_ownership = 0\n"
				"remember_owner = 0\n"
				"namespaces = []\n"
				"cgroup_controllers = []\n";

static void prepare_root(const char *root)
{
	g_autofree char *etc = g_build_filename(root, "etc", NULL);
	g_autofree char *conf = g_build_filename(etc, "qemu.conf", NULL);
	g_mkdir_with_parents(etc, 0700);
	g_autofree char *text = g_strconcat(
		qemu_conf, geteuid() == 0 ? "user = \"root\"\ngroup = \"root\"\n" : "", NULL);
	g_file_set_contents(conf, text, -1, NULL);
}

static void disconnect(struct host *h)
{
	if (!h->conn)
		return;
	if (h->callback >= 0)
		virConnectDomainEventDeregisterAny(h->conn, h->callback);
	virConnectClose(h->conn);
	h->conn = NULL;
	h->callback = -1;
}

static err_t note_failure(struct host *h, struct error *error)
{
	g_autofree char *doing = g_strdup_printf("cannot connect to libvirt at %s", h->uri);
	virt_error(&h->broken, EHOSTUNREACH, doing);
	if (strstr(h->broken.text, "libvirt-qemu"))
		error_set(&h->broken, EHOSTUNREACH,
			  "%s: libvirt's driver needs the system user libvirt-qemu (adduser "
			  "--system --group libvirt-qemu, or install libvirt-daemon-system)",
			  h->broken.text);
	if (error)
		*error = h->broken;
	return -EHOSTUNREACH;
}

static err_t connect_now(struct host *h, struct error *error)
{
	err_t err = start_events(error);
	if (err)
		return err;
	if (h->embedded)
		prepare_root(h->root);
	h->conn = virConnectOpen(h->open_uri);
	if (!h->conn)
		return note_failure(h, error);
	h->callback =
		virConnectDomainEventRegisterAny(h->conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
						 VIR_DOMAIN_EVENT_CALLBACK(lifecycle), h, NULL);
	virConnectSetKeepAlive(h->conn, 5, 3); /* not supported by the embedded driver */
	return 0;
}

/* The connection there is, or a new one. For whoever has the turn. */
static err_t renew_connection(struct host *h, struct error *error)
{
	if (h->conn && virConnectIsAlive(h->conn) == 0)
		disconnect(h);
	if (h->conn)
		return 0;
	if (h->embedded && h->broken.code) {
		if (error)
			*error = h->broken;
		return -h->broken.code;
	}
	return connect_now(h, error);
}

static void begin_connecting(struct host *h)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	while (h->connecting)
		g_cond_wait(&h->changed, &h->lock);
	h->connecting = true;
}

static void end_connecting(struct host *h)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	h->connecting = false;
	g_cond_broadcast(&h->changed);
}

err_t host_connect(struct host *h, virConnectPtr *conn, struct error *error)
{
	begin_connecting(h);
	err_t err = renew_connection(h, error);
	if (!err) {
		virConnectRef(h->conn);
		*conn = h->conn;
	}
	end_connecting(h);
	return err;
}

void host_free(struct host *h)
{
	if (!h)
		return;
	ship_free(h->ship, h->conn);
	disconnect(h);
	if (h->embedded)
		sweep_root(h->root);
	g_ptr_array_unref(h->watches);
	g_mutex_clear(&h->lock);
	g_cond_clear(&h->changed);
	g_free(h->uri);
	g_free(h->open_uri);
	g_free(h->root);
	g_free(h);
}

/* ---- KVM ---- */

/* True: the caller has to probe. */
static bool begin_probing(struct host *h)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	while (h->kvm == KVM_PROBING)
		g_cond_wait(&h->changed, &h->lock);
	if (h->kvm != KVM_UNKNOWN)
		return false;
	h->kvm = KVM_PROBING;
	return true;
}

bool host_has_kvm(struct host *h)
{
	char why[200];
	bool probe = begin_probing(h), found = probe && probe_kvm(why, sizeof(why));
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&h->lock);
	if (probe) {
		h->kvm = found ? KVM_YES : KVM_NO;
		g_cond_broadcast(&h->changed);
	}
	return h->kvm == KVM_YES;
}

/* ---- a domain's end ---- */

/* libvirt by itself would ask QEMU first, and look again after a fifth of a second. */
static void kill_qemu(const struct host *h, const char *name)
{
	g_autofree char *path = g_strdup_printf("%s/run/qemu/%s.pid", h->root, name);
	qemu_process_kill(qemu_process_read_pid(path), h->root);
}

void host_destroy(const struct host *h, virDomainPtr dom)
{
	if (h->embedded)
		kill_qemu(h, virDomainGetName(dom));
	virDomainDestroy(dom); /* an error: it is gone already */
	if (h->embedded)
		sweep_domain(h->root, virDomainGetName(dom));
}
