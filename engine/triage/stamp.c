/*
 * Each form is read by a few small steps: a step returns the place behind what it knows, or NULL,
 * and takes NULL as well, so that steps can be chained.
 */
#include "stamp.h"

#include <glib.h>
#include <string.h>

const char *stamp_blanks(const char *p, const char *end)
{
	while (p && p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

const char *stamp_digits(const char *p, const char *end)
{
	while (p && p < end && g_ascii_isdigit(*p))
		p++;
	return p;
}

/* From `least` to `most` digits, and no more of them. */
static const char *digits(const char *p, const char *end, int least, int most)
{
	const char *q = stamp_digits(p, end);
	return p && q - p >= least && q - p <= most ? q : NULL;
}

static const char *one_of(const char *p, const char *end, const char *chars)
{
	return p && p < end && *p && strchr(chars, *p) ? p + 1 : NULL;
}

/* One of the words of three letters. */
static const char *name(const char *p, const char *end, const char *words)
{
	if (!p || end - p < 3)
		return NULL;
	for (; *words; words += 3) {
		if (strncmp(p, words, 3) == 0)
			return p + 3;
	}
	return NULL;
}

static const char *month(const char *p, const char *end)
{
	return name(p, end, "JanFebMarAprMayJunJulAugSepOctNovDec");
}

static const char *weekday(const char *p, const char *end)
{
	return name(p, end, "MonTueWedThuFriSatSun");
}

static const char *or_same(const char *maybe, const char *p)
{
	return maybe ? maybe : p;
}

static const char *fraction(const char *p, const char *end)
{
	return or_same(digits(one_of(p, end, ".,"), end, 1, 9), p);
}

static const char *clock_time(const char *p, const char *end)
{
	p = digits(p, end, 1, 2);
	p = digits(one_of(p, end, ":"), end, 2, 2);
	p = digits(one_of(p, end, ":"), end, 2, 2);
	return p ? fraction(p, end) : NULL;
}

/* "Z", "+00:00", "+0000", " UTC" */
static const char *zone(const char *p, const char *end)
{
	const char *q = one_of(p, end, "Z");
	if (q)
		return q;
	q = digits(one_of(p, end, "+-"), end, 2, 4);
	if (q)
		return or_same(digits(one_of(q, end, ":"), end, 2, 2), q);
	q = one_of(p, end, " ");
	const char *word = q;
	while (q && q < end && g_ascii_isupper(*q))
		q++;
	return q && q - word >= 3 && q - word <= 4 && (q == end || *q == ' ') ? q : p;
}

/* "2024-01-02T03:04:05.123456+00:00", "2024/01/02 03:04:05" */
static const char *iso_date(const char *p, const char *end)
{
	const char *day = weekday(p, end);
	p = day ? one_of(day, end, " ") : p;
	p = digits(p, end, 4, 4);
	p = digits(one_of(p, end, "-/."), end, 2, 2);
	p = digits(one_of(p, end, "-/."), end, 2, 2);
	p = clock_time(one_of(p, end, "T _"), end);
	return p ? zone(p, end) : NULL;
}

/* "Jan  2 03:04:05", "Sun Sep  1 19:30:19 2019" */
static const char *named_date(const char *p, const char *end)
{
	const char *day = weekday(p, end);
	p = day ? stamp_blanks(day, end) : p;
	p = month(p, end);
	p = p && p < end && *p == ' ' ? digits(stamp_blanks(p, end), end, 1, 2) : NULL;
	p = clock_time(one_of(p, end, " "), end);
	const char *year = digits(one_of(p, end, " "), end, 4, 4);
	return year && (year == end || *year == ' ' || *year == ']') ? year : p;
}

/* "01-02 03:04:05.123" */
static const char *short_date(const char *p, const char *end)
{
	p = digits(p, end, 2, 2);
	p = digits(one_of(p, end, "-"), end, 2, 2);
	return clock_time(one_of(p, end, " "), end);
}

static const char *epoch(const char *p, const char *end)
{
	p = digits(p, end, 10, 10);
	return digits(one_of(p, end, "."), end, 1, 9);
}

static const char *any_date(const char *p, const char *end)
{
	static const char *(*const forms[])(const char *, const char *) = { iso_date, named_date,
									    short_date, clock_time,
									    epoch };
	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		const char *q = forms[i](p, end);
		if (q)
			return q;
	}
	return NULL;
}

const char *stamp_date(const char *p, const char *end)
{
	static const char *const separators[] = { " -> ", " > ", " | ", " - ", ": ", " " };
	const char *bracket = one_of(p, end, "[(");
	const char *q = any_date(bracket ? bracket : p, end);
	q = bracket ? one_of(q, end, "])") : q;
	if (!q || q == end)
		return q;
	for (gsize i = 0; i < G_N_ELEMENTS(separators); i++) {
		gsize n = strlen(separators[i]);
		if ((gsize)(end - q) >= n && memcmp(q, separators[i], n) == 0)
			return q + n;
	}
	return NULL;
}

const char *stamp_kernel(const char *p, const char *end, int *decimals)
{
	const char *q = stamp_blanks(one_of(p, end, "["), end);
	q = one_of(digits(q, end, 1, 10), end, ".");
	const char *last = digits(q, end, 1, 9);
	if (!last)
		return NULL;
	*decimals = (int)(last - q);
	last = or_same(digits(one_of(last, end, "@,"), end, 1, 3), last);
	const char *delta = one_of(stamp_blanks(last, end), end, "<");
	if (delta) {
		while (delta < end && (g_ascii_isdigit(*delta) || *delta == '.' || *delta == ' '))
			delta++;
		last = one_of(delta, end, ">");
	}
	return one_of(last, end, "]");
}

const char *stamp_dmesg(const char *p, const char *end)
{
	p = one_of(p, end, "[");
	const char *q = named_date(p, end);
	if (!q) { /* "Jan 2 03:04" */
		q = month(p, end);
		q = q && q < end && *q == ' ' ? digits(stamp_blanks(q, end), end, 1, 2) : NULL;
		q = digits(one_of(q, end, " "), end, 2, 2);
		q = digits(one_of(q, end, ":"), end, 2, 2);
	}
	if (!q) { /* "  +0.000002" */
		q = digits(one_of(stamp_blanks(p, end), end, "+"), end, 1, 10);
		q = digits(one_of(q, end, "."), end, 6, 6);
	}
	if (!q) { /* dmesg -d -t: "<    0.000010>" */
		q = digits(stamp_blanks(one_of(p, end, "<"), end), end, 1, 10);
		q = one_of(digits(one_of(q, end, "."), end, 6, 6), end, ">");
	}
	return one_of(q, end, "]");
}

const char *stamp_caller(const char *p, const char *end)
{
	p = one_of(stamp_blanks(one_of(p, end, "["), end), end, "TC");
	return one_of(digits(p, end, 1, 10), end, "]");
}

const char *stamp_word(const char *p, const char *end, const char *word)
{
	gsize n = strlen(word);
	return p && (gsize)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

const char *stamp_facility(const char *p, const char *end, bool *kernel)
{
	static const char *const facilities[] = { "kern",   "user",	"mail",	  "daemon", "auth",
						  "syslog", "lpr",	"news",	  "uucp",   "cron",
						  "ftp",    "authpriv", "local0", "local1" };
	for (gsize i = 0; i < G_N_ELEMENTS(facilities); i++) {
		const char *level = stamp_blanks(stamp_word(p, end, facilities[i]), end);
		level = stamp_word(level, end, ":");
		const char *q = level;
		while (q && q < end && g_ascii_isalpha(*q))
			q++;
		q = q > level ? stamp_word(stamp_blanks(q, end), end, ": ") : NULL;
		*kernel = i == 0;
		if (q)
			return q;
	}
	return NULL;
}

void stamp_copy(char *out, size_t size, const char *from, const char *to)
{
	gsize n = MIN((gsize)(to - from), size - 1);
	memcpy(out, from, n);
	out[n] = '\0';
}
