/*
 * Facts: journalled, applied, shown, and what follows from them concluded; and what happens when
 * the disk does not take them.
 */
#include "core.h"
#include "engine/text/bisection_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

bool facts_is_full(err_t err)
{
	return err == -ENOSPC || err == -EDQUOT;
}

bool facts_is_disk(err_t err)
{
	return err && err != -EINVAL; /* that one says that the fact does not fit */
}

err_t facts_append(struct engine *e, struct bisection *b, struct event *ev, struct error *error)
{
	if (!b->journal)
		return 0;
	err_t err = journal_append(b->journal, ev, error);
	if (facts_is_full(err)) {
		reserve_release(e);
		err = journal_append(b->journal, ev, error);
	}
	return err;
}

/* Facts after which a step, or the whole bisection, may need its kernels no more. */
static bool ends_something(enum event_kind kind)
{
	return kind == EV_VERDICT || kind == EV_DROPPED || kind == EV_STEP || kind == EV_FOUND ||
	       kind == EV_CONCLUDED || kind == EV_FAILED || kind == EV_ABORTED;
}

void facts_take_kernels(struct engine *e, const struct session *s)
{
	for (int n = 0; n < (int)s->steps->len; n++) {
		if (!session_over(s) && session_step(s, n)->state != STEP_DONE)
			continue;
		g_autofree char *dir = state_dir_step(e->state, s->name, n);
		kernels_take(e->kernels, dir);
	}
}

/* Of those that end, halt or reopen a bisection. */
static const char *what_of(const struct event *ev)
{
	switch (ev->kind) {
	case EV_CONCLUDED:
		return ev->concluded.verdict;
	case EV_FAILED:
		return ev->failed.reason;
	case EV_PAUSED:
		return ev->paused.reason;
	case EV_REOPENED:
		return ev->reopened.reason;
	default:
		return "";
	}
}

static void say_fact(const struct session *s, const struct event *ev)
{
	const char *name = event_kind_name(ev->kind);
	const char *what = what_of(ev);
	switch (ev->kind) {
	case EV_VERDICT:
		daemon_log(DAEMON_LOG_INFO, s->name, "step %d is %s: %s", ev->verdict.step,
			   verdict_name(ev->verdict.verdict), ev->verdict.reason);
		break;
	case EV_STARTED:
		daemon_log(DAEMON_LOG_INFO, s->name, "started by uid %u: %s", s->uid,
			   ev->started.text);
		break;
	case EV_CONCLUDED:
	case EV_FAILED:
	case EV_ABORTED:
	case EV_PAUSED:
	case EV_RESUMED:
	case EV_REOPENED:
		daemon_log(DAEMON_LOG_INFO, s->name, "%s%s%s", name, *what ? ": " : "", what);
		break;
	case EV_RUN_DONE:
		if (ev->run_done.outcome == OUTCOME_INFRA) {
			daemon_log(DAEMON_LOG_WARNING, s->name, "run %d of step %d was lost: %s",
				   ev->run_done.run, ev->run_done.step, ev->run_done.title);
			break;
		}
		/* fall through */
	default:
		daemon_log(DAEMON_LOG_DEBUG, s->name, "%s step %d run %d", name, event_step(ev),
			   event_run(ev));
	}
}

/* Applies what is on disk now, and all that the session concludes from it. */
static err_t apply_and_show(struct engine *e, struct bisection *b, const struct event *ev,
			    struct error *error)
{
	err_t err = bisection_log_apply(b->s, b->log, ev, error);
	if (err)
		return err;
	e->events++;
	if (e->on_disk)
		say_fact(b->s, ev);
	if (ends_something(ev->kind) && e->on_disk)
		facts_take_kernels(e, b->s);
	ahead_clean(e, b, NULL);
	e->view.changed(e->view.self, b->s, ev);
	return 0;
}

/* Also characters that turn the direction of what follows. */
static bool is_plain(gunichar c)
{
	return !g_unichar_iscntrl(c) && !(c >= 0x200e && c <= 0x200f) &&
	       !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

/* Compilers, commit messages and guests may say anything; what becomes a line for people must do
 * nothing to their terminals. */
static void make_plain(char **text)
{
	g_autofree char *valid = g_utf8_make_valid(*text, -1);
	GString *out = g_string_sized_new(strlen(valid));
	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		g_string_append_unichar(out, c == '\t' ? ' ' : is_plain(c) ? c : '?');
	}
	g_free(*text);
	*text = g_string_free(out, FALSE);
}

static err_t record_one(struct engine *e, struct bisection *b, struct event *ev,
			struct error *error)
{
	err_t err = session_fits(b->s, ev, error);
	if (err)
		return err;
	event_each_line(ev, make_plain);
	ev->time = MAX(core_now(e), b->s->changed); /* a clock set back must not turn time round */
	err = facts_append(e, b, ev, error);
	return err ? err : apply_and_show(e, b, ev, error);
}

/* The log ends with the crash; its text is a file until then. */
#define REPORT_LIMIT (64 << 10)

static void attach_report(const struct engine *e, const struct session *s, struct event *ev)
{
	int n = 0, k = 0;
	gsize len = 0;
	if (ev->kind != EV_CONCLUDED || !session_crash(s, &n, &k))
		return;
	g_autofree char *path = state_dir_run(e->state, s->name, n, k, "report");
	if (g_file_get_contents(path, &ev->concluded.text, &len, NULL) && len > REPORT_LIMIT)
		ev->concluded.text[REPORT_LIMIT] = '\0';
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
		ev->known.step = n;
		ev->known.verdict = step->verdict;
		ev->known.reason = g_strdup_printf("same kernel as step %d of %s", m, other->name);
		session_counts(other, m, &ev->known.good, &ev->known.bad);
		return true;
	}
	return false;
}

void facts_conclude(struct engine *e, struct bisection *b)
{
	struct event ev;
	struct error why;
	while (session_decide(b->s, &ev) || known_elsewhere(e, b->s, &ev)) {
		attach_report(e, b->s, &ev);
		err_t err = record_one(e, b, &ev, &why);
		event_clear(&ev);
		if (facts_is_disk(err))
			facts_disk_stuck(e, err);
		if (err) {
			daemon_log(DAEMON_LOG_ERROR, b->s->name, "%s", why.text);
			return;
		}
	}
}

void facts_keep(struct bisection *b, const struct event *ev)
{
	g_queue_push_tail(&b->backlog, g_memdup2(ev, sizeof(*ev)));
}

err_t core_record(struct engine *e, struct bisection *b, struct event *ev, struct error *error)
{
	if (!g_queue_is_empty(&b->backlog)) { /* the order of facts must stay */
		facts_keep(b, ev);
		return 0;
	}
	err_t err = record_one(e, b, ev, error);
	event_clear(ev);
	if (!err)
		facts_conclude(e, b);
	return err;
}

/* A fact that does not fit is a fault of ours or of the journal's: to go on as if it had not been
 * would be to guess. */
static void give_up(struct engine *e, struct bisection *b, const struct event *ev, const char *why)
{
	daemon_log(DAEMON_LOG_ERROR, b->s->name, "%s", why);
	if (ev->kind == EV_FAILED || !session_in_progress(b->s))
		return;
	struct event end = event_make(EV_FAILED);
	end.failed.reason =
		g_strdup_printf("'%s' cannot be recorded: %s", event_kind_name(ev->kind), why);
	facts_take(e, b, &end);
}

void facts_take(struct engine *e, struct bisection *b, struct event *ev)
{
	struct error why = { 0 };
	if (!g_queue_is_empty(&b->backlog)) {
		facts_keep(b, ev);
		return;
	}
	err_t err = record_one(e, b, ev, &why);
	if (facts_is_disk(err)) {
		facts_keep(b, ev);
		facts_disk_stuck(e, err);
		return;
	}
	if (err)
		give_up(e, b, ev, why.text);
	else
		facts_conclude(e, b);
	event_clear(ev);
}

static void drain_backlog(struct engine *e, struct bisection *b)
{
	struct error why;
	while (!g_queue_is_empty(&b->backlog) && !e->stuck) {
		struct event *ev = g_queue_peek_head(&b->backlog);
		err_t err = record_one(e, b, ev, &why);
		if (facts_is_disk(err)) {
			facts_disk_stuck(e, err);
			return;
		}
		g_queue_pop_head(&b->backlog);
		if (err)
			give_up(e, b, ev, why.text);
		event_free(ev);
		facts_conclude(e, b);
	}
}

static char *say_why(const struct engine *e)
{
	if (facts_is_full(e->stuck))
		return g_strdup_printf("no room left in %s: it goes on when there is", e->state);
	return g_strdup_printf("nothing can be written to %s: %s; it goes on when it can", e->state,
			       g_strerror(-e->stuck));
}

void facts_disk_stuck(struct engine *e, err_t err)
{
	if (!e->stuck) {
		e->faults++;
		e->stuck = err;
		daemon_log(DAEMON_LOG_WARNING, NULL, "nothing can be written to %s: %s", e->state,
			   g_strerror(-err));
		if (facts_is_full(err))
			kernels_shrink(e->kernels, 0);
		e->room_then = e->disk->room(e->disk->self, e->state);
		e->retry_s = MIN(MAX(e->retry_s * 2, 1), 60);
		e->retry_at = e->workers.uptime(e->workers.self) + e->retry_s * G_USEC_PER_SEC;
	}
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct bisection *b = p;
		if (b->s->state != STATE_QUEUED && b->s->state != STATE_RUNNING)
			continue;
		struct event ev = event_make(EV_PAUSED);
		ev.paused.by_disk = true;
		ev.paused.reason = say_why(e);
		if (record_one(e, b, &ev, NULL) != 0)
			daemon_log(DAEMON_LOG_WARNING, b->s->name, "the pause cannot be recorded");
		event_clear(&ev);
	}
}

#define ROOM_TO_GO_ON ((guint64)4 << 20)

/* Bisections go on in the order of their facts: what waits comes before the word that they do. */
static void go_on(struct engine *e)
{
	GHashTableIter it;
	gpointer p;
	g_hash_table_iter_init(&it, e->bisections);
	while (g_hash_table_iter_next(&it, NULL, &p) && !e->stuck) {
		struct bisection *b = p;
		drain_backlog(e, b);
		if (b->s->state == STATE_PAUSED && b->s->paused_by_disk && !e->stuck) {
			struct event ev = event_make(EV_RESUMED);
			facts_take(e, b, &ev);
		}
		if (!e->stuck)
			facts_conclude(e, b);
	}
}

void facts_look_for_room(struct engine *e)
{
	guint64 room = e->disk->room(e->disk->self, e->state);
	if (!e->stuck) {
		if (room > e->room_then + ROOM_TO_GO_ON)
			e->retry_s = 0;
		return;
	}
	if (e->workers.uptime(e->workers.self) < e->retry_at ||
	    (facts_is_full(e->stuck) && room < e->room_then + ROOM_TO_GO_ON))
		return;
	e->stuck = 0;
	daemon_log(DAEMON_LOG_INFO, NULL, "trying to write to %s again", e->state);
	facts_reserve(e);
	go_on(e);
}
