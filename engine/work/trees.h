/*
 * The slots' trees: a build takes one for as long as it lasts. There are as many as builders, so
 * one is free whenever a build begins. Any thread.
 */
#ifndef ENGINE_WORK_TREES_H
#define ENGINE_WORK_TREES_H

struct trees;
struct trees *trees_new(int n);
void trees_free(struct trees *trees);

/* Takes the free tree below `dir` (which has the directory `slots`) from which least has to be
 * built to get at the commit. */
int trees_take(struct trees *trees, const char *dir, const char *commit);
void trees_give_back(struct trees *trees, int tree);

#endif
