/*
 * Facts: journalled, applied, shown, and what follows from them concluded; and what happens when
 * the disk does not take them.
 */
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- room kept back for the journal, so that a full disk can still be recorded ---- */

#define RESERVE_BYTES (1 << 20)

void facts_reserve(struct engine *e)
{
	g_autofree char *path = g_build_filename(e->state, "reserve", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, RESERVE_BYTES) != 0)
		unlink(path);
	close(fd);
}

static void reserve_release(struct engine *e)
{
	g_autofree char *path = g_build_filename(e->state, "reserve", NULL);
	unlink(path);
}

/* ---- facts ---- */

err_t facts_append(struct engine *e, struct bisection *b, struct event *ev, struct error *error)
{
	if (!b->journal)
		return 0;
	err_t err = journal_append(b->journal, ev, error);
	if (err == -ENOSPC || err == -EDQUOT) {
		reserve_release(e);
		err = journal_append(b->journal, ev, error);
	}
	return err;
}

/* No run of a step with a verdict needs its kernel any more. */
static void drop_kernel(const struct engine *e, const char *name, int step)
{
	g_autofree char *dir = store_step(e->state, name, step);
	g_autofree char *kernel = g_build_filename(dir, "kernel", NULL);
	g_autofree char *vmlinux = g_build_filename(dir, "vmlinux", NULL);
	unlink(kernel);
	unlink(vmlinux);
}

/* Applies what is on disk now, and all that the session concludes from it. */
static err_t apply_and_show(struct engine *e, struct bisection *b, const struct event *ev,
			    struct error *error)
{
	err_t err = session_apply(b->s, ev, error);
	if (err)
		return err;
	e->events++;
	if (ev->kind == EV_VERDICT && e->on_disk)
		drop_kernel(e, b->s->name, ev->step);
	ahead_clean(e, b, NULL);
	e->view.changed(e->view.self, b->s, ev);
	return 0;
}

static err_t record_one(struct engine *e, struct bisection *b, struct event *ev,
			struct error *error)
{
	ev->time = MAX(core_now(e), b->s->changed); /* a clock set back must not turn time round */
	err_t err = facts_append(e, b, ev, error);
	if (err)
		return err;
	err = apply_and_show(e, b, ev, error);
	if (err && b->journal)
		journal_take_back(b->journal);
	return err;
}

/* The log ends with the crash; its text is a file until then. */
#define REPORT_LIMIT (64 << 10)

static void attach_report(const struct engine *e, const struct session *s, struct event *ev)
{
	int n = 0, k = 0;
	gsize len = 0;
	if (ev->kind != EV_CONCLUDED || !session_crash(s, &n, &k))
		return;
	g_autofree char *path = store_run(e->state, s->name, n, k, "report");
	if (g_file_get_contents(path, &ev->text, &len, NULL) && len > REPORT_LIMIT)
		ev->text[REPORT_LIMIT] = '\0';
}

/* What another bisection with the same reproducer and settings found out about this kernel. */
static bool known_elsewhere(const struct engine *e, const struct session *s, struct event *ev)
{
	int n = (int)s->steps->len - 1;
	GHashTableIter it;
	gpointer p;
	if (!s->key || !session_may_take_over(s, n))
		return false;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		const struct session *other = ((struct bisection *)p)->s;
		int m = other == s || g_strcmp0(other->key, s->key) != 0
				? -1
				: session_step_with_kernel(other, session_step(s, n)->signature);
		if (m < 0)
			continue;
		const struct step *step = session_step(other, m);
		*ev = event_make(EV_KNOWN);
		ev->step = n;
		ev->verdict = g_strdup(verdict_name(step->verdict));
		ev->reason = g_strdup_printf("same kernel as step %d of %s", m, other->name);
		session_counts(other, m, &ev->good, &ev->bad);
		return true;
	}
	return false;
}

static void conclude_all(struct engine *e, struct bisection *b)
{
	struct event ev;
	struct error why;
	while (session_decide(b->s, &ev) || known_elsewhere(e, b->s, &ev)) {
		attach_report(e, b->s, &ev);
		err_t err = record_one(e, b, &ev, &why);
		event_clear(&ev);
		if (err == -ENOSPC) {
			core_disk_full(e);
			return;
		}
		if (err) {
			g_printerr("bisectfs: %s: %s\n", b->s->name, why.text);
			return;
		}
	}
}

err_t core_record(struct engine *e, struct bisection *b, struct event *ev, struct error *error)
{
	if (!g_queue_is_empty(&b->backlog)) { /* the order of facts must stay */
		g_queue_push_tail(&b->backlog, g_memdup2(ev, sizeof(*ev)));
		return 0;
	}
	err_t err = record_one(e, b, ev, error);
	event_clear(ev);
	if (!err)
		conclude_all(e, b);
	return err;
}

void facts_take(struct engine *e, struct bisection *b, struct event *ev)
{
	struct error why = { 0 };
	if (!g_queue_is_empty(&b->backlog)) {
		g_queue_push_tail(&b->backlog, g_memdup2(ev, sizeof(*ev)));
		return;
	}
	err_t err = record_one(e, b, ev, &why);
	if (err == -ENOSPC || err == -EDQUOT) {
		g_queue_push_tail(&b->backlog, g_memdup2(ev, sizeof(*ev)));
		core_disk_full(e);
		return;
	}
	if (err)
		g_printerr("bisectfs: %s: %s\n", b->s->name, why.text);
	event_clear(ev);
	if (!err)
		conclude_all(e, b);
}

static void drain_backlog(struct engine *e, struct bisection *b)
{
	while (!g_queue_is_empty(&b->backlog)) {
		struct event *ev = g_queue_peek_head(&b->backlog);
		err_t err = record_one(e, b, ev, NULL);
		if (err == -ENOSPC || err == -EDQUOT)
			return;
		g_queue_pop_head(&b->backlog);
		event_clear(ev);
		g_free(ev);
		conclude_all(e, b);
	}
}

void core_disk_full(struct engine *e)
{
	if (!e->disk_full) {
		e->faults++;
		e->disk_full = true;
		kernels_shrink(e->kernels, 0);
		e->room_then = store_room(e->state);
		e->retry_s = MIN(MAX(e->retry_s * 2, 1), 60);
		e->retry_at = g_get_monotonic_time() + e->retry_s * G_USEC_PER_SEC;
	}
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct bisection *b = p;
		if (b->s->state != STATE_QUEUED && b->s->state != STATE_RUNNING)
			continue;
		struct event ev = event_make(EV_PAUSED);
		ev.role = g_strdup("disk");
		ev.reason =
			g_strdup_printf("no room left in %s: it goes on when there is", e->state);
		if (record_one(e, b, &ev, NULL) != 0)
			g_printerr("bisectfs: %s: no room to record the pause\n", b->s->name);
		event_clear(&ev);
	}
}

#define ROOM_TO_GO_ON ((guint64)4 << 20)

void facts_look_for_room(struct engine *e)
{
	guint64 room = store_room(e->state);
	if (!e->disk_full) {
		if (room > e->room_then + ROOM_TO_GO_ON)
			e->retry_s = 0;
		return;
	}
	if (g_get_monotonic_time() < e->retry_at || room < e->room_then + ROOM_TO_GO_ON)
		return;
	e->disk_full = false;
	facts_reserve(e);
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct bisection *b = p;
		drain_backlog(e, b);
		if (b->s->state == STATE_PAUSED && b->s->paused_by_disk && !e->disk_full) {
			struct event ev = event_make(EV_RESUMED);
			facts_take(e, b, &ev);
		}
	}
}
