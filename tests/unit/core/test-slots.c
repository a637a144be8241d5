/* Places are taken from the lowest number on, each kind for itself. */
#include "engine/core/slots.h"

#include <glib.h>

static void test_take(void)
{
	struct slots *slots = slots_new(2, 3);
	g_assert_cmpint(slots_count(slots, SLOT_BUILDER), ==, 2);
	g_assert_cmpint(slots_count(slots, SLOT_VM), ==, 3);
	for (int i = 0; i < 3; i++)
		g_assert_cmpint(slots_take(slots, SLOT_VM), ==, i);
	g_assert_cmpint(slots_take(slots, SLOT_VM), ==, -1);
	g_assert_cmpint(slots_taken(slots, SLOT_VM), ==, 3);
	g_assert_cmpint(slots_taken(slots, SLOT_BUILDER), ==, 0);
	g_assert_cmpint(slots_take(slots, SLOT_BUILDER), ==, 0);
	slots_free(slots);
}

static void test_give_back(void)
{
	struct slots *slots = slots_new(1, 3);
	for (int i = 0; i < 3; i++)
		slots_take(slots, SLOT_VM);
	slots_give_back(slots, SLOT_VM, 2);
	slots_give_back(slots, SLOT_VM, 1);
	g_assert_true(slots_is_taken(slots, SLOT_VM, 0));
	g_assert_false(slots_is_taken(slots, SLOT_VM, 1));
	g_assert_cmpint(slots_take(slots, SLOT_VM), ==, 1);
	g_assert_cmpint(slots_take(slots, SLOT_VM), ==, 2);
	slots_free(slots);
}

static void test_none(void)
{
	struct slots *slots = slots_new(1, 0);
	g_assert_cmpint(slots_take(slots, SLOT_VM), ==, -1);
	g_assert_cmpint(slots_taken(slots, SLOT_VM), ==, 0);
	slots_free(slots);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/slots/take", test_take);
	g_test_add_func("/slots/give-back", test_give_back);
	g_test_add_func("/slots/none", test_none);
	return g_test_run();
}
