/*
 * A template, the built-in one or the user's, has marks (@NAME@ ...). One pass replaces them by
 * values, escaped, or by whole elements; a mark inside a value, as a user may write into `cmdline`,
 * stays the text that it is.
 */
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

/* Elements that stand for a value which may be missing. To be freed. */
static char *serial_element(const struct domain *d)
{
	if (!d->serial && d->copy)
		return g_markup_printf_escaped("<serial type='pty'><log file='%s' append='off'/>"
					       "<target port='0'/></serial>",
					       d->copy);
	if (!d->serial)
		return g_strdup("<serial type='pty'><target port='0'/></serial>");
	return g_markup_printf_escaped("<serial type='unix'><source mode='connect' path='%s'/>"
				       "<target port='0'/></serial>",
				       d->serial);
}

static char *disk_element(const struct domain *d)
{
	if (!d->rootfs)
		return g_strdup("");
	return g_markup_printf_escaped(
		"<disk type='file' device='disk'><driver name='qemu' type='%s'/>"
		"<source file='%s'/><target dev='vda' bus='virtio'/><readonly/><shareable/></disk>",
		g_str_has_suffix(d->rootfs, ".qcow2") ? "qcow2" : "raw", d->rootfs);
}

static char *initrd_element(const struct domain *d)
{
	return d->initrd ? g_markup_printf_escaped("<initrd>%s</initrd>", d->initrd) : g_strdup("");
}

static void add_mark(GHashTable *marks, const char *name, char *xml)
{
	g_hash_table_insert(marks, (char *)name, xml);
}

static void add_text(GHashTable *marks, const char *name, const char *value)
{
	add_mark(marks, name, g_markup_escape_text(value ? value : "", -1));
}

static void add_number(GHashTable *marks, const char *name, int value)
{
	add_mark(marks, name, g_strdup_printf("%d", value));
}

/* What stands for each mark, as XML. */
static GHashTable *values_of(const struct domain *d, const struct machine *m)
{
	GHashTable *marks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	g_autofree char *words = g_strdup_printf(KERNEL_WORDS " %s", m ? m->console : "ttyS0",
						 d->cmdline ? d->cmdline : "");
	add_text(marks, "MACHINE", m ? m->machine : "");
	add_text(marks, "ARCH", d->arch);
	add_text(marks, "TYPE", d->kvm ? "kvm" : "qemu");
	add_text(marks, "NAME", d->name);
	add_number(marks, "MEMORY", d->memory_mib);
	add_number(marks, "CPUS", d->cpus);
	add_text(marks, "KERNEL", d->kernel);
	add_text(marks, "INITRD", d->initrd);
	add_text(marks, "CMDLINE", g_strchomp(words));
	add_text(marks, "ROOTFS", d->rootfs);
	add_mark(marks, "FEATURES", g_strdup(m ? m->features : ""));
	add_mark(marks, "INITRD_ELEMENT", initrd_element(d));
	add_mark(marks, "DISK", disk_element(d));
	add_mark(marks, "SERIAL", serial_element(d));
	return marks;
}

/* The value of the mark that begins here, and where it ends; NULL: none does. */
static const char *mark_at(GHashTable *marks, const char *at, const char **end)
{
	size_t len = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	if (at[len + 1] != '@')
		return NULL;
	g_autofree char *name = g_strndup(at + 1, len);
	*end = at + len + 2;
	return g_hash_table_lookup(marks, name);
}

static char *fill_in(const char *template, GHashTable *marks)
{
	GString *xml = g_string_new(NULL);
	for (const char *p = template, *end; *p; p = end) {
		const char *at = strchr(p, '@'), *value;
		end = at ? at + 1 : p + strlen(p);
		value = at ? mark_at(marks, at, &end) : NULL;
		if (value) {
			g_string_append_len(xml, p, at - p);
			g_string_append(xml, value);
		} else {
			end = at ? at + 1 : end; /* a name that nobody knows may hold a mark's @ */
			g_string_append_len(xml, p, end - p);
		}
	}
	return g_string_free(xml, FALSE);
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
	g_autoptr(GHashTable) marks = values_of(d, m);
	return fill_in(template ? template : builtin, marks);
}
