/*
 * The commit-graph file as git writes it, and damaged in every byte: what is read is what the
 * objects say, or nothing.
 */
#include "engine/history/commit_graph.h"
#include "engine/base/file.h"

#include <string.h>

static char *dir;

static void git(const char *command)
{
	g_autofree char *line = g_strdup_printf(
		"cd '%s' && GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null "
		"GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A "
		"GIT_COMMITTER_EMAIL=a@example.org sh -e -c '%s'",
		dir, command);
	int status = -1;
	char *argv[] = { (char *)"sh", (char *)"-c", line, NULL };
	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
			  NULL) ||
	    status != 0)
		g_error("%s", line);
}

static char *read_file(const char *name, gsize *len)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	char *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, len, NULL));
	return text;
}

/* A line of commits, a merge of two, an octopus of four; one commit that the file lacks. */
static void make_repository(void)
{
	dir = g_dir_make_tmp("bisectfs-graph-XXXXXX", NULL);
	git("git init -q --bare . && t=$(git mktree </dev/null) && c= && "
	    "for i in 1 2 3 4 5 6 7 8; do "
	    "GIT_COMMITTER_DATE=\"170000000$i +0000\" c=$(git commit-tree $t ${c:+-p $c} -m $i); "
	    "git branch b$i $c; done; "
	    "m=$(GIT_COMMITTER_DATE=\"1700000100 +0000\" git commit-tree $t -p b3 -p b8 -m m); "
	    "o=$(GIT_COMMITTER_DATE=\"@9000000000 +0000\" git commit-tree $t -p $m -p b1 -p b2 -p "
	    "b5 "
	    "-m o); git branch main $o; git commit-graph write --reachable 2>/dev/null; "
	    "git branch young $(git commit-tree $t -p $o -m young); "
	    "git log --all --format=\"%H %ct %P\" >commits");
}

struct expected {
	struct oid oid;
	int64_t date;
	GArray *parents;
};

/* How many commits the file has; each has to be right, unless it is `damaged`: then it may be
 * missing, and wrong only in what was damaged. */
static int check(const struct commit_graph *g, bool damaged)
{
	gsize len;
	int known = 0;
	g_autofree char *text = read_file("commits", &len);
	g_auto(GStrv) lines = g_strsplit(g_strstrip(text), "\n", -1);
	struct commit_facts facts = { .parents = g_array_new(FALSE, FALSE, sizeof(struct oid)) };
	for (char **l = lines; *l; l++) {
		g_auto(GStrv) words = g_strsplit(g_strstrip(*l), " ", -1);
		struct oid oid, parent;
		g_assert_true(oid_parse(&oid, words[0]));
		g_array_set_size(facts.parents, 0);
		if (!commit_graph_read(g, &oid, &facts)) {
			g_assert_cmpint(facts.parents->len, ==, 0);
			continue;
		}
		known++;
		if (damaged)
			continue;
		g_assert_cmpint(facts.date, ==, g_ascii_strtoll(words[1], NULL, 10));
		g_assert_cmpint(facts.parents->len, ==, g_strv_length(words) - 2);
		for (guint i = 0; i < facts.parents->len; i++) {
			g_assert_true(oid_parse(&parent, words[i + 2]));
			g_assert_cmpint(
				oid_compare(&parent, &g_array_index(facts.parents, struct oid, i)),
				==, 0);
		}
	}
	g_array_unref(facts.parents);
	return known;
}

static void test_as_written(void)
{
	struct commit_graph *g = commit_graph_open(dir);
	g_assert_nonnull(g);
	g_assert_cmpint(check(g, false), ==, 10); /* the young one is not in it */
	commit_graph_close(g);
	g_assert_null(commit_graph_open("/nowhere"));
	g_assert_false(commit_graph_read(NULL, &(struct oid){ 0 }, NULL));
}

static void test_damaged(void)
{
	gsize len;
	g_autofree char *good = read_file("objects/info/commit-graph", &len);
	g_autofree char *other = g_build_filename(dir, "other", NULL);
	g_autofree char *info = g_build_filename(other, "objects", "info", NULL);
	g_autofree char *path = g_build_filename(info, "commit-graph", NULL);
	GRand *rand = g_rand_new_with_seed(5);
	g_assert_cmpint(g_mkdir_with_parents(info, 0755), ==, 0);
	for (gsize i = 0; i < len + 300; i++) {
		g_autofree char *bad = g_memdup2(good, len);
		gsize n = len;
		if (i < len) /* each byte in turn */
			bad[i] ^= (char)(1 << g_rand_int_range(rand, 0, 8));
		else /* and cut short */
			n = (gsize)g_rand_int_range(rand, 0, (int)len);
		g_assert_true(g_file_set_contents(path, bad, (gssize)n, NULL));
		struct commit_graph *g = commit_graph_open(other);
		if (g)
			check(g, true);
		commit_graph_close(g);
	}
	g_rand_free(rand);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	make_repository();
	g_test_add_func("/commit-graph/as-written", test_as_written);
	g_test_add_func("/commit-graph/damaged", test_damaged);
	int status = g_test_run();
	file_remove_tree(dir, NULL);
	g_free(dir);
	return status;
}
