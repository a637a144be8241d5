/*
 * Two samples compared by ranks alone: the exact test of Mann and Whitney. It holds for whatever
 * the distribution is, as only the order of the numbers counts. Pure.
 */
#ifndef ENGINE_SESSION_RANK_H
#define ENGINE_SESSION_RANK_H

/* Chance that `n` numbers stand at least as high above `m` others as `x` does above `y`, where all
 * are drawn from one distribution. Equal numbers count against x. 1 where one of both is empty. */
double rank_chance_higher(const double *x, int n, const double *y, int m);

/* The smallest chance that so many numbers can give: all of one stand above all others. */
double rank_least_chance(int n, int m);

#endif
