/*
 * Whole bisections on the virtual clock, over random histories: the answer is the truth, it is the
 * same with and without work ahead, and time is what the machine's parameters say.
 */
#include "../engine/simulate.h"
#include "../engine/store.h"

#include <git2.h>
#include <string.h>

#define COMMITS 300

static char *dir;
static char hashes[COMMITS][OID_HEX + 1];

static void make_commit(git_repository *git, git_tree *tree, int i, const int *parents, int n)
{
	git_signature *who = NULL;
	git_commit *p[2] = { NULL };
	git_oid id;
	g_assert_cmpint(git_signature_new(&who, "A", "a@example.org", 1500000000 + 60 * i, 0), ==,
			0);
	for (int k = 0; k < n; k++) {
		git_oid_fromstr(&id, hashes[parents[k]]);
		g_assert_cmpint(git_commit_lookup(&p[k], git, &id), ==, 0);
	}
	g_autofree char *message = g_strdup_printf("commit %d\n", i);
	g_assert_cmpint(git_commit_create(&id, git, NULL, who, who, NULL, message, tree, n,
					  (const git_commit **)p),
			==, 0);
	git_oid_tostr(hashes[i], sizeof(hashes[i]), &id);
	for (int k = 0; k < n; k++)
		git_commit_free(p[k]);
	git_signature_free(who);
}

/* A main line with a branch of up to five commits merged now and then. */
static void make_repository(void)
{
	git_repository *git = NULL;
	git_treebuilder *builder = NULL;
	git_tree *tree = NULL;
	git_oid id;
	dir = g_dir_make_tmp("bisectfs-simulate-XXXXXX", NULL);
	g_assert_cmpint(git_repository_init(&git, dir, 1), ==, 0);
	g_assert_cmpint(git_treebuilder_new(&builder, git, NULL), ==, 0);
	g_assert_cmpint(git_treebuilder_write(&id, builder), ==, 0);
	g_assert_cmpint(git_tree_lookup(&tree, git, &id), ==, 0);
	g_random_set_seed(7);
	int tip = 0, branch = -1, left = 0;
	make_commit(git, tree, 0, NULL, 0);
	for (int i = 1; i < COMMITS; i++) {
		if (left) {
			make_commit(git, tree, i, &branch, 1);
			branch = i;
			left--;
			continue;
		}
		bool merge = branch >= 0 && g_random_int_range(0, 3) == 0;
		make_commit(git, tree, i, (int[]){ tip, branch }, merge ? 2 : 1);
		tip = i;
		if (merge)
			branch = -1;
		if (branch < 0 && i < COMMITS - 20 && g_random_int_range(0, 4) == 0) {
			branch = tip;
			left = g_random_int_range(1, 6);
		}
	}
	git_reference *r = NULL;
	git_oid_fromstr(&id, hashes[tip]);
	g_assert_cmpint(git_reference_create(&r, git, "refs/heads/master", &id, 1, NULL), ==, 0);
	memcpy(hashes[COMMITS - 1], hashes[tip], sizeof(hashes[0]));
	git_reference_free(r);
	git_tree_free(tree);
	git_treebuilder_free(builder);
	git_repository_free(git);
}

/* What does not depend on the order in which things ended. */
static char *plain(const char *log)
{
	g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
	GString *out = g_string_new(NULL);
	for (char **l = lines; *l; l++) {
		if (strstr(*l, "starts bisection"))
			continue;
		char *time = strstr(*l, "total time");
		if (time)
			*time = '\0';
		g_string_append_printf(out, "%s\n", *l);
	}
	return g_string_free(out, FALSE);
}

static struct simulated run(struct simulation *what, bool ahead)
{
	struct simulator *sim;
	struct simulated out;
	struct error why = { 0 };
	what->ahead = ahead;
	err_t err = simulator_new(dir, what, &sim, &why);
	if (!err)
		err = simulator_run(sim, what, &out, &why);
	if (err)
		g_error("%s", why.text);
	simulator_free(sim);
	return out;
}

/* Whether a commit has another among its ancestors, or is it. */
static bool reaches(git_repository *git, const char *commit, const char *ancestor)
{
	git_oid a, b;
	git_oid_fromstr(&a, commit);
	git_oid_fromstr(&b, ancestor);
	return strcmp(commit, ancestor) == 0 || git_graph_descendant_of(git, &a, &b) == 1;
}

static void test_same_answer(void)
{
	struct settings settings;
	char *good[] = { hashes[0], NULL };
	git_repository *git = NULL;
	int faster = 0, slower = 0;
	g_assert_cmpint(git_repository_open(&git, dir), ==, 0);
	for (int i = 0; i < 60; i++) {
		g_random_set_seed((guint32)i);
		settings_init(&settings);
		settings_set(&settings, SET_CONFIDENCE, i % 3 ? "0.99" : "1",
			     i % 3 ? strlen("0.99") : 1, NULL);
		struct simulation what = { .bad = hashes[COMMITS - 1],
					   .goods = good,
					   .builders = 1 + i % 3,
					   .vms = 1 + i % 13,
					   .build_s = g_random_int_range(1, 500),
					   .test_s = g_random_int_range(1, 500),
					   .crash_s = i % 2 ? 20 : 0,
					   .reproducibility = i % 5 ? 1 : 0.8,
					   .settings = &settings,
					   .seed = (guint64)i };
		int culprit;
		do
			culprit = g_random_int_range(1, COMMITS - 1);
		while (!reaches(git, what.bad, hashes[culprit]));
		what.culprit = hashes[culprit];
		char *skip[] = { hashes[g_random_int_range(1, COMMITS - 1)], NULL };
		if (i % 4 == 0)
			what.skips = skip;
		struct simulated plain_run = run(&what, false), ahead = run(&what, true);
		g_autofree char *a = plain(plain_run.log);
		g_autofree char *b = plain(ahead.log);
		g_assert_cmpstr(a, ==, b);
		g_assert_cmpstr(plain_run.verdict, ==, ahead.verdict);
		g_assert_nonnull(ahead.found);
		/* where the culprit itself does not build there are several candidates */
		g_assert_true(g_strv_contains((const char *const *)ahead.found, what.culprit));
		faster += ahead.total_ns < plain_run.total_ns;
		slower += ahead.total_ns > plain_run.total_ns + (int64_t)30 * 1000000000;
		simulated_clear(&plain_run);
		simulated_clear(&ahead);
		settings_clear(&settings);
	}
	/* a stopped build or guest takes a moment to go, so a few may lose that; most must win */
	g_assert_cmpint(faster, >=, 50);
	g_assert_cmpint(slower, ==, 0);
	git_repository_free(git);
}

static struct simulation simple(const struct settings *settings)
{
	static char *good[] = { hashes[0], NULL };
	return (struct simulation){ .bad = hashes[COMMITS - 1],
				    .culprit = hashes[0],
				    .goods = good,
				    .builders = 1,
				    .vms = 10,
				    .build_s = 100,
				    .test_s = 10,
				    .reproducibility = 1,
				    .settings = settings,
				    .seed = 1 };
}

static void test_time(void)
{
	struct settings settings;
	settings_init(&settings);
	settings_set(&settings, SET_CONFIDENCE, "1", 1, NULL);
	settings_set(&settings, SET_CERTIFY, "off", 3, NULL);
	struct simulation what = simple(&settings);
	git_repository *git = NULL;
	git_repository_open(&git, dir);
	int c = 40;
	while (!reaches(git, what.bad, hashes[c]))
		c++;
	what.culprit = hashes[c];
	struct simulated out = run(&what, false);
	/* one after the other: a build and ten runs at once; the first step has twenty runs */
	g_assert_cmpint(out.total_ns / 1000000000, ==, 110 * out.tested + 10);
	g_assert_cmpint(out.runs, ==, 10 * out.tested + 10);
	g_assert_cmpint(out.build_ns / 1000000000, ==, 100 * out.tested);
	simulated_clear(&out);
	what.vms = 5;
	out = run(&what, false);
	g_assert_cmpint(out.total_ns / 1000000000, ==, 120 * out.tested + 20);
	simulated_clear(&out);
	settings_clear(&settings);
	git_repository_free(git);
}

static void test_seed(void)
{
	struct settings settings;
	settings_init(&settings);
	struct simulation what = simple(&settings);
	what.culprit = hashes[COMMITS - 1];
	what.reproducibility = 0.5;
	what.noise = 0.02;
	what.crash_s = 3;
	struct simulated a = run(&what, true), b = run(&what, true);
	g_assert_cmpstr(a.log, ==, b.log);
	g_assert_cmpint(a.total_ns, ==, b.total_ns);
	bool differs = false;
	for (int i = 2; i < 10 && !differs; i++) {
		simulated_clear(&b);
		what.seed = (guint64)i;
		b = run(&what, true);
		differs = strcmp(a.log, b.log) != 0;
	}
	g_assert_true(differs);
	simulated_clear(&a);
	simulated_clear(&b);
	settings_clear(&settings);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	git_libgit2_init();
	make_repository();
	g_test_add_func("/simulate/same-answer", test_same_answer);
	g_test_add_func("/simulate/time", test_time);
	g_test_add_func("/simulate/seed", test_seed);
	int status = g_test_run();
	store_remove_tree(dir, NULL);
	g_free(dir);
	git_libgit2_shutdown();
	return status;
}
