/*
 * Each .cmd file below the object directory names the files that its object was made from; counted
 * over all of them that gives `fanout`. What a commit costs is then the sum over the files in which
 * it differs from what is checked out in a slot.
 */
#include "cost.h"

#include "engine/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what depends on what ---- */

/* A tree can leave anything there. These are some ten times of what Linux needs. */
#define CMD_LIMIT ((gsize)4 << 20)    /* bytes of one .cmd file */
#define CMDS_LIMIT ((guint64)8 << 30) /* of all of them */
#define PATHS_LIMIT ((gsize)32 << 20) /* of the paths in them that are kept */
#define FANOUT_LIMIT ((gsize)128 << 20)

struct count {
	GHashTable *files; /* path below src -> number of object files */
	gsize paths;	   /* bytes of those */
	guint64 cmds;	   /* bytes that were read */
	const char *src, *obj;
	size_t src_len;
	int64_t begun;
	guint objects, rebuilt;
};

#define BESIDE "../src/" /* as ccache writes it, seen from the object directory */

/* A line of a .cmd file names one file that the object was made from. */
static void count_line(struct count *c, const char *line)
{
	const char *at = strstr(line, c->src), *beside = strstr(line, BESIDE);
	if (at && at[c->src_len] == '/')
		at += c->src_len + 1;
	else if (beside)
		at = beside + strlen(BESIDE);
	else
		return;
	g_autofree char *path = g_strndup(at, strcspn(at, " \\\n"));
	gpointer n = g_hash_table_lookup(c->files, path);
	gsize len = n ? 0 : strlen(path);
	if (c->paths + len > PATHS_LIMIT)
		return;
	c->paths += len;
	g_hash_table_replace(c->files, g_steal_pointer(&path),
			     GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
}

static bool names_files(const char *line)
{
	return g_str_has_prefix(line, "source_") || g_str_has_prefix(line, "  ");
}

/* `path` is below the object directory. */
static void count_object(struct count *c, const char *path, const struct stat *st)
{
	gsize len = 0;
	if (c->cmds > CMDS_LIMIT)
		return;
	g_autofree char *text = file_read_below(c->obj, path, CMD_LIMIT, &len);
	c->cmds += len;
	if (!text || !strstr(text, "\ndeps_"))
		return;
	c->objects++;
	c->rebuilt += st->st_mtime >= c->begun;
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (names_files(line))
			count_line(c, line);
	}
}

static void count_tree(struct count *c, const char *below)
{
	g_autofree char *dir = g_build_filename(c->obj, below, NULL);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;
	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *path = g_build_filename(below, name, NULL);
		g_autofree char *full = g_build_filename(dir, name, NULL);
		struct stat st;
		if (lstat(full, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			count_tree(c, path);
		else if (S_ISREG(st.st_mode) && g_str_has_suffix(name, ".o.cmd"))
			count_object(c, path, &st);
	}
	if (d)
		g_dir_close(d);
}

struct rates {
	guint objects;
	double each_ms, rest_ms;
};

#define EACH_MS 50.0 /* until a build has shown better */
#define REST_MS 4000.0
#define MANY 50 /* object files that tell how long one takes */

static bool read_rates(const char *text, struct rates *r)
{
	return sscanf(text, "objects %u, %lf milliseconds each, %lf for the rest", &r->objects,
		      &r->each_ms, &r->rest_ms) == 3;
}

/* A build of many files tells how long one takes, one of few how long all else does. */
static void learn(struct rates *r, const struct count *c, int64_t build_ns)
{
	double ms = (double)build_ns / 1e6;
	r->objects = c->objects;
	if (c->rebuilt >= MANY && ms > r->rest_ms)
		r->each_ms = (ms - r->rest_ms) / c->rebuilt;
	else if (c->rebuilt < MANY)
		r->rest_ms = MAX(ms - c->rebuilt * r->each_ms, 100);
}

static void write_line(gpointer path, gpointer n, gpointer out)
{
	g_string_append_printf(out, "%u %s\n", GPOINTER_TO_UINT(n), (const char *)path);
}

err_t cost_note(const char *slot, int64_t begun, int64_t build_ns, struct error *error)
{
	g_autofree char *src = g_build_filename(slot, "src", NULL);
	g_autofree char *obj = g_build_filename(slot, "obj", NULL);
	g_autofree char *path = g_build_filename(slot, "fanout", NULL);
	g_autofree char *old = NULL;
	struct rates rates = { .each_ms = EACH_MS, .rest_ms = REST_MS };
	struct count c = { .src = src, .src_len = strlen(src), .obj = obj, .begun = begun };
	gsize len;
	old = file_read_below(slot, "fanout", FANOUT_LIMIT, &len);
	if (old)
		read_rates(old, &rates);
	c.files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	count_tree(&c, "");
	err_t err = 0;
	if (c.objects) {
		learn(&rates, &c, build_ns);
		g_autoptr(GString) out = g_string_new(NULL);
		g_string_printf(out, "objects %u, %.3f milliseconds each, %.3f for the rest\n",
				rates.objects, rates.each_ms, rates.rest_ms);
		g_hash_table_foreach(c.files, write_line, out);
		err = file_write(path, out->str, out->len, 0644, error);
	}
	g_hash_table_unref(c.files);
	return err;
}

/* ---- what a commit costs ---- */

struct tree {
	git_repository *git; /* NULL: nothing has been built there */
	git_tree *head;
	GHashTable *fanout; /* path -> number of object files; NULL: not known */
	struct rates rates;
};

struct cost {
	struct tree *trees;
	int n;
};

static GHashTable *read_fanout(const char *slot, struct rates *rates)
{
	gsize len;
	g_autofree char *text = file_read_below(slot, "fanout", FANOUT_LIMIT, &len);
	if (!text || !read_rates(text, rates))
		return NULL;
	GHashTable *fanout = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (char *line = strchr(text, '\n'), *next; line && *++line; line = next) {
		char *name;
		next = strchr(line, '\n');
		if (next)
			*next = '\0';
		gulong n = strtoul(line, &name, 10);
		if (*name == ' ')
			g_hash_table_insert(fanout, g_strdup(name + 1), GUINT_TO_POINTER(n));
	}
	return fanout;
}

static git_tree *tree_of(git_repository *git, const git_oid *id)
{
	git_commit *c = NULL;
	git_tree *tree = NULL;
	if (git_commit_lookup(&c, git, id) == 0)
		git_commit_tree(&tree, c);
	git_commit_free(c);
	return tree;
}

static void open_tree(struct tree *t, const char *slot)
{
	g_autofree char *gitdir = g_build_filename(slot, "git", NULL);
	git_oid id;
	if (git_repository_open_bare(&t->git, gitdir) != 0)
		return;
	if (git_reference_name_to_id(&id, t->git, "HEAD") == 0)
		t->head = tree_of(t->git, &id);
	t->fanout = read_fanout(slot, &t->rates);
}

struct cost *cost_open(const char *dir, int slots)
{
	struct cost *c = g_new0(struct cost, 1);
	bool any = false;
	c->n = slots;
	c->trees = g_new0(struct tree, slots);
	for (int i = 0; i < slots; i++) {
		g_autofree char *slot = g_strdup_printf("%s/slots/%d", dir, i);
		open_tree(&c->trees[i], slot);
		any = any || c->trees[i].head;
	}
	if (any)
		return c;
	cost_free(c);
	return NULL;
}

void cost_free(struct cost *c)
{
	if (!c)
		return;
	for (int i = 0; i < c->n; i++) {
		git_tree_free(c->trees[i].head);
		git_repository_free(c->trees[i].git);
		if (c->trees[i].fanout)
			g_hash_table_unref(c->trees[i].fanout);
	}
	g_free(c->trees);
	g_free(c);
}

struct sum {
	const struct tree *t;
	double objects;
	int files;
};

static int add_file(const git_diff_delta *delta, float progress, void *arg)
{
	struct sum *s = arg;
	(void)progress;
	s->files++;
	if (s->t->fanout)
		s->objects +=
			GPOINTER_TO_UINT(g_hash_table_lookup(s->t->fanout, delta->old_file.path));
	return 0;
}

/* Seconds; negative: not known. */
static double cost_in(const struct tree *t, const char *commit, int *files)
{
	git_oid id;
	git_diff *diff = NULL;
	struct sum sum = { .t = t };
	*files = G_MAXINT;
	if (!t->head || git_oid_fromstr(&id, commit) != 0)
		return -1;
	git_tree *tree = tree_of(t->git, &id);
	int rc = tree ? git_diff_tree_to_tree(&diff, t->git, t->head, tree, NULL) : -1;
	if (rc == 0)
		rc = git_diff_foreach(diff, add_file, NULL, NULL, NULL, &sum);
	git_diff_free(diff);
	git_tree_free(tree);
	if (rc != 0)
		return -1;
	*files = sum.files;
	if (!t->fanout)
		return -1;
	/* an object that depends on two changed files is compiled once: all is the most */
	double objects = MIN(sum.objects, (double)t->rates.objects);
	return (objects * t->rates.each_ms + t->rates.rest_ms) / 1000;
}

double cost_of(struct cost *c, const char *commit)
{
	double best = -1;
	int files;
	for (int i = 0; i < c->n; i++) {
		double s = cost_in(&c->trees[i], commit, &files);
		if (s >= 0 && (best < 0 || s < best))
			best = s;
	}
	return best;
}

int cost_nearest(struct cost *c, const char *commit, const bool *busy)
{
	int best = -1, best_files = 0;
	double best_s = 0;
	for (int i = 0; i < c->n; i++) {
		int files;
		if (busy && busy[i])
			continue;
		double s = cost_in(&c->trees[i], commit, &files);
		if (best < 0 || (s >= 0 && best_s >= 0 ? s < best_s : files < best_files)) {
			best = i;
			best_s = s;
			best_files = files;
		}
	}
	return best;
}
