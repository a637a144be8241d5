/*
 * bisectfs plan: the session that `git bisect` would have, without building anything.
 */
#include "commands.h"
#include "complain.h"
#include "plan_store.h"
#include "simulate.h"

#include "engine/history/choose.h"
#include "engine/history/commit_text.h"
#include "engine/history/path_limit.h"
#include "engine/history/reach.h"
#include "engine/history/repo.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

struct plan {
	char *bad, *culprit, **goods, **skips, **rest;
	char **paths; /* what follows "--"; NULL: there is none */
	struct path_limit *limit;
	gboolean first_parent, simulate;
	struct simulate_options options;
	struct repo *repo;
	struct plan_store store;
	struct history *h;
	uint32_t bad_commit, culprit_commit;
	GArray *good_commits, *untestable, *skipped; /* uint32_t */
};

static int parse(struct plan *p, int argc, char **argv)
{
	GOptionEntry entries[] = {
		{ "bad", 0, 0, G_OPTION_ARG_STRING, &p->bad, "", "REV" },
		{ "good", 0, 0, G_OPTION_ARG_STRING_ARRAY, &p->goods, "", "REV" },
		{ "culprit", 0, 0, G_OPTION_ARG_STRING, &p->culprit, "", "REV" },
		{ "skip", 0, 0, G_OPTION_ARG_STRING_ARRAY, &p->skips, "", "REV" },
		{ "first-parent", 0, 0, G_OPTION_ARG_NONE, &p->first_parent, "", NULL },
		{ "simulate", 0, 0, G_OPTION_ARG_NONE, &p->simulate, "", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &p->rest, "", NULL },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) why = NULL;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			p->paths = argv + i + 1;
			argc = i;
		}
	}
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	simulate_add_options(context, &p->options);
	if (!g_option_context_parse(context, &argc, &argv, &why))
		return complain(2, "plan: %s: see bisectfs --help", why->message);
	if (!p->bad || !p->goods || !p->rest || g_strv_length(p->rest) != 1)
		return complain(2, "plan: --bad REV, --good REV and REPO are needed");
	if (!p->simulate && memcmp(&p->options, &simulate_defaults, sizeof(p->options)) != 0)
		return complain(2, "plan: times, machine and chance are for --simulate: see "
				   "bisectfs --help");
	if (p->simulate && (p->first_parent || p->paths))
		return complain(2, "plan: --simulate searches all parents and paths: leave out "
				   "--first-parent and -- PATH");
	return 0;
}

static err_t resolve(struct plan *p, const char *rev, uint32_t *commit, struct error *error)
{
	struct oid oid;
	err_t err = repo_resolve(p->repo, rev, &oid, error);
	if (!err)
		*commit = history_number(p->h, &oid);
	return err;
}

static err_t resolve_list(struct plan *p, char **revs, GArray *out, struct error *error)
{
	err_t err = 0;
	for (; revs && *revs && !err; revs++) {
		uint32_t c = 0;
		err = resolve(p, *revs, &c, error);
		g_array_append_val(out, c);
	}
	return err;
}

static err_t load(struct plan *p, struct error *error)
{
	err_t err = repo_open(p->rest[0], &p->repo, error);
	if (err)
		return err;
	p->h = repo_history(p->repo);
	err = resolve(p, p->bad, &p->bad_commit, error);
	if (!err)
		err = resolve_list(p, p->goods, p->good_commits, error);
	if (!err)
		err = resolve_list(p, p->skips, p->untestable, error);
	if (!err && p->culprit)
		err = resolve(p, p->culprit, &p->culprit_commit, error);
	if (!err && p->paths && *p->paths)
		err = plan_store_open(&p->store, p->repo, error);
	if (!err && p->paths && *p->paths)
		err = path_limit_new(p->repo, p->paths, &p->limit, error);
	return err;
}

static void print_hash(struct plan *p, uint32_t c)
{
	char hex[OID_HEX + 1];
	oid_print(history_oid(p->h, c), hex);
	fputs(hex, stdout);
}

static err_t print_commit(struct plan *p, uint32_t c, struct error *error)
{
	g_autofree char *subject = NULL;
	struct oid oid = *history_oid(p->h, c);
	err_t err = commit_text_subject(p->repo, &oid, &subject, NULL, error);
	if (err)
		return err;
	putchar('[');
	print_hash(p, c);
	printf("] %s\n", subject);
	return 0;
}

static void print_start(struct plan *p)
{
	fputs("# git bisect start ", stdout);
	print_hash(p, p->bad_commit);
	for (guint i = 0; i < p->good_commits->len; i++) {
		putchar(' ');
		print_hash(p, g_array_index(p->good_commits, uint32_t, i));
	}
	putchar('\n');
}

static bool contains(const GArray *a, uint32_t c)
{
	for (guint i = 0; i < a->len; i++) {
		if (g_array_index(a, uint32_t, i) == c)
			return true;
	}
	return false;
}

/* Tells what a truthful test would say, and learns from it. */
static err_t judge(struct plan *p, uint32_t c, struct error *error)
{
	bool bad = false;
	const char *word;
	if (contains(p->untestable, c)) {
		word = "skip";
		g_array_append_val(p->skipped, c);
	} else {
		err_t err = reach_ancestor(p->h, c, p->culprit_commit, &bad, error);
		if (err)
			return err;
		word = bad ? "bad" : "good";
		if (bad)
			p->bad_commit = c;
		else
			g_array_append_val(p->good_commits, c);
	}
	printf("# git bisect %s ", word);
	print_hash(p, c);
	putchar('\n');
	return 0;
}

static void print_skipped(struct plan *p, const struct choice *choice)
{
	puts("There are only 'skip'ped commits left to test.\n"
	     "The first bad commit could be any of:");
	for (guint i = 0; i < choice->candidates->len; i++) {
		print_hash(p, g_array_index(choice->candidates, uint32_t, i));
		putchar('\n');
	}
	puts("We cannot bisect more!");
}

/* One step; `over` when the session has ended. */
static err_t step(struct plan *p, bool *checked, bool *over, struct error *error)
{
	struct choose_query q = {
		.bad = p->bad_commit,
		.goods = (const uint32_t *)(void *)p->good_commits->data,
		.ngoods = p->good_commits->len,
		.skips = (const uint32_t *)(void *)p->skipped->data,
		.nskips = p->skipped->len,
		.checked = *checked,
		.first_parent = p->first_parent,
		.limit = path_limit_walk(p->limit),
	};
	struct choice choice;
	err_t err = p->limit ? path_limit_fetch(p->limit, q.bad, q.goods, q.ngoods, q.first_parent,
						error)
			     : 0;
	if (!err)
		err = choose_next(p->h, &q, &choice, error);
	if (err)
		return err;
	*checked = choice.checked;
	*over = true;
	switch (choice.kind) {
	case CHOICE_FOUND:
		print_hash(p, choice.commit);
		puts(" is the first bad commit");
		break;
	case CHOICE_ONLY_SKIPPED:
		print_skipped(p, &choice);
		break;
	case CHOICE_BASE_IS_BAD:
		err = error_set(error, 22,
				"the merge base of good and bad is the bad commit itself: "
				"they are the wrong way round");
		break;
	default:
		if (choice.kind == CHOICE_MERGE_BASE)
			puts("Bisecting: a merge base must be tested");
		else
			printf("Bisecting: %d revision%s left to test after this (roughly %u "
			       "step%s)\n",
			       (int)choice.left, choice.left == 1 ? "" : "s", choice.roughly,
			       choice.roughly == 1 ? "" : "s");
		err = print_commit(p, choice.commit, error);
		if (!err && p->culprit) {
			err = judge(p, choice.commit, error);
			*over = false;
		}
		break;
	}
	choose_clear(&choice);
	return err;
}

static err_t run(struct plan *p, struct error *error)
{
	bool checked = false, over = false;
	err_t err = load(p, error);
	if (!err)
		print_start(p);
	while (!err && !over)
		err = step(p, &checked, &over, error);
	return err;
}

int cmd_plan(int argc, char **argv)
{
	struct plan p = { 0 };
	memcpy(&p.options, &simulate_defaults, sizeof(p.options)); /* padding too: compared */
	struct error why = { 0 };
	int status = parse(&p, argc, argv);
	p.good_commits = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	p.untestable = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	p.skipped = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	if (!status && p.simulate)
		status = simulate_run(&(struct simulate_range){ .repo = p.rest[0],
								.bad = p.bad,
								.culprit = p.culprit,
								.goods = p.goods,
								.skips = p.skips },
				      &p.options);
	else if (!status && run(&p, &why) != 0)
		status = complain(1, "plan: %s", why.text);
	path_limit_free(p.limit);
	repo_free(p.repo);
	plan_store_close(&p.store);
	g_array_unref(p.good_commits);
	g_array_unref(p.untestable);
	g_array_unref(p.skipped);
	g_free(p.bad);
	g_free(p.culprit);
	g_strfreev(p.goods);
	g_strfreev(p.skips);
	g_strfreev(p.rest);
	return status;
}
