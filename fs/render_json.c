/*
 * What programs read: the same facts as the texts for people, as JSON. Numbers are whole seconds or
 * reals, names are those of the journal.
 */
#include "progress.h"
#include "render.h"

#include "engine/session/borders.h"
#include "engine/session/certify.h"
#include "engine/session/labels.h"
#include "engine/session/numbers.h"

/* NULL without any number. */
static json_t *metric_json(const struct session *s, const struct step *step)
{
	struct numbers n;
	json_t *j = NULL;
	numbers_of_step(s, step, 0, &n);
	if (n.values->len) {
		double a = numbers_shown(s, numbers_quantile(n.values, 0.25));
		double b = numbers_shown(s, numbers_quantile(n.values, 0.75));
		double median = numbers_shown(s, numbers_quantile(n.values, 0.5));
		j = json_pack("{s:i, s:f, s:f, s:f}", "numbers", (int)n.values->len, "median",
			      median, "quartile_low", MIN(a, b), "quartile_high", MAX(a, b));
	}
	numbers_clear(&n);
	return j;
}

static json_t *step_json(const struct session *s, const struct step *step)
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
	if (step->title)
		json_object_set_new(j, "title", json_string(step->title));
	if (step->object)
		json_object_set_new(j, "object", json_string(step->object));
	if (step->alone)
		json_object_set_new(j, "alone", json_true());
	json_object_set_new(j, "runs", json_integer(progress_runs_finished(step)));
	json_object_set_new(j, "build_seconds", json_real((double)step->build_ns / 1e9));
	json_t *metric = numbers_wanted(s) ? metric_json(s, step) : NULL;
	if (metric)
		json_object_set_new(j, "metric", metric);
	return j;
}

/* NULL: an empty list. */
static json_t *strings_json(char *const *texts)
{
	json_t *list = json_array();
	for (; texts && *texts; texts++)
		json_array_append_new(list, json_string(*texts));
	return list;
}

/* Where the bug comes and goes, oldest first. */
static json_t *borders_json(char *const *borders)
{
	json_t *list = json_array();
	for (; *borders; borders++) {
		struct border b;
		border_parse(*borders, &b);
		json_t *j = json_pack("{s:s, s:s, s:i}", "border", b.fixed ? "fixed" : "broken",
				      "commit", b.commit, "skipped", b.skipped);
		json_array_append_new(list, j);
		border_clear(&b);
	}
	return list;
}

/* What a partial clone lacks and is fetched now; NULL: nothing is. */
static json_t *fetching_json(const struct session *s, const struct engine *e)
{
	const char *remote;
	guint objects = engine_fetching(e, s, -1, &remote);
	return objects ? json_pack("{s:I, s:s}", "objects", (json_int_t)objects, "remote", remote)
		       : NULL;
}

static json_t *session_json(const struct session *s, const struct engine *e, int64_t now,
			    bool with_steps)
{
	struct progress p = progress_of(s, now);
	json_t *j = json_object();
	json_object_set_new(j, "name", json_string(s->name));
	json_object_set_new(j, "state", json_string(session_state_name(s->state)));
	json_object_set_new(j, "verdict", json_string(s->verdict ? s->verdict : ""));
	json_object_set_new(j, "culprit", strings_json(session_has_answer(s) ? s->found : NULL));
	if (session_has_answer(s) && s->borders)
		json_object_set_new(j, "borders", borders_json(s->borders));
	if (session_has_answer(s) && s->inside)
		json_object_set_new(j, "inside", strings_json(s->inside));
	g_autoptr(GPtrArray) labels = labels_of(s);
	json_t *list = json_array();
	for (guint i = 0; session_has_answer(s) && i < labels->len; i++)
		json_array_append_new(list, json_string(labels->pdata[i]));
	json_object_set_new(j, "labels", list);
	json_object_set_new(j, "error", json_string(s->error ? s->error : ""));
	json_object_set_new(j, "reason", json_string(s->status_reason ? s->status_reason : ""));
	json_object_set_new(j, "steps_done", json_integer(p.done));
	json_object_set_new(j, "steps_left", json_integer(p.left));
	json_object_set_new(j, "eta_seconds",
			    p.eta >= 0 && session_in_progress(s) ? json_integer(p.eta / 1000000000)
								 : json_null());
	json_object_set_new(j, "reproducibility",
			    s->reproducibility >= 0 ? json_real(s->reproducibility) : json_null());
	json_object_set_new(j, "confidence",
			    json_real(numbers_wanted(s) && session_has_answer(s) && s->found
					      ? certify_confidence(s)
					      : s->confidence));
	json_object_set_new(j, "started", json_integer(s->started / 1000000000));
	json_object_set_new(j, "ended", json_integer(s->ended / 1000000000));
	json_object_set_new(j, "build_seconds", json_real((double)s->build_ns / 1e9));
	json_object_set_new(j, "test_seconds", json_real((double)s->test_ns / 1e9));
	json_object_set_new(j, "restarts", json_integer(s->restarts));
	json_t *fetching = fetching_json(s, e);
	if (fetching)
		json_object_set_new(j, "fetching", fetching);
	if (with_steps) {
		json_t *steps = json_array();
		for (guint i = 0; i < s->steps->len; i++)
			json_array_append_new(steps, step_json(s, session_step(s, (int)i)));
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

void render_json(const struct render *r, GString *out)
{
	append_json(out, session_json(r->s, r->engine, r->now, true));
}

static json_t *busy_json(int now, int all, int ahead)
{
	return json_pack("{s:i, s:i, s:i}", "busy", now, "all", all, "ahead", ahead);
}

void render_json_mount(const struct engine *e, int64_t now, GString *out)
{
	g_autoptr(GPtrArray) all = render_status_order(e);
	struct engine_load load;
	engine_load(e, &load);
	json_t *list = json_array();
	for (guint i = 0; i < all->len; i++)
		json_array_append_new(list, session_json(g_ptr_array_index(all, i), e, now, false));
	json_t *counters = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "events", (json_int_t)load.counters.events,
		"runs", (json_int_t)load.counters.runs, "restarts",
		(json_int_t)load.counters.restarts, "faults", (json_int_t)load.counters.faults,
		"kernels_reused", (json_int_t)load.counters.reused, "kernels_built_ahead",
		(json_int_t)load.counters.built_ahead, "runs_ahead",
		(json_int_t)load.counters.ran_ahead);
	append_json(out,
		    json_pack("{s:o, s:o, s:o, s:o, s:b, s:b}", "bisections", list, "builders",
			      busy_json(load.builders_busy, load.builders, load.builders_ahead),
			      "vms", busy_json(load.vms_busy, load.vms, load.vms_ahead), "counters",
			      counters, "disk_full", load.disk_error != 0, "isolated",
			      !load.uncaged));
}

void render_json_removed(const char *name, guint64 serial, GString *out)
{
	json_t *j = json_pack("{s:s, s:s, s:I}", "event", "removed", "bisection", name, "serial",
			      (json_int_t)serial);
	char *text = json_dumps(j, JSON_COMPACT);
	g_string_append_printf(out, "%s\n", text);
	free(text);
	json_decref(j);
}

void render_json_event(const struct session *s, const struct event *ev, GString *out)
{
	json_t *j = event_to_json(ev);
	json_object_set_new(j, "bisection", json_string(s->name));
	json_object_set_new(j, "serial", json_integer((json_int_t)s->serial));
	json_object_set_new(j, "state", json_string(session_state_name(s->state)));
	json_object_del(j, "values"); /* the settings are files */
	char *text = json_dumps(j, JSON_COMPACT);
	if (text)
		g_string_append_printf(out, "%s\n", text);
	free(text);
	json_decref(j);
}
