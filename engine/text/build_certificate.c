/*
 * One line for each side: what came of making all of the culprit and of its parents, and of the
 * starting commit without the culprit.
 */
#include "build_certificate.h"
#include "format.h"

#include "engine/session/build_verdict.h"
#include "engine/session/certify.h"
#include "engine/session/range.h"

static void print_side(const struct session *s, const char *what, const char *commit, GString *out)
{
	int n = build_verdict_whole(s, commit);
	enum verdict v = range_users_word(s, commit);
	g_string_append_printf(out, "%-8s %s: ", what, commit);
	if (n >= 0)
		g_string_append_printf(out, "%s (step %d, all was made)\n",
				       session_step(s, n)->reason, n);
	else if (v != VERDICT_NONE)
		g_string_append_printf(out, "%s by its user\n", verdict_name(v));
	else
		g_string_append(out, "not made as a whole\n");
}

static void print_revert(const struct session *s, GString *out)
{
	const struct step *step = session_find_step(s, ROLE_REVERT, NULL);
	g_string_append_printf(out, "%-8s ", settings_is_fix(&s->settings) ? "applied" : "revert");
	if (!certify_revert_tells_more(s))
		format_no_revert(out, s);
	else if (!step || step->verdict == VERDICT_NONE)
		g_string_append(out, "not tested\n");
	else
		g_string_append_printf(out, "on %s: %s%s\n", step->commit,
				       step->verdict == VERDICT_SKIP ? "not tested: " : "",
				       step->reason);
}

void build_certificate_print(const struct session *s, GString *out)
{
	print_side(s, "culprit", s->found[0], out);
	for (char **p = s->parents; p && *p; p++)
		print_side(s, "parent", *p, out);
	format_only_together(out, s);
	format_side_with_bug(out, s);
	format_labels(out, s);
	if (certify_is_wanted(s))
		print_revert(s, out);
	else
		g_string_append(out, "Nothing was made for this certificate (certify is off).\n");
	g_string_append_printf(out, "Confidence: %.4f\n", certify_confidence(s));
}
