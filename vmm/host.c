#include "host.h"

#include "probe.h"
#include "ship.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct host {
	char *uri, *open_uri, *root;
	bool embedded;
	GMutex lock;
	virConnectPtr conn;
	int callback;
	GPtrArray *watches; /* struct host_watch * */
	bool probed, kvm;
	GMutex shipping;     /* held while a kernel is brought; guards the next */
	GQueue kernels;	     /* char *: volumes on another machine, the latest first */
	struct error broken; /* the embedded driver gets one try per process: why it failed */
};

err_t host_error(struct error *error, int code, const char *doing)
{
	const char *why = virGetLastErrorMessage();
	return error_set(error, code, "%s: %s", doing, why ? why : "unknown libvirt error");
}

static void stay_quiet(void *arg, virErrorPtr err)
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

err_t host_events_start(struct error *error)
{
	static gsize started;
	if (g_once_init_enter(&started)) {
		g_setenv("LIBVIRT_DEBUG", "4",
			 FALSE); /* errors; that guests run as root is meant */
		virSetErrorFunc(NULL, stay_quiet);
		gsize state = virInitialize() == 0 && virEventRegisterDefaultImpl() == 0 ? 1 : 2;
		if (state == 1)
			g_thread_unref(g_thread_new("libvirt", event_loop, NULL));
		g_once_init_leave(&started, state);
	}
	return started == 1 ? 0 : host_error(error, EIO, "cannot start libvirt's event loop");
}

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

struct host *host_new(const char *uri, const char *root)
{
	struct host *h = g_new0(struct host, 1);
	h->uri = g_strdup(uri);
	h->embedded = strstr(uri, "/embed") != NULL;
	h->watches = g_ptr_array_new();
	h->root = g_strdup(root);
	h->callback = -1;
	g_mutex_init(&h->lock);
	g_mutex_init(&h->shipping);
	if (h->embedded && !strstr(uri, "root=")) {
		g_autofree char *escaped = g_uri_escape_string(root, "/", TRUE);
		h->open_uri = g_strdup_printf("%s?root=%s", uri, escaped);
	} else {
		h->open_uri = g_strdup(uri);
	}
	return h;
}

#define KERNELS_KEPT 4

/* The latest first; one too many is deleted there. */
static void note_kernel(struct host *h, virConnectPtr conn, const char *remote)
{
	GList *l = g_queue_find_custom(&h->kernels, remote, (GCompareFunc)strcmp);
	if (l) {
		g_queue_unlink(&h->kernels, l);
		g_queue_push_head_link(&h->kernels, l);
		return;
	}
	g_queue_push_head(&h->kernels, g_strdup(remote));
	if (h->kernels.length > KERNELS_KEPT) {
		g_autofree char *old = g_queue_pop_tail(&h->kernels);
		ship_remove(conn, old);
	}
}

static bool was_brought(const char *remote, void *arg)
{
	struct host *h = arg;
	return g_queue_find_custom(&h->kernels, remote, (GCompareFunc)strcmp) != NULL;
}

err_t host_bring_kernel(struct host *h, virConnectPtr conn, const char *path, char **remote,
			struct error *error)
{
	/* volumes of two daemons must not be mixed up: each deletes its own */
	g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, h->root, -1);
	g_autofree char *prefix = g_strdup_printf("kernel-%.8s", id);
	g_mutex_lock(&h->shipping);
	err_t err = ship_file(conn, prefix, path, was_brought, h, remote, error);
	if (!err)
		note_kernel(h, conn, *remote);
	g_mutex_unlock(&h->shipping);
	return err;
}

static void remove_kernels(struct host *h)
{
	char *remote;
	while ((remote = g_queue_pop_head(&h->kernels))) {
		if (h->conn)
			ship_remove(h->conn, remote);
		g_free(remote);
	}
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

void host_free(struct host *h)
{
	if (!h)
		return;
	remove_kernels(h);
	disconnect(h);
	if (h->embedded)
		host_sweep(h->root);
	g_ptr_array_unref(h->watches);
	g_mutex_clear(&h->lock);
	g_mutex_clear(&h->shipping);
	g_free(h->uri);
	g_free(h->open_uri);
	g_free(h->root);
	g_free(h);
}

const char *host_uri(const struct host *h)
{
	return h->uri;
}

bool host_is_embedded(const struct host *h)
{
	return h->embedded;
}

static int lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *arg)
{
	struct host *h = arg;
	char uuid[VIR_UUID_STRING_BUFLEN];
	(void)conn;
	if (event != VIR_DOMAIN_EVENT_STOPPED || virDomainGetUUIDString(dom, uuid) != 0)
		return 0;
	g_mutex_lock(&h->lock);
	for (guint i = 0; i < h->watches->len; i++) {
		struct host_watch *w = g_ptr_array_index(h->watches, i);
		if (strcmp(w->uuid, uuid) == 0)
			w->gone(w, detail == VIR_DOMAIN_EVENT_STOPPED_FAILED ||
					   detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED);
	}
	g_mutex_unlock(&h->lock);
	return 0;
}

static err_t connect_now(struct host *h, struct error *error)
{
	err_t err = host_events_start(error);
	if (err)
		return err;
	if (h->embedded)
		prepare_root(h->root);
	h->conn = virConnectOpen(h->open_uri);
	if (!h->conn) {
		g_autofree char *doing = g_strdup_printf("cannot connect to libvirt at %s", h->uri);
		host_error(&h->broken, EHOSTUNREACH, doing);
		if (strstr(h->broken.text, "libvirt-qemu"))
			error_set(
				&h->broken, EHOSTUNREACH,
				"%s: libvirt's driver needs the system user libvirt-qemu (adduser "
				"--system --group libvirt-qemu, or install libvirt-daemon-system)",
				h->broken.text);
		if (error)
			*error = h->broken;
		return -EHOSTUNREACH;
	}
	h->callback =
		virConnectDomainEventRegisterAny(h->conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
						 VIR_DOMAIN_EVENT_CALLBACK(lifecycle), h, NULL);
	virConnectSetKeepAlive(h->conn, 5, 3); /* not supported by the embedded driver */
	return 0;
}

err_t host_connect(struct host *h, virConnectPtr *conn, struct error *error)
{
	g_mutex_lock(&h->lock);
	err_t err = 0;
	if (h->conn && virConnectIsAlive(h->conn) == 0)
		disconnect(h);
	if (h->embedded && h->broken.code) {
		err = -h->broken.code;
		if (error)
			*error = h->broken;
	} else if (!h->conn) {
		err = connect_now(h, error);
	}
	if (!err) {
		virConnectRef(h->conn);
		*conn = h->conn;
	}
	g_mutex_unlock(&h->lock);
	return err;
}

bool host_has_kvm(struct host *h)
{
	char why[200];
	g_mutex_lock(&h->lock);
	if (!h->probed) {
		h->kvm = probe_kvm(why, sizeof(why));
		h->probed = true;
	}
	bool kvm = h->kvm;
	g_mutex_unlock(&h->lock);
	return kvm;
}

void host_watch(struct host *h, struct host_watch *w)
{
	g_mutex_lock(&h->lock);
	g_ptr_array_add(h->watches, w);
	g_mutex_unlock(&h->lock);
}

void host_unwatch(struct host *h, struct host_watch *w)
{
	g_mutex_lock(&h->lock);
	g_ptr_array_remove_fast(h->watches, w);
	g_mutex_unlock(&h->lock);
}

/* A pid file may be old and its pid somebody else's by now: the command line must name our root. */
static bool is_our_guest(int pid, const char *root)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid);
	g_autofree char *text = NULL;
	gsize len;
	if (!g_file_get_contents(path, &text, &len, NULL))
		return false;
	return strstr(text, "qemu") && memmem(text, len, root, strlen(root)) != NULL;
}

void host_kill(const struct host *h, virDomainPtr dom)
{
	if (!h->embedded)
		return;
	g_autofree char *path =
		g_strdup_printf("%s/run/qemu/%s.pid", h->root, virDomainGetName(dom));
	g_autofree char *text = NULL;
	int pid = g_file_get_contents(path, &text, NULL, NULL) ? atoi(text) : 0;
	if (pid <= 1 || !is_our_guest(pid, h->root))
		return;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (kill(pid, SIGKILL) == 0 && fd >= 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		poll(&p, 1, 1000);
		/* dead; libvirt sees it gone once our supervisor has reaped it */
		for (int i = 0; i < 50 && kill(pid, 0) == 0; i++)
			g_usleep(1000);
	}
	if (fd >= 0)
		close(fd);
}

int host_sweep(const char *root)
{
	g_autofree char *dir = g_build_filename(root, "run", "qemu", NULL);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;
	int swept = 0;
	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);
		g_autofree char *text = NULL;
		if (!g_str_has_suffix(name, ".pid") || strcmp(name, "driver.pid") == 0 ||
		    !g_file_get_contents(path, &text, NULL, NULL))
			continue;
		int pid = atoi(text);
		if (pid > 1 && is_our_guest(pid, root) && kill(pid, SIGKILL) == 0)
			swept++;
		unlink(path);
	}
	if (d)
		g_dir_close(d);
	return swept;
}
