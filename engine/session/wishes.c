/*
 * What the last step needs: its build, or as many runs as may still be of use; and when it is over,
 * the next one. Where numbers count, the first step is measured beside those that follow it for a
 * while. A pause begins nothing, but what runs may go on.
 */
#include "conclude.h"
#include "metric_ends.h"
#include "next.h"
#include "tally.h"

static void wish(GArray *wishes, enum wish_kind kind, int step, int run)
{
	struct wish w = { .kind = kind, .step = step, .run = run };
	g_array_append_val(wishes, w);
}

static void wish_runs(const struct session *s, int n, GArray *wishes)
{
	const struct step *step = session_step(s, n);
	bool may_begin = s->state == STATE_RUNNING;
	struct tally t = tally_step(s, step);
	int in_flight = 0;
	int needed = tally_needed(s, step, &t);
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome != OUTCOME_NONE)
			continue;
		if (r->started || (may_begin && in_flight < needed))
			wish(wishes, WISH_RUN, n, (int)k);
		in_flight++;
	}
	for (int k = (int)step->runs->len; may_begin && in_flight < needed; k++, in_flight++)
		wish(wishes, WISH_RUN, n, k);
}

/* Two ends are measured in turns: what the machine does meanwhile must not look like a difference.
 * The one that needs more runs is behind. */
static void wish_ends(const struct session *s, int n, GArray *wishes)
{
	g_autoptr(GArray) start = g_array_new(FALSE, FALSE, sizeof(struct wish));
	g_autoptr(GArray) other = g_array_new(FALSE, FALSE, sizeof(struct wish));
	int first = session_first(s);
	if (session_step(s, first)->state == STEP_TESTING)
		wish_runs(s, first, start);
	if (n > first && session_step(s, n)->state == STEP_TESTING)
		wish_runs(s, n, other);
	while (start->len || other->len) {
		GArray *next = start->len > other->len ? start : other;
		g_array_append_val(wishes, g_array_index(next, struct wish, 0));
		g_array_remove_index(next, 0);
	}
}

static void wish_next(const struct session *s, int n, GArray *wishes)
{
	if (next_role(s) != ROLES)
		wish(wishes, WISH_NEXT, n + 1, -1);
	else if (conclude_needs_maintainers(s))
		wish(wishes, WISH_REPORT, n, -1);
}

void session_wishes(const struct session *s, GArray *wishes)
{
	bool may_begin = s->state == STATE_QUEUED || s->state == STATE_RUNNING;
	if (!session_in_progress(s))
		return;
	if (!s->loaded) {
		if (may_begin)
			wish(wishes, WISH_LOAD, -1, -1);
		return;
	}
	int n = (int)s->steps->len - 1;
	const struct step *last = session_step(s, n);
	if (!last || last->state == STEP_DONE || s->replan) {
		if (may_begin)
			wish_next(s, n, wishes);
	} else if (n == session_first(s) && metric_ends_open(s) && may_begin) {
		wish_next(s, n, wishes);
	}
	/* a pause lets a build that runs go on: stopping it would throw work away */
	if (last && last->state == STEP_BUILDING && !last->build_failed && !s->paused_by_disk)
		wish(wishes, WISH_BUILD, n, -1);
	if (metric_ends_open(s))
		wish_ends(s, n, wishes);
	else if (last && last->state == STEP_TESTING && settings_need_guest(&s->settings))
		wish_runs(s, n, wishes);
}
