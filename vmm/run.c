/*
 * One run: a fresh domain, its console, its outcome.
 */
#include "vmm.h"

#include "engine/base/spawn.h"
#include "domain.h"
#include "guest.h"
#include "initramfs.h"
#include "ship.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

struct vmm {
	GPtrArray *hosts;  /* struct host * */
	GArray *slot_host; /* guint: the host of each slot */
	char *state, *init, *busybox;
	GStrv applets;
	gint counter;
	GThreadPool *undertakers; /* end domains (struct remains *) while the next run begins */
	GMutex lock;		  /* of the two below */
	GCond settled;
	int remains; /* domains that are being ended */
};

static char *guest_arch(const struct run_request *rq)
{
	struct utsname u;
	if (rq->arch && *rq->arch) {
		/* the kernel's names and libvirt's */
		if (strcmp(rq->arch, "arm64") == 0)
			return g_strdup("aarch64");
		if (strcmp(rq->arch, "x86") == 0)
			return g_strdup("x86_64");
		if (strcmp(rq->arch, "i386") == 0)
			return g_strdup("i686");
		return g_strdup(rq->arch);
	}
	return g_strdup(uname(&u) == 0 ? u.machine : "x86_64");
}

static bool same_arch(const char *guest)
{
	struct utsname u;
	return uname(&u) == 0 && (strcmp(u.machine, guest) == 0 ||
				  (strcmp(u.machine, "x86_64") == 0 && strcmp(guest, "i686") == 0));
}

/* A guest on this machine connects its console to a socket of ours. libvirt's console stream is for
 * other hosts: with the driver in our own process, closing it while the domain ends can deadlock
 * (libvirt 9.0: virStreamAbort against virChrdevFree). */
static err_t choose_console(struct vmm *vmm, struct host *host, int slot, const char *template,
			    struct guest *g, struct error *error)
{
	g->by_socket = host_is_embedded(host);
	if (!g->by_socket)
		return 0;
	if (template && !strstr(template, "@SERIAL@"))
		return error_set(error, EINVAL,
				 "the domain template has no @SERIAL@ among its devices: the "
				 "console of the guest would go nowhere");
	return serial_listen(&g->serial, vmm->state, slot, error);
}

/* Where the host finds the guest's files: here, or in volumes brought there. */
struct files {
	char *kernel, *initrd;
	bool brought;
	bool shown; /* `kernel` is a second name, of this guest alone */
};

static char *make_xml(struct vmm *vmm, struct host *host, int slot, const struct files *files,
		      struct guest *g, struct error *error)
{
	const struct run_request *rq = g->rq;
	g_autofree char *arch = guest_arch(rq);
	g_autofree char *name = g_strdup_printf("bisectfs-%d-%d", (int)getpid(),
						g_atomic_int_add(&vmm->counter, 1));
	g_autofree char *template = NULL;
	if (rq->domain && !g_file_get_contents(rq->domain, &template, NULL, NULL)) {
		error_set(error, EIO, "cannot read the domain template %s", rq->domain);
		return NULL;
	}
	if (choose_console(vmm, host, slot, template, g, error) != 0)
		return NULL;
	struct domain d = {
		.name = name,
		.arch = arch,
		.kernel = files->kernel,
		.initrd = files->initrd,
		.cmdline = rq->cmdline,
		.serial = g->by_socket ? g->serial.path : NULL,
		.rootfs = rq->rootfs,
		.memory_mib = rq->memory_mib,
		.cpus = rq->cpus,
		.kvm = same_arch(arch) && !ship_is_needed(host_uri(host)) && host_has_kvm(host),
	};
	return domain_xml(&d, template, error);
}

static err_t make_initrd(struct vmm *vmm, const struct run_request *rq, const char *path,
			 const char *nonce, struct error *error)
{
	if (!vmm->busybox)
		return error_set(error, ENOENT,
				 "no static busybox for the guest: install the package "
				 "busybox-static");
	struct initramfs in = { .init = vmm->init,
				.busybox = vmm->busybox,
				.applets = vmm->applets,
				.reproducer = rq->reproducer,
				.files = rq->files,
				.nonce = nonce,
				.timeout_s = rq->timeout_s,
				.has_rootfs = rq->rootfs != NULL };
	return initramfs_write(&in, path, error);
}

static void make_nonce(char *hex, gsize size)
{
	guint8 raw[12] = { 0 };
	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		memcpy(raw, &(gint64){ g_get_real_time() }, sizeof(gint64));
	for (gsize i = 0; i < sizeof(raw); i++)
		g_snprintf(hex + 2 * i, size - 2 * i, "%02x", raw[i]);
}

/* A libvirtd of this machine gives QEMU a user of its own, which gets no further than into the
 * state directory itself: there the kernel has a second name as long as the guest runs. */
static err_t show_kernel(struct vmm *vmm, int slot, const struct run_request *rq, struct files *f,
			 struct error *error)
{
	f->kernel = g_strdup_printf("%s/vm-%d.kernel", vmm->state, slot);
	unlink(f->kernel); /* of a daemon that was killed */
	if (link(rq->kernel, f->kernel) != 0)
		return error_set(error, errno, "cannot link %s to %s: %s", rq->kernel, f->kernel,
				 g_strerror(errno));
	f->shown = true;
	return 0;
}

static err_t bring_files(struct vmm *vmm, int slot, struct host *host, virConnectPtr conn,
			 const struct run_request *rq, const char *initrd, struct files *f,
			 struct error *error)
{
	if (!ship_is_needed(host_uri(host))) {
		f->initrd = g_strdup(initrd);
		if (!host_is_embedded(host))
			return show_kernel(vmm, slot, rq, f, error);
		f->kernel = g_strdup(rq->kernel);
		return 0;
	}
	f->brought = true;
	err_t err = host_bring_kernel(host, conn, rq->kernel, &f->kernel, error);
	if (!err && initrd)
		err = ship_file(conn, "initrd", initrd, NULL, NULL, &f->initrd, error);
	return err;
}

static void drop_files(virConnectPtr conn, struct files *f)
{
	if (f->brought && f->initrd) /* of this run alone: it holds the nonce */
		ship_remove(conn, f->initrd);
	g_free(f->kernel);
	g_free(f->initrd);
}

/* ---- the end of a run ---- */

/* What is left of it when its outcome is known. Ending a domain takes libvirt a fifth of a second
 * at least, and the next run need not wait for that. */
struct remains {
	struct guest *g;
	struct host *host;
	virConnectPtr conn;
	struct files files;
};

static void end_run(gpointer data, gpointer arg)
{
	struct remains *r = data;
	struct vmm *vmm = arg;
	guest_end(r->g, r->host);
	drop_files(r->conn, &r->files);
	virConnectClose(r->conn);
	guest_unref(r->g);
	g_free(r);
	g_mutex_lock(&vmm->lock);
	vmm->remains--;
	g_cond_broadcast(&vmm->settled);
	g_mutex_unlock(&vmm->lock);
}

/* Waits until no more than so many domains are being ended. */
static void wait_for_remains(struct vmm *vmm, int most)
{
	g_mutex_lock(&vmm->lock);
	while (vmm->remains > most)
		g_cond_wait(&vmm->settled, &vmm->lock);
	g_mutex_unlock(&vmm->lock);
}

void vmm_settle(struct vmm *vmm)
{
	wait_for_remains(vmm, 0);
}

static void leave_remains(struct vmm *vmm, struct guest *g, struct host *host, virConnectPtr conn,
			  struct files *files)
{
	struct remains r = {
		.g = g_atomic_rc_box_acquire(g), .host = host, .conn = conn, .files = *files
	};
	/* the slot's next guest listens under the same name */
	g_mutex_lock(&g->lock);
	serial_close(&g->serial);
	g_mutex_unlock(&g->lock);
	g_mutex_lock(&vmm->lock);
	vmm->remains++;
	g_mutex_unlock(&vmm->lock);
	g_thread_pool_push(vmm->undertakers, g_memdup2(&r, sizeof(r)), NULL);
}

static err_t run_on(struct vmm *vmm, struct host *host, int slot, const char *initrd,
		    struct guest *g, struct error *error)
{
	virConnectPtr conn = NULL;
	struct files files = { 0 };
	g_autofree char *xml = NULL;
	err_t err = host_connect(host, &conn, error);
	if (err)
		return err;
	err = bring_files(vmm, slot, host, conn, g->rq, initrd, &files, error);
	if (!err) {
		xml = make_xml(vmm, host, slot, &files, g, error);
		err = xml ? guest_start(g, host, conn, xml, error) : -error->code;
	}
	if (!err)
		err = guest_watch(g, error);
	if (files.shown)
		unlink(files.kernel);
	leave_remains(vmm, g, host, conn, &files);
	guest_tell_growth(g, true);
	return err ? err : guest_write_report(g, error);
}

static err_t vmm_run(void *self, int slot, const struct run_request *rq, struct outcome *outcome,
		     struct error *error)
{
	struct vmm *vmm = self;
	int64_t begun = guest_now();
	struct host *host =
		g_ptr_array_index(vmm->hosts, g_array_index(vmm->slot_host, guint, slot));
	char nonce[32];
	struct error why = { 0 };
	g_autofree char *initrd = g_strdup_printf("%s/vm-%d.cpio", vmm->state, slot);
	make_nonce(nonce, sizeof(nonce));
	wait_for_remains(vmm, (int)vmm->slot_host->len);
	/* with `ready` set the console's lines say what happens, and no init of ours runs */
	bool ours = rq->reproducer && !(rq->ready && *rq->ready);
	struct guest *g = guest_new(rq, ours ? nonce : NULL);
	err_t err = g->log < 0 ? error_set(&why, errno, "cannot create %s: %s", rq->log,
					   g_strerror(errno))
			       : 0;
	if (!err && ours)
		err = make_initrd(vmm, rq, initrd, nonce, &why);
	if (!err)
		err = run_on(vmm, host, slot, ours ? initrd : NULL, g, &why);
	if (!err) {
		console_outcome(g->console, outcome);
		if (console_tested(g->console))
			outcome->boot_ns = (console_tested(g->console) - begun) * 1000;
	} else if (err != -ECANCELED && err != -ENOSPC && err != -EDQUOT) {
		/* not the kernel's fault: said as an outcome, and tried again by the caller */
		*outcome = (struct outcome){ .kind = OUTCOME_INFRA, .status = -1 };
		g_strlcpy(outcome->title, why.text, sizeof(outcome->title));
		err = 0;
	}
	if (error)
		*error = why;
	unlink(initrd);
	guest_unref(g);
	return err;
}

/* ---- set-up ---- */

/* A dynamic busybox would find no libraries in the guest. */
static bool is_static(const char *path)
{
	g_autofree char *data = NULL;
	gsize len;
	return g_file_get_contents(path, &data, &len, NULL) &&
	       memmem(data, MIN(len, 4096), "/ld-linux", 9) == NULL &&
	       memmem(data, MIN(len, 4096), "/lib", 4) == NULL;
}

static void find_busybox(struct vmm *vmm)
{
	static const char *const places[] = { "/bin/busybox", "/usr/bin/busybox",
					      "/usr/lib/busybox/busybox-static" };
	for (gsize i = 0; i < G_N_ELEMENTS(places) && !vmm->busybox; i++) {
		if (is_static(places[i]))
			vmm->busybox = g_strdup(places[i]);
	}
	if (!vmm->busybox)
		return;
	char *argv[] = { vmm->busybox, (char *)"--list", NULL }, *text = NULL;
	struct spawn sp = { .argv = argv };
	int status;
	if (spawn_capture(&sp, 65536, &text, &status, NULL) == 0 && status == 0)
		vmm->applets = g_strsplit(g_strchomp(text), "\n", -1);
	g_free(text);
}

err_t vmm_new(const struct vmm_host *hosts, int n, const char *state, const char *init,
	      struct vmm **out, struct error *error)
{
	if (access(init, R_OK) != 0)
		return error_set(error, ENOENT,
				 "the guest's init %s is missing: install bisectfs "
				 "whole, or run it from its build directory",
				 init);
	struct vmm *vmm = g_new0(struct vmm, 1);
	vmm->state = g_strdup(state);
	vmm->init = g_strdup(init);
	vmm->hosts = g_ptr_array_new();
	vmm->slot_host = g_array_new(FALSE, FALSE, sizeof(guint));
	for (int i = 0; i < n; i++) {
		g_autofree char *root = i == 0 ? g_build_filename(state, "libvirt", NULL)
					       : g_strdup_printf("%s/libvirt-%d", state, i);
		guint index = (guint)i;
		host_sweep(root);
		g_ptr_array_add(vmm->hosts, host_new(hosts[i].uri, root));
		for (int k = 0; k < hosts[i].vms; k++)
			g_array_append_val(vmm->slot_host, index);
	}
	find_busybox(vmm);
	g_mutex_init(&vmm->lock);
	g_cond_init(&vmm->settled);
	vmm->undertakers = g_thread_pool_new(end_run, vmm, (int)vmm->slot_host->len, FALSE, NULL);
	*out = vmm;
	return 0;
}

void vmm_free(struct vmm *vmm)
{
	if (!vmm)
		return;
	vmm_settle(vmm);
	g_thread_pool_free(vmm->undertakers, FALSE, TRUE);
	g_mutex_clear(&vmm->lock);
	g_cond_clear(&vmm->settled);
	for (guint i = 0; i < vmm->hosts->len; i++)
		host_free(g_ptr_array_index(vmm->hosts, i));
	g_ptr_array_unref(vmm->hosts);
	g_array_unref(vmm->slot_host);
	g_strfreev(vmm->applets);
	g_free(vmm->state);
	g_free(vmm->init);
	g_free(vmm->busybox);
	g_free(vmm);
}

struct runner vmm_runner(struct vmm *vmm)
{
	return (struct runner){ .self = vmm, .slots = (int)vmm->slot_host->len, .run = vmm_run };
}
