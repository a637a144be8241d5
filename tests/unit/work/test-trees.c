/* Trees are taken by one build each, and given to the next. */
#include "engine/base/file.h"
#include "engine/history/repo.h"
#include "engine/work/trees.h"

#include <glib.h>
#include <stdbool.h>

#define COMMIT "0123456789012345678901234567890123456789"

static char *dir; /* nothing has been built in it, so no tree is nearer than another */

static void test_take(void)
{
	struct trees *trees = trees_new(3);
	for (int i = 0; i < 3; i++)
		g_assert_cmpint(trees_take(trees, dir, COMMIT), ==, i);
	trees_give_back(trees, 1);
	g_assert_cmpint(trees_take(trees, dir, COMMIT), ==, 1);
	trees_give_back(trees, 2);
	trees_give_back(trees, 0);
	g_assert_cmpint(trees_take(trees, dir, COMMIT), ==, 0);
	trees_free(trees);
	trees_free(NULL);
}

#define THREADS 4

struct shared {
	struct trees *trees;
	gint users[THREADS];
};

static gpointer use(gpointer arg)
{
	struct shared *shared = arg;
	for (int i = 0; i < 500; i++) {
		int tree = trees_take(shared->trees, dir, COMMIT);
		g_assert_cmpint(tree, >=, 0);
		g_assert_cmpint(tree, <, THREADS);
		g_assert_cmpint(g_atomic_int_add(&shared->users[tree], 1), ==, 0);
		g_thread_yield();
		g_atomic_int_add(&shared->users[tree], -1);
		trees_give_back(shared->trees, tree);
	}
	return NULL;
}

static void test_threads(void)
{
	struct shared shared = { .trees = trees_new(THREADS) };
	GThread *threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("build", use, &shared);
	for (int i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	trees_free(shared.trees);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	repo_library_start();
	dir = g_dir_make_tmp("trees-XXXXXX", NULL);
	g_test_add_func("/trees/take", test_take);
	g_test_add_func("/trees/threads", test_threads);
	int status = g_test_run();
	repo_library_stop();
	file_remove_tree(dir, NULL);
	g_free(dir);
	return status;
}
