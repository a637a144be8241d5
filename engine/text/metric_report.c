/*
 * Numbers stand as they were printed; a plotting program takes the lines without '#'.
 */
#include "metric_report.h"

#include "engine/session/numbers.h"

static void print_step(const struct session *s, int n, const char *begin, GString *out)
{
	const struct step *step = session_step(s, n);
	struct numbers numbers;
	numbers_of_step(s, step, 0, &numbers);
	if (numbers.values->len) {
		g_autofree char *text = numbers_text(s, numbers.values);
		const char *like = step->verdict == VERDICT_GOOD  ? "like the good end"
				   : step->verdict == VERDICT_BAD ? "like the bad end"
				   : step->state != STEP_DONE	  ? "not judged yet"
								  : "like neither end";
		g_string_append_printf(out, "%sstep %d %.12s %s: %s, %s\n", begin, n, step->commit,
				       step_role_name(step->role), text, like);
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
