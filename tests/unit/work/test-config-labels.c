/*
 * Options that come and go between two .config files, as far as the user's own asks for them.
 */
#include "engine/work/config_labels.h"

static void expect(const char *wanted, const char *commit, const char *parent, const char *want)
{
	g_auto(GStrv) labels = config_labels(wanted, commit, parent);
	g_autofree char *text = labels ? g_strjoinv("\n", labels) : g_strdup("");
	g_assert_cmpstr(text, ==, want);
}

static void test_vanished(void)
{
	expect("CONFIG_A=y\nCONFIG_B=m\n", "CONFIG_A=y\n# CONFIG_B is not set\n",
	       "CONFIG_A=y\nCONFIG_B=y\n", "an option of the config vanished here: CONFIG_B");
	expect("CONFIG_A=y\nCONFIG_B=m\n", "CONFIG_X=y\n", "CONFIG_B=y\nCONFIG_A=\"x\"\n",
	       "options of the config vanished here: CONFIG_A, CONFIG_B");
}

static void test_appeared(void)
{
	expect("# fragment of defconfig\nCONFIG_A=y\n", "CONFIG_A=y\n", "",
	       "an option of the config appeared here: CONFIG_A");
	expect("CONFIG_A=y\nCONFIG_B=y\n", "CONFIG_A=y\n", "CONFIG_B=y\n",
	       "an option of the config vanished here: CONFIG_B\n"
	       "an option of the config appeared here: CONFIG_A");
}

static void test_none(void)
{
	expect("CONFIG_A=y\n", "CONFIG_A=m\n", "CONFIG_A=y\n", "");
	expect("CONFIG_A=n\n# CONFIG_B is not set\n", "", "CONFIG_A=y\nCONFIG_B=y\n", "");
	expect("CONFIG_A=y\n", "CONFIG_NEW=y\n", "CONFIG_OLD=y\n", "");
	expect(NULL, "", "CONFIG_A=y\n", "");
	expect("CONFIG_A=y\n", NULL, "CONFIG_A=y\n", "");
}

static void test_many(void)
{
	expect("CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y\nCONFIG_D=y\nCONFIG_E=y\nCONFIG_F=y\nCONFIG_G=y",
	       "",
	       "CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y\nCONFIG_D=y\nCONFIG_E=y\nCONFIG_F=y\n"
	       "CONFIG_G=y\n",
	       "options of the config vanished here: CONFIG_A, CONFIG_B, CONFIG_C, CONFIG_D, "
	       "CONFIG_E "
	       "and 2 more");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config-labels/vanished", test_vanished);
	g_test_add_func("/config-labels/appeared", test_appeared);
	g_test_add_func("/config-labels/none", test_none);
	g_test_add_func("/config-labels/many", test_many);
	return g_test_run();
}
