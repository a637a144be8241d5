/*
 * How far a bisection is. git's own estimate of the steps to go is taken where the search has one;
 * before that the releases of the walk are counted. The time to the end is the average step so far
 * times the steps to go, in steps of ten seconds so that a file does not change with each look.
 */
#include "progress.h"

#include "engine/session/build_verdict.h"
#include "engine/text/format.h"

static int steps_to_go(const struct session *s)
{
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	if (session_over(s))
		return 0;
	if (!last)
		return 1;
	int open = last->state != STEP_DONE;
	if (s->found)
		return open;
	if (last->role == ROLE_SEARCH && last->roughly >= 0)
		return open + last->roughly;
	if (last->role == ROLE_RELEASE || last->role == ROLE_ORIGINAL)
		return open + 2 +
		       (int)g_strv_length(s->releases ? s->releases : (char *[]){ NULL }) / 2;
	return open + 4;
}

struct progress progress_of(const struct session *s, int64_t now)
{
	struct progress p = { .done = (int)s->steps->len, .left = steps_to_go(s), .eta = -1 };
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	if (last && last->state != STEP_DONE)
		p.done--;
	if (p.done > 0 && s->started) {
		int64_t until = last && last->state != STEP_DONE ? last->started : now;
		int64_t average = session_duration(s, until) / p.done;
		p.eta = average * p.left;
		if (last && last->state != STEP_DONE)
			p.eta -= MIN(now - last->started, average);
		/* coarse, or the files would change every second for nothing */
		p.eta = p.eta / 10000000000 * 10000000000;
	}
	return p;
}

#define BAR 20

void progress_bar(GString *out, const struct session *s, const struct progress *p)
{
	int all = p->done + p->left;
	int filled = session_over(s) ? BAR : all ? p->done * BAR / all : 0;
	g_string_append_c(out, '[');
	for (int i = 0; i < BAR; i++)
		g_string_append_c(out, i < filled ? '#' : '.');
	g_string_append_c(out, ']');
}

void progress_eta(GString *out, const struct session *s, const struct progress *p)
{
	if (session_over(s) || !s->started || s->state == STATE_PAUSED)
		return;
	if (p->eta < 0) {
		g_string_append(out, "  ETA unknown");
		return;
	}
	g_autofree char *text = format_duration(MAX(p->eta, 10000000000));
	g_string_append_printf(out, "  ETA %s", text);
}

int progress_runs_finished(const struct step *step)
{
	int n = 0;
	for (guint k = 0; k < step->runs->len; k++)
		n += step_run(step, (int)k)->outcome != OUTCOME_NONE;
	return n;
}

static int runs_in_progress(const struct step *step)
{
	int n = 0;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		n += r->outcome == OUTCOME_NONE && r->started;
	}
	return n;
}

/* What a step is for, where it is not the search itself. */
static const char *purpose(const struct session *s, const struct step *step)
{
	if (s->borders && (step->role == ROLE_CULPRIT || step->role == ROLE_PARENT))
		return "certificate, one side of a border: ";
	switch (step->role) {
	case ROLE_MINIMIZE:
		return "a smaller configuration: ";
	case ROLE_RETEST:
		return "once more: ";
	case ROLE_GOOD:
		return "was given as good: ";
	case ROLE_CULPRIT:
		return "certificate, the culprit: ";
	case ROLE_PARENT:
		return "certificate, its parent: ";
	case ROLE_INSIDE:
		return "inside the merge, merged onto its first parent: ";
	case ROLE_SIDE:
		return "certificate, another parent: ";
	case ROLE_COMPILER:
		return "certificate, its parent with the culprit's compiler: ";
	case ROLE_REVERT:
		return "certificate, without the culprit: ";
	default:
		return "";
	}
}

static void doing_build(GString *out, const struct session *s, const struct engine *e, int n)
{
	const struct step *step = session_step(s, n);
	bool compiles = settings_test(&s->settings) == TEST_BUILD;
	const char *object = compiles ? build_verdict_object(s, n, step->role) : NULL;
	const char *remote;
	guint missing = engine_fetching(e, s, n, &remote);
	if (missing)
		g_string_append_printf(
			out, "step %d: %sfetching %u missing object%s of %.12s from %s", n,
			purpose(s, step), missing, missing == 1 ? "" : "s", step->commit, remote);
	else
		g_string_append_printf(out, "step %d: %sbuilding %s%s%.12s", n, purpose(s, step),
				       object ? object : "", object ? " of " : "", step->commit);
}

static void doing_choice(GString *out, const struct session *s, const struct engine *e)
{
	const char *remote;
	guint missing = engine_fetching(e, s, -1, &remote);
	if (session_in_progress(s))
		g_string_append(out, "choosing the next commit");
	if (missing)
		g_string_append_printf(out, ": fetching %u missing object%s from %s", missing,
				       missing == 1 ? "" : "s", remote);
}

void progress_doing(GString *out, const struct session *s, const struct engine *e)
{
	int n = (int)s->steps->len - 1;
	const struct step *step = session_step(s, n);
	if (s->state == STATE_QUEUED)
		g_string_append(out, engine_is_preparing(e, s) ? "compiling the reproducer"
							       : "reading history");
	else if (s->status_reason)
		g_string_append_printf(out, "paused: %s", s->status_reason);
	else if (s->verdict)
		g_string_append(out, s->verdict);
	else if (!step || step->state == STEP_DONE)
		doing_choice(out, s, e);
	else if (step->state == STEP_BUILDING)
		doing_build(out, s, e, n);
	else if (settings_test(&s->settings) == TEST_MANUAL)
		g_string_append_printf(out,
				       "step %d: %swaiting for its user: boot steps/%d/kernel "
				       "(%.12s), then write good, bad or skip to control",
				       n, purpose(s, step), n, step->commit);
	else
		g_string_append_printf(
			out, "step %d: %stesting %.12s, %d of %d runs done, %d running", n,
			purpose(s, step), step->commit, progress_runs_finished(step),
			session_runs_wanted(s, step), runs_in_progress(step));
}
