/*
 * Revisions that users name: looked up, and refused where they contradict each other or what is
 * known, by the reachability that git's own checks rest on.
 */
#include "lookup_job.h"

#include "work.h"

#include "engine/history/commit_settings.h"
#include "engine/history/commit_text.h"
#include "engine/history/merge_base.h"
#include "engine/history/path_limit.h"
#include "engine/history/reach.h"
#include "engine/history/take_over.h"
#include "engine/store/experiment.h"

#include <errno.h>
#include <string.h>

/* ---- a start ---- */

/* One good that descends from the bad means that the two were swapped (in fix mode it is what is
 * expected: the good one is the fixed, later one). */
static err_t check_order(struct repo *repo, const struct lookup *l, const struct oid *bad,
			 const struct oid *good, const char *word, struct error *error)
{
	if (oid_compare(bad, good) == 0)
		return error_set(error, EINVAL, "%s: the same commit cannot be good and bad", word);
	struct history *h = repo_history(repo);
	struct walk w;
	const struct oid *older = l->fix ? good : bad, *newer = l->fix ? bad : good;
	uint32_t a = history_number(h, older), b = history_number(h, newer);
	g_autoptr(GArray) bases = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	walk_init(&w, h, false);
	err_t err = merge_base_find(&w, a, &b, 1, bases, error);
	walk_clear(&w);
	if (err)
		return err;
	if (bases->len && g_array_index(bases, uint32_t, 0) == a)
		return error_set(error, EINVAL, "good '%s' is %s of bad '%s'%s", word,
				 l->fix ? "an ancestor" : "a descendant", l->words[0],
				 l->fix ? "" : ": to find a fix, set mode to fix");
	return 0;
}

static err_t add_good(struct lookup *l, struct repo *repo, const struct oid *bad, const char *word,
		      struct error *error)
{
	struct oid good;
	char hex[OID_HEX + 1];
	err_t err = repo_resolve(repo, word, &good, error);
	if (!err)
		err = check_order(repo, l, bad, &good, word, error);
	if (err)
		return err;
	oid_print(&good, hex);
	if (g_ptr_array_find_with_equal_func(l->goods, hex, g_str_equal, NULL))
		return error_set(error, EINVAL, "%s: this commit is given twice", word);
	g_ptr_array_add(l->goods, g_strdup(hex));
	return 0;
}

/* What the user wrote. */
static err_t resolve_words(struct lookup *l, const struct navigator *nav, struct error *error)
{
	struct oid bad;
	char hex[OID_HEX + 1];
	err_t err = 0;
	if (!l->words[0])
		return 0;
	err = repo_resolve(nav->repo, l->words[0], &bad, error);
	if (err)
		return err;
	oid_print(&bad, hex);
	l->commit = g_strdup(hex);
	for (char **w = l->words + 1; *w && !err; w++)
		err = add_good(l, nav->repo, &bad, *w, error);
	return err;
}

static err_t take_over(struct lookup *l, const struct navigator *nav, struct error *error)
{
	struct take_over all = { .commit = l->commit, .goods = l->goods, .judged = l->judged };
	err_t err = nav->bisect_log && *nav->bisect_log
			    ? take_over_log(nav->repo, nav->bisect_log, l->fix, &all, error)
			    : 0;
	l->commit = all.commit;
	if (!err && !l->commit) /* the setting was emptied meanwhile */
		return error_set(error, EINVAL, "start: write 'BAD' or 'BAD GOOD...'");
	return err;
}

/* Those who read of the verdicts want to know on what they are. */
static err_t add_subjects(struct lookup *l, struct repo *repo, struct error *error)
{
	err_t err = 0;
	for (guint i = 0; i < l->judged->len && !err; i++) {
		struct oid oid;
		g_autofree char *line = l->judged->pdata[i];
		g_autofree char *subject = NULL;
		l->judged->pdata[i] = NULL;
		oid_parse(&oid, strchr(line, ' ') + 1);
		err = commit_text_subject(repo, &oid, NULL, &subject, error);
		l->judged->pdata[i] = g_strdup_printf("%s %s", line, subject ? subject : "");
	}
	return err;
}

static err_t resolve_start(struct lookup *l, const struct navigator *nav, struct error *error)
{
	l->goods = g_ptr_array_new_with_free_func(g_free);
	l->judged = g_ptr_array_new_with_free_func(g_free);
	err_t err = resolve_words(l, nav, error);
	if (!err)
		err = take_over(l, nav, error);
	if (!err)
		err = add_subjects(l, nav->repo, error);
	if (err)
		return err;
	g_ptr_array_add(l->goods, NULL);
	g_ptr_array_add(l->judged, NULL);
	if (l->paths) {
		struct path_limit *limit = NULL;
		err = path_limit_new(nav->repo, l->paths, &limit, error);
		path_limit_free(limit);
		if (err)
			return err;
	}
	return commit_settings_check(nav->repo, nav->compilers, nav->backports, error);
}

/* ---- a user's verdict ---- */

static err_t reaches(struct history *h, const char *from, uint32_t to, bool *yes,
		     struct error *error)
{
	struct oid oid;
	oid_parse(&oid, from);
	return reach_ancestor(h, history_number(h, &oid), to, yes, error);
}

static bool is_same(const struct lookup *l, const char *other)
{
	return g_strcmp0(l->commit, other) == 0;
}

/* A word on a commit that a test, or an earlier word, has judged otherwise takes that back; how the
 * search was started it does not take back. */
static err_t refuse_end(const struct lookup *l, enum verdict in_git, struct error *error)
{
	enum verdict v = !l->fix ? in_git : in_git == VERDICT_BAD ? VERDICT_GOOD : VERDICT_BAD;
	return error_set(error, EINVAL,
			 "%s %s: the search was started with that commit as %s: write 'abort', and "
			 "start another one",
			 l->words[0], l->words[1], verdict_name(v));
}

/* A commit that crashes makes all between it and the current bad one crash. */
static err_t check_bad(const struct lookup *l, struct history *h, uint32_t commit,
		       struct error *error)
{
	bool yes = true;
	err_t err = 0;
	for (char **g = l->range.goods; *g && !err; g++) {
		if (is_same(l, *g)) {
			if (g_strv_contains((const char *const *)l->good_ends, *g))
				return refuse_end(l, VERDICT_GOOD, error);
			continue;
		}
		err = reaches(h, *g, commit, &yes, error);
		if (!err && yes)
			return error_set(error, EINVAL,
					 "%s %s: contradicts %s, which descends from it and is %s",
					 l->words[0], l->words[1], *g, l->fix ? "bad" : "good");
	}
	if (!err && l->range.bad) {
		err = reaches(h, l->range.bad, commit, &yes, error);
		if (!err && !yes)
			return error_set(error, EINVAL,
					 "%s %s: is no ancestor of %s, the search is among that "
					 "one's ancestors",
					 l->words[0], l->words[1], l->range.bad);
	}
	return err;
}

/* One that does not crash clears all before it. */
static err_t check_good(const struct lookup *l, struct history *h, uint32_t commit,
			struct error *error)
{
	struct oid bad;
	bool yes = false;
	if (!l->range.bad || !oid_parse(&bad, l->range.bad))
		return 0;
	if (is_same(l, l->range.bad) && is_same(l, l->bad_end))
		return refuse_end(l, VERDICT_BAD, error);
	if (is_same(l, l->range.bad))
		return 0;
	err_t err = reach_ancestor(h, commit, history_number(h, &bad), &yes, error);
	if (!err && yes)
		return error_set(error, EINVAL,
				 "%s %s: contradicts %s, which it descends from and which is %s",
				 l->words[0], l->words[1], l->range.bad, l->fix ? "good" : "bad");
	return err;
}

/* `range` is in git's words, so that fix mode needs no rule of its own. */
static err_t resolve_verdict(struct lookup *l, struct repo *repo, struct error *error)
{
	struct oid oid;
	char hex[OID_HEX + 1];
	err_t err = repo_resolve(repo, l->words[1], &oid, error);
	if (err)
		return err;
	oid_print(&oid, hex);
	l->commit = g_strdup(hex);
	err = commit_text_subject(repo, &oid, NULL, &l->subject, error);
	if (err)
		return err;
	struct history *h = repo_history(repo);
	uint32_t commit = history_number(h, &oid);
	if (l->verdict == VERDICT_SKIP)
		return 0;
	return (l->verdict == VERDICT_BAD) != l->fix ? check_bad(l, h, commit, error)
						     : check_good(l, h, commit, error);
}

/* ---- both ---- */

void lookup_job_resolve(struct job *job, const struct navigator *nav)
{
	struct lookup *l = &job->lookup;
	job->err = l->verdict == VERDICT_NONE ? resolve_start(l, nav, &job->error)
					      : resolve_verdict(l, nav->repo, &job->error);
}

/* The repository may have gained commits since it was opened, and libgit2 looks for new packs only
 * when an object is missing, so one handle serves for all. */
void lookup_job_do(const struct work_env *env, struct job *job)
{
	g_autofree char *compilers = work_large_text(env, job, SET_COMPILERS);
	g_autofree char *backports = work_large_text(env, job, SET_BACKPORTS);
	g_autofree char *bisect_log = work_large_text(env, job, SET_BISECT_LOG);
	job->err = repo_reread(env->repo, &job->error);
	if (job->err)
		return;
	struct navigator nav = { .repo = env->repo,
				 .settings = &job->settings,
				 .compilers = compilers,
				 .backports = backports,
				 .bisect_log = bisect_log };
	lookup_job_resolve(job, &nav);
	if (!job->err && job->lookup.verdict == VERDICT_NONE)
		job->lookup.key = experiment_key(env->state, job->name, &job->settings,
						 work_is_others(env, job) ? &job->user : NULL);
}
