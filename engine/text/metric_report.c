/*
 * Numbers stand as they were printed; a plotting program takes the lines without '#'.
 */
#include "metric_report.h"

#include "engine/session/metric_ends.h"
#include "engine/session/numbers.h"

/* Where no end is good there is nothing to be like. */
static const char *what_it_is(const struct session *s, const struct step *step)
{
	const struct step *good = metric_good_end(s);
	if (step->state != STEP_DONE)
		return "not judged yet";
	if (!good)
		return "not told apart from what it was compared with";
	if (step == good)
		return "the good end";
	if (step == session_first_step(s))
		return "the bad end";
	return step->verdict == VERDICT_GOOD  ? "like the good end"
	       : step->verdict == VERDICT_BAD ? "like the bad end"
					      : "like neither end";
}

static void print_step(const struct session *s, int n, const char *begin, GString *out)
{
	const struct step *step = session_step(s, n);
	struct numbers numbers;
	numbers_of_step(s, step, 0, &numbers);
	if (numbers.values->len) {
		g_autofree char *text = numbers_text(s, numbers.values);
		g_string_append_printf(out, "%sstep %d %.12s %s: %s, %s\n", begin, n, step->commit,
				       step_role_name(step->role), text, what_it_is(s, step));
	}
	numbers_clear(&numbers);
}

static void print_steps(const struct session *s, const char *begin, GString *out)
{
	for (guint i = 0; i < s->steps->len; i++)
		print_step(s, (int)i, begin, out);
}

void metric_report_steps(const struct session *s, GString *out)
{
	print_steps(s, "", out);
}

void metric_report_print(const struct session *s, GString *out)
{
	bool any = false;
	if (!numbers_wanted(s))
		return;
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		for (guint k = 0; k < step->runs->len; k++) {
			const struct run *r = step_run(step, (int)k);
			if (r->outcome != OUTCOME_OK || !r->value)
				continue;
			if (!any)
				g_string_append(out, "# step commit run value\n");
			any = true;
			g_string_append_printf(out, "%u %s %u %s\n", i, step->commit, k, r->value);
		}
	}
	print_steps(s, "# ", out);
}
