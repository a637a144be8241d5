/*
 * Each kind of event that readers of syzbot's logs know adds its lines, after the session has taken
 * it: what a line says beyond the event is read from the session as it is then.
 */
#include "bisection_log.h"

#include "engine/session/borders.h"
#include "engine/session/certify.h"
#include "engine/session/labels.h"
#include "engine/session/numbers.h"
#include "engine/session/range.h"
#include "engine/session/recipients.h"
#include "engine/session/tally.h"
#include "format.h"
#include "report.h"

#include <string.h>

/* The last word of "testing commit": which compiler, by its short name. */
static const char *compiler_name(const struct session *s, const char *cc)
{
	const char *slash = cc ? strrchr(cc, '/') : NULL;
	if (cc)
		return slash ? slash + 1 : cc;
	return strstr(settings_text(&s->settings, SET_MAKE), "LLVM=") ? "clang" : "gcc";
}

static void log_start(GString *log, const struct session *s, const struct event *ev)
{
	g_autofree char *when = format_time(ev->time);
	g_string_append_printf(log, "%s starts bisection %s\n", ev->started.host, when);
	g_string_append_printf(log, "bisecting %s commit starting from %s\n",
			       settings_is_fix(&s->settings) ? "fixing" : "cause", s->bad);
	for (guint i = 0; i < s->judgements->len; i++) {
		const struct judgement *j = &g_array_index(s->judgements, struct judgement, i);
		g_string_append_printf(log, "# taken over: %s is %s\n", j->commit,
				       verdict_name(j->verdict));
	}
}

/* git prints this line at `git bisect start`; the goods in the order in which they were given. */
static void log_search_start(GString *log, const struct session *s)
{
	g_autofree char *bad = NULL;
	g_auto(GStrv) goods = NULL;
	g_auto(GStrv) skips = NULL;
	range_now(s, &bad, &goods, &skips);
	g_string_append(log, "# ");
	format_git_start(log, s, bad, goods);
}

static bool search_began_before(const struct session *s, guint n)
{
	for (guint i = 0; i < n; i++) {
		if (session_step(s, (int)i)->role == ROLE_SEARCH)
			return true;
	}
	return false;
}

/* Lines that stand before "testing commit": why this one. The new step is the session's last and
 * has no verdict, so the range is still that in which it was chosen. */
static void log_choice(GString *log, const struct session *s, const struct event_step *ev)
{
	static const char *const fixed[ROLES] = {
		[ROLE_CULPRIT] = "certifying: testing the culprit",
		[ROLE_PARENT] = "certifying: testing the parent of the culprit",
		[ROLE_SIDE] = "certifying: testing another parent of the culprit, a merge",
		[ROLE_INSIDE] = "inside the merge: testing a commit of its second side, merged "
				"onto its first parent",
		[ROLE_COMPILER] =
			"certifying: the compiler changes here, testing the parent of the "
			"culprit with the culprit's",
		[ROLE_BASE] = "testing the merge base with the branch",
		[ROLE_GOOD] = "testing a commit that was given as good",
		[ROLE_CONTAINS] = "testing a merge base: does the next commit have the bug yet?",
		[ROLE_RETEST] = "testing again, as its user asked",
	};
	bool border = s->borders && (ev->role == ROLE_CULPRIT || ev->role == ROLE_PARENT);
	if (ev->role == ROLE_REVERT) {
		bool fix = settings_is_fix(&s->settings);
		g_string_append_printf(log,
				       "certifying: testing the starting commit with the %s%s\n",
				       fix ? "fix" : "culprit reverted",
				       certify_is_merge(s) ? ", as against its first parent" : "");
	} else if (border) {
		g_string_append(log, "certifying: testing one side of a border\n");
	} else if (fixed[ev->role]) {
		g_string_append_printf(log, "%s\n", fixed[ev->role]);
	} else if (ev->role == ROLE_MINIMIZE) {
		g_string_append_printf(log,
				       "minimizing the kernel config: testing %u of %u options "
				       "over the baseline\n",
				       ev->options ? g_strv_length(ev->options) : 0,
				       g_strv_length(s->options));
	} else if (ev->role == ROLE_ORIGINAL) {
		g_string_append_printf(log,
				       "ensuring issue is reproducible on original commit %s\n\n",
				       ev->commit);
	} else if (ev->role == ROLE_RELEASE) {
		g_string_append_printf(log, "testing release %s\n", ev->release);
	} else if (ev->role == ROLE_HEAD) {
		g_string_append_printf(log, "testing current HEAD %s\n", ev->commit);
	} else {
		if (!search_began_before(s, s->steps->len - 1))
			log_search_start(log, s);
		if (ev->presumed == VERDICT_NONE && ev->reason)
			g_string_append_printf(log, "%s\n", ev->reason);
		if (ev->left < 0)
			g_string_append(log, "Bisecting: a merge base must be tested\n");
		else
			g_string_append_printf(log,
					       "Bisecting: %d revision%s left to test after this "
					       "(roughly %d step%s)\n",
					       ev->left, ev->left == 1 ? "" : "s", ev->roughly,
					       ev->roughly == 1 ? "" : "s");
		g_string_append_printf(log, "[%s] %s\n\n", ev->commit, ev->subject);
	}
}

static void log_outcomes(GString *log, const struct session *s, const struct step *step)
{
	char first[400] = "", line[400];
	bool equal = true;
	int cancelled = 0, shown = 0;
	for (guint k = 0; k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome == OUTCOME_NONE || run_was_stopped(r)) {
			cancelled++;
			continue;
		}
		run_print(r, line, sizeof(line));
		if (!shown++)
			g_strlcpy(first, line, sizeof(first));
		equal = equal && strcmp(first, line) == 0;
	}
	if (shown && equal)
		g_string_append_printf(log, "all runs: %s\n", first);
	for (guint k = 0; !equal && k < step->runs->len; k++) {
		const struct run *r = step_run(step, (int)k);
		if (r->outcome == OUTCOME_NONE || run_was_stopped(r))
			continue;
		run_print(r, line, sizeof(line));
		g_string_append_printf(log, "run #%u: %s\n", k, line);
	}
	int wanted = session_runs_wanted(s, step);
	if (shown && shown < wanted && !tally_certifies(step) && !numbers_wanted(s))
		g_string_append_printf(log, "runs stopped early: %d of %d were enough\n", shown,
				       wanted);
}

/* Why a build was judged so is told like the outcome of a run. */
static void log_build(GString *log, const struct step *step)
{
	g_string_append_printf(log, "%s%s\n",
			       step->verdict == VERDICT_SKIP ? "failed to build: " : "",
			       step->reason);
}

static void log_verdict(GString *log, const struct session *s, const struct event_verdict *ev)
{
	const struct step *step = session_step(s, ev->step);
	bool measured = numbers_wanted(s) && !step->build_failed && step->runs->len;
	bool by_build = settings_test(&s->settings) == TEST_BUILD && step->compiler;
	if (ev->step + 1 < (int)s->steps->len)
		g_string_append_printf(log, "step %d, commit %s:\n", ev->step, step->commit);
	if (by_build && !step->by_user)
		log_build(log, step);
	else if (step->build_failed)
		g_string_append_printf(log, "failed to build: %s\n", step->reason);
	else if (step->runs->len)
		log_outcomes(log, s, step);
	else
		g_string_append_printf(log, "%s: %s\n", verdict_name(step->verdict), step->reason);
	if (measured)
		g_string_append_printf(log, "%s\n", step->reason);
	if (step->role == ROLE_ORIGINAL && step->verdict == VERDICT_BAD && !measured &&
	    s->reproducibility >= 0 && s->reproducibility < 1.0)
		g_string_append_printf(log, "reproducer is flaky (%.2f repro chance estimate)\n",
				       s->reproducibility);
	if (step->verdict == VERDICT_SKIP && !step->build_failed && step->runs->len && !measured)
		g_string_append_printf(log, "%s\n", step->reason);
	if (step->role == ROLE_SEARCH)
		g_string_append_printf(log, "# git bisect %s %s\n",
				       session_git_term(s, step->verdict), step->commit);
}

static void log_borders(GString *log, char *const *borders)
{
	g_string_append(log, "The bug comes and goes, no single commit is the first bad one:\n");
	for (; *borders; borders++) {
		struct border b;
		border_parse(*borders, &b);
		g_autofree char *text = border_text(&b);
		g_string_append_printf(log, "%s\n", text);
		border_clear(&b);
	}
}

static void log_found(GString *log, const struct session *s, const struct event_found *ev)
{
	if (!search_began_before(s, s->steps->len))
		log_search_start(log, s);
	if (ev->borders && *ev->borders) {
		log_borders(log, ev->borders);
		return;
	}
	if (s->goods && g_strv_contains((const char *const *)s->goods, ev->candidates[0]))
		return; /* that one has the bug: the verdict says it */
	if (g_strv_length(ev->candidates) == 1) {
		g_string_append_printf(log, "%s is the first bad commit\n%s", ev->candidates[0],
				       ev->text ? ev->text : "");
		if (log->str[log->len - 1] != '\n')
			g_string_append_c(log, '\n');
		return;
	}
	g_string_append(log, "There are only 'skip'ped commits left to test.\n"
			     "The first bad commit could be any of:\n");
	for (char **c = ev->candidates; *c; c++)
		g_string_append_printf(log, "%s\n", *c);
	g_string_append(log, "We cannot bisect more!\n");
}

/* As Go prints a list of strings, which is what readers of these logs know. */
static void log_recipients(GString *log, const GPtrArray *all, const char *word)
{
	bool first = true;
	g_string_append_printf(log, "recipients (%s): [", word);
	for (guint i = 0; i < all->len; i++) {
		const char *line = g_ptr_array_index(all, i);
		if (strncmp(line, word, 2) != 0)
			continue;
		g_string_append_printf(log, "%s\"%s\"", first ? "" : " ", line + 4);
		first = false;
	}
	g_string_append(log, "]\n");
}

static void log_conclusion(GString *log, const struct session *s, const struct event_concluded *ev,
			   int64_t time)
{
	g_autofree char *total = format_duration(session_duration(s, time));
	g_autofree char *build = format_duration(s->build_ns);
	g_autofree char *test = format_duration(s->test_ns);
	if (s->found && !s->found[1]) {
		const char *culprit = certify_signature(s, s->found[0]);
		const char *parent = s->parents && s->parents[0] && !s->parents[1]
					     ? certify_signature(s, s->parents[0])
					     : NULL;
		g_string_append_c(log, '\n');
		if (culprit)
			g_string_append_printf(log, "culprit signature: %s\n", culprit);
		if (parent)
			g_string_append_printf(log, "parent  signature: %s\n", parent);
	}
	g_string_append_printf(log, "revisions tested: %d, total time: %s (build: %s, test: %s)\n",
			       session_tested(s), total, build, test);
	if (s->found && !s->found[1])
		g_string_append_printf(log, "first %s commit: %s %s\n",
				       settings_is_fix(&s->settings) ? "good" : "bad", s->found[0],
				       ev->subject ? ev->subject : "");
	else
		g_string_append_printf(log, "%s\n", s->verdict);
	if (s->shallow && !s->found && g_str_has_prefix(s->verdict, "older than "))
		g_string_append(log, "the repository is shallow and its history ends there: git "
				     "fetch --unshallow brings what is older\n");
	format_only_together(log, s);
	format_side_with_bug(log, s);
	g_autoptr(GPtrArray) labels = labels_of(s);
	for (guint i = 0; i < labels->len; i++)
		g_string_append_printf(log, "label: %s\n", (char *)labels->pdata[i]);
	if (s->confidence >= 0 && s->confidence < 1.0)
		g_string_append_printf(log, "accumulated error probability: %.2f\n",
				       1.0 - s->confidence);
	if (ev->no_op)
		g_string_append_printf(log, "%s\n", s->verdict);
	if (s->found && !s->found[1]) {
		g_autoptr(GPtrArray) all = recipients_of(s);
		log_recipients(log, all, "to");
		log_recipients(log, all, "cc");
	}
	const char *title = report_title(s);
	if (*title)
		g_string_append_printf(log, "%s: %s\n", report_is_crash(s) ? "crash" : "failure",
				       title);
	if (*title && ev->text && *ev->text)
		g_string_append_printf(log, "%s%s", ev->text,
				       g_str_has_suffix(ev->text, "\n") ? "" : "\n");
}

void bisection_log_append(GString *log, const struct session *s, const struct event *ev)
{
	switch (ev->kind) {
	case EV_STARTED:
		log_start(log, s, ev);
		break;
	case EV_LOADED:
		if (s->given)
			g_string_append_printf(log,
					       "%s is not on the branch, %s has its title and is "
					       "taken instead\n",
					       s->given, s->bad);
		break;
	case EV_STEP:
		log_choice(log, s, &ev->step);
		g_string_append_printf(log, "testing commit %s %s\n", ev->step.commit,
				       compiler_name(s, ev->step.cc));
		break;
	case EV_DROPPED:
		g_string_append_printf(log, "step %d: %s\n", ev->dropped.step, ev->dropped.reason);
		break;
	case EV_JUDGED:
		g_string_append_printf(log, "# by its user: %s is %s\n", ev->judged.commit,
				       verdict_name(ev->judged.verdict));
		break;
	case EV_RETEST:
		g_string_append_printf(log, "# by its user: step %d is to be tested again\n",
				       ev->retest.step);
		break;
	case EV_MINIMIZE:
		g_string_append(log, "# by its user: the kernel config is to be minimized\n");
		break;
	case EV_ALL_PARENTS:
		g_string_append(log, "# by its user: the merge's side branch is searched too\n");
		break;
	case EV_REOPENED:
		g_string_append_printf(log, "%s\n", ev->reopened.reason);
		break;
	case EV_BUILT:
		g_string_append_printf(log, "compiler: %s\n",
				       ev->built.compiler ? ev->built.compiler : "");
		if (ev->built.signature)
			g_string_append_printf(log, "kernel signature: %s\n", ev->built.signature);
		if (settings_test(&s->settings) == TEST_MANUAL)
			g_string_append_printf(log, "the kernel waits for its user: steps/%d\n",
					       ev->built.step);
		break;
	case EV_BUILD_FAILED:
		if (settings_test(&s->settings) == TEST_BUILD && ev->build_failed.compiler)
			g_string_append_printf(log, "compiler: %s\n", ev->build_failed.compiler);
		break;
	case EV_VERDICT:
		log_verdict(log, s, &ev->verdict);
		break;
	case EV_DOUBTED:
		g_string_append_printf(log, "%s was given as good, but: %s\n", ev->doubted.commit,
				       ev->doubted.reason);
		break;
	case EV_FOUND:
		log_found(log, s, &ev->found);
		break;
	case EV_INSIDE:
		format_inside(log, s);
		break;
	case EV_CONCLUDED:
		log_conclusion(log, s, &ev->concluded, ev->time);
		break;
	case EV_FAILED:
		g_string_append_printf(log, "error: %s\n", ev->failed.reason);
		break;
	case EV_PAUSED:
		g_string_append_printf(log, "paused: %s\n", ev->paused.reason);
		break;
	case EV_RESUMED:
		g_string_append(log, "resumed\n");
		break;
	case EV_ABORTED:
		g_string_append(log, "aborted\n");
		break;
	case EV_RESTARTED:
		if (session_in_progress(s))
			g_string_append(log, "restarted: what was in flight is done again\n");
		break;
	default:
		break;
	}
}

err_t bisection_log_apply(struct session *s, GString *log, const struct event *ev,
			  struct error *error)
{
	g_autofree char *before = g_strdup(s->verdict);
	err_t err = session_apply(s, ev, error);
	if (err)
		return err;
	bisection_log_append(log, s, ev);
	if (before && !s->verdict)
		g_string_append_printf(log, "the search is taken up again, it had ended: %s\n",
				       before);
	return 0;
}
