/* Bisections by name and by serial number: a name is used again, a number never. */
#include "engine/core/bisections.h"

static struct bisection *add(struct bisections *all, const char *name)
{
	struct bisection *b = bisection_new(name, bisections_serial(all));
	bisections_add(all, b);
	return b;
}

static void test_find(void)
{
	struct bisections *all = bisections_new();
	struct bisection *x = add(all, "x"), *y = add(all, "y");
	g_assert_true(bisections_find(all, "x") == x && bisections_find(all, "y") == y);
	g_assert_null(bisections_find(all, "z"));
	g_assert_null(bisections_find(all, NULL));
	g_assert_true(bisections_by_serial(all, y->s->serial) == y);
	g_assert_null(bisections_by_serial(all, 0)); /* of none */
	g_assert_true(bisections_at(all, 0) == x && bisections_at(all, 1) == y);
	g_assert_null(bisections_at(all, 2));
	g_assert_cmpuint(bisections_count(all), ==, 2);
	bisections_free(all);
}

static void test_name_again(void)
{
	struct bisections *all = bisections_new();
	struct bisection *old = add(all, "x");
	guint64 serial = old->s->serial;
	bisections_remove(all, old);
	g_assert_null(bisections_find(all, "x"));
	struct bisection *new = add(all, "x");
	g_assert_cmpuint(new->s->serial, !=, serial);
	g_assert_null(bisections_by_serial(all, serial));
	g_assert_true(bisections_find(all, "x") == new);
	bisections_free(all);
}

static void test_order_stays(void)
{
	struct bisections *all = bisections_new();
	add(all, "a");
	struct bisection *b = add(all, "b");
	add(all, "c");
	bisections_remove(all, b);
	g_assert_cmpstr(bisections_at(all, 0)->s->name, ==, "a");
	g_assert_cmpstr(bisections_at(all, 1)->s->name, ==, "c");
	bisections_free(all);
}

#define THREADS 4
#define EACH 1000

static gpointer take_serials(gpointer arg)
{
	guint64 *serials = g_new(guint64, EACH);
	for (int i = 0; i < EACH; i++)
		serials[i] = bisections_serial(arg);
	return serials;
}

static void test_serials(void)
{
	struct bisections *all = bisections_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
	GThread *threads[THREADS];
	guint64 *serials[THREADS];
	for (int i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("serials", take_serials, all);
	for (int i = 0; i < THREADS; i++) {
		serials[i] = g_thread_join(threads[i]);
		for (int k = 0; k < EACH; k++) {
			g_assert_cmpuint(serials[i][k], !=, 0);
			g_assert_true(g_hash_table_add(seen, &serials[i][k]));
		}
	}
	for (int i = 0; i < THREADS; i++)
		g_free(serials[i]);
	bisections_free(all);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bisections/find", test_find);
	g_test_add_func("/bisections/name-again", test_name_again);
	g_test_add_func("/bisections/order-stays", test_order_stays);
	g_test_add_func("/bisections/serials", test_serials);
	return g_test_run();
}
