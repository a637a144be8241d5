/*
 * Runs are looked through at each question: there are some hundreds at most.
 */
#include "numbers.h"

#include <math.h>
#include <string.h>

bool numbers_wanted(const struct session *s)
{
	return *settings_text(&s->settings, SET_METRIC) != '\0';
}

bool number_parse(const char *text, double *number)
{
	char *end;
	if (!text || !*text)
		return false;
	*number = g_ascii_strtod(text, &end);
	return !*end && isfinite(*number);
}

double numbers_shown(const struct session *s, double value)
{
	bool higher = strcmp(settings_text(&s->settings, SET_METRIC_WORSE), "higher") == 0;
	return higher ? -value : value;
}

static void add_run(const struct session *s, const struct run *r, bool waits, struct numbers *out)
{
	if (r->outcome == OUTCOME_INFRA) {
		out->infra++;
	} else if (r->outcome != OUTCOME_OK) {
		out->lost += !waits;
		out->last_lost = r;
	} else if (waits) {
		out->beyond++;
	} else {
		double number = numbers_shown(s, r->number);
		g_array_append_val(out->values, number);
	}
}

static void add_runs(const struct session *s, const struct step *step, int64_t since,
		     struct numbers *out)
{
	bool waits = false;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome == OUTCOME_NONE)
			waits = waits || r->started >= since;
		else if (!run_was_stopped(r) && r->started >= since)
			add_run(s, r, waits, out);
	}
}

void numbers_of_step(const struct session *s, const struct step *step, int64_t since,
		     struct numbers *out)
{
	*out = (struct numbers){ .values = g_array_new(FALSE, FALSE, sizeof(double)) };
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *other = session_step(s, (int)i);
		if (other == step)
			break; /* in their order: what is known already is never reordered */
		if (other->dropped && step->signature &&
		    g_strcmp0(other->signature, step->signature) == 0)
			add_runs(s, other, since, out);
	}
	add_runs(s, step, since, out);
}

void numbers_of_kernel(const struct session *s, const char *signature, struct numbers *out)
{
	*out = (struct numbers){ .values = g_array_new(FALSE, FALSE, sizeof(double)) };
	for (guint i = 0; i < s->steps->len && signature; i++) {
		const struct step *step = session_step(s, (int)i);
		if (g_strcmp0(step->signature, signature) == 0)
			add_runs(s, step, 0, out);
	}
}

void numbers_clear(struct numbers *n)
{
	g_clear_pointer(&n->values, g_array_unref);
}

static int by_size(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

double numbers_quantile(const GArray *values, double q)
{
	g_autoptr(GArray) sorted = g_array_copy((GArray *)values);
	g_array_sort(sorted, by_size);
	double at = q * (sorted->len - 1);
	guint below = (guint)at, above = MIN(below + 1, sorted->len - 1);
	double low = g_array_index(sorted, double, below);
	return low + (at - below) * (g_array_index(sorted, double, above) - low);
}

char *numbers_text(const struct session *s, const GArray *values)
{
	if (!values->len)
		return g_strdup("no number");
	double a = numbers_shown(s, numbers_quantile(values, 0.25));
	double b = numbers_shown(s, numbers_quantile(values, 0.75));
	return g_strdup_printf("median %.5g (%.5g to %.5g) of %u",
			       numbers_shown(s, numbers_quantile(values, 0.5)), MIN(a, b),
			       MAX(a, b), values->len);
}
