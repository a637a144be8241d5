/*
 * A session names commits by their hashes and takes events; the history knows numbers. Between
 * them: where a bisection begins (branch, copies, releases), the choice turned into the event of a
 * step with all that its build needs, and the questions that fix mode asks before it.
 */
#include "navigate.h"

#include "choose.h"
#include "describe.h"
#include "engine/session/releases.h"
#include "merge_base.h"
#include "path_limit.h"
#include "reach.h"
#include "stretches.h"
#include "titles.h"

#include <errno.h>
#include <string.h>

static GStrv lines_of(const char *text)
{
	GStrv lines = g_strsplit(text ? text : "", "\n", -1);
	for (char **l = lines; *l; l++)
		g_strstrip(*l);
	return lines;
}

static uint32_t number_of(const struct navigator *nav, const char *hash)
{
	struct oid oid;
	return oid_parse(&oid, hash) ? history_number(repo_history(nav->repo), &oid) : NO_COMMIT;
}

static err_t reaches(const struct navigator *nav, const char *commit, const char *ancestor,
		     bool *yes, struct error *error)
{
	uint32_t c = number_of(nav, commit), a = number_of(nav, ancestor);
	*yes = false;
	if (c == NO_COMMIT || a == NO_COMMIT)
		return 0;
	return reach_ancestor(repo_history(nav->repo), c, a, yes, error);
}

static err_t merge_bases(const struct navigator *nav, const char *a, const char *b, GPtrArray *out,
			 struct error *error)
{
	struct history *h = repo_history(nav->repo);
	g_autoptr(GArray) bases = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	uint32_t x = number_of(nav, a), y = number_of(nav, b);
	struct walk w;
	walk_init(&w, h, false);
	err_t err = merge_base_find(&w, x, &y, 1, bases, error);
	walk_clear(&w);
	for (guint i = 0; i < bases->len && !err; i++)
		g_ptr_array_add(out, oid_hex(history_oid(h, g_array_index(bases, uint32_t, i))));
	return err;
}

/* ---- where it begins ---- */

static char *release_line(const char *name, const struct oid *oid)
{
	g_autofree char *hex = oid_hex(oid);
	return g_strdup_printf("%s %s", name, hex);
}

/* Releases that the walk back tests, newest first. */
static err_t list_releases(const struct navigator *nav, const char *start, GPtrArray *lines,
			   bool *border, struct error *error)
{
	struct oid bad;
	GArray *all = NULL;
	oid_parse(&bad, start);
	err_t err = repo_releases(nav->repo, &bad, &all, border, error);
	if (err)
		return err;
	g_autofree const char **names = g_new0(const char *, all->len + 1);
	for (guint i = 0; i < all->len; i++) {
		const struct release *r = &g_array_index(all, struct release, i);
		/* a release that is the starting commit itself says nothing new */
		if (oid_compare(&r->commit, &bad) == 0) {
			g_array_remove_index(all, i--);
			continue;
		}
		names[i] = r->name;
	}
	g_autoptr(GArray) picked =
		releases_pick(names, all->len, settings_text(nav->settings, SET_OLDEST));
	for (guint i = 0; i < picked->len; i++) {
		const struct release *r =
			&g_array_index(all, struct release, g_array_index(picked, guint, i));
		g_ptr_array_add(lines, release_line(r->name, &r->commit));
	}
	g_array_unref(all);
	return 0;
}

/* A commit that was rebased keeps its title (syzbot's rule): the one on the branch stands for it.
 */
static err_t find_copy(const struct navigator *nav, const char *branch, struct event *answer,
		       const char *bad, struct error *error)
{
	struct oid oid, copy;
	bool found = false;
	oid_parse(&oid, bad);
	err_t err = titles_find(nav->repo, branch, &oid, &copy, &found, error);
	if (!err && found)
		answer->loaded.commit = oid_hex(&copy);
	return err;
}

static err_t locate_on_branch(const struct navigator *nav, const char *head, const char *bad,
			      char *const *goods, struct event *answer, struct error *error)
{
	bool on_branch;
	err_t err = reaches(nav, head, bad, &on_branch, error);
	if (err || on_branch)
		return err;
	err = find_copy(nav, head, answer, bad, error);
	if (err || answer->loaded.commit || !settings_is_fix(nav->settings) || (goods && goods[0]))
		return err;
	g_autoptr(GPtrArray) bases = g_ptr_array_new_with_free_func(g_free);
	err = merge_bases(nav, head, bad, bases, error);
	if (!err && !bases->len)
		return error_set(
			error, EINVAL,
			"the starting commit %s and the branch have no common history%s", bad,
			repo_is_shallow(nav->repo) ? " in this shallow clone: git fetch --unshallow"
						   : "");
	if (!err && strcmp(g_ptr_array_index(bases, 0), head) == 0)
		return error_set(error, EINVAL,
				 "the branch's head %s is an ancestor of the starting commit: it "
				 "cannot hold a later fix",
				 head);
	if (!err)
		answer->loaded.base = g_strdup(g_ptr_array_index(bases, 0));
	return err;
}

/* The name of an option in a line of a .config; NULL for other lines. */
static char *option_name(const char *line)
{
	const char *at = g_str_has_prefix(line, "# CONFIG_") ? line + 2 : line;
	if (!g_str_has_prefix(at, "CONFIG_"))
		return NULL;
	return g_strndup(at, strcspn(at, "= "));
}

GStrv navigate_options(const char *config, const char *baseline)
{
	g_autoptr(GHashTable) base = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) have = lines_of(baseline);
	g_auto(GStrv) want = lines_of(config);
	for (char **l = have; *l; l++) {
		char *name = option_name(*l);
		if (name)
			g_hash_table_replace(base, name, g_strdup(*l));
	}
	GPtrArray *out = g_ptr_array_new();
	for (char **l = want; *l; l++) {
		g_autofree char *name = option_name(*l);
		const char *old = name ? g_hash_table_lookup(base, name) : NULL;
		bool off = g_str_has_prefix(*l, "# ");
		if (name && (old ? strcmp(old, *l) != 0 : !off))
			g_ptr_array_add(out, g_strdup(*l));
	}
	g_ptr_array_add(out, NULL);
	GStrv list = (GStrv)g_ptr_array_free(out, FALSE);
	if (!list[0])
		g_clear_pointer(&list, g_strfreev);
	return list;
}

err_t navigate_load(const struct navigator *nav, const char *bad, char *const *goods,
		    struct event *answer, struct error *error)
{
	const char *branch = settings_text(nav->settings, SET_BRANCH);
	GPtrArray *lines = g_ptr_array_new();
	struct event ev = event_make(EV_LOADED);
	struct oid head;
	err_t err = 0;
	/* without a branch of the user's own, only a fix has to lie on the default one */
	if (settings_is_fix(nav->settings) || strcmp(branch, "HEAD") != 0) {
		err = repo_resolve(nav->repo, branch, &head, error);
		g_autofree char *hex = err ? NULL : oid_hex(&head);
		if (!err)
			err = locate_on_branch(nav, hex, bad, goods, &ev, error);
	}
	if (!err && settings_is_fix(nav->settings))
		g_ptr_array_add(lines, release_line(branch, &head));
	else if (!err)
		err = list_releases(nav, ev.loaded.commit ? ev.loaded.commit : bad, lines,
				    &ev.loaded.shallow, error);
	g_ptr_array_add(lines, NULL);
	ev.loaded.releases = (GStrv)g_ptr_array_free(lines, FALSE);
	if (!err && nav->baseline && *nav->baseline)
		ev.loaded.options = navigate_options(nav->config, nav->baseline);
	if (err) {
		event_clear(&ev);
		return err;
	}
	*answer = ev;
	return 0;
}

/* ---- fix: does a commit have the bug yet? ---- */

static bool is_in(const GStrv list, const char *commit)
{
	return list && g_strv_contains((const char *const *)list, commit);
}

static err_t has_crashed_ancestor(const struct navigator *nav, const struct next_query *q,
				  const char *commit, bool *yes, struct error *error)
{
	*yes = false;
	for (char **c = q->crashed; c && *c && !*yes; c++) {
		err_t err = reaches(nav, commit, *c, yes, error);
		if (err)
			return err;
	}
	return 0;
}

/* syzbot's rule: a commit that no crashing one leads to may lie on a branch that never had the bug.
 * Its merge bases with the starting commit tell. Leaves an answer, or EV_NONE: test the commit. */
static err_t ask_whether_contained(const struct navigator *nav, const struct next_query *q,
				   const char *commit, int step, struct event *answer,
				   struct error *error)
{
	bool yes;
	g_autoptr(GPtrArray) bases = g_ptr_array_new_with_free_func(g_free);
	err_t err = has_crashed_ancestor(nav, q, commit, &yes, error);
	if (!err && !yes)
		err = merge_bases(nav, commit, q->start, bases, error);
	if (err || yes)
		return err;
	guint clean = 0;
	for (guint i = 0; i < bases->len; i++) {
		const char *base = g_ptr_array_index(bases, i);
		clean += is_in(q->clean, base);
		if (!is_in(q->clean, base) && !is_in(q->untestable, base))
			return describe_step(nav, q, ROLE_CONTAINS, base, step, answer, error);
	}
	err = describe_step(nav, q, ROLE_SEARCH, commit, step, answer, error);
	if (err)
		return err;
	bool without = clean == bases->len;
	answer->step.presumed = without ? VERDICT_BAD : VERDICT_SKIP;
	answer->step.reason =
		g_strdup(!without ? "cannot tell whether it has the bug yet: its merge base with "
				    "the starting commit cannot be tested"
			 : bases->len ? "the bug is not there yet: its merge base with the "
					"starting commit is good; it counts as not fixed"
				      : "the bug is not there yet: it shares no history with the "
					"starting commit; it counts as not fixed");
	return 0;
}

/* ---- the choice ---- */

static GArray *numbers(struct history *h, char *const *hashes)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	for (; *hashes; hashes++) {
		struct oid oid;
		if (oid_parse(&oid, *hashes)) {
			uint32_t c = history_number(h, &oid);
			g_array_append_val(out, c);
		}
	}
	return out;
}

static err_t wrong_way_round(const struct navigator *nav, const struct next_query *q,
			     struct error *error)
{
	if (settings_is_fix(nav->settings))
		return error_set(error, EINVAL,
				 "the branch's head %s is an ancestor of the starting commit: it "
				 "cannot hold a later fix",
				 q->bad);
	return error_set(error, EINVAL,
			 "the merge base %s is bad: the bug was fixed between it and the good "
			 "commits",
			 q->bad);
}

static err_t describe_choice(const struct navigator *nav, const struct next_query *q,
			     const struct choice *choice, int step, struct event *answer,
			     struct error *error)
{
	struct history *h = repo_history(nav->repo);
	g_autofree char *commit = oid_hex(history_oid(h, choice->commit));
	err_t err = 0;
	if (q->current && strcmp(q->current, commit) == 0) {
		*answer = event_make(EV_KEPT);
		answer->kept.step = step - 1;
		return 0;
	}
	if (settings_is_fix(nav->settings))
		err = ask_whether_contained(nav, q, commit, step, answer, error);
	if (err || (answer->kind == EV_STEP && answer->step.role == ROLE_CONTAINS))
		return err;
	if (answer->kind == EV_NONE)
		err = describe_step(nav, q, q->role == ROLE_INSIDE ? ROLE_INSIDE : ROLE_SEARCH,
				    commit, step, answer, error);
	if (!err && choice->kind == CHOICE_TEST) {
		/* git counts to -1 where the bad commit does not change the paths */
		answer->step.left = MAX(0, (int)choice->left);
		answer->step.roughly = (int)choice->roughly;
	}
	if (!err)
		answer->step.checked = choice->checked;
	return err;
}

/* Building and testing a commit. */
struct test_price {
	const struct navigator *nav;
	double test_s; /* what its test takes */
};

static double price_of(void *arg, uint32_t commit)
{
	const struct test_price *p = arg;
	g_autofree char *hash = oid_hex(history_oid(repo_history(p->nav->repo), commit));
	double build = p->nav->estimate.seconds(p->nav->estimate.self, hash);
	return build < 0 ? build : build + p->test_s;
}

/* Leaves an answer, or EV_NONE: the verdicts go with one culprit, git's choice is next. */
static err_t look_for_stretches(const struct navigator *nav, const struct next_query *q,
				const struct choose_query *how, int step, struct event *answer,
				struct error *error)
{
	g_autoptr(GArray) bad = numbers(repo_history(nav->repo), q->crashed);
	g_autoptr(GArray) good = numbers(repo_history(nav->repo), q->clean);
	g_autoptr(GArray) skips = numbers(repo_history(nav->repo), q->untestable);
	struct stretches_query query = { .top = number_of(nav, q->top),
					 .bottom =
						 q->bottom ? number_of(nav, q->bottom) : NO_COMMIT,
					 .bad = (const uint32_t *)(void *)bad->data,
					 .nbad = bad->len,
					 .good = (const uint32_t *)(void *)good->data,
					 .ngood = good->len,
					 .how = *how };
	struct stretches found;
	query.how.skips = (const uint32_t *)(void *)skips->data;
	query.how.nskips = skips->len;
	err_t err = stretches_next(repo_history(nav->repo), &query, &found, error);
	if (err)
		return err;
	if (found.kind == STRETCHES_TEST)
		err = describe_stretches_test(nav, q, &found, step, answer, error);
	else if (found.kind == STRETCHES_FOUND)
		err = describe_borders(nav, &found, answer, error);
	else if (q->bad_good)
		describe_good_is_bad(q, answer);
	stretches_clear(&found);
	return err;
}

static err_t choose(const struct navigator *nav, const struct next_query *q, int step,
		    struct event *answer, struct error *error)
{
	struct history *h = repo_history(nav->repo);
	struct oid bad;
	if (!q->bad || !oid_parse(&bad, q->bad))
		return error_set(error, EINVAL, "the search has no bad commit");
	g_autoptr(GArray) goods = numbers(h, q->goods);
	g_autoptr(GArray) skips = numbers(h, q->skips);
	struct choose_query query = {
		.bad = history_number(h, &bad),
		.goods = (const uint32_t *)(void *)goods->data,
		.ngoods = goods->len,
		.skips = (const uint32_t *)(void *)skips->data,
		.nskips = skips->len,
		.checked = q->checked,
		.first_parent = q->first_parent,
	};
	struct path_limit *limit = NULL;
	if (q->paths) {
		err_t err = path_limit_new(nav->repo, q->paths, &limit, error);
		if (!err)
			err = path_limit_fetch(limit, query.bad, query.goods, query.ngoods,
					       query.first_parent, error);
		if (err) {
			path_limit_free(limit);
			return err;
		}
		query.limit = path_limit_walk(limit);
	}
	struct test_price price = { .nav = nav, .test_s = q->test_s };
	if (nav->estimate.seconds) {
		query.cost = price_of;
		query.arg = &price;
	}
	struct choice choice;
	err_t err = q->top ? look_for_stretches(nav, q, &query, step, answer, error) : 0;
	if (!err && answer->kind == EV_NONE)
		err = choose_next(h, &query, &choice, error);
	path_limit_free(limit);
	if (err == -EINVAL && q->role == ROLE_INSIDE) { /* nothing lies between the parents */
		describe_merge_alone(q->bad, answer);
		return 0;
	}
	if (err || answer->kind != EV_NONE)
		return err;
	if (choice.kind == CHOICE_BASE_IS_BAD)
		err = wrong_way_round(nav, q, error);
	else if (choice.kind == CHOICE_TEST || choice.kind == CHOICE_MERGE_BASE)
		err = describe_choice(nav, q, &choice, step, answer, error);
	else if (q->role == ROLE_INSIDE)
		describe_inside(nav, &choice, answer);
	else
		err = describe_found(nav, &choice, answer, error);
	choose_clear(&choice);
	return err;
}

err_t navigate_next(const struct navigator *nav, const struct next_query *q, int step,
		    struct event *answer, struct error *error)
{
	*answer = event_make(EV_NONE);
	if (q->merge_alone) {
		describe_merge_alone(q->merge_alone, answer);
		return 0;
	}
	if (!q->commit)
		return choose(nav, q, step, answer, error);
	if (q->current && strcmp(q->current, q->commit) == 0) {
		*answer = event_make(EV_KEPT);
		answer->kept.step = step - 1;
		return 0;
	}
	return describe_step(nav, q, q->role, q->commit, step, answer, error);
}
