/*
 * A plain structure: each member belongs to the file that its comment names.
 */
#include "bisection.h"

#include "engine/store/journal.h"

void bisection_free(void *p)
{
	struct bisection *b = p;
	g_queue_clear_full(&b->waiting, event_free);
	journal_close(b->journal);
	if (b->ahead)
		b->ahead_free(b->ahead);
	if (b->ahead_runs)
		b->ahead_runs_free(b->ahead_runs);
	session_free(b->s);
	g_string_free(b->log, TRUE);
	g_hash_table_unref(b->compilers);
	g_free(b->recipe);
	g_free(b->guidance);
	g_free(b);
}

struct bisection *bisection_new(const char *name, guint64 serial)
{
	struct bisection *b = g_new0(struct bisection, 1);
	g_queue_init(&b->waiting);
	b->compilers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	b->s = session_new(name);
	b->log = g_string_new(NULL);
	b->s->serial = serial;
	return b;
}
