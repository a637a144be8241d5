/* The domain of a run as XML: values in their places, and nothing but values. */
#include "vmm/domain.h"

#include <glib.h>
#include <string.h>

static void test_domain(void)
{
	struct domain d = { .name = "n",
			    .arch = "x86_64",
			    .kernel = "/a&b/kernel",
			    .initrd = "/i",
			    .cmdline = "x='<1>'",
			    .memory_mib = 128,
			    .cpus = 2 };
	g_autofree char *xml = domain_xml(&d, NULL, NULL);
	g_assert_nonnull(strstr(xml, "<domain type='qemu'>"));
	g_assert_nonnull(strstr(xml, "<kernel>/a&amp;b/kernel</kernel>"));
	g_assert_nonnull(strstr(xml, "x=&apos;&lt;1&gt;&apos;</cmdline>"));
	g_assert_nonnull(strstr(xml, "<memory unit='MiB'>128</memory>"));
	g_assert_nonnull(strstr(xml, "<vcpu>2</vcpu>"));
	g_assert_nonnull(strstr(xml, "<initrd>/i</initrd>"));
	g_assert_null(strstr(xml, "<disk"));
	g_assert_null(strchr(xml, '@'));
	d.kvm = true;
	d.initrd = NULL;
	d.rootfs = "/r.qcow2";
	g_autofree char *other = domain_xml(&d, NULL, NULL);
	g_assert_nonnull(strstr(other, "<domain type='kvm'>"));
	g_assert_null(strstr(other, "<initrd>"));
	g_assert_nonnull(strstr(other, "type='qcow2'"));
	g_assert_nonnull(strstr(other, "<readonly/>"));
}

static void test_domain_template(void)
{
	struct domain d = { .name = "n", .arch = "sparc", .kernel = "k" };
	struct error why = { 0 };
	g_assert_null(domain_xml(&d, NULL, &why));
	g_assert_nonnull(strstr(why.text, "sparc"));
	g_autofree char *xml = domain_xml(&d, "<d>@NAME@ @KERNEL@ @TYPE@ @INITRD@</d>", &why);
	g_assert_cmpstr(xml, ==, "<d>n k qemu </d>");
}

/* What a user writes into a value stays text, a mark of the template included. */
static void test_marks_in_values(void)
{
	struct domain d = { .name = "n",
			    .arch = "x86_64",
			    .kernel = "/@SERIAL@",
			    .cmdline = "a @SERIAL@ @DISK@ b@c @NO_MARK@",
			    .rootfs = "/r&'@NAME@" };
	g_autofree char *xml = domain_xml(&d, NULL, NULL);
	g_assert_nonnull(strstr(xml, "<kernel>/@SERIAL@</kernel>"));
	g_assert_nonnull(strstr(xml, "a @SERIAL@ @DISK@ b@c @NO_MARK@</cmdline>"));
	g_assert_nonnull(strstr(xml, "<source file='/r&amp;&apos;@NAME@'/>"));
	g_autofree char *odd = domain_xml(&d, "@x@ @NAME @NAME@@NAME@ @ @OTHER@NAME@ @", NULL);
	g_assert_cmpstr(odd, ==, "@x@ @NAME nn @ @OTHERn @");
}

static void test_console(void)
{
	struct domain d = { .name = "n", .arch = "x86_64", .kernel = "k" };
	g_autofree char *pty = domain_xml(&d, NULL, NULL);
	g_assert_nonnull(strstr(pty, "<serial type='pty'>"));
	d.copy = "/v&/console-1";
	g_autofree char *copied = domain_xml(&d, NULL, NULL);
	g_assert_nonnull(strstr(copied, "<serial type='pty'><log file='/v&amp;/console-1' "));
	d.serial = "/s&/vm-0.sock";
	g_autofree char *local = domain_xml(&d, NULL, NULL);
	g_assert_nonnull(strstr(local, "<source mode='connect' path='/s&amp;/vm-0.sock'/>"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/domain/built-in", test_domain);
	g_test_add_func("/domain/template", test_domain_template);
	g_test_add_func("/domain/marks-in-values", test_marks_in_values);
	g_test_add_func("/domain/console", test_console);
	return g_test_run();
}
