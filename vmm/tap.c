/*
 * A level is how far a line is indented. A case's line takes back what failed further in: its own
 * result is what counts there.
 */
#include "tap.h"

#include <glib.h>
#include <string.h>

/* Skips the indentation: blanks, or the "# " of kselftest's runner. `hashes`: how many of those. */
static const char *indented(const char *line, int *level, int *hashes)
{
	const char *p = line;
	for (*hashes = 0; *p == ' ' || (*p == '#' && p[1] == ' '); p++) {
		if (*p == '#') {
			++*hashes;
			p++;
		}
	}
	*level = MIN((int)(p - line) / 2, TAP_LEVELS - 1);
	*hashes = MIN(*hashes, TAP_LEVELS - 1);
	return p;
}

static bool is_version(const char *p)
{
	return g_str_has_prefix(p, "TAP version ") || g_str_has_prefix(p, "KTAP version ");
}

/* What follows the number of a plan; NULL: it is none. */
static const char *after_plan(const char *p)
{
	if (!g_str_has_prefix(p, "1..") || !g_ascii_isdigit(p[3]))
		return NULL;
	for (p += 3; g_ascii_isdigit(*p); p++)
		;
	while (*p == ' ')
		p++;
	return *p == '\0' || *p == '#' ? p : NULL;
}

/* The '#' that ends a case's name and begins its directive; a '\' before it makes it a part of the
 * name. The end of the line where there is none. */
static const char *directive_of(const char *p)
{
	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '#')
			return p;
	}
	return p;
}

static bool is_directive(const char *hash, const char *word)
{
	if (*hash != '#')
		return false;
	while (*hash == '#' || *hash == ' ')
		hash++;
	return g_ascii_strncasecmp(hash, word, strlen(word)) == 0 &&
	       !g_ascii_isalnum(hash[strlen(word)]);
}

static enum tap_result result_of(bool ok, const char *hash)
{
	if (is_directive(hash, "SKIP"))
		return TAP_SKIPPED;
	if (is_directive(hash, "TODO") || is_directive(hash, "XFAIL"))
		return TAP_EXPECTED;
	return ok ? TAP_OK : TAP_FAILED;
}

/* A directive that says how it failed belongs to the name; any other text may change each time. */
static void name_case(char title[TAP_TITLE], const char *p, const char *hash)
{
	int len = (int)(hash - p);
	while (len > 0 && p[len - 1] == ' ')
		len--;
	g_snprintf(title, TAP_TITLE, "%.*s%s", len, p,
		   is_directive(hash, "TIMEOUT") ? " # TIMEOUT"
		   : is_directive(hash, "ERROR") ? " # ERROR"
						 : "");
}

static void take_failure(struct tap *t, int level, const char *title)
{
	if (!*t->failed[level])
		g_strlcpy(t->failed[level], title, TAP_TITLE);
}

static void take_case(struct tap *t, int level, enum tap_result result, const char *title)
{
	const char *deeper = "";
	for (int i = level + 1; i < TAP_LEVELS; i++) {
		if (!*deeper)
			deeper = t->failed[i];
	}
	if (result == TAP_FAILED)
		take_failure(t, level, *deeper ? deeper : title);
	for (int i = level + 1; i < TAP_LEVELS; i++)
		*t->failed[i] = '\0';
	if (level == 0) {
		t->cases++;
		t->cases_skipped += result == TAP_SKIPPED;
	}
}

/* "1..0 # SKIP why" */
static void take_plan(struct tap *t, int level, const char *plan, const char *rest)
{
	if (level == 0 && g_str_has_prefix(plan, "1..0") && is_directive(rest, "SKIP"))
		g_strlcpy(t->skipped, plan, sizeof(t->skipped));
}

enum tap_result tap_line(struct tap *t, const char *line, char title[TAP_TITLE])
{
	int level, hashes;
	const char *p = indented(line, &level, &hashes), *rest = after_plan(p);
	if (is_version(p) || rest) {
		t->seen = t->marked[hashes] = true;
		if (rest)
			take_plan(t, level, p, rest);
		return TAP_NONE;
	}
	if (hashes && !t->marked[hashes])
		return TAP_NONE; /* a comment */
	if (g_str_has_prefix(p, "Bail out!")) {
		name_case(title, p, p + strlen(p));
		take_failure(t, level, title);
		return TAP_NONE;
	}
	bool negated = g_str_has_prefix(p, "not ");
	const char *after = negated ? p + strlen("not ") : p;
	if (!g_str_has_prefix(after, "ok") || (after[2] && after[2] != ' '))
		return TAP_NONE;
	const char *hash = directive_of(after);
	enum tap_result result = result_of(!negated, hash);
	name_case(title, p, hash);
	take_case(t, level, result, title);
	return result;
}

const char *tap_failed(const struct tap *t)
{
	/* the further out, the earlier: a case takes back what was further in */
	for (int i = 0; t->seen && i < TAP_LEVELS; i++) {
		if (*t->failed[i])
			return t->failed[i];
	}
	return NULL;
}

const char *tap_skipped(const struct tap *t)
{
	if (!t->seen || tap_failed(t))
		return NULL;
	if (*t->skipped)
		return t->skipped;
	return t->cases && t->cases == t->cases_skipped ? "all test cases were skipped" : NULL;
}
