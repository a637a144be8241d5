/*
 * Borders are lines of the event that found them; each question reads them anew.
 */
#include "borders.h"

#include "certify.h"
#include "numbers.h"
#include "range.h"

#include <errno.h>
#include <string.h>

bool border_parse(const char *line, struct border *border)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	char *end = NULL;
	*border = (struct border){ 0 };
	if (g_strv_length(words) != 4 || !*words[1] || !*words[2] || !g_ascii_isdigit(*words[3]))
		return false;
	gint64 skipped = g_ascii_strtoll(words[3], &end, 10);
	bool fixed = strcmp(words[0], "fixed") == 0;
	if (*end || skipped > INT32_MAX || (!fixed && strcmp(words[0], "broken") != 0))
		return false;
	border->fixed = fixed;
	border->commit = g_strdup(words[1]);
	border->parent = strcmp(words[2], "-") == 0 ? NULL : g_strdup(words[2]);
	border->skipped = (int)skipped;
	return true;
}

char *border_print(const struct border *b)
{
	return g_strdup_printf("%s %s %s %d", b->fixed ? "fixed" : "broken", b->commit,
			       b->parent ? b->parent : "-", b->skipped);
}

char *border_text(const struct border *b)
{
	g_autofree char *others =
		b->skipped ? g_strdup_printf(" or one of %d before it", b->skipped) : g_strdup("");
	return g_strdup_printf("%s by %s%s", b->fixed ? "fixed" : "broken", b->commit, others);
}

void border_clear(struct border *border)
{
	g_free(border->commit);
	g_free(border->parent);
	*border = (struct border){ 0 };
}

err_t borders_check(char *const *lines, struct error *error)
{
	for (; lines && *lines; lines++) {
		struct border b;
		bool fits = border_parse(*lines, &b);
		border_clear(&b);
		if (!fits)
			return error_set(error, EINVAL, "'%s' is no border", *lines);
	}
	return 0;
}

bool borders_may_be(const struct session *s)
{
	g_auto(GStrv) clean = range_tested(s, VERDICT_GOOD);
	return range_good_that_is_bad(s) && clean[0] && !numbers_wanted(s);
}

/* ---- the certificate ---- */

/* A person, a build and a number are not asked twice. */
static bool are_tested_more(const struct session *s)
{
	return certify_is_wanted(s) && settings_need_guest(&s->settings) && !numbers_wanted(s);
}

static bool wants(const struct session *s, enum step_role role, const char *commit)
{
	return commit && !certify_is_sure(s, commit) && !session_find_step(s, role, commit);
}

enum step_role borders_next(const struct session *s, char **commit)
{
	enum step_role role = ROLES;
	for (char **line = s->borders; *line && role == ROLES && are_tested_more(s); line++) {
		struct border b;
		border_parse(*line, &b);
		if (wants(s, ROLE_CULPRIT, b.commit))
			role = ROLE_CULPRIT;
		else if (wants(s, ROLE_PARENT, b.parent))
			role = ROLE_PARENT;
		if (commit && role != ROLES)
			*commit = g_strdup(role == ROLE_CULPRIT ? b.commit : b.parent);
		border_clear(&b);
	}
	return role;
}

/* Borders are looked for as if the given good commits were good. */
static char *good_tested_since(const struct session *s)
{
	for (guint i = s->found_at; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		if (step->role == ROLE_GOOD && step->verdict == VERDICT_BAD &&
		    session_verdict_of(s, step->commit) == VERDICT_BAD)
			return g_strdup_printf("%s was given as good and has the bug: the search "
					       "goes on",
					       step->commit);
	}
	return NULL;
}

char *borders_contradiction(const struct session *s)
{
	char *why = good_tested_since(s);
	for (char **line = s->borders; *line && !why; line++) {
		struct border b;
		border_parse(*line, &b);
		enum verdict from_here = b.fixed ? VERDICT_GOOD : VERDICT_BAD;
		enum verdict v = session_verdict_of(s, b.commit);
		if (v != from_here)
			why = g_strdup_printf("the commit %s was %s at first, with more runs it is "
					      "%s: the search goes on",
					      b.commit, verdict_name(from_here), verdict_name(v));
		else if (b.parent && session_verdict_of(s, b.parent) == from_here)
			why = g_strdup_printf("the parent %s of %s is %s as well: the search goes "
					      "on",
					      b.parent, b.commit, verdict_name(from_here));
		border_clear(&b);
	}
	return why;
}

char *borders_verdict(const struct session *s)
{
	GString *text = g_string_new("inconclusive: comes and goes:");
	for (char **line = s->borders; *line; line++) {
		struct border b;
		border_parse(*line, &b);
		g_autofree char *one = border_text(&b);
		g_string_append_printf(text, "%s %s", line == s->borders ? "" : ",", one);
		border_clear(&b);
	}
	return g_string_free(text, FALSE);
}
