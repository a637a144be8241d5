/*
 * The sizes are counted up from the first one each time: there is a dozen of them.
 */
#include "looks.h"

static int after(const struct looks *looks, int n)
{
	int next = n + (n + 3) / 4;
	return next < looks->most ? next : looks->most;
}

struct looks looks_make(int first, int most)
{
	struct looks looks = { .first = first < most ? first : most, .most = most, .count = 1 };
	for (int n = looks.first; n < most; n = after(&looks, n))
		looks.count++;
	return looks;
}

int looks_last(const struct looks *looks, int n)
{
	int last = 0;
	for (int at = looks->first; at <= n; at = after(looks, at)) {
		last = at;
		if (at == looks->most)
			break;
	}
	return last;
}

int looks_next(const struct looks *looks, int n)
{
	int at = looks->first;
	while (at <= n && at < looks->most)
		at = after(looks, at);
	return at > n ? at : 0;
}
