/*
 * Builders and VM slots for the wishes of all bisections. Wishes are worked out anew from the state
 * after each fact; a job that no bisection wishes any more is stopped, a wish without a job starts
 * one as soon as there is a slot.
 */
#include "core.h"

#include <errno.h>

static struct job *find_job(const struct engine *e, const char *name, const struct wish *w)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (job->kind == w->kind && job->step == w->step && job->run == w->run &&
		    g_str_equal(job->name, name))
			return job;
	}
	return NULL;
}

static bool is_wished(const struct engine *e, const struct job *job)
{
	struct bisection *b = core_find(e, job->name);
	if (!b)
		return false;
	g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
	session_wishes(b->s, wishes);
	for (guint i = 0; i < wishes->len; i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		if (job->kind == w->kind && job->step == w->step && job->run == w->run)
			return true;
	}
	return false;
}

static void stop_unwished(struct engine *e)
{
	for (guint i = 0; i < e->jobs->len; i++) {
		struct job *job = g_ptr_array_index(e->jobs, i);
		if (!job->cancelled && !is_wished(e, job)) {
			job->cancelled = true;
			cancel_ask(&job->cancel);
		}
	}
}

static int free_slot(const bool *busy, int n)
{
	for (int i = 0; i < n; i++) {
		if (!busy[i])
			return i;
	}
	return -1;
}

static gpointer worker_thread(gpointer arg)
{
	struct job *job = arg;
	if (job->kind == WISH_BUILD)
		work_build(job);
	else if (job->kind == WISH_REPORT)
		work_report(job);
	else
		work_run(job);
	core_post(job->e, (struct message){ .kind = MSG_JOB_DONE, .job = job });
	return NULL;
}

static struct job *make_job(struct engine *e, struct bisection *b, const struct wish *w, int slot)
{
	struct job *job = g_new0(struct job, 1);
	job->e = e;
	job->kind = w->kind;
	job->name = g_strdup(b->s->name);
	job->step = w->step;
	job->run = w->run;
	job->slot = slot;
	job->said = session_said(b->s);
	job->answer = event_make(EV_NONE);
	cancel_init(&job->cancel);
	settings_copy(&job->settings, &b->s->settings);
	if (w->kind == WISH_NEXT)
		session_next_query(b->s, &job->query);
	else if (w->kind == WISH_LOAD)
		job->query.goods = g_strdupv(b->s->goods);
	const struct step *step = session_step(b->s, w->step);
	job->commit = g_strdup(w->kind == WISH_REPORT ? b->s->found[0]
			       : step		      ? step->commit
						      : b->s->bad);
	if (step && w->kind == WISH_BUILD) {
		job->cc = g_strdup(step->cc);
		job->patches = g_strdupv(step->patches);
		job->options = g_strdupv(step->options);
	}
	g_ptr_array_add(e->jobs, job);
	return job;
}

static void start_thread(struct job *job)
{
	g_autofree char *name =
		g_strdup_printf("%s-%d", job->kind == WISH_RUN ? "run" : "build", job->slot);
	g_thread_unref(g_thread_new(name, worker_thread, job));
}

/* A run shows in the mount from before its first line on; that is a fact of its own. */
static bool announce_run(struct engine *e, struct bisection *b, const struct wish *w)
{
	struct event ev = event_make(EV_RUN_STARTED);
	ev.step = w->step;
	ev.run = w->run;
	err_t err = core_record(e, b, &ev, NULL);
	if (err == -ENOSPC || err == -EDQUOT)
		core_disk_full(e);
	return err == 0;
}

static void grant(struct engine *e, struct bisection *b, const struct wish *w)
{
	int slot;
	switch (w->kind) {
	case WISH_LOAD:
	case WISH_NEXT: {
		struct message m = { .kind = MSG_JOB_DONE, .job = make_job(e, b, w, 0) };
		g_thread_pool_push(e->historian, g_memdup2(&m, sizeof(m)), NULL);
		break;
	}
	case WISH_BUILD:
	case WISH_REPORT:
		slot = free_slot(e->builder_busy, e->profile->builders);
		if (slot < 0)
			return;
		e->builder_busy[slot] = true;
		start_thread(make_job(e, b, w, slot));
		break;
	case WISH_RUN:
		slot = free_slot(e->vm_busy, e->runner.slots);
		if (slot < 0)
			return;
		e->vm_busy[slot] = true; /* taken before the fact is shown */
		if (!announce_run(e, b, w)) {
			e->vm_busy[slot] = false;
			return;
		}
		start_thread(make_job(e, b, w, slot));
		break;
	}
}

static void grant_wishes(struct engine *e, struct bisection *b)
{
	bool fresh = b->s->state == STATE_QUEUED || b->s->state == STATE_RUNNING;
	if (!fresh || !g_queue_is_empty(&b->backlog))
		return;
	g_autoptr(GArray) wishes = g_array_new(FALSE, FALSE, sizeof(struct wish));
	session_wishes(b->s, wishes);
	for (guint i = 0; i < wishes->len; i++) {
		const struct wish *w = &g_array_index(wishes, struct wish, i);
		if (!find_job(e, b->s->name, w))
			grant(e, b, w);
	}
}

static int by_start(gconstpointer a, gconstpointer b)
{
	const struct session *x = (*(struct bisection *const *)a)->s;
	const struct session *y = (*(struct bisection *const *)b)->s;
	return x->started < y->started ? -1 : x->started > y->started;
}

void schedule(struct engine *e)
{
	stop_unwished(e);
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		if (session_in_progress(((struct bisection *)p)->s))
			g_ptr_array_add(all, p);
	}
	if (!all->len)
		return;
	/* each in its turn is served first, so that two share the builders fairly */
	g_ptr_array_sort(all, by_start);
	e->turn++;
	for (guint i = 0; i < all->len; i++)
		grant_wishes(e, g_ptr_array_index(all, (i + e->turn) % all->len));
}
