/*
 * syzbot's rule as it is in pkg/bisect; and, for runs that are not made at all, the chance of being
 * wrong, as a product over the clean runs.
 */
#include "verdict.h"

#include <math.h>

int verdict_want_bad(const struct tally *t)
{
	int sixth = (t->total - t->infra) / 6;
	return sixth > 2 ? sixth : 2;
}

int verdict_want_good(const struct tally *t, bool flaky)
{
	return flaky ? t->total * 3 / 4 : t->total / 2;
}

enum verdict verdict_rule(const struct tally *t, bool flaky)
{
	if (t->bad == 0 && t->good >= verdict_want_good(t, flaky) && t->good > 0)
		return VERDICT_GOOD;
	if (t->bad >= verdict_want_bad(t) && t->good + t->bad >= t->total / 2)
		return VERDICT_BAD;
	if (t->infra > t->skip)
		return VERDICT_NONE;
	return VERDICT_SKIP;
}

double verdict_miss_probability(const struct rate *rate, int good)
{
	/* E[(1-p)^good] for p ~ Beta(1 + bad, 1 + good seen): a product of good factors. */
	double p = 1.0;
	for (int i = 0; i < good; i++)
		p *= (double)(1 + rate->good + i) / (double)(2 + rate->bad + rate->good + i);
	return p;
}

int verdict_good_needed(const struct rate *rate, double confidence, int limit)
{
	for (int n = 1; n < limit; n++) {
		if (verdict_miss_probability(rate, n) <= 1.0 - confidence)
			return n;
	}
	return limit;
}

double verdict_step_confidence(double reproducibility, int good)
{
	return 1.0 - pow(1.0 - reproducibility, good);
}
