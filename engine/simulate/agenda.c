/*
 * Looked through at each question: a stopped job's end moves.
 */
#include "agenda.h"

#define TEARDOWN_NS ((int64_t)200 * 1000000) /* until a stopped guest or compiler is gone */

void agenda_init(struct agenda *agenda, void (*stop)(void *self, struct job *job), void *self)
{
	*agenda = (struct agenda){
		.all = g_array_new(FALSE, FALSE, sizeof(struct appointment)),
		.stop = stop,
		.self = self,
	};
}

void agenda_clear(struct agenda *agenda)
{
	g_array_unref(agenda->all);
}

void agenda_add(struct agenda *agenda, int64_t at, struct job *job)
{
	struct appointment a = { .at = at, .job = job, .turn = agenda->turns++ };
	g_array_append_val(agenda->all, a);
}

static void stop_unwanted(struct agenda *agenda, struct appointment *a, int64_t now)
{
	if (!a->job->plan.cancelled || a->stopping)
		return;
	a->stopping = true;
	a->at = MIN(a->at, now + TEARDOWN_NS);
	agenda->stop(agenda->self, a->job);
}

const struct appointment *agenda_first(struct agenda *agenda, int64_t now)
{
	const struct appointment *first = NULL;
	for (guint i = 0; i < agenda->all->len; i++) {
		struct appointment *a = &g_array_index(agenda->all, struct appointment, i);
		stop_unwanted(agenda, a, now);
		if (!first || a->at < first->at || (a->at == first->at && a->turn < first->turn))
			first = a;
	}
	return first;
}

struct job *agenda_take(struct agenda *agenda, const struct appointment *a)
{
	struct job *job = a->job;
	g_array_remove_index_fast(agenda->all,
				  (guint)(a - &g_array_index(agenda->all, struct appointment, 0)));
	return job;
}
