/*
 * One line for each side: the culprit, its parents, and the starting commit without the culprit.
 */
#include "certificate.h"

#include "build_certificate.h"
#include "format.h"
#include "report.h"

#include "engine/session/borders.h"
#include "engine/session/certify.h"
#include "engine/session/numbers.h"
#include "engine/session/range.h"
#include "engine/session/tally.h"

#include <string.h>

static void steps_of(const struct session *s, const char *signature, GString *out)
{
	bool first = true;
	for (guint i = 0; signature && i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		bool ran = step->runs->len || step->known_good || step->known_bad;
		if (!ran || g_strcmp0(step->signature, signature) != 0)
			continue;
		g_string_append_printf(out, "%s %u", first ? " (step" : ",", i);
		first = false;
	}
	if (!first)
		g_string_append_c(out, ')');
}

static void print_numbers(const struct session *s, const char *signature, GString *out)
{
	struct numbers n;
	numbers_of_kernel(s, signature, &n);
	g_autofree char *text = numbers_text(s, n.values);
	g_string_append(out, text);
	steps_of(s, signature, out);
	g_string_append_c(out, '\n');
	numbers_clear(&n);
}

static void print_counts(const struct session *s, const struct tally *t, const char *signature,
			 GString *out)
{
	if (numbers_wanted(s)) {
		print_numbers(s, signature, out);
		return;
	}
	g_string_append_printf(out, "%d of %d runs %s", t->bad, t->bad + t->good + t->skip,
			       tally_bad_word(s));
	steps_of(s, signature, out);
	if (!t->bad && t->good)
		g_string_append_printf(out, ", %.4f that it is clean",
				       1.0 - certify_miss_probability(s, t));
	g_string_append_c(out, '\n');
}

/* Its user may have said what it is. */
static void print_untested(const struct session *s, const char *commit, GString *out)
{
	enum verdict v = range_users_word(s, commit);
	if (v != VERDICT_NONE)
		g_string_append_printf(out, "%s by its user\n", verdict_name(v));
	else
		g_string_append(out, "built, never run\n");
}

static void print_side(const struct session *s, const char *what, const char *commit, GString *out)
{
	const char *signature = certify_signature(s, commit);
	bool parent = strcmp(what, "parent") == 0;
	const struct step *step = session_find_step(s, parent ? ROLE_PARENT : ROLE_CULPRIT, commit);
	if (parent && !step)
		step = session_find_step(s, ROLE_SIDE, commit);
	g_string_append_printf(out, "%-8s %s: ", what, commit);
	if (!signature && range_users_word(s, commit) != VERDICT_NONE) {
		print_untested(s, commit, out);
		return;
	}
	if (!signature) {
		g_string_append_printf(out, "not tested%s%s\n", step && step->reason ? ": " : "",
				       step && step->reason ? step->reason : "");
		return;
	}
	struct tally t = tally_kernel(s, signature);
	if (t.good || t.bad || t.skip)
		print_counts(s, &t, signature, out);
	else
		print_untested(s, commit, out);
}

static void print_revert(const struct session *s, GString *out)
{
	const struct step *step = certify_revert_step(s);
	g_string_append_printf(out, "%-8s ", settings_is_fix(&s->settings) ? "applied" : "revert");
	if (!certify_revert_tells_more(s)) {
		format_no_revert(out, s);
	} else if (!step) {
		g_string_append(out, "not tested\n");
	} else {
		g_string_append_printf(out, "on %s: ", step->commit);
		if (step->build_failed) {
			g_string_append_printf(out, "not tested: %s\n", step->reason);
		} else {
			struct tally t = tally_step(s, step);
			print_counts(s, &t, step->signature, out);
		}
	}
}

/* The parent with the culprit's compiler: says whether it is the commit or the compiler. */
static void print_compiler(const struct session *s, GString *out)
{
	struct certify_border border;
	const struct step *step =
		certify_border(s, &border) ? certify_compiler_step(s, &border) : NULL;
	if (!step)
		return;
	g_string_append_printf(out, "%-8s %s, built with %s as the culprit: ", "parent",
			       step->commit, border.after ? border.after : "the default compiler");
	if (step->build_failed) {
		g_string_append_printf(out, "not tested: %s\n", step->reason);
		return;
	}
	struct tally t = tally_step(s, step);
	print_counts(s, &t, step->signature, out);
}

/* Both sides of each, oldest first. */
static void print_borders(const struct session *s, GString *out)
{
	for (char **line = s->borders; *line; line++) {
		struct border b;
		border_parse(*line, &b);
		if (b.parent)
			print_side(s, "parent", b.parent, out);
		print_side(s, b.fixed ? "fixed" : "broken", b.commit, out);
		border_clear(&b);
	}
}

void certificate_print(const struct session *s, GString *out)
{
	if (report_has_borders(s))
		print_borders(s, out);
	if (!session_has_answer(s) || !s->found || !s->found[0] || s->found[1])
		return;
	if (settings_test(&s->settings) == TEST_BUILD) {
		build_certificate_print(s, out);
		return;
	}
	print_side(s, "culprit", s->found[0], out);
	for (char **p = s->parents; p && *p; p++)
		print_side(s, "parent", *p, out);
	print_compiler(s, out);
	format_only_together(out, s);
	format_side_with_bug(out, s);
	format_inside(out, s);
	format_labels(out, s);
	if (certify_is_no_op(s)) {
		g_string_append(out, "The culprit's kernel is its parent's, bit by bit: the commit "
				     "cannot have changed anything.\n");
		return;
	}
	if (settings_test(&s->settings) == TEST_MANUAL) {
		g_string_append(out,
				"Nothing was measured: the verdicts are its user's, and so is how "
				"sure they are.\n");
		return;
	}
	if (certify_is_wanted(s))
		print_revert(s, out);
	else
		g_string_append(out, "No runs were made for this certificate (certify is off).\n");
	if (numbers_wanted(s)) {
		g_string_append_printf(out,
				       "The numbers of culprit and parent %s by their ranks.\n"
				       "Confidence: %.4f\n",
				       certify_tells_apart(s) ? "differ" : "do not differ",
				       certify_confidence(s));
		return;
	}
	struct rate rate = tally_rate(s);
	g_string_append_printf(out,
			       "The bug shows in %d of %d runs where it is (first step, corrected "
			       "by later ones).\n"
			       "Confidence: %.4f\n",
			       rate.bad, rate.bad + rate.good, certify_confidence(s));
}
