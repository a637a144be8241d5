/*
 * A fact is on disk before anybody sees it. Those that the disk does not take wait beside their
 * bisection in their order; no later one passes them, so a user's is refused meanwhile.
 */
#include "facts.h"

#include "engine/base/daemon_log.h"
#include "engine/base/excerpt.h"
#include "engine/base/file.h"
#include "engine/session/build_verdict.h"
#include "engine/store/journal.h"
#include "engine/store/state_dir.h"
#include "engine/text/bisection_log.h"

#include <errno.h>
#include <string.h>

/* ---- one fact ---- */

err_t facts_append(struct engine *e, struct bisection *b, const struct event *ev,
		   struct error *error)
{
	if (!b->journal)
		return 0;
	err_t err = journal_append(b->journal, ev, error);
	if (disk_watch_is_full(err)) {
		disk_watch_release(e->disk_watch);
		err = journal_append(b->journal, ev, error);
	}
	return err;
}

static void log_fact(const struct session *s, const struct event *ev)
{
	const char *name = event_kind_name(ev->kind);
	switch (ev->kind) {
	case EV_VERDICT:
		daemon_log(DAEMON_LOG_INFO, s->name, "step %d is %s: %s", ev->verdict.step,
			   verdict_name(ev->verdict.verdict), ev->verdict.reason);
		break;
	case EV_STARTED:
		daemon_log(DAEMON_LOG_INFO, s->name, "started by uid %u: %s", (unsigned)s->uid,
			   ev->started.text);
		break;
	case EV_CONCLUDED:
		daemon_log(DAEMON_LOG_INFO, s->name, "%s: %s", name, ev->concluded.verdict);
		break;
	case EV_FAILED:
		daemon_log(DAEMON_LOG_INFO, s->name, "%s: %s", name, ev->failed.reason);
		break;
	case EV_PAUSED:
		daemon_log(DAEMON_LOG_INFO, s->name, "%s: %s", name, ev->paused.reason);
		break;
	case EV_REOPENED:
		daemon_log(DAEMON_LOG_INFO, s->name, "%s: %s", name, ev->reopened.reason);
		break;
	case EV_ABORTED:
	case EV_RESUMED:
		daemon_log(DAEMON_LOG_INFO, s->name, "%s", name);
		break;
	case EV_RUN_DONE:
		if (ev->run_done.outcome == OUTCOME_INFRA) {
			daemon_log(DAEMON_LOG_WARNING, s->name, "run %d of step %d was lost: %s",
				   ev->run_done.run, ev->run_done.step,
				   ev->run_done.title ? ev->run_done.title : "");
			break;
		}
		/* fall through */
	default:
		daemon_log(DAEMON_LOG_DEBUG, s->name, "%s step %d run %d", name, event_step(ev),
			   event_run(ev));
	}
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

/* Applies what is on disk now. */
static err_t apply_and_show(struct engine *e, struct bisection *b, const struct event *ev,
			    struct error *error)
{
	err_t err = bisection_log_apply(b->s, b->log, ev, error);
	if (err)
		return err;
	e->counters.events++;
	if (e->state) {
		log_fact(b->s, ev);
		if (ends_something(ev->kind))
			facts_take_kernels(e, b->s);
	}
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
	ev->time = MAX(state_now(e), b->s->changed); /* a clock set back must not turn time round */
	err = facts_append(e, b, ev, error);
	return err ? err : apply_and_show(e, b, ev, error);
}

/* ---- what follows ---- */

#define REPORT_LIMIT (64 << 10)

/* The log ends with the crash; its text is a file until then. */
static void attach_report(const struct engine *e, const struct session *s, struct event *ev)
{
	int n = 0, k = 0;
	if (!e->state || ev->kind != EV_CONCLUDED)
		return;
	int bug = build_verdict_bug(s);
	if (bug >= 0) {
		const struct step *step = session_step(s, bug);
		g_autofree char *dir = state_dir_step(e->state, s->name, bug);
		g_autofree char *log = g_build_filename(dir, "build.log", NULL);
		ev->concluded.text =
			excerpt_read(log, step->matched ? step->matched : step->build_error);
		return;
	}
	if (!session_crash(s, &n, &k))
		return;
	g_autofree char *path = state_dir_run(e->state, s->name, n, k, "report");
	gsize len;
	ev->concluded.text = file_read_head(path, REPORT_LIMIT, &len);
}

static int step_with_same_kernel(const struct session *s, const struct session *other)
{
	const struct step *step = session_step(s, (int)s->steps->len - 1);
	return other == s || g_strcmp0(other->key, s->key) != 0
		       ? -1
		       : session_step_with_kernel(other, step->signature);
}

/* What another bisection with the same reproducer and settings found out about this kernel. */
static bool known_elsewhere(const struct engine *e, const struct session *s, struct event *ev)
{
	int n = (int)s->steps->len - 1;
	const struct bisection *b;
	if (!s->key || !session_may_take_over(s, n))
		return false;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		int m = step_with_same_kernel(s, b->s);
		if (m < 0)
			continue;
		*ev = event_make(EV_KNOWN);
		ev->known.step = n;
		ev->known.verdict = session_step(b->s, m)->verdict;
		ev->known.reason = g_strdup_printf("same kernel as step %d of %s", m, b->s->name);
		session_counts(b->s, m, &ev->known.good, &ev->known.bad);
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
		if (disk_watch_is_fault(err))
			facts_disk_failed(e, err);
		if (err) {
			daemon_log(DAEMON_LOG_ERROR, b->s->name, "%s", why.text);
			return;
		}
	}
}

/* ---- facts that come ---- */

void facts_wait(struct bisection *b, struct event *ev)
{
	g_queue_push_tail(&b->waiting, g_memdup2(ev, sizeof(*ev)));
	*ev = event_make(EV_NONE);
}

bool facts_are_taken(const struct engine *e, const struct bisection *b)
{
	return !disk_watch_error(e->disk_watch) && g_queue_is_empty((GQueue *)&b->waiting);
}

/* What is answered "done" has to be on disk. */
static err_t refuse(const struct engine *e, struct error *error)
{
	err_t err = disk_watch_error(e->disk_watch);
	if (!err) /* whatever they wait for, this one is not on disk */
		return error_set(error, EAGAIN, "not recorded, and not done: try again");
	g_autofree char *reason = disk_watch_reason(e->disk_watch);
	return error_set(error, -err, "not recorded, and not done: %s", reason);
}

err_t facts_record(struct engine *e, struct bisection *b, struct event *ev, struct error *error)
{
	err_t err = g_queue_is_empty(&b->waiting) ? record_one(e, b, ev, error) : refuse(e, error);
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
	if (!g_queue_is_empty(&b->waiting)) {
		facts_wait(b, ev);
		return;
	}
	err_t err = record_one(e, b, ev, &why);
	if (disk_watch_is_fault(err)) {
		facts_wait(b, ev);
		facts_disk_failed(e, err);
		return;
	}
	if (err)
		give_up(e, b, ev, why.text);
	else
		facts_conclude(e, b);
	event_clear(ev);
}

/* ---- a disk that takes none ---- */

static void pause_for_disk(struct engine *e, struct bisection *b)
{
	struct event ev = event_make(EV_PAUSED);
	ev.paused.by_disk = true;
	ev.paused.reason = disk_watch_reason(e->disk_watch);
	if (record_one(e, b, &ev, NULL) != 0)
		daemon_log(DAEMON_LOG_WARNING, b->s->name, "the pause cannot be recorded");
	event_clear(&ev);
}

void facts_disk_failed(struct engine *e, err_t err)
{
	struct bisection *b;
	if (disk_watch_failed(e->disk_watch, err, e->workers.uptime(e->workers.self))) {
		e->counters.faults++;
		if (disk_watch_is_full(err))
			kernels_shrink(e->kernels, 0);
	}
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		if (b->s->state == STATE_QUEUED || b->s->state == STATE_RUNNING)
			pause_for_disk(e, b);
	}
}

static void record_waiting(struct engine *e, struct bisection *b)
{
	struct error why;
	while (!g_queue_is_empty(&b->waiting) && !disk_watch_error(e->disk_watch)) {
		struct event *ev = g_queue_peek_head(&b->waiting);
		err_t err = record_one(e, b, ev, &why);
		if (disk_watch_is_fault(err)) {
			facts_disk_failed(e, err);
			return;
		}
		g_queue_pop_head(&b->waiting);
		if (err)
			give_up(e, b, ev, why.text);
		event_free(ev);
		facts_conclude(e, b);
	}
}

/* Bisections go on in the order of their facts: what waits comes before the word that they do. */
static void go_on(struct engine *e)
{
	struct bisection *b;
	for (guint i = 0; (b = bisections_at(e->bisections, i)); i++) {
		if (disk_watch_error(e->disk_watch))
			return;
		record_waiting(e, b);
		if (b->s->state == STATE_PAUSED && b->s->paused_by_disk &&
		    !disk_watch_error(e->disk_watch)) {
			struct event ev = event_make(EV_RESUMED);
			facts_take(e, b, &ev);
		}
		if (!disk_watch_error(e->disk_watch))
			facts_conclude(e, b);
	}
}

void facts_try_disk(struct engine *e)
{
	if (disk_watch_try_again(e->disk_watch, e->workers.uptime(e->workers.self)))
		go_on(e);
}
