/*
 * What each tree costs is worked out before the lock is taken, since that reads files: a tree that
 * is given back meanwhile is judged by what it was before. Nothing depends on it but time.
 */
#include "trees.h"

#include "engine/build/cost.h"

#include <glib.h>

struct trees {
	int n;
	GMutex lock;
	bool *taken; /* guarded by `lock` */
};

struct trees *trees_new(int n)
{
	struct trees *trees = g_new0(struct trees, 1);
	trees->n = n;
	trees->taken = g_new0(bool, n);
	g_mutex_init(&trees->lock);
	return trees;
}

void trees_free(struct trees *trees)
{
	if (!trees)
		return;
	g_mutex_clear(&trees->lock);
	g_free(trees->taken);
	g_free(trees);
}

/* The cheapest first; as they are numbered where nothing is known. To be freed. */
static int *by_cost(const struct trees *trees, const char *dir, const char *commit)
{
	int *order = g_new(int, trees->n);
	g_autofree bool *placed = g_new0(bool, trees->n);
	struct cost *cost = trees->n > 1 ? cost_open(dir, trees->n) : NULL;
	for (int i = 0; i < trees->n; i++) {
		order[i] = cost ? cost_nearest(cost, commit, placed) : i;
		placed[order[i]] = true;
	}
	cost_free(cost);
	return order;
}

int trees_take(struct trees *trees, const char *dir, const char *commit)
{
	g_autofree int *order = by_cost(trees, dir, commit);
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&trees->lock);
	int i = 0;
	while (i < trees->n - 1 && trees->taken[order[i]])
		i++;
	trees->taken[order[i]] = true;
	return order[i];
}

void trees_give_back(struct trees *trees, int tree)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&trees->lock);
	trees->taken[tree] = false;
}
