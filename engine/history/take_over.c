/*
 * As in git the last bad commit and all good ones bound the range; each bad one must be an ancestor
 * of the one before, so that only the last has to be compared with the good ones.
 */
#include "take_over.h"

#include "bisectfs/step.h"
#include "engine/session/bisect_log.h"
#include "reach.h"
#include "walk.h"

#include <errno.h>
#include <string.h>

/* Skips are listed one by one in a line of the journal. */
#define MOST_SKIPPED 20000

/* One commit of the log. */
struct taken {
	enum bisect_log_side side;
	int line;
	bool at_start;
	bool dropped; /* its user says otherwise */
	struct oid oid;
	char hex[OID_HEX + 1];
};

struct taking {
	struct repo *repo;
	bool fix;
	bool users_commit, users_goods; /* what the user named */
	struct take_over *all;
	GArray *taken; /* struct taken */
};

/* ---- revisions ---- */

static void note(struct taking *t, const struct bisect_log_entry *entry, const struct oid *oid)
{
	struct taken one = {
		.side = entry->side, .line = entry->line, .at_start = entry->at_start, .oid = *oid
	};
	oid_print(oid, one.hex);
	g_array_append_val(t->taken, one);
}

static err_t resolve(const struct taking *t, const struct bisect_log_entry *entry, const char *name,
		     struct oid *oid, struct error *error)
{
	err_t err = repo_resolve(t->repo, name, oid, error);
	if (err)
		error_prefix(error, "bisect-log: line %d", entry->line);
	return err;
}

/* "A..B": what B reaches and A does not. */
static err_t note_range(struct taking *t, const struct bisect_log_entry *entry, const char *dots,
			struct error *error)
{
	g_autofree char *from = g_strndup(entry->revision, (gsize)(dots - entry->revision));
	struct history *h = repo_history(t->repo);
	struct oid a, b;
	struct walk w;
	err_t err = resolve(t, entry, *from ? from : "HEAD", &a, error);
	if (!err)
		err = resolve(t, entry, dots[2] ? dots + 2 : "HEAD", &b, error);
	if (err)
		return err;
	uint32_t tip = history_number(h, &b), excluded = history_number(h, &a);
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	walk_init(&w, h, false);
	err = walk_list(&w, tip, false, &excluded, 1, list, error);
	walk_clear(&w);
	if (!err && list->len > MOST_SKIPPED)
		return error_set(error, EINVAL, "bisect-log: line %d: %u commits are skipped: %s",
				 entry->line, list->len, "at most 20000 are taken");
	for (guint i = 0; i < list->len && !err; i++)
		note(t, entry, history_oid(h, g_array_index(list, uint32_t, i)));
	return err;
}

static err_t note_all(struct taking *t, const struct bisect_log *log, struct error *error)
{
	err_t err = 0;
	for (guint i = 0; i < log->entries->len && !err; i++) {
		const struct bisect_log_entry *entry =
			&g_array_index(log->entries, struct bisect_log_entry, i);
		const char *dots =
			entry->side == BISECT_LOG_SKIP ? strstr(entry->revision, "..") : NULL;
		struct oid oid;
		if (dots) {
			err = note_range(t, entry, dots, error);
			continue;
		}
		err = resolve(t, entry, entry->revision, &oid, error);
		if (!err)
			note(t, entry, &oid);
	}
	return err;
}

/* ---- the ends ---- */

static struct taken *at(const struct taking *t, guint i)
{
	return &g_array_index(t->taken, struct taken, i);
}

/* The older side is good, and in fix mode what has the bug. */
static bool has_bug(const struct taking *t, const struct taken *one)
{
	return (one->side == BISECT_LOG_NEW) != t->fix;
}

static const struct taken *first_of(const struct taking *t, bool with_bug)
{
	for (guint i = 0; i < t->taken->len; i++) {
		if (at(t, i)->side != BISECT_LOG_SKIP && has_bug(t, at(t, i)) == with_bug)
			return at(t, i);
	}
	return NULL;
}

static bool is_listed(GPtrArray *list, const char *hex)
{
	return g_ptr_array_find_with_equal_func(list, hex, g_str_equal, NULL);
}

/* Good ones that `git bisect start` names are all ends; otherwise the first. A fix has one end. */
static void take_goods(struct taking *t)
{
	const struct taken *first = first_of(t, false);
	for (guint i = 0; first && i < t->taken->len; i++) {
		const struct taken *one = at(t, i);
		bool end = one == first || (first->at_start && one->at_start && !t->fix);
		if (end && !one->dropped && one->side != BISECT_LOG_SKIP && !has_bug(t, one) &&
		    !is_listed(t->all->goods, one->hex))
			g_ptr_array_add(t->all->goods, g_strdup(one->hex));
	}
}

static err_t take_commit(struct taking *t, struct error *error)
{
	const struct taken *first = first_of(t, true);
	if (!t->all->commit && !first)
		return error_set(error, EINVAL,
				 "bisect-log: no commit that has the bug is in it: write 'BAD' to "
				 "start");
	if (!t->all->commit)
		t->all->commit = g_strdup(first->hex);
	return 0;
}

/* ---- the verdicts ---- */

/* Whether `a` is an ancestor of `b`, or b itself. */
static err_t is_ancestor(const struct taking *t, const struct oid *a, const struct oid *b,
			 bool *yes, struct error *error)
{
	struct history *h = repo_history(t->repo);
	return reach_ancestor(h, history_number(h, b), history_number(h, a), yes, error);
}

/* The last commit of the newer side, by what is known up to here. */
struct bound {
	bool any;
	struct oid oid;
	int line; /* 0: by its user */
};

/* The end that bounds the range at first: the user's, or the first of the log. */
static struct bound first_bound(const struct taking *t)
{
	bool users = t->fix ? t->users_goods : t->users_commit;
	const struct taken *first = first_of(t, !t->fix);
	struct bound bound = { .line = users || !first ? 0 : first->line };
	const char *hex = users && t->fix ? t->all->goods->pdata[0]
			  : users	  ? t->all->commit
			  : first	  ? first->hex
					  : NULL;
	bound.any = hex && oid_parse(&bound.oid, hex);
	return bound;
}

/* Whether an end of the older side, as the user wrote it, descends from the commit, or is it. */
static err_t is_denied(const struct taking *t, const struct taken *one, bool *yes,
		       struct error *error)
{
	err_t err = 0;
	struct oid end;
	*yes = false;
	if (t->fix)
		return t->users_commit && oid_parse(&end, t->all->commit)
			       ? is_ancestor(t, &one->oid, &end, yes, error)
			       : 0;
	for (guint i = 0; t->users_goods && i < t->all->goods->len && !err && !*yes; i++) {
		oid_parse(&end, t->all->goods->pdata[i]);
		err = is_ancestor(t, &one->oid, &end, yes, error);
	}
	return err;
}

/* One of the newer side becomes the bound. Where the user has written otherwise it is dropped. */
static err_t narrow(const struct taking *t, struct taken *one, struct bound *bound,
		    struct error *error)
{
	bool denied, within = true;
	err_t err = is_denied(t, one, &denied, error);
	if (!err && bound->any)
		err = is_ancestor(t, &one->oid, &bound->oid, &within, error);
	if (err)
		return err;
	if (!within && bound->line)
		return error_set(error, EINVAL,
				 "bisect-log: line %d: %s is no ancestor of the commit in line %d, "
				 "and the search is among that one's ancestors",
				 one->line, one->hex, bound->line);
	one->dropped = denied || !within;
	if (!one->dropped)
		*bound = (struct bound){ .any = true, .oid = one->oid, .line = one->line };
	return 0;
}

/* One of the older side must not descend from the bound. */
static err_t check_older(const struct taking *t, struct taken *one, const struct bound *bound,
			 struct error *error)
{
	bool contradicts = false;
	err_t err = bound->any ? is_ancestor(t, &bound->oid, &one->oid, &contradicts, error) : 0;
	one->dropped = contradicts;
	if (!err && contradicts && bound->line)
		return error_set(error, EINVAL,
				 "bisect-log: line %d: %s contradicts line %d: it descends from "
				 "that commit, or is it",
				 one->line, one->hex, bound->line);
	return err;
}

static err_t compare(struct taking *t, struct error *error)
{
	struct bound bound = first_bound(t);
	err_t err = 0;
	for (guint i = 0; i < t->taken->len && !err; i++) {
		if (at(t, i)->side == BISECT_LOG_NEW)
			err = narrow(t, at(t, i), &bound, error);
	}
	for (guint i = 0; i < t->taken->len && !err; i++) {
		if (at(t, i)->side == BISECT_LOG_OLD)
			err = check_older(t, at(t, i), &bound, error);
	}
	return err;
}

static bool is_end(const struct taking *t, const char *hex)
{
	return strcmp(hex, t->all->commit) == 0 || is_listed(t->all->goods, hex);
}

static void judge(const struct taking *t, const struct taken *one, GHashTable *known)
{
	enum verdict v = one->side == BISECT_LOG_SKIP ? VERDICT_SKIP
			 : has_bug(t, one)	      ? VERDICT_BAD
						      : VERDICT_GOOD;
	gpointer before = g_hash_table_lookup(known, one->hex);
	if (before && (v == VERDICT_SKIP || GPOINTER_TO_INT(before) == (int)v))
		return; /* git goes by what is known of a commit, though it is skipped later */
	g_hash_table_insert(known, g_strdup(one->hex), GINT_TO_POINTER((int)v));
	g_ptr_array_add(t->all->judged, g_strdup_printf("%s %s", verdict_name(v), one->hex));
}

static void take_verdicts(const struct taking *t)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < t->taken->len; i++) {
		if (!at(t, i)->dropped && !is_end(t, at(t, i)->hex))
			judge(t, at(t, i), known);
	}
}

static err_t refuse_narrowing(const struct bisect_log *log, struct error *error)
{
	if (log->first_parent)
		return error_set(
			error, EINVAL,
			"bisect-log: line %d: --first-parent: a search among first parents "
			"alone cannot be taken over",
			log->first_parent);
	if (log->paths)
		return error_set(error, EINVAL,
				 "bisect-log: line %d: a search among the commits that touch some "
				 "paths cannot be taken over",
				 log->paths);
	return 0;
}

err_t take_over_log(struct repo *repo, const char *text, bool fix, struct take_over *all,
		    struct error *error)
{
	struct bisect_log log;
	struct taking t = { .repo = repo,
			    .fix = fix,
			    .users_commit = all->commit != NULL,
			    .users_goods = all->goods->len > 0,
			    .all = all,
			    .taken = g_array_new(FALSE, FALSE, sizeof(struct taken)) };
	err_t err = bisect_log_parse(text, &log, error);
	if (!err)
		err = refuse_narrowing(&log, error);
	if (!err)
		err = note_all(&t, &log, error);
	if (!err)
		err = take_commit(&t, error);
	if (!err)
		err = compare(&t, error);
	if (!err && !t.users_goods)
		take_goods(&t);
	if (!err)
		take_verdicts(&t);
	g_array_unref(t.taken);
	bisect_log_clear(&log);
	return err;
}
