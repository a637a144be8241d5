#include "random-history.h"

#include "engine/base/file.h"

#include <git2.h>
#include <string.h>

#define RELEASE_EVERY 10
#define FIRST_MINOR 4

struct maker {
	struct random_history *h;
	GRand *chance;
	git_repository *git;
	git_tree *tree;
	int releases;
};

static void check(int code)
{
	if (code != 0)
		g_error("libgit2: %s", git_error_last() ? git_error_last()->message : "?");
}

static void add_commit(struct maker *m, int i, int first, int second)
{
	git_signature *who = NULL;
	git_commit *parents[2] = { NULL };
	git_oid id;
	size_t n = 0;
	struct random_commit *c = &m->h->commits[i];
	*c = (struct random_commit){ .parents = { first, second } };
	check(git_signature_new(&who, "A", "a@example.org", 1500000000 + 60 * i, 0));
	for (; n < 2 && c->parents[n] != HISTORY_NONE; n++) {
		check(git_oid_fromstr(&id, m->h->commits[c->parents[n]].hash));
		check(git_commit_lookup(&parents[n], m->git, &id));
	}
	g_autofree char *message = g_strdup_printf("commit %d\n", i);
	check(git_commit_create(&id, m->git, NULL, who, who, NULL, message, m->tree, n,
				(const git_commit **)parents));
	git_oid_tostr(c->hash, sizeof(c->hash), &id);
	for (size_t k = 0; k < n; k++)
		git_commit_free(parents[k]);
	git_signature_free(who);
}

static void set_ref(struct maker *m, const char *name, int i)
{
	git_reference *ref = NULL;
	git_oid id;
	check(git_oid_fromstr(&id, m->h->commits[i].hash));
	check(git_reference_create(&ref, m->git, name, &id, 1, NULL));
	git_reference_free(ref);
}

static void add_release(struct maker *m, int i)
{
	g_autofree char *name = g_strdup_printf("refs/tags/v5.%d", FIRST_MINOR + m->releases++);
	m->h->commits[i].release = true;
	set_ref(m, name, i);
}

static void grow(struct maker *m)
{
	int tip = 0, branch = HISTORY_NONE, left = 0, since = 0, n = m->h->n;
	add_commit(m, 0, HISTORY_NONE, HISTORY_NONE);
	add_release(m, 0);
	for (int i = 1; i < n; i++) {
		bool last = i == n - 1;
		if (left && !last) {
			add_commit(m, i, branch, HISTORY_NONE);
			branch = i;
			left--;
			continue;
		}
		bool merge = branch >= 0 && branch != tip &&
			     (last || g_rand_int_range(m->chance, 0, 3) == 0);
		add_commit(m, i, tip, merge ? branch : HISTORY_NONE);
		tip = i;
		if (merge)
			branch = HISTORY_NONE;
		if (++since == RELEASE_EVERY && !last) {
			add_release(m, i);
			since = 0;
		}
		if (branch < 0 && g_rand_int_range(m->chance, 0, 4) == 0) {
			branch = tip;
			left = g_rand_int_range(m->chance, 1, 6);
		}
	}
	set_ref(m, "refs/heads/master", n - 1);
}

struct random_history *random_history_make(guint32 seed, int commits)
{
	struct random_history *h = g_new0(struct random_history, 1);
	struct maker m = { .h = h, .chance = g_rand_new_with_seed(seed) };
	git_treebuilder *builder = NULL;
	git_oid id;
	h->n = commits;
	h->commits = g_new0(struct random_commit, commits);
	h->dir = g_dir_make_tmp("bisectfs-history-XXXXXX", NULL);
	g_assert_nonnull(h->dir);
	check(git_repository_init(&m.git, h->dir, 1));
	check(git_treebuilder_new(&builder, m.git, NULL));
	check(git_treebuilder_write(&id, builder));
	check(git_tree_lookup(&m.tree, m.git, &id));
	grow(&m);
	git_tree_free(m.tree);
	git_treebuilder_free(builder);
	git_repository_free(m.git);
	g_rand_free(m.chance);
	return h;
}

void random_history_free(struct random_history *h)
{
	file_remove_tree(h->dir, NULL);
	g_free(h->dir);
	g_free(h->commits);
	g_free(h);
}

bool random_history_reaches(const struct random_history *h, int commit, int ancestor)
{
	g_autofree bool *seen = g_new0(bool, h->n);
	seen[commit] = true;
	for (int i = commit; i > ancestor; i--) {
		for (int k = 0; seen[i] && k < 2; k++) {
			if (h->commits[i].parents[k] != HISTORY_NONE)
				seen[h->commits[i].parents[k]] = true;
		}
	}
	return seen[ancestor];
}

int random_history_find(const struct random_history *h, const char *hash)
{
	for (int i = 0; i < h->n; i++) {
		if (strcmp(h->commits[i].hash, hash) == 0)
			return i;
	}
	return HISTORY_NONE;
}
