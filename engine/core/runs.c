/*
 * Two facts a run: that it begins, and what it showed.
 */
#include "runs.h"

#include "facts.h"

bool runs_announce(struct engine *e, struct bisection *b, int step, int run)
{
	struct event ev = event_make(EV_RUN_STARTED);
	ev.run_started.step = step;
	ev.run_started.run = run;
	err_t err = facts_record(e, b, &ev, NULL);
	if (disk_watch_is_fault(err))
		facts_disk_failed(e, err);
	return err == 0;
}

void runs_end(struct engine *e, struct bisection *b, struct event *ev)
{
	e->counters.runs++;
	e->counters.faults += ev->run_done.outcome == OUTCOME_INFRA;
	facts_take(e, b, ev);
	*ev = event_make(EV_NONE);
}
