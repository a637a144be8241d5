#include "domain.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static const struct machine {
	const char *arch, *machine, *console, *features;
} machines[] = {
	{ "x86_64", "pc", "ttyS0", "<acpi/><apic/>" },
	{ "i686", "pc", "ttyS0", "<acpi/><apic/>" },
	{ "aarch64", "virt", "ttyAMA0", "<gic/>" },
};

/* A crash ends the guest: nothing after the first one matters. A reset ends it too, see
 * <on_reboot>, and panic=-1 resets at once. */
#define KERNEL_WORDS                                                                  \
	"console=%s panic=-1 reboot=t oops=panic panic_on_warn=1 softlockup_panic=1 " \
	"hung_task_panic=1 printk.devkmsg=on loglevel=7 no_timer_check tsc=reliable"

static const struct machine *find_machine(const char *arch)
{
	for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
		if (strcmp(machines[i].arch, arch) == 0)
			return &machines[i];
	}
	return NULL;
}

/* Without that capability libvirt asks QEMU for two properties of the CPU before it lets the guest
 * run, with it for four hundred, one by one: a quarter of a second. */
#define ASK_LESS                                                                        \
	"  <qemu:capabilities xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>" \
	"<qemu:del capability='cpu-unavailable-features'/></qemu:capabilities>\n"

static const char builtin[] = "<domain type='@TYPE@'>\n"
			      "  <name>@NAME@</name>\n"
			      "  <memory unit='MiB'>@MEMORY@</memory>\n"
			      "  <vcpu>@CPUS@</vcpu>\n"
			      "  <os>\n"
			      "    <type arch='@ARCH@' machine='@MACHINE@'>hvm</type>\n"
			      "    <kernel>@KERNEL@</kernel>\n"
			      "    @INITRD_ELEMENT@\n"
			      "    <cmdline>@CMDLINE@</cmdline>\n"
			      "  </os>\n"
			      "  <features>@FEATURES@</features>\n"
			      "  <on_poweroff>destroy</on_poweroff>\n"
			      "  <on_reboot>destroy</on_reboot>\n"
			      "  <on_crash>destroy</on_crash>\n"
			      "  <devices>\n"
			      "    @DISK@\n"
			      "    @SERIAL@\n"
			      "    <controller type='usb' model='none'/>\n"
			      "    <memballoon model='none'/>\n"
			      "  </devices>\n" ASK_LESS "</domain>\n";

static void put(GString *xml, const char *name, const char *value)
{
	g_autofree char *escaped = g_markup_escape_text(value, -1);
	g_string_replace(xml, name, escaped, 0);
}

static void put_number(GString *xml, const char *name, int value)
{
	g_autofree char *text = g_strdup_printf("%d", value);
	g_string_replace(xml, name, text, 0);
}

static void put_serial(GString *xml, const struct domain *d)
{
	g_autofree char *element =
		d->serial ? g_markup_printf_escaped("<serial type='unix'><source mode='connect' "
						    "path='%s'/><target port='0'/></serial>",
						    d->serial)
			  : g_strdup("<serial type='pty'><target port='0'/></serial>");
	g_string_replace(xml, "@SERIAL@", element, 0);
}

static void put_disk(GString *xml, const struct domain *d)
{
	if (!d->rootfs) {
		g_string_replace(xml, "@DISK@", "", 0);
		return;
	}
	g_autofree char *path = g_markup_escape_text(d->rootfs, -1);
	bool qcow2 = g_str_has_suffix(d->rootfs, ".qcow2");
	g_autofree char *disk = g_strdup_printf(
		"<disk type='file' device='disk'><driver name='qemu' type='%s'/>"
		"<source file='%s'/><target dev='vda' bus='virtio'/><readonly/><shareable/></disk>",
		qcow2 ? "qcow2" : "raw", path);
	g_string_replace(xml, "@DISK@", disk, 0);
}

char *domain_xml(const struct domain *d, const char *template, struct error *error)
{
	const struct machine *m = find_machine(d->arch);
	if (!m && !template) {
		error_set(error, EINVAL,
			  "no built-in guest for arch '%s' (x86_64, i686, aarch64): give a libvirt "
			  "domain in the setting 'domain'",
			  d->arch);
		return NULL;
	}
	GString *xml = g_string_new(template ? template : builtin);
	g_autofree char *words = g_strdup_printf(KERNEL_WORDS " %s", m ? m->console : "ttyS0",
						 d->cmdline ? d->cmdline : "");
	g_autofree char *initrd =
		d->initrd ? g_markup_printf_escaped("<initrd>%s</initrd>", d->initrd)
			  : g_strdup("");
	g_string_replace(xml, "@INITRD_ELEMENT@", initrd, 0);
	g_string_replace(xml, "@FEATURES@", m ? m->features : "", 0);
	put(xml, "@MACHINE@", m ? m->machine : "");
	put(xml, "@ARCH@", d->arch);
	put(xml, "@TYPE@", d->kvm ? "kvm" : "qemu");
	put(xml, "@NAME@", d->name);
	put_number(xml, "@MEMORY@", d->memory_mib);
	put_number(xml, "@CPUS@", d->cpus);
	put(xml, "@KERNEL@", d->kernel);
	put(xml, "@INITRD@", d->initrd ? d->initrd : "");
	put(xml, "@CMDLINE@", g_strchomp(words));
	put(xml, "@ROOTFS@", d->rootfs ? d->rootfs : "");
	put_disk(xml, d);
	put_serial(xml, d);
	return g_string_free(xml, FALSE);
}
