/*
 * Both files are lines of hashes: "COMMIT PARENT..." in one, "COMMIT" in the other. A commit in
 * both is of the border (git registers that one last).
 */
#include "grafts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct graft {
	GArray *parents; /* struct oid; NULL: of the border */
};

/* A file as it was when it was read. */
struct version {
	char *path;
	struct stat st; /* zero where there was none */
};

enum { GRAFTS, SHALLOW, FILES };

struct grafts {
	GHashTable *by_commit; /* struct oid -> struct graft */
	struct version files[FILES];
};

static void free_graft(gpointer p)
{
	struct graft *graft = p;
	if (graft->parents)
		g_array_unref(graft->parents);
	g_free(graft);
}

static void add(struct grafts *grafts, const struct oid *commit, GArray *parents)
{
	struct graft *graft = g_new0(struct graft, 1);
	graft->parents = parents;
	g_hash_table_replace(grafts->by_commit, g_memdup2(commit, sizeof(*commit)), graft);
}

static void add_graft(struct grafts *grafts, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	struct oid commit, parent;
	if (!oid_parse(&commit, words[0]) || g_hash_table_contains(grafts->by_commit, &commit))
		return;
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	for (char **w = words + 1; *w; w++) {
		if (!oid_parse(&parent, *w))
			return;
		g_array_append_val(parents, parent);
	}
	add(grafts, &commit, g_steal_pointer(&parents));
}

static void add_border(struct grafts *grafts, const char *line)
{
	struct oid commit;
	if (oid_parse(&commit, line))
		add(grafts, &commit, NULL);
}

static struct stat look_at(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		memset(&st, 0, sizeof(st));
	return st;
}

/* Takes `path`. */
static err_t read_lines(struct grafts *grafts, int file, char *path,
			void (*add_line)(struct grafts *grafts, const char *line),
			struct error *error)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) why = NULL;
	grafts->files[file] = (struct version){ .path = path, .st = look_at(path) };
	if (!g_file_get_contents(path, &text, NULL, &why))
		return g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
				       g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOTDIR)
			       ? 0
			       : error_set(error, EIO, "%s", why->message);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		g_strchomp(*l);
		if (**l && **l != '#')
			add_line(grafts, *l);
	}
	return 0;
}

err_t grafts_load(const char *gitdir, struct grafts **out, struct error *error)
{
	struct grafts *grafts = g_new0(struct grafts, 1);
	const char *other = g_getenv("GIT_GRAFT_FILE");
	char *file = other ? g_strdup(other) : g_build_filename(gitdir, "info", "grafts", NULL);
	grafts->by_commit = g_hash_table_new_full(oid_hash, oid_equal, g_free, free_graft);
	err_t err = read_lines(grafts, GRAFTS, file, add_graft, error);
	if (!err)
		err = read_lines(grafts, SHALLOW, g_build_filename(gitdir, "shallow", NULL),
				 add_border, error);
	if (err)
		grafts_free(grafts);
	else
		*out = grafts;
	return err;
}

void grafts_free(struct grafts *grafts)
{
	if (!grafts)
		return;
	for (int i = 0; i < FILES; i++)
		g_free(grafts->files[i].path);
	g_hash_table_unref(grafts->by_commit);
	g_free(grafts);
}

bool grafts_are_current(const struct grafts *grafts)
{
	for (int i = 0; i < FILES; i++) {
		const struct stat *old = &grafts->files[i].st;
		struct stat now = look_at(grafts->files[i].path);
		if (now.st_ino != old->st_ino || now.st_size != old->st_size ||
		    now.st_mtim.tv_sec != old->st_mtim.tv_sec ||
		    now.st_mtim.tv_nsec != old->st_mtim.tv_nsec)
			return false;
	}
	return true;
}

bool grafts_is_empty(const struct grafts *grafts)
{
	return g_hash_table_size(grafts->by_commit) == 0;
}

bool grafts_apply(const struct grafts *grafts, const struct oid *commit, GArray *parents)
{
	const struct graft *graft = g_hash_table_lookup(grafts->by_commit, commit);
	if (!graft)
		return false;
	g_array_set_size(parents, 0);
	if (graft->parents)
		g_array_append_vals(parents, graft->parents->data, graft->parents->len);
	return true;
}

bool grafts_is_border(const struct grafts *grafts, const struct oid *commit)
{
	const struct graft *graft = g_hash_table_lookup(grafts->by_commit, commit);
	return graft && !graft->parents;
}
