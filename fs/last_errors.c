/*
 * A line for each user id that was ever refused something.
 */
#include "last_errors.h"

#include <string.h>

struct last_errors {
	GMutex lock;
	GHashTable *lines; /* by `lock`: uid -> GBytes */
};

struct last_errors *last_errors_new(void)
{
	struct last_errors *l = g_new0(struct last_errors, 1);
	g_mutex_init(&l->lock);
	l->lines = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);
	return l;
}

void last_errors_free(struct last_errors *l)
{
	if (!l)
		return;
	g_hash_table_unref(l->lines);
	g_mutex_clear(&l->lock);
	g_free(l);
}

void last_errors_set(struct last_errors *l, uid_t uid, const char *text)
{
	char *line = g_strdup_printf("%s\n", text);
	GBytes *data = g_bytes_new_take(line, strlen(line));
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&l->lock);
	g_hash_table_insert(l->lines, GUINT_TO_POINTER(uid), data);
}

GBytes *last_errors_get(struct last_errors *l, uid_t uid)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&l->lock);
	GBytes *data = g_hash_table_lookup(l->lines, GUINT_TO_POINTER(uid));
	return data ? g_bytes_ref(data) : NULL;
}
