/*
 * A slot belongs to a host for good: slots 0..k-1 to the first, and so on. Everything that a run
 * needs is put together here and handed to run.c; nothing of it changes while runs go on.
 */
#include "vmm.h"

#include "busybox.h"
#include "dying_guests.h"
#include "host.h"
#include "run.h"
#include "short_path.h"
#include "sweep.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

struct vmm {
	GPtrArray *hosts;      /* struct host * */
	GArray *slot_host;     /* guint: the host of each slot */
	char *state, *sockets; /* the same directory, by a name that is short enough */
	char *init;
	struct busybox busybox;
	struct dying_guests *dying;
	gint runs; /* begun so far: each has a number of its own */
};

static err_t vmm_run(void *self, int slot, const struct run_request *rq, struct outcome *outcome,
		     struct error *error)
{
	struct vmm *vmm = self;
	guint host = g_array_index(vmm->slot_host, guint, slot);
	struct run_place place = {
		.host = g_ptr_array_index(vmm->hosts, host),
		.dying = vmm->dying,
		.state = vmm->state,
		.sockets = vmm->sockets,
		.init = vmm->init,
		.busybox = &vmm->busybox,
		.slot = slot,
		.number = g_atomic_int_add(&vmm->runs, 1),
	};
	err_t err = short_path_keep(vmm->sockets, vmm->state, error);
	if (err)
		return err;
	dying_guests_wait(vmm->dying, (int)vmm->slot_host->len);
	return run_once(&place, rq, outcome, error);
}

static void add_hosts(struct vmm *vmm, const struct vmm_host *hosts, int n)
{
	for (int i = 0; i < n; i++) {
		g_autofree char *root = i == 0 ? g_build_filename(vmm->sockets, "libvirt", NULL)
					       : g_strdup_printf("%s/libvirt-%d", vmm->sockets, i);
		guint index = (guint)i;
		g_ptr_array_add(vmm->hosts, host_new(hosts[i].uri, root));
		for (int k = 0; k < hosts[i].vms; k++)
			g_array_append_val(vmm->slot_host, index);
	}
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
	/* one name for one directory, by which the next daemon knows our guests */
	g_autofree char *real = realpath(state, NULL);
	vmm->state = g_strdup(real ? real : state);
	vmm->init = g_strdup(init);
	vmm->hosts = g_ptr_array_new();
	vmm->slot_host = g_array_new(FALSE, FALSE, sizeof(guint));
	sweep_state(vmm->state);
	err_t err = short_path_make(vmm->state, &vmm->sockets, error);
	if (err) {
		vmm_free(vmm);
		return err;
	}
	add_hosts(vmm, hosts, n);
	busybox_find(&vmm->busybox);
	vmm->dying = dying_guests_new((int)vmm->slot_host->len);
	*out = vmm;
	return 0;
}

void vmm_settle(struct vmm *vmm)
{
	dying_guests_wait(vmm->dying, 0);
}

void vmm_free(struct vmm *vmm)
{
	if (!vmm)
		return;
	if (vmm->dying)
		dying_guests_free(vmm->dying);
	for (guint i = 0; i < vmm->hosts->len; i++)
		host_free(g_ptr_array_index(vmm->hosts, i));
	g_ptr_array_unref(vmm->hosts);
	g_array_unref(vmm->slot_host);
	busybox_clear(&vmm->busybox);
	if (vmm->sockets)
		short_path_remove(vmm->sockets, vmm->state);
	g_free(vmm->sockets);
	g_free(vmm->state);
	g_free(vmm->init);
	g_free(vmm);
}

struct runner vmm_runner(struct vmm *vmm)
{
	return (struct runner){ .self = vmm, .slots = (int)vmm->slot_host->len, .run = vmm_run };
}
