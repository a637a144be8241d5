/*
 * Numbers of the history become hashes, and a commit the event that names it with all that its
 * build or its reader needs.
 */
#include "describe.h"

#include "commit_settings.h"
#include "commit_text.h"
#include "engine/session/borders.h"
#include "labels.h"

#include <errno.h>
#include <string.h>

err_t describe_step(const struct navigator *nav, const struct next_query *q, enum step_role role,
		    const char *commit, int step, struct event *answer, struct error *error)
{
	struct event_step *ev = &answer->step;
	struct oid oid;
	if (!oid_parse(&oid, commit))
		return error_set(error, EINVAL, "'%s' is not a commit", commit);
	*answer = event_make(EV_STEP);
	ev->step = step;
	ev->commit = g_strdup(commit);
	ev->role = role;
	ev->release =
		q->release && role == q->role ? g_strdup(q->release) : repo_tag_of(nav->repo, &oid);
	ev->options = g_strdupv(q->options);
	GPtrArray *patches = g_ptr_array_new();
	err_t err = commit_text_subject(nav->repo, &oid, NULL, &ev->subject, error);
	if (!err && !q->cc)
		err = commit_settings_compiler(nav->repo, nav->compilers, &oid, &ev->cc, error);
	else if (!err && *q->cc)
		ev->cc = g_strdup(q->cc);
	if (!err)
		err = commit_settings_backports(nav->repo, nav->backports, &oid, patches, error);
	for (char **p = q->patches; p && *p; p++)
		g_ptr_array_add(patches, g_strdup(*p));
	bool any = patches->len > 0;
	g_ptr_array_add(patches, NULL);
	ev->patches = (GStrv)g_ptr_array_free(patches, FALSE);
	if (!any)
		g_clear_pointer(&ev->patches, g_strfreev);
	if (err)
		event_clear(answer);
	return err;
}

/* One, or all that it could be; NULL at the end. */
static GStrv candidates_of(struct history *h, const struct choice *choice)
{
	GPtrArray *list = g_ptr_array_new();
	if (choice->kind == CHOICE_FOUND)
		g_ptr_array_add(list, oid_hex(history_oid(h, choice->commit)));
	for (guint i = 0; choice->kind != CHOICE_FOUND && i < choice->candidates->len; i++) {
		uint32_t c = g_array_index(choice->candidates, uint32_t, i);
		g_ptr_array_add(list, oid_hex(history_oid(h, c)));
	}
	g_ptr_array_add(list, NULL);
	return (GStrv)g_ptr_array_free(list, FALSE);
}

static GStrv one_candidate(const char *commit)
{
	GStrv list = g_new0(char *, 2);
	list[0] = g_strdup(commit);
	return list;
}

err_t describe_found(const struct navigator *nav, const struct choice *choice, struct event *answer,
		     struct error *error)
{
	struct history *h = repo_history(nav->repo);
	GPtrArray *parents = g_ptr_array_new();
	GStrv candidates = candidates_of(h, choice);
	guint n = g_strv_length(candidates);
	err_t err = n == 1 ? history_load(h, choice->commit, error) : 0;
	for (uint32_t i = 0; n == 1 && !err && i < history_parent_count(h, choice->commit); i++)
		g_ptr_array_add(parents,
				oid_hex(history_oid(h, history_parent(h, choice->commit, i))));
	g_ptr_array_add(parents, NULL);
	*answer = event_make(EV_FOUND);
	answer->found.candidates = candidates;
	answer->found.parents = (GStrv)g_ptr_array_free(parents, FALSE);
	if (!err && n == 1)
		err = commit_text_show(nav->repo, history_oid(h, choice->commit),
				       &answer->found.text, error);
	if (!err && n == 1)
		err = labels_of_commit(nav->repo, history_oid(h, choice->commit), nav->settings,
				       &answer->found.labels, error);
	if (err)
		event_clear(answer);
	return err;
}

/* ---- where the bug comes and goes ---- */

err_t describe_stretches_test(const struct navigator *nav, const struct next_query *q,
			      const struct stretches *found, int step, struct event *answer,
			      struct error *error)
{
	struct history *h = repo_history(nav->repo);
	g_autofree char *commit = oid_hex(history_oid(h, found->choice.commit));
	g_autofree char *low = oid_hex(history_oid(h, found->low));
	g_autofree char *high = oid_hex(history_oid(h, found->high));
	if (q->current && strcmp(q->current, commit) == 0) {
		*answer = event_make(EV_KEPT);
		answer->kept.step = step - 1;
		return 0;
	}
	err_t err = describe_step(nav, q, ROLE_SEARCH, commit, step, answer, error);
	if (err)
		return err;
	answer->step.left = MAX(0, (int)found->choice.left);
	answer->step.roughly = (int)found->choice.roughly;
	answer->step.checked = q->checked;
	answer->step.reason = g_strdup_printf("the bug comes and goes: it was %s between %s and %s",
					      found->between.fixed ? "fixed" : "broken", low, high);
	return 0;
}

err_t describe_borders(const struct navigator *nav, const struct stretches *found,
		       struct event *answer, struct error *error)
{
	struct history *h = repo_history(nav->repo);
	GPtrArray *list = g_ptr_array_new(), *lines = g_ptr_array_new();
	GString *text = g_string_new(NULL);
	err_t err = 0;
	for (guint i = 0; i < found->borders->len && !err; i++) {
		const struct stretches_border *from =
			&g_array_index(found->borders, struct stretches_border, i);
		err = history_load(h, from->commit, error);
		if (err)
			break;
		struct border b = { .fixed = from->fixed,
				    .commit = oid_hex(history_oid(h, from->commit)),
				    .skipped = (int)from->skipped };
		if (history_parent_count(h, from->commit) == 1)
			b.parent = oid_hex(history_oid(h, history_parent(h, from->commit, 0)));
		g_ptr_array_add(list, g_strdup(b.commit));
		g_ptr_array_add(lines, border_print(&b));
		border_clear(&b);
		g_autofree char *shown = NULL;
		err = commit_text_show(nav->repo, history_oid(h, from->commit), &shown, error);
		g_string_append_printf(text, "%s%s", i ? "\n" : "", shown ? shown : "");
	}
	g_ptr_array_add(list, NULL);
	g_ptr_array_add(lines, NULL);
	*answer = event_make(EV_FOUND);
	answer->found.candidates = (GStrv)g_ptr_array_free(list, FALSE);
	answer->found.borders = (GStrv)g_ptr_array_free(lines, FALSE);
	answer->found.text = g_string_free(text, FALSE);
	if (err)
		event_clear(answer);
	return err;
}

void describe_good_is_bad(const struct next_query *q, struct event *answer)
{
	*answer = event_make(EV_FOUND);
	answer->found.candidates = one_candidate(q->bad_good);
}

void describe_inside(const struct navigator *nav, const struct choice *choice, struct event *answer)
{
	*answer = event_make(EV_INSIDE);
	answer->inside.candidates = candidates_of(repo_history(nav->repo), choice);
}

void describe_merge_alone(const char *commit, struct event *answer)
{
	*answer = event_make(EV_INSIDE);
	answer->inside.candidates = one_candidate(commit);
}
