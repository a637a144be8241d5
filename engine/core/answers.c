/*
 * Forecasts borrow the events, so an answer is never replaced while others may hold it.
 */
#include "answers.h"

struct answers {
	GHashTable *all; /* char * -> struct event * */
	guint version;
};

struct answers *answers_new(void)
{
	struct answers *answers = g_new0(struct answers, 1);
	answers->all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, event_free);
	return answers;
}

void answers_free(struct answers *answers)
{
	g_hash_table_unref(answers->all);
	g_free(answers);
}

const struct event *answers_find(const struct answers *answers, const char *key)
{
	return g_hash_table_lookup(answers->all, key);
}

void answers_put(struct answers *answers, const char *key, const struct event *answer)
{
	if (g_hash_table_contains(answers->all, key))
		return;
	struct event *copy = g_new(struct event, 1);
	event_copy(copy, answer);
	g_hash_table_insert(answers->all, g_strdup(key), copy);
	answers->version++;
}

void answers_forget(struct answers *answers)
{
	g_hash_table_remove_all(answers->all);
	answers->version++;
}

guint answers_count(const struct answers *answers)
{
	return g_hash_table_size(answers->all);
}

guint answers_version(const struct answers *answers)
{
	return answers->version;
}
