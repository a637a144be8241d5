/*
 * The kernel goes over the whole report first; frames of modules, which it does not know, get
 * theirs from each module's own file.
 */
#include "symbolise.h"
#include "lazy.h"

#include "engine/triage/symbols.h"

#include <glib.h>
#include <string.h>

/* Path -> struct symbols; NULL for what cannot be used, so that it is tried once. */
static GHashTable *opened;

static struct symbols *open_once(const char *path, struct error *error)
{
	struct symbols *s = NULL;
	if (!opened)
		opened = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (g_hash_table_lookup_extended(opened, path, NULL, (void **)&s))
		return s;
	symbols_open(path, &s, error);
	g_hash_table_insert(opened, g_strdup(path), s);
	return s;
}

/* ---- modules ---- */

static bool is_module(const char *file, const char *module)
{
	gsize n = strlen(module);
	if (strlen(file) < n + 3 ||
	    (strcmp(file + n, ".ko") != 0 && strcmp(file + n, ".ko.debug") != 0))
		return false;
	for (gsize i = 0; i < n; i++) { /* '-' in files, '_' in the kernel */
		if (file[i] != module[i] && !(file[i] == '-' && module[i] == '_'))
			return false;
	}
	return true;
}

#define MOST_DEPTH 24

static char *find_module(const char *directory, const char *module, int depth)
{
	g_autoptr(GDir) dir = depth < MOST_DEPTH ? g_dir_open(directory, 0, NULL) : NULL;
	const char *name;
	char *found = NULL;
	while (dir && !found && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		if (is_module(name, module))
			found = g_steal_pointer(&path);
		else if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
			 !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
			found = find_module(path, module, depth + 1);
	}
	return found;
}

/* Names in brackets behind a frame: "foo+0x1/0x2 [nfsd]". */
static GHashTable *modules_of(const char *report)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GRegex) shape =
		g_regex_new("\\+0x[0-9a-f]+/0x[0-9a-f]+ \\[([A-Za-z0-9_]+)", G_REGEX_RAW, 0, NULL);
	g_autoptr(GMatchInfo) info = NULL;
	for (g_regex_match(shape, report, 0, &info); g_match_info_matches(info);
	     g_match_info_next(info, NULL))
		g_hash_table_add(names, g_match_info_fetch(info, 1));
	return names;
}

LAZY_FUNCTION char *symbolise(const struct symbolise_request *rq, char **why)
{
	struct error error = { 0 };
	struct symbols *kernel = open_once(rq->vmlinux, &error);
	if (!kernel) {
		*why = g_strdup(*error.text ? error.text : "cannot be read");
		return NULL;
	}
	g_autofree char *id = symbols_build_id(kernel);
	if (rq->build_id && id && g_ascii_strcasecmp(rq->build_id, id) != 0) {
		*why = g_strdup_printf(
			"%s has the build id %s, the log is of %s: give the vmlinux of that build",
			rq->vmlinux, id, rq->build_id);
		return NULL;
	}
	char *text = symbols_report(kernel, NULL, rq->report, rq->tree);
	g_autoptr(GHashTable) names = modules_of(rq->report);
	GHashTableIter iter;
	void *name;
	g_hash_table_iter_init(&iter, names);
	while (rq->modules && g_hash_table_iter_next(&iter, &name, NULL)) {
		g_autofree char *path = find_module(rq->modules, name, 0);
		struct symbols *module = path ? open_once(path, NULL) : NULL;
		if (!module)
			continue;
		char *more = symbols_report(module, name, text, rq->tree);
		g_free(text);
		text = more;
	}
	return text;
}
