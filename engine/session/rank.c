/*
 * The number of orders of n and m numbers in which u pairs are inverted is the coefficient of q^u
 * in the Gaussian binomial (n + m over n), the product of (1 - q^(m+i)) / (1 - q^i). Only
 * coefficients up to the u that was seen are needed, and those are whole numbers: small ones are
 * exact.
 */
#include "rank.h"

#include <glib.h>

double rank_least_chance(int n, int m)
{
	double orders = 1;
	for (int i = 1; i <= n; i++)
		orders = orders * (m + i) / i;
	return 1 / orders;
}

double rank_chance_higher(const double *x, int n, const double *y, int m)
{
	int inverted = 0;
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < m; k++)
			inverted += x[i] <= y[k];
	}
	g_autofree double *orders = g_new0(double, (gsize)inverted + 1);
	orders[0] = 1;
	for (int i = 1; i <= n; i++) {
		for (int u = inverted; u >= m + i; u--)
			orders[u] -= orders[u - m - i];
		for (int u = i; u <= inverted; u++)
			orders[u] += orders[u - i];
	}
	double sum = 0;
	for (int u = 0; u <= inverted; u++)
		sum += orders[u];
	return MIN(sum * rank_least_chance(n, m), 1);
}
