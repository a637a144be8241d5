/*
 * The tables of a bisection's and a step's files, and the renderers of single values. A value is
 * one line; an empty file means "not known yet". Files that a build or a guest has written are
 * copied up to a limit.
 */
#include "render.h"

#include "engine/base/excerpt.h"
#include "engine/base/file.h"
#include "engine/session/build_verdict.h"
#include "engine/session/certify.h"
#include "engine/session/minimize.h"
#include "engine/session/recipients.h"
#include "engine/text/certificate.h"
#include "engine/text/git_log.h"
#include "engine/text/mail.h"
#include "engine/text/metric_report.h"
#include "engine/text/page.h"

#include <unistd.h>

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

static void r_log(const struct render *r, GString *out)
{
	g_string_append_len(out, r->log->str, (gssize)r->log->len);
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

#define REPORT_LIMIT ((gsize)256 << 10)
#define CONFIG_LIMIT ((gsize)4 << 20)

/* The first bytes of what a build or a guest has written: it may be of any size. */
static void append_file(GString *out, const char *path, gsize limit)
{
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	int fd = file_open_below(dir, name);
	char buf[16384];
	ssize_t n;
	if (fd < 0)
		return;
	while (limit && (n = read(fd, buf, MIN(limit, sizeof(buf)))) > 0) {
		g_string_append_len(out, buf, n);
		limit -= (gsize)n;
	}
	close(fd);
}

static void append_report(const struct render *r, int n, int k, GString *out)
{
	g_autofree char *path = paths_run(r->engine, r->s, n, k, "report");
	append_file(out, path, REPORT_LIMIT);
}

/* The lines of the compiler about the bug that the step's build shows. */
static void append_build_error(const struct render *r, int n, GString *out)
{
	const struct step *step = session_step(r->s, n);
	g_autofree char *log = paths_step(r->engine, r->s, n, "build.log");
	g_autofree char *text =
		excerpt_read(log, step->matched ? step->matched : step->build_error);
	g_string_append(out, text);
}

static void r_report_crash(const struct render *r, GString *out)
{
	int n, k;
	bool ended = session_over(r->s) || session_has_answer(r->s);
	int bug = ended ? build_verdict_bug(r->s) : -1;
	if (bug >= 0)
		append_build_error(r, bug, out);
	else if (ended && session_crash(r->s, &n, &k))
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
	mail_print(r->s, r->log, crash, out);
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

static void r_metric(const struct render *r, GString *out)
{
	metric_report_print(r->s, out);
}

/* The configuration that minimisation has left, complete, as the smallest crashing build had it. */
static void r_report_config(const struct render *r, GString *out)
{
	g_auto(GStrv) options = session_over(r->s) ? minimize_in_use(r->s) : NULL;
	for (int n = (int)r->s->steps->len - 1; options && n >= 0; n--) {
		const struct step *step = session_step(r->s, n);
		if (step->role != ROLE_MINIMIZE || step->verdict != VERDICT_BAD ||
		    !g_strv_equal((const char *const *)step->options, (const char *const *)options))
			continue;
		g_autofree char *path = paths_step(r->engine, r->s, n, "config");
		append_file(out, path, CONFIG_LIMIT);
		return;
	}
}

const struct file_def bisection_files[] = {
	{ "start", r_start, NODE_START },
	{ "control", r_nothing, NODE_CONTROL },
	{ "state", r_state, NODE_VALUE, .pollable = true },
	{ "verdict", r_verdict, NODE_VALUE, .pollable = true },
	{ "culprit", r_culprit, NODE_VALUE, .pollable = true },
	{ "status", render_status, NODE_VALUE, .pollable = true },
	{ "status.json", render_json, NODE_VALUE },
	{ "log", r_log, NODE_VALUE, .grows = true },
	{ "error", r_error, NODE_VALUE },
	{ "report/commit", r_report_commit, NODE_VALUE },
	{ "report/crash", r_report_crash, NODE_VALUE },
	{ "report/git-bisect-log", r_git_log, NODE_VALUE },
	{ "report/recipients", r_recipients, NODE_VALUE },
	{ "report/mail", r_mail, NODE_VALUE },
	{ "report/report.html", r_html, NODE_VALUE },
	{ "report/certificate", r_certificate, NODE_VALUE },
	{ "report/config", r_report_config, NODE_VALUE },
	{ "report/metric", r_metric, NODE_VALUE },
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
	bool bad = r->step->verdict == VERDICT_BAD;
	if (bad && r->step->title)
		append_build_error(r, r->n, out);
	int k = bad ? step_representative(r->s, r->step) : -1;
	if (k >= 0)
		append_report(r, r->n, k, out);
}

const struct file_def step_files[] = {
	{ "commit", r_commit, NODE_VALUE },
	{ "subject", r_subject, NODE_VALUE },
	{ "release", r_release, NODE_VALUE },
	{ "state", r_step_state, NODE_VALUE, .pollable = true },
	{ "verdict", r_step_verdict, NODE_VALUE, .pollable = true },
	{ "reason", r_reason, NODE_VALUE },
	{ "compiler", r_compiler, NODE_VALUE },
	{ "signature", r_signature, NODE_VALUE },
	{ "crash", r_crash, NODE_VALUE },
};
const int step_file_count = G_N_ELEMENTS(step_files);

void render_outcome(const struct run *r, GString *out)
{
	char text[400];
	run_print(r, text, sizeof(text));
	clean_value(out, text);
}
