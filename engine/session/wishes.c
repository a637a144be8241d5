/*
 * What the last step needs: its build, or as many runs as may still be of use; and when it is over,
 * the next one. A pause begins nothing, but what runs may go on.
 */
#include "conclude.h"
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
		if (!last || last->state == STEP_DONE)
			return;
	}
	if (last->state == STEP_BUILDING) {
		/* a pause lets a build that runs go on: stopping it would throw work away */
		if (!last->build_failed && !s->paused_by_disk)
			wish(wishes, WISH_BUILD, n, -1);
		return;
	}
	if (settings_need_guest(&s->settings))
		wish_runs(s, n, wishes);
}
