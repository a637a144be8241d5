/*
 * What people read: one screen about a bisection, and the mount's status with one line for each and
 * what the builders and VMs do.
 */
#include "progress.h"
#include "render.h"

#include "engine/session/numbers.h"

#include <errno.h>
#include <string.h>

/* So far, of one that goes on. */
static void append_numbers(const struct session *s, const struct step *step, GString *out)
{
	struct numbers n;
	numbers_of_step(s, step, 0, &n);
	g_autofree char *text = numbers_text(s, n.values);
	g_string_append_printf(out, "        metric: %s\n", text);
	numbers_clear(&n);
}

static const struct step *step_of(const struct session *s, const char *commit)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (step->verdict != VERDICT_NONE && strcmp(step->commit, commit) == 0)
			return step;
	}
	return NULL;
}

static bool is_taken_back(const struct session *s, guint i)
{
	const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
	for (guint k = i + 1; k < s->judgements->len; k++) {
		if (strcmp(g_array_index(s->judgements, struct judgement, k).commit, j->commit) ==
		    0)
			return true;
	}
	return false;
}

/* Words of its user's on commits that have no step, or one that says otherwise. */
static void append_judgements(const struct session *s, GString *out)
{
	for (guint i = 0; i < s->judgements->len; i++) {
		const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
		const struct step *step = step_of(s, j->commit);
		if (is_taken_back(s, i) || (step && step->verdict == j->verdict))
			continue;
		g_string_append_printf(
			out, "     -  %-8s     -  %.12s%s%s\n        by its user%s\n",
			verdict_name(j->verdict), j->commit, j->subject ? " " : "",
			j->subject ? j->subject : "", step ? ", whatever its test says" : "");
	}
}

void render_status(const struct render *r, GString *out)
{
	const struct session *s = r->s;
	struct progress p = progress_of(s, r->now);
	g_string_append_printf(out, "%s: %s\n", s->name, session_state_name(s->state));
	if (s->state == STATE_DRAFT) {
		g_string_append(out, "write the settings, then 'BAD [GOOD...]' to start\n");
		return;
	}
	progress_bar(out, s, &p);
	g_string_append_printf(out, " %d step%s done", p.done, p.done == 1 ? "" : "s");
	if (p.left)
		g_string_append_printf(out, ", about %d to go", p.left);
	progress_eta(out, s, &p);
	g_string_append_c(out, '\n');
	progress_doing(out, s, r->engine);
	g_string_append_c(out, '\n');
	if (s->reproducibility >= 0)
		g_string_append_printf(out, "%s in %.0f %% of runs%s\n",
				       settings_test(&s->settings) == TEST_RUN
					       ? "the reproducer works"
					       : "the bug shows",
				       s->reproducibility * 100, s->flaky ? " (flaky)" : "");
	if (s->reproducibility >= 0 && s->confidence < 1)
		g_string_append_printf(out, "accumulated error probability: %.2f\n",
				       1.0 - s->confidence);
	g_string_append(out, "\n  step  verdict   runs  what\n");
	append_judgements(s, out);
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		g_string_append_printf(out, "  %4u  %-8s %5d  %.12s %s%s%s\n", i,
				       step->verdict ? verdict_name(step->verdict)
						     : step_state_name(step->state),
				       progress_runs_finished(step), step->commit, step->release,
				       *step->release ? " " : "", step->subject);
		if (step->reason)
			g_string_append_printf(out, "        %s\n", step->reason);
		else if (numbers_wanted(s) && step->state == STEP_TESTING)
			append_numbers(s, step, out);
	}
}

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

GPtrArray *render_status_order(const struct engine *e)
{
	GPtrArray *all = g_ptr_array_new();
	engine_each(e, collect, all);
	g_ptr_array_sort(all, by_creation);
	return all;
}

static void append_busy(GString *out, const char *what, int now, int all, int ahead)
{
	g_string_append_printf(out, "%s: %d of %d busy", what, now, all);
	if (ahead)
		g_string_append_printf(out, ", %d of them with what may come next", ahead);
	g_string_append_c(out, '\n');
}

void render_status_mount(const struct engine *e, int64_t now, GString *out)
{
	g_autoptr(GPtrArray) all = render_status_order(e);
	struct engine_load load;
	engine_load(e, &load);
	if (!all->len)
		g_string_append(out, "no bisections yet: see README\n");
	for (guint i = 0; i < all->len; i++) {
		const struct session *s = g_ptr_array_index(all, i);
		struct progress p = progress_of(s, now);
		g_string_append_printf(out, "%-16s %-8s ", s->name, session_state_name(s->state));
		progress_bar(out, s, &p);
		progress_eta(out, s, &p);
		g_string_append(out, "  ");
		progress_doing(out, s, e);
		while (out->str[out->len - 1] == ' ')
			g_string_truncate(out, out->len - 1);
		g_string_append_c(out, '\n');
	}
	g_string_append_c(out, '\n');
	append_busy(out, "builders", load.builders_busy, load.builders, load.builders_ahead);
	append_busy(out, "VMs", load.vms_busy, load.vms, load.vms_ahead);
	if (load.uncaged)
		g_string_append_printf(out, "builds are not isolated: %s\n", load.uncaged);
	if (load.disk_error == -ENOSPC || load.disk_error == -EDQUOT)
		g_string_append(out, "the state directory's disk is full\n");
	else if (load.disk_error)
		g_string_append_printf(out, "the state directory's disk takes nothing: %s\n",
				       g_strerror(-load.disk_error));
}
