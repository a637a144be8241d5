#include "render.h"

#include "engine/session/certify.h"
#include "engine/session/range.h"
#include "engine/session/recipients.h"
#include "engine/text/certificate.h"
#include "engine/text/format.h"
#include "engine/text/git_log.h"
#include "engine/text/mail.h"
#include "engine/text/page.h"
#include "engine/store/state_dir.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* An empty file means "not known yet"; a value has a newline at its end. */
static void value(GString *out, const char *text)
{
	if (text && *text)
		g_string_append_printf(out, "%s\n", text);
}

/* What comes from a repository or a guest may hold terminal escapes: one line, printable. */
static void clean_value(GString *out, const char *text)
{
	gsize start = out->len;
	value(out, text);
	for (gsize i = start; i + 1 < out->len; i++) {
		if ((guchar)out->str[i] < 0x20 || out->str[i] == 0x7f)
			out->str[i] = ' ';
	}
}

/* ---- progress ---- */

struct progress {
	int done, left; /* steps */
	int64_t eta;	/* ns from now; -1: not known */
};

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

static struct progress progress_of(const struct session *s, int64_t now)
{
	struct progress p = { .done = (int)s->steps->len, .left = steps_to_go(s), .eta = -1 };
	const struct step *last = session_step(s, (int)s->steps->len - 1);
	if (last && last->state != STEP_DONE)
		p.done--;
	if (p.done > 0 && s->started) {
		int64_t until = last && last->state != STEP_DONE ? last->started : now;
		p.eta = (until - s->started) / p.done * p.left;
		if (last && last->state != STEP_DONE)
			p.eta -= MIN(now - last->started, (until - s->started) / p.done);
		/* coarse, or the files would change every second for nothing */
		p.eta = p.eta / 10000000000 * 10000000000;
	}
	return p;
}

#define BAR 20

static void bar(GString *out, const struct session *s, const struct progress *p)
{
	int all = p->done + p->left;
	int filled = session_over(s) ? BAR : all ? p->done * BAR / all : 0;
	g_string_append_c(out, '[');
	for (int i = 0; i < BAR; i++)
		g_string_append_c(out, i < filled ? '#' : '.');
	g_string_append_c(out, ']');
}

static void eta(GString *out, const struct session *s, const struct progress *p)
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

static int runs_finished(const struct step *step)
{
	int n = 0;
	for (guint k = 0; k < step->runs->len; k++)
		n += step_run(step, (int)k)->outcome != OUTCOME_NONE;
	return n;
}

static int runs_going(const struct step *step)
{
	int n = 0;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		n += r->outcome == OUTCOME_NONE && r->started;
	}
	return n;
}

/* What a step is for, where it is not the search itself. */
static const char *purpose(const struct step *step)
{
	switch (step->role) {
	case ROLE_MINIMIZE:
		return "a smaller configuration: ";
	case ROLE_RETEST:
		return "once more: ";
	case ROLE_CULPRIT:
		return "certificate, the culprit: ";
	case ROLE_PARENT:
		return "certificate, its parent: ";
	case ROLE_REVERT:
		return "certificate, without the culprit: ";
	default:
		return "";
	}
}

static void doing(GString *out, const struct session *s)
{
	int n = (int)s->steps->len - 1;
	const struct step *step = session_step(s, n);
	if (s->state == STATE_QUEUED)
		g_string_append(out, "reading history");
	else if (s->status_reason)
		g_string_append_printf(out, "paused: %s", s->status_reason);
	else if (s->verdict)
		g_string_append(out, s->verdict);
	else if (!step || step->state == STEP_DONE)
		g_string_append(out, session_in_progress(s) ? "choosing the next commit" : "");
	else if (step->state == STEP_BUILDING)
		g_string_append_printf(out, "step %d: %sbuilding %.12s", n, purpose(step),
				       step->commit);
	else
		g_string_append_printf(out,
				       "step %d: %stesting %.12s, %d of %d runs done, %d running",
				       n, purpose(step), step->commit, runs_finished(step),
				       session_runs_wanted(s, step), runs_going(step));
}

/* ---- files of a bisection ---- */

static void r_start(const struct render *r, GString *out)
{
	value(out, r->s->text);
}

static void r_nothing(const struct render *r, GString *out)
{
	(void)r;
	(void)out;
}

static void r_state(const struct render *r, GString *out)
{
	value(out, session_state_name(r->s->state));
}

static void r_verdict(const struct render *r, GString *out)
{
	clean_value(out, r->s->verdict);
}

static void r_culprit(const struct render *r, GString *out)
{
	for (char **c = r->s->found; session_has_answer(r->s) && c && *c; c++)
		value(out, *c);
}

static void r_status(const struct render *r, GString *out)
{
	const struct session *s = r->s;
	struct progress p = progress_of(s, r->now);
	g_string_append_printf(out, "%s: %s\n", s->name, session_state_name(s->state));
	if (s->state == STATE_DRAFT) {
		g_string_append(out, "write the settings, then 'BAD [GOOD...]' to start\n");
		return;
	}
	bar(out, s, &p);
	g_string_append_printf(out, " %d steps done", p.done);
	if (p.left)
		g_string_append_printf(out, ", about %d to go", p.left);
	eta(out, s, &p);
	g_string_append_c(out, '\n');
	doing(out, s);
	g_string_append_c(out, '\n');
	if (s->reproducibility >= 0)
		g_string_append_printf(out, "the reproducer works in %.0f %% of runs%s\n",
				       s->reproducibility * 100, s->flaky ? " (flaky)" : "");
	if (s->reproducibility >= 0 && s->confidence < 1)
		g_string_append_printf(out, "accumulated error probability: %.2f\n",
				       1.0 - s->confidence);
	g_string_append(out, "\n  step  verdict   runs  what\n");
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		g_string_append_printf(out, "  %4u  %-8s %5d  %.12s %s%s%s\n", i,
				       step->verdict ? verdict_name(step->verdict)
						     : step_state_name(step->state),
				       runs_finished(step), step->commit, step->release,
				       *step->release ? " " : "", step->subject);
		if (step->reason)
			g_string_append_printf(out, "        %s\n", step->reason);
	}
}

static json_t *step_json(const struct step *step)
{
	json_t *j = json_object();
	g_autofree char *subject = g_utf8_make_valid(step->subject, -1);
	json_object_set_new(j, "commit", json_string(step->commit));
	json_object_set_new(j, "subject", json_string(subject));
	json_object_set_new(j, "release", json_string(step->release));
	json_object_set_new(j, "state", json_string(step_state_name(step->state)));
	json_object_set_new(j, "verdict", json_string(verdict_name(step->verdict)));
	if (step->reason) {
		g_autofree char *reason = g_utf8_make_valid(step->reason, -1);
		json_object_set_new(j, "reason", json_string(reason));
	}
	if (step->signature)
		json_object_set_new(j, "signature", json_string(step->signature));
	json_object_set_new(j, "runs", json_integer(runs_finished(step)));
	json_object_set_new(j, "build_seconds", json_real((double)step->build_ns / 1e9));
	return j;
}

static json_t *session_json(const struct session *s, int64_t now, bool with_steps)
{
	struct progress p = progress_of(s, now);
	json_t *j = json_object();
	json_object_set_new(j, "name", json_string(s->name));
	json_object_set_new(j, "state", json_string(session_state_name(s->state)));
	json_object_set_new(j, "verdict", json_string(s->verdict ? s->verdict : ""));
	json_t *culprit = json_array();
	for (char **c = s->found; session_has_answer(s) && c && *c; c++)
		json_array_append_new(culprit, json_string(*c));
	json_object_set_new(j, "culprit", culprit);
	json_object_set_new(j, "error", json_string(s->error ? s->error : ""));
	json_object_set_new(j, "reason", json_string(s->status_reason ? s->status_reason : ""));
	json_object_set_new(j, "steps_done", json_integer(p.done));
	json_object_set_new(j, "steps_left", json_integer(p.left));
	json_object_set_new(j, "eta_seconds",
			    p.eta >= 0 && session_in_progress(s) ? json_integer(p.eta / 1000000000)
								 : json_null());
	json_object_set_new(j, "reproducibility",
			    s->reproducibility >= 0 ? json_real(s->reproducibility) : json_null());
	json_object_set_new(j, "confidence", json_real(s->confidence));
	json_object_set_new(j, "started", json_integer(s->started / 1000000000));
	json_object_set_new(j, "ended", json_integer(s->ended / 1000000000));
	json_object_set_new(j, "build_seconds", json_real((double)s->build_ns / 1e9));
	json_object_set_new(j, "test_seconds", json_real((double)s->test_ns / 1e9));
	json_object_set_new(j, "restarts", json_integer(s->restarts));
	if (with_steps) {
		json_t *steps = json_array();
		for (guint i = 0; i < s->steps->len; i++)
			json_array_append_new(steps, step_json(session_step(s, (int)i)));
		json_object_set_new(j, "steps", steps);
	}
	return j;
}

static void append_json(GString *out, json_t *j)
{
	char *text = json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	if (text)
		g_string_append_printf(out, "%s\n", text);
	free(text);
	json_decref(j);
}

static void r_status_json(const struct render *r, GString *out)
{
	append_json(out, session_json(r->s, r->now, true));
}

static void r_log(const struct render *r, GString *out)
{
	g_string_append_len(out, r->s->log->str, (gssize)r->s->log->len);
}

static void r_error(const struct render *r, GString *out)
{
	clean_value(out, r->s->error);
}

static void r_report_commit(const struct render *r, GString *out)
{
	if (session_has_answer(r->s) && r->s->found_text)
		g_string_append(out, r->s->found_text);
}

static void append_report(const struct render *r, int n, int k, GString *out)
{
	g_autofree char *path = state_dir_run(r->state, r->s->name, n, k, "report");
	g_autofree char *text = NULL;
	gsize len;
	if (g_file_get_contents(path, &text, &len, NULL))
		g_string_append_len(out, text, (gssize)MIN(len, (gsize)256 << 10));
}

static void r_report_crash(const struct render *r, GString *out)
{
	int n, k;
	bool ended = session_over(r->s) || session_has_answer(r->s);
	if (ended && session_crash(r->s, &n, &k))
		append_report(r, n, k, out);
}

static char *crash_text(const struct render *r)
{
	GString *text = g_string_new(NULL);
	r_report_crash(r, text);
	return g_string_free(text, FALSE);
}

static void r_recipients(const struct render *r, GString *out)
{
	if (!session_has_answer(r->s))
		return;
	g_autoptr(GPtrArray) all = recipients_of(r->s);
	for (int to = 1; to >= 0; to--) { /* `to` before `cc` */
		for (guint i = 0; i < all->len; i++) {
			const char *line = g_ptr_array_index(all, i);
			if (g_str_has_prefix(line, "to: ") == (to == 1))
				g_string_append_printf(out, "%s\n", line);
		}
	}
}

static void r_mail(const struct render *r, GString *out)
{
	g_autofree char *crash = crash_text(r);
	mail_print(r->s, crash, out);
}

static void r_html(const struct render *r, GString *out)
{
	g_autofree char *crash = crash_text(r);
	page_print(r->s, crash, out);
}

static void r_git_log(const struct render *r, GString *out)
{
	git_log_print(r->s, out);
}

static void r_certificate(const struct render *r, GString *out)
{
	certificate_print(r->s, out);
}

/* The configuration that minimisation has left, complete, as the smallest crashing build had it. */
static void r_report_config(const struct render *r, GString *out)
{
	g_auto(GStrv) options = session_over(r->s) ? range_options(r->s) : NULL;
	for (int n = (int)r->s->steps->len - 1; options && n >= 0; n--) {
		const struct step *step = session_step(r->s, n);
		if (step->role != ROLE_MINIMIZE || step->verdict != VERDICT_BAD ||
		    !g_strv_equal((const char *const *)step->options, (const char *const *)options))
			continue;
		g_autofree char *dir = state_dir_step(r->state, r->s->name, n);
		g_autofree char *path = g_build_filename(dir, "config", NULL);
		g_autofree char *text = NULL;
		gsize len;
		if (g_file_get_contents(path, &text, &len, NULL))
			g_string_append_len(out, text, (gssize)len);
		return;
	}
}

const struct file_def bisection_files[] = {
	{ "start", r_start, false, false },
	{ "control", r_nothing, false, false },
	{ "state", r_state, true, false },
	{ "verdict", r_verdict, true, false },
	{ "culprit", r_culprit, true, false },
	{ "status", r_status, true, false },
	{ "status.json", r_status_json, false, false },
	{ "log", r_log, false, true },
	{ "error", r_error, false, false },
	{ "report/commit", r_report_commit, false, false },
	{ "report/crash", r_report_crash, false, false },
	{ "report/git-bisect-log", r_git_log, false, false },
	{ "report/recipients", r_recipients, false, false },
	{ "report/mail", r_mail, false, false },
	{ "report/report.html", r_html, false, false },
	{ "report/certificate", r_certificate, false, false },
	{ "report/config", r_report_config, false, false },
};
const int bisection_file_count = G_N_ELEMENTS(bisection_files);

/* ---- files of a step ---- */

static void r_commit(const struct render *r, GString *out)
{
	value(out, r->step->commit);
}

static void r_subject(const struct render *r, GString *out)
{
	clean_value(out, r->step->subject);
}

static void r_release(const struct render *r, GString *out)
{
	clean_value(out, r->step->release);
}

static void r_step_state(const struct render *r, GString *out)
{
	value(out, step_state_name(r->step->state));
}

static void r_step_verdict(const struct render *r, GString *out)
{
	value(out, verdict_name(r->step->verdict));
}

static void r_reason(const struct render *r, GString *out)
{
	clean_value(out, r->step->reason);
}

static void r_compiler(const struct render *r, GString *out)
{
	clean_value(out, r->step->compiler);
}

static void r_signature(const struct render *r, GString *out)
{
	value(out, r->step->signature);
}

static void r_crash(const struct render *r, GString *out)
{
	int k = r->step->verdict == VERDICT_BAD ? step_representative(r->step) : -1;
	if (k >= 0)
		append_report(r, r->n, k, out);
}

const struct file_def step_files[] = {
	{ "commit", r_commit, false, false },	    { "subject", r_subject, false, false },
	{ "release", r_release, false, false },	    { "state", r_step_state, true, false },
	{ "verdict", r_step_verdict, true, false }, { "reason", r_reason, false, false },
	{ "compiler", r_compiler, false, false },   { "signature", r_signature, false, false },
	{ "crash", r_crash, false, false },
};
const int step_file_count = G_N_ELEMENTS(step_files);

void render_outcome(const struct run *r, GString *out)
{
	char text[400];
	outcome_print(r->outcome, r->title ? r->title : "", r->status, text, sizeof(text));
	clean_value(out, text);
}

/* ---- the mount's own ---- */

static void collect(const struct session *s, void *arg)
{
	g_ptr_array_add(arg, (gpointer)s);
}

static int by_creation(gconstpointer a, gconstpointer b)
{
	const struct session *x = *(const struct session *const *)a;
	const struct session *y = *(const struct session *const *)b;
	return x->created < y->created ? -1 : x->created > y->created;
}

static GPtrArray *all_sessions(const struct engine *e)
{
	GPtrArray *all = g_ptr_array_new();
	engine_each(e, collect, all);
	g_ptr_array_sort(all, by_creation);
	return all;
}

static void busy(GString *out, const char *what, int now, int all, int ahead)
{
	g_string_append_printf(out, "%s: %d of %d busy", what, now, all);
	if (ahead)
		g_string_append_printf(out, ", %d of them with what may come next", ahead);
	g_string_append_c(out, '\n');
}

void render_mount_status(const struct engine *e, int64_t now, GString *out)
{
	g_autoptr(GPtrArray) all = all_sessions(e);
	struct engine_load load;
	engine_load(e, &load);
	if (!all->len)
		g_string_append(out, "no bisections yet: see README\n");
	for (guint i = 0; i < all->len; i++) {
		const struct session *s = g_ptr_array_index(all, i);
		struct progress p = progress_of(s, now);
		g_string_append_printf(out, "%-16s %-8s ", s->name, session_state_name(s->state));
		bar(out, s, &p);
		eta(out, s, &p);
		g_string_append(out, "  ");
		doing(out, s);
		while (out->str[out->len - 1] == ' ')
			g_string_truncate(out, out->len - 1);
		g_string_append_c(out, '\n');
	}
	g_string_append_c(out, '\n');
	busy(out, "builders", load.builders_busy, load.builders, load.builders_ahead);
	busy(out, "VMs", load.vms_busy, load.vms, load.vms_ahead);
	if (load.uncaged)
		g_string_append_printf(out, "builds are not isolated: %s\n", load.uncaged);
	if (load.stuck == -ENOSPC || load.stuck == -EDQUOT)
		g_string_append(out, "the state directory's disk is full\n");
	else if (load.stuck)
		g_string_append_printf(out, "the state directory's disk takes nothing: %s\n",
				       g_strerror(-load.stuck));
}

static json_t *busy_json(int now, int all, int ahead)
{
	return json_pack("{s:i, s:i, s:i}", "busy", now, "all", all, "ahead", ahead);
}

void render_mount_json(const struct engine *e, int64_t now, GString *out)
{
	g_autoptr(GPtrArray) all = all_sessions(e);
	struct engine_load load;
	engine_load(e, &load);
	json_t *list = json_array();
	for (guint i = 0; i < all->len; i++)
		json_array_append_new(list, session_json(g_ptr_array_index(all, i), now, false));
	json_t *counters =
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "events", (json_int_t)load.events,
			  "runs", (json_int_t)load.runs, "restarts", (json_int_t)load.restarts,
			  "faults", (json_int_t)load.faults, "kernels_reused",
			  (json_int_t)load.reused, "kernels_built_ahead",
			  (json_int_t)load.built_ahead, "runs_ahead", (json_int_t)load.ran_ahead);
	append_json(out,
		    json_pack("{s:o, s:o, s:o, s:o, s:b, s:b}", "bisections", list, "builders",
			      busy_json(load.builders_busy, load.builders, load.builders_ahead),
			      "vms", busy_json(load.vms_busy, load.vms, load.vms_ahead), "counters",
			      counters, "disk_full", load.stuck != 0, "isolated", !load.uncaged));
}

void render_readme(const char *mountpoint, GString *out)
{
	g_string_append_printf(
		out,
		"bisectfs: which commit broke (or fixed) this kernel?\n"
		"\n"
		"Once, the defaults of what you are going to search:\n"
		"    cd %s\n"
		"    cp my-reproducer new/settings/reproducer   # ELF, script with #!, or C "
		"source\n"
		"    cp my-config new/settings/config           # .config, or '# fragment of "
		"TARGET'\n"
		"\n"
		"Start, with a commit that crashes (and a good one, if you know one):\n"
		"    echo BAD GOOD > new/start\n"
		"\n"
		"Watch, in whatever way you like:\n"
		"    cat status                  # all bisections at a glance\n"
		"    tail -f last/log            # the story so far\n"
		"    tail -f last/steps/0/runs/0.log\n"
		"    cat last/wait               # returns with the verdict\n"
		"    inotifywait -m -r last\n"
		"\n"
		"The answer:\n"
		"    cat last/verdict last/culprit last/report/commit last/report/crash\n"
		"\n"
		"On the way:\n"
		"    echo pause > last/control   # resume, abort, good REV, bad REV, skip REV, "
		"retest N\n"
		"    cat last_error              # why an operation of yours was refused\n"
		"\n"
		"To prepare one before it starts: mkdir NAME, write into NAME/settings, then\n"
		"    echo BAD GOOD > NAME/start\n"
		"and rmdir NAME removes a finished one with all its data.\n"
		"\n"
		"Each file is described in bisectfs(1).\n",
		mountpoint);
}

void render_event(const struct session *s, const struct event *ev, GString *out)
{
	json_t *j = event_to_json(ev);
	json_object_set_new(j, "bisection", json_string(s->name));
	json_object_set_new(j, "state", json_string(session_state_name(s->state)));
	json_object_del(j, "values"); /* the settings are files */
	char *text = json_dumps(j, JSON_COMPACT);
	if (text)
		g_string_append_printf(out, "%s\n", text);
	free(text);
	json_decref(j);
}
