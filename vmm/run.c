/*
 * initramfs (unless the kernel brings its own user space) -> connection -> files brought to a host
 * elsewhere -> domain, paused -> console -> resumed, watched. Whatever of this fails is the host's
 * fault, not the kernel's: it becomes an outcome too, and whoever asked tries again.
 */
#include "run.h"

#include "domain.h"
#include "engine/base/file.h"
#include "initramfs.h"
#include "ship.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TEMPLATE_MOST ((gsize)1 << 20)

struct run {
	const struct run_place *place;
	const struct run_request *rq;
	struct guest *guest;
	virConnectPtr conn;
	char *initrd;		     /* here; NULL: none */
	char *kernel_there, *volume; /* on a host elsewhere: kernel, initrd; else NULL */
	char *kernel_name; /* for a libvirtd of this machine: of this run alone; else NULL */
};

/* ---- the domain ---- */

/* libvirt's name of the machine to emulate; the kernel has names of its own. */
static char *guest_arch(const struct run_request *rq)
{
	static const char *const names[][2] = { { "arm64", "aarch64" },
						{ "x86", "x86_64" },
						{ "i386", "i686" } };
	struct utsname u;
	for (gsize i = 0; rq->arch && i < G_N_ELEMENTS(names); i++) {
		if (strcmp(rq->arch, names[i][0]) == 0)
			return g_strdup(names[i][1]);
	}
	if (rq->arch && *rq->arch)
		return g_strdup(rq->arch);
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
static err_t choose_console(struct run *r, const char *template, struct error *error)
{
	struct guest *g = r->guest;
	g->by_socket = host_is_embedded(r->place->host);
	bool ours = !template || strstr(template, "@SERIAL@");
	if (!g->by_socket && ours) {
		/* a libvirtd of this machine may have no storage driver: the stream has to do */
		bool needed = ship_is_needed(host_uri(r->place->host));
		err_t err = ship_console(host_ship(r->place->host), r->conn, r->place->number,
					 &g->copy, needed ? error : NULL);
		return needed ? err : 0;
	}
	if (!g->by_socket)
		return 0;
	if (!ours)
		return error_set(error, EINVAL,
				 "the domain template has no @SERIAL@ among its devices: the "
				 "console of the guest would go nowhere");
	return serial_listen(&g->serial, r->place->sockets, r->place->slot, error);
}

static char *fill_in(struct run *r, const char *template, struct error *error)
{
	const struct run_request *rq = r->rq;
	struct host *host = r->place->host;
	g_autofree char *arch = guest_arch(rq);
	g_autofree char *name = g_strdup_printf("bisectfs-%d-%d", (int)getpid(), r->place->number);
	struct domain d = {
		.name = name,
		.arch = arch,
		.kernel = r->kernel_there  ? r->kernel_there
			  : r->kernel_name ? r->kernel_name
					   : rq->kernel,
		.initrd = r->volume ? r->volume : r->initrd,
		.cmdline = rq->cmdline,
		.serial = r->guest->by_socket ? r->guest->serial.path : NULL,
		.copy = r->guest->copy,
		.rootfs = rq->rootfs,
		.memory_mib = rq->memory_mib,
		.cpus = rq->cpus,
		.kvm = same_arch(arch) && !ship_is_needed(host_uri(host)) && host_has_kvm(host),
	};
	return domain_xml(&d, template, error);
}

static err_t make_xml(struct run *r, char **xml, struct error *error)
{
	g_autofree char *template = NULL;
	gsize len = 0;
	if (r->rq->domain)
		template = file_read_head(r->rq->domain, TEMPLATE_MOST, &len);
	if (r->rq->domain && (!template || len == TEMPLATE_MOST))
		return error_set(error, EIO, "cannot read the domain template %s%s", r->rq->domain,
				 template ? ": it is too long" : "");
	err_t err = choose_console(r, template, error);
	if (err)
		return err;
	*xml = fill_in(r, template, error);
	return *xml ? 0 : -EINVAL;
}

/* ---- what it boots ---- */

static void make_word(char hex[CONSOLE_WORD_HEX + 1])
{
	guint8 raw[CONSOLE_WORD_HEX / 2];
	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw)) {
		for (gsize i = 0; i < sizeof(raw); i++)
			raw[i] = (guint8)g_random_int();
	}
	for (gsize i = 0; i < sizeof(raw); i++)
		g_snprintf(hex + 2 * i, 3, "%02x", raw[i]);
}

static err_t make_initrd(struct run *r, const struct console_words *words, struct error *error)
{
	const struct run_place *p = r->place;
	if (!p->busybox->path)
		return error_set(error, ENOENT,
				 "no static busybox for the guest: install the package "
				 "busybox-static");
	struct initramfs in = { .init = p->init,
				.busybox = p->busybox->path,
				.applets = p->busybox->applets,
				.reproducer = r->rq->boot_only ? NULL : r->rq->reproducer,
				.files = r->rq->files,
				.words = words,
				.timeout_s = r->rq->timeout_s,
				.has_rootfs = r->rq->rootfs != NULL };
	r->initrd = g_strdup_printf("%s/vm-%d.cpio", p->state, p->slot);
	return initramfs_write(&in, r->initrd, error);
}

/* A libvirtd of this machine gives QEMU a user of its own, which gets no further than into the
 * state directory itself: there the kernel has a second name as long as the guest runs. */
static err_t name_kernel(struct run *r, struct error *error)
{
	r->kernel_name = g_strdup_printf("%s/vm-%d.kernel", r->place->state, r->place->slot);
	unlink(r->kernel_name); /* of a daemon that was killed */
	if (link(r->rq->kernel, r->kernel_name) != 0)
		return error_set(error, errno, "cannot link %s to %s: %s", r->rq->kernel,
				 r->kernel_name, g_strerror(errno));
	return 0;
}

static err_t bring_files(struct run *r, struct error *error)
{
	struct host *host = r->place->host;
	if (!ship_is_needed(host_uri(host)))
		return host_is_embedded(host) ? 0 : name_kernel(r, error);
	err_t err = ship_kernel(host_ship(host), r->conn, r->rq->kernel, &r->kernel_there, error);
	if (!err && r->initrd)
		err = ship_initrd(host_ship(host), r->conn, r->initrd, &r->volume, error);
	return err;
}

/* ---- the run ---- */

/* The guest and what it alone used go to those who end it. */
static void let_die(struct run *r)
{
	struct guest *g = r->guest;
	serial_close(&g->serial); /* the slot's next guest listens under the same name */
	struct dying_guest dying = { .guest = g_atomic_rc_box_acquire(g),
				     .host = r->place->host,
				     .conn = r->conn,
				     .volume = g_steal_pointer(&r->volume),
				     .copy = g_strdup(g->copy) };
	dying_guests_add(r->place->dying, &dying);
}

static err_t run_connected(struct run *r, struct error *error)
{
	g_autofree char *xml = NULL;
	err_t err = bring_files(r, error);
	if (!err)
		err = make_xml(r, &xml, error);
	if (!err)
		err = guest_start(r->guest, r->place->host, r->conn, xml, error);
	if (!err)
		err = guest_watch(r->guest, error);
	let_die(r);
	guest_tell_growth(r->guest, true);
	return err ? err : guest_write_report(r->guest, error);
}

static err_t run_guest(struct run *r, const struct console_words *words, struct error *error)
{
	err_t err = 0;
	if (r->guest->log < 0)
		return error_set(error, errno, "cannot create %s: %s", r->rq->log,
				 g_strerror(errno));
	if (words)
		err = make_initrd(r, words, error);
	if (!err)
		err = host_connect(r->place->host, &r->conn, error);
	return err ? err : run_connected(r, error);
}

static bool is_hosts_fault(err_t err)
{
	return err && err != -ECANCELED && err != -ENOSPC && err != -EDQUOT;
}

err_t run_once(const struct run_place *place, const struct run_request *rq, struct outcome *outcome,
	       struct error *error)
{
	int64_t begun = guest_now();
	struct console_words words = { .word = { "" } };
	struct error why = { 0 };
	/* with `ready` set the console's lines say what happens, and no init of ours runs */
	bool ours = (rq->reproducer || rq->boot_only) && !(rq->ready && *rq->ready);
	for (int i = 0; ours && i < CONSOLE_WORDS; i++)
		make_word(words.word[i]);
	struct run r = { .place = place, .rq = rq };
	r.guest = guest_new(rq, ours ? &words : NULL);
	err_t err = run_guest(&r, ours ? &words : NULL, &why);
	if (!err) {
		console_outcome(r.guest->console, outcome);
		if (console_tested(r.guest->console))
			outcome->boot_ns = (console_tested(r.guest->console) - begun) * 1000;
	} else if (is_hosts_fault(err)) {
		*outcome = (struct outcome){ .kind = OUTCOME_INFRA, .status = -1 };
		g_strlcpy(outcome->title, why.text, sizeof(outcome->title));
		err = 0;
	}
	if (error)
		*error = why;
	if (r.initrd)
		unlink(r.initrd);
	g_free(r.initrd);
	if (r.kernel_name)
		unlink(r.kernel_name);
	g_free(r.kernel_there);
	g_free(r.kernel_name);
	guest_unref(r.guest);
	return err;
}
