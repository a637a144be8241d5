/*
 * syzbot's pick: the newest sub-releases, then plain releases, ever fewer the older they are.
 */
#include "releases.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool number(const char **p, int *n)
{
	if (!isdigit((unsigned char)**p))
		return false;
	char *end;
	long v = strtol(*p, &end, 10);
	if (v > 100000)
		return false;
	*n = (int)v;
	*p = end;
	return true;
}

bool release_parse(const char *name, struct release_version *v)
{
	*v = (struct release_version){ 0 };
	if (*name++ != 'v' || !number(&name, &v->major) || *name++ != '.' ||
	    !number(&name, &v->minor))
		return false;
	if (*name == '.') {
		name++;
		if (!number(&name, &v->patch))
			return false;
	}
	if (strncmp(name, "-rc", 3) == 0) {
		int rc;
		name += 3;
		if (!number(&name, &rc))
			return false;
		v->candidate = true;
	}
	return *name == '\0';
}

int release_compare(const struct release_version *a, const struct release_version *b)
{
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	return a->patch < b->patch ? -1 : a->patch > b->patch;
}

/* Of the plain releases: the first three, then every second, then every third, and the oldest. */
static bool plain_is_picked(guint i, guint n)
{
	if (i + 1 == n || i <= 2)
		return true;
	return i < 11 ? i % 2 == 0 : i % 3 == 0;
}

GArray *releases_pick(const char *const *names, guint n, const char *oldest)
{
	GArray *picked = g_array_new(FALSE, FALSE, sizeof(guint));
	struct release_version limit, v;
	bool limited = release_parse(oldest, &limit);
	guint end = 0, stable = 0;
	while (end < n && release_parse(names[end], &v) &&
	       (!limited || release_compare(&v, &limit) >= 0))
		end++;
	while (stable < end && release_parse(names[stable], &v) && v.patch)
		stable++;
	/* sub-releases before the first plain one: the two newest, of more than five the middle */
	for (guint i = 0; i < stable; i++) {
		if (i < 2 || (stable > 5 && i == stable / 2))
			g_array_append_val(picked, i);
	}
	guint plain = 0, index = 0;
	for (guint i = stable; i < end; i++) {
		release_parse(names[i], &v);
		plain += v.patch == 0;
	}
	for (guint i = stable; i < end; i++) {
		release_parse(names[i], &v);
		if (v.patch)
			continue;
		if (plain_is_picked(index++, plain))
			g_array_append_val(picked, i);
	}
	return picked;
}
