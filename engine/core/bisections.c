/*
 * The array keeps the order, the two tables find.
 */
#include "bisections.h"

struct bisections {
	GPtrArray *in_order; /* struct bisection *, owned */
	GHashTable *by_name;
	GHashTable *by_serial;
	GMutex lock; /* guards `serial` */
	guint64 serial;
};

struct bisections *bisections_new(void)
{
	struct bisections *all = g_new0(struct bisections, 1);
	all->in_order = g_ptr_array_new_with_free_func(bisection_free);
	all->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	all->by_serial = g_hash_table_new(g_int64_hash, g_int64_equal);
	g_mutex_init(&all->lock);
	return all;
}

void bisections_free(struct bisections *all)
{
	g_hash_table_unref(all->by_name);
	g_hash_table_unref(all->by_serial);
	g_ptr_array_unref(all->in_order);
	g_mutex_clear(&all->lock);
	g_free(all);
}

guint64 bisections_serial(struct bisections *all)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&all->lock);
	return ++all->serial;
}

void bisections_add(struct bisections *all, struct bisection *b)
{
	g_ptr_array_add(all->in_order, b);
	g_hash_table_insert(all->by_name, b->s->name, b);
	g_hash_table_insert(all->by_serial, &b->s->serial, b);
}

void bisections_remove(struct bisections *all, struct bisection *b)
{
	g_hash_table_remove(all->by_name, b->s->name);
	g_hash_table_remove(all->by_serial, &b->s->serial);
	g_ptr_array_remove(all->in_order, b);
}

guint bisections_count(const struct bisections *all)
{
	return all->in_order->len;
}

struct bisection *bisections_at(const struct bisections *all, guint i)
{
	return i < all->in_order->len ? g_ptr_array_index(all->in_order, i) : NULL;
}

struct bisection *bisections_find(const struct bisections *all, const char *name)
{
	return name ? g_hash_table_lookup(all->by_name, name) : NULL;
}

struct bisection *bisections_by_serial(const struct bisections *all, guint64 serial)
{
	gint64 key = (gint64)serial;
	return g_hash_table_lookup(all->by_serial, &key);
}
