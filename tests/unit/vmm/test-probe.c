/* The probe for KVM: whatever this machine can do, it says so in time and leaves no child. */
#include "vmm/probe.h"

#include <errno.h>
#include <glib.h>
#include <sys/wait.h>

static void test_answers(void)
{
	char why[200] = "";
	gint64 begun = g_get_monotonic_time();
	bool kvm = probe_kvm(why, sizeof(why));
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 10 * G_USEC_PER_SEC);
	g_test_message("%s", why);
	g_assert_true(kvm == g_str_equal(why, "guests run under KVM"));
	g_assert_true(kvm || g_str_has_suffix(why, "TCG") || g_str_has_suffix(why, "TCG is used"));
	g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
	g_assert_cmpint(errno, ==, ECHILD);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/probe/answers", test_answers);
	return g_test_run();
}
