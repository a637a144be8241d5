/*
 * Both .config files are compared by the names that the user's own asks for: a default that came
 * with the commit is nothing that anybody wanted.
 */
#include "config_labels.h"

#include <string.h>

#define MOST_NAMED 5

/* Names of the options that are set, in any way but to n. */
static GHashTable *options_set(const char *config)
{
	GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(config, "\n", -1);
	for (char **l = lines; *l; l++) {
		const char *equals = strchr(g_strchug(*l), '=');
		if (equals && g_str_has_prefix(*l, "CONFIG_") && strcmp(equals, "=n") != 0)
			g_hash_table_add(all, g_strndup(*l, (gsize)(equals - *l)));
	}
	return all;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those that `with` has and `without` has not. */
static void add_label(GPtrArray *labels, const GPtrArray *wanted, GHashTable *with,
		      GHashTable *without, const char *what)
{
	GString *text = g_string_new(NULL);
	guint n = 0;
	for (guint i = 0; i < wanted->len; i++) {
		const char *name = wanted->pdata[i];
		if (!g_hash_table_contains(with, name) || g_hash_table_contains(without, name))
			continue;
		if (n++ < MOST_NAMED)
			g_string_append_printf(text, "%s%s", n > 1 ? ", " : "", name);
	}
	if (n > MOST_NAMED)
		g_string_append_printf(text, " and %u more", n - MOST_NAMED);
	if (n)
		g_ptr_array_add(labels,
				g_strdup_printf("%s of the config %s here: %s",
						n > 1 ? "options" : "an option", what, text->str));
	g_string_free(text, TRUE);
}

static GPtrArray *sorted_names(GHashTable *options)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter it;
	gpointer name;
	g_hash_table_iter_init(&it, options);
	while (g_hash_table_iter_next(&it, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, by_text);
	return names;
}

GStrv config_labels(const char *wanted, const char *commit, const char *parent)
{
	if (!wanted || !commit || !parent)
		return NULL;
	g_autoptr(GHashTable) want = options_set(wanted);
	g_autoptr(GHashTable) here = options_set(commit);
	g_autoptr(GHashTable) before = options_set(parent);
	g_autoptr(GPtrArray) names = sorted_names(want);
	GPtrArray *labels = g_ptr_array_new();
	add_label(labels, names, before, here, "vanished");
	add_label(labels, names, here, before, "appeared");
	if (!labels->len) {
		g_ptr_array_unref(labels);
		return NULL;
	}
	g_ptr_array_add(labels, NULL);
	return (GStrv)g_ptr_array_free(labels, FALSE);
}
