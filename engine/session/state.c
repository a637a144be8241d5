/*
 * A session's life and what can be read from it without any rule: names, steps, runs, states.
 */
#include "bisectfs/session.h"

#include <string.h>

static const char *const state_names[SESSION_STATES] = { "draft", "queued", "running", "paused",
							 "done",  "failed", "aborted" };
static const char *const step_state_names[] = { "building", "testing", "done" };

const char *session_state_name(enum session_state state)
{
	return state_names[state];
}

const char *step_state_name(enum step_state state)
{
	return step_state_names[state];
}

static void step_free(void *p)
{
	struct step *step = p;
	for (guint k = 0; k < step->runs->len; k++) {
		g_free(step_run(step, (int)k)->title);
		g_free(step_run(step, (int)k)->value);
	}
	g_array_free(step->runs, TRUE);
	g_free(step->commit);
	g_free(step->subject);
	g_free(step->release);
	g_free(step->reason);
	g_free(step->compiler);
	g_free(step->signature);
	g_free(step->object);
	g_free(step->matched);
	g_free(step->build_error);
	g_free(step->title);
	g_free(step->cc);
	g_strfreev(step->patches);
	g_strfreev(step->options);
	g_free(step);
}

static void judgement_clear(void *p)
{
	struct judgement *j = p;
	g_free(j->commit);
	g_free(j->subject);
}

struct session *session_new(const char *name)
{
	struct session *s = g_new0(struct session, 1);
	s->name = g_strdup(name);
	settings_init(&s->settings);
	s->steps = g_ptr_array_new_with_free_func(step_free);
	s->judgements = g_array_new(FALSE, FALSE, sizeof(struct judgement));
	g_array_set_clear_func(s->judgements, judgement_clear);
	s->retests = g_array_new(FALSE, FALSE, sizeof(int));
	s->reproducibility = -1;
	s->confidence = 1;
	s->uid = s->gid = EVENT_NOBODY;
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	g_free(s->name);
	settings_clear(&s->settings);
	g_free(s->text);
	g_free(s->bad);
	g_free(s->given);
	g_free(s->base);
	g_free(s->key);
	g_array_unref(s->judgements);
	g_array_unref(s->retests);
	g_strfreev(s->options);
	g_strfreev(s->parents);
	g_strfreev(s->borders);
	g_strfreev(s->inside);
	g_strfreev(s->maintainers);
	g_strfreev(s->goods);
	g_free(s->doubted);
	g_strfreev(s->paths);
	g_strfreev(s->releases);
	g_ptr_array_free(s->steps, TRUE);
	g_free(s->search_bad);
	g_strfreev(s->search_goods);
	g_strfreev(s->found);
	g_free(s->found_text);
	g_strfreev(s->found_labels);
	g_strfreev(s->config_labels);
	g_free(s->verdict);
	g_free(s->error);
	g_free(s->status_reason);
	g_free(s);
}

bool run_was_stopped(const struct run *r)
{
	return r->outcome == OUTCOME_SKIPPED && r->status < 0;
}

void run_print(const struct run *r, char *text, int size)
{
	if (r->outcome == OUTCOME_OK && r->value)
		g_strlcpy(text, r->value, (gsize)size);
	else
		outcome_print(r->outcome, r->title ? r->title : "", r->status, text, size);
}

struct step *session_step(const struct session *s, int n)
{
	return n >= 0 && n < (int)s->steps->len ? g_ptr_array_index(s->steps, n) : NULL;
}

bool step_is_of_commit(const struct step *step)
{
	return step->role != ROLE_MINIMIZE && step->role != ROLE_REVERT &&
	       step->role != ROLE_COMPILER && step->role != ROLE_INSIDE;
}

struct run *step_run(const struct step *step, int k)
{
	return k >= 0 && k < (int)step->runs->len ? &g_array_index(step->runs, struct run, k)
						  : NULL;
}

bool session_in_progress(const struct session *s)
{
	return s->state == STATE_QUEUED || s->state == STATE_RUNNING || s->state == STATE_PAUSED;
}

bool session_has_answer(const struct session *s)
{
	return s->state == STATE_DONE || (session_in_progress(s) && s->verdict);
}

bool session_over(const struct session *s)
{
	return s->state >= STATE_DONE;
}

int64_t session_duration(const struct session *s, int64_t now)
{
	return now - s->started - s->idle_ns;
}

int session_first(const struct session *s)
{
	int n = 0;
	while (n < (int)s->steps->len && session_step(s, n)->interrupted)
		n++;
	return n;
}

const struct step *session_first_step(const struct session *s)
{
	return session_step(s, session_first(s));
}

const struct step *session_find_step(const struct session *s, enum step_role role,
				     const char *commit)
{
	for (guint i = s->steps->len; i-- > 0;) {
		const struct step *step = session_step(s, (int)i);
		if (!step->interrupted && step->role == role &&
		    (!commit || strcmp(step->commit, commit) == 0))
			return step;
	}
	return NULL;
}

int session_tested(const struct session *s)
{
	int n = 0;
	for (guint i = 0; i < s->steps->len; i++) {
		const struct step *step = session_step(s, (int)i);
		n += step->presumed == VERDICT_NONE && !step->dropped;
	}
	return n;
}

guint session_judgement_count(const struct session *s)
{
	return s->judgements->len + s->retests->len;
}
