/*
 * A majority's vote: a shape that comes back gains a vote, another one takes one away, and who has
 * none left is replaced. What most lines begin with is left at the end.
 */
#include "words.h"

#include "stamp.h"

#include <glib.h>

#include <stdbool.h>
#include <string.h>

/* Fewer tell nothing. */
#define LEAST_LINES 6

/* The first `n` words with a digit for each row of digits; where they end. NULL: fewer words, too
 * many bytes, or addresses, which frames begin with. */
static const char *shape_of(const char *p, const char *end, int n, char *shape)
{
	gsize used = 0;
	for (int i = 0; i < n; i++) {
		if (p == end || *p == ' ' || *p == '\t')
			return NULL;
		if (end - p > 9 && *p == '[' && (p[1] == '<' || stamp_digits(p + 1, end) > p + 8))
			return NULL;
		for (; p < end && *p != ' '; p++) {
			if (used + 3 > WORDS_BYTES)
				return NULL;
			char c = g_ascii_isdigit(*p) ? '0' : *p;
			if (c != '0' || !used || shape[used - 1] != '0')
				shape[used++] = c;
		}
		if (p == end)
			return NULL;
		shape[used++] = ' ';
		while (i + 1 < n && p < end && *p == ' ')
			p++;
	}
	shape[used] = '\0';
	return p < end ? p + 1 : p;
}

static bool ends_a_prefix(const char *shape)
{
	gsize n = strlen(shape);
	return n >= 3 && strchr(":>|]", shape[n - 2]) != NULL;
}

const char *words_skip(const struct words_guess *guesses, int lines, const char *p, const char *end)
{
	char shape[WORDS_BYTES];
	for (int n = WORDS_MOST; n > 0; n--) {
		const struct words_guess *g = &guesses[n - 1];
		if (lines < LEAST_LINES || g->hits * 3 < lines * 2 || !ends_a_prefix(g->shape))
			continue;
		const char *after = shape_of(p, end, n, shape);
		if (after && strcmp(shape, g->shape) == 0)
			return after;
	}
	return NULL;
}

void words_learn(struct words_guess *guesses, const char *p, const char *end)
{
	for (int n = 1; n <= WORDS_MOST; n++) {
		struct words_guess *g = &guesses[n - 1];
		char shape[WORDS_BYTES];
		if (!shape_of(p, end, n, shape)) {
			g->votes -= g->votes > 0;
		} else if (strcmp(shape, g->shape) == 0) {
			g->votes++;
			g->hits++;
		} else if (g->votes > 0) {
			g->votes--;
		} else {
			g_strlcpy(g->shape, shape, sizeof(g->shape));
			g->votes = g->hits = 1;
		}
	}
}
