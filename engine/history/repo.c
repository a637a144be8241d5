/*
 * Objects are read raw where the history is loaded (a million headers, nothing of which libgit2
 * need parse or keep); its own calls do the rest. The commit-graph file is asked before any object.
 */
#include "repo.h"

#include "commit_graph.h"
#include "engine/session/releases.h"

#include <errno.h>
#include <git2.h>
#include <string.h>

struct repo {
	git_repository *git;
	git_odb *odb;
	struct history *history;
	struct commit_graph *graph; /* NULL: every commit is read from its object */
	GHashTable *tags; /* hex of a commit -> name of its best tag; made when first asked for */
};

void repo_library_start(void)
{
	git_libgit2_init();
	/* nothing of a repository is run by us, we only read objects: its owner does not matter */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	/* as git does: fsck looks for damaged objects, not every reader of a commit */
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	/* no commit is read twice: history.c keeps what is needed of it */
	git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
	/* what is mapped of packs counts as our memory */
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)16 << 20);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)64 << 20);
}

void repo_library_stop(void)
{
	git_libgit2_shutdown();
}

static err_t git_failed(struct error *error, int code, const char *doing)
{
	const git_error *e = git_error_last();
	return error_set(error, code, "%s: %s", doing, e && e->message ? e->message : "failed");
}

/* Only the header is needed, which comes first: "parent HASH" lines and the committer's date. */
static err_t parse_header(const char *data, size_t len, struct commit_facts *facts)
{
	const char *end = data + len;
	while (data < end && *data != '\n') {
		const char *eol = memchr(data, '\n', (size_t)(end - data));
		if (!eol)
			eol = end;
		if (eol - data >= 47 && memcmp(data, "parent ", 7) == 0) {
			struct oid oid;
			if (!oid_parse_bytes(&oid, data + 7))
				return -EINVAL;
			g_array_append_val(facts->parents, oid);
		} else if (eol - data > 10 && memcmp(data, "committer ", 10) == 0) {
			const char *p = eol;
			while (p > data && *p != '>')
				p--;
			facts->date = g_ascii_strtoll(p + 1, NULL, 10);
			return 0;
		}
		data = eol + 1;
	}
	return -EINVAL;
}

#define SHALLOW_HINT " (it is shallow: git fetch --unshallow brings the rest)"

static err_t read_commit(void *self, const struct oid *oid, struct commit_facts *facts,
			 struct error *error)
{
	struct repo *repo = self;
	if (commit_graph_read(repo->graph, oid, facts))
		return 0;
	git_odb_object *object = NULL;
	git_oid id;
	git_oid_fromraw(&id, oid->b);
	char hex[OID_HEX + 1];
	oid_print(oid, hex);
	if (git_odb_read(&object, repo->odb, &id) != 0)
		return error_set(error, ENOENT, "commit %s is missing from the repository%s", hex,
				 repo_is_shallow(repo) ? SHALLOW_HINT : "");
	err_t err = -EINVAL;
	if (git_odb_object_type(object) == GIT_OBJECT_COMMIT)
		err = parse_header(git_odb_object_data(object), git_odb_object_size(object), facts);
	git_odb_object_free(object);
	return err ? error_set(error, EINVAL, "%s is not a well-formed commit", hex) : 0;
}

err_t repo_open(const char *path, struct repo **out, struct error *error)
{
	struct repo *repo = g_new0(struct repo, 1);
	if (git_repository_open_ext(&repo->git, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) != 0 ||
	    git_repository_odb(&repo->odb, repo->git) != 0) {
		repo_free(repo);
		g_autofree char *doing = g_strdup_printf("cannot open the repository %s", path);
		return git_failed(error, ENOENT, doing);
	}
	struct commit_source source = { .self = repo, .read = read_commit };
	repo->history = history_new(&source);
	repo->graph = commit_graph_open(repo_gitdir(repo));
	*out = repo;
	return 0;
}

void repo_free(struct repo *repo)
{
	if (!repo)
		return;
	history_free(repo->history);
	commit_graph_close(repo->graph);
	if (repo->tags)
		g_hash_table_unref(repo->tags);
	git_odb_free(repo->odb);
	git_repository_free(repo->git);
	g_free(repo);
}

const char *repo_gitdir(const struct repo *repo)
{
	return git_repository_commondir(repo->git);
}

struct git_repository *repo_git(const struct repo *repo)
{
	return repo->git;
}

bool repo_is_shallow(const struct repo *repo)
{
	return git_repository_is_shallow(repo->git) == 1;
}

struct history *repo_history(struct repo *repo)
{
	return repo->history;
}

err_t repo_resolve(struct repo *repo, const char *rev, struct oid *oid, struct error *error)
{
	git_object *object = NULL, *commit = NULL;
	int rc = git_revparse_single(&object, repo->git, rev);
	if (rc == GIT_EAMBIGUOUS)
		return error_set(error, EINVAL, "revision '%s' is ambiguous: give more digits",
				 rev);
	if (rc != 0)
		return error_set(error, EINVAL, "unknown revision '%s'%s", rev,
				 repo_is_shallow(repo) ? SHALLOW_HINT : "");
	rc = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	git_object_free(object);
	if (rc != 0)
		return error_set(error, EINVAL, "'%s' does not name a commit", rev);
	memcpy(oid->b, git_object_id(commit)->id, OID_BYTES);
	git_object_free(commit);
	return 0;
}

static err_t find_commit(struct repo *repo, const struct oid *oid, git_commit **commit,
			 struct error *error)
{
	git_oid id;
	git_oid_fromraw(&id, oid->b);
	if (git_commit_lookup(commit, repo->git, &id) != 0)
		return git_failed(error, ENOENT, "cannot read the commit");
	return 0;
}

/* git's %s: lines of the first paragraph, trailing blanks dropped, joined by one space. */
static char *first_paragraph(const char *message)
{
	GString *out = g_string_new(NULL);
	while (*message == '\n')
		message++;
	while (*message && *message != '\n') {
		size_t len = strcspn(message, "\n"), keep = len;
		while (keep && g_ascii_isspace(message[keep - 1]))
			keep--;
		if (!keep)
			break;
		if (out->len)
			g_string_append_c(out, ' ');
		g_string_append_len(out, message, (gssize)keep);
		message += len + (message[len] == '\n');
	}
	return g_string_free(out, FALSE);
}

err_t repo_subject(struct repo *repo, const struct oid *oid, char **subject, struct error *error)
{
	git_commit *commit = NULL;
	err_t err = find_commit(repo, oid, &commit, error);
	if (err)
		return err;
	*subject = first_paragraph(git_commit_message_raw(commit));
	git_commit_free(commit);
	return 0;
}

static void append_head(GString *out, git_commit *commit)
{
	const git_signature *author = git_commit_author(commit);
	g_string_append_printf(out, "commit %s\n", git_oid_tostr_s(git_commit_id(commit)));
	if (git_commit_parentcount(commit) > 1) {
		g_string_append(out, "Merge:");
		for (unsigned i = 0; i < git_commit_parentcount(commit); i++)
			g_string_append_printf(out, " %.12s",
					       git_oid_tostr_s(git_commit_parent_id(commit, i)));
		g_string_append_c(out, '\n');
	}
	g_string_append_printf(out, "Author: %s <%s>\n", author->name, author->email);
	g_autoptr(GTimeZone) zone = g_time_zone_new_offset(author->when.offset * 60);
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(author->when.time);
	g_autoptr(GDateTime) when = utc ? g_date_time_to_timezone(utc, zone) : NULL;
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	if (when) {
		int off = author->when.offset, abs = off < 0 ? -off : off;
		g_string_append_printf(out, "Date:   %s %s %d %02d:%02d:%02d %d %c%02d%02d\n",
				       days[g_date_time_get_day_of_week(when) - 1],
				       months[g_date_time_get_month(when) - 1],
				       g_date_time_get_day_of_month(when),
				       g_date_time_get_hour(when), g_date_time_get_minute(when),
				       g_date_time_get_second(when), g_date_time_get_year(when),
				       off < 0 ? '-' : '+', abs / 60, abs % 60);
	}
	g_string_append_c(out, '\n');
	const char *message = git_commit_message(commit);
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
	guint n = g_strv_length(lines);
	while (n && !*lines[n - 1])
		n--;
	for (guint i = 0; i < n; i++)
		g_string_append_printf(out, "    %s\n", lines[i]);
}

static err_t append_stat(GString *out, struct repo *repo, git_commit *commit, struct error *error)
{
	git_commit *parent = NULL;
	git_tree *tree = NULL, *old = NULL;
	git_diff *diff = NULL;
	git_diff_stats *stats = NULL;
	git_buf buf = GIT_BUF_INIT;
	int rc = git_commit_tree(&tree, commit);
	if (rc == 0 && git_commit_parentcount(commit)) {
		rc = git_commit_parent(&parent, commit, 0);
		if (rc == 0)
			rc = git_commit_tree(&old, parent);
	}
	if (rc == 0)
		rc = git_diff_tree_to_tree(&diff, repo->git, old, tree, NULL);
	if (rc == 0)
		rc = git_diff_find_similar(diff, NULL);
	bool any =
		rc == 0 && git_diff_num_deltas(diff) > 0; /* git prints nothing of an empty one */
	if (any)
		rc = git_diff_get_stats(&stats, diff);
	if (any && rc == 0)
		rc = git_diff_stats_to_buf(
			&buf, stats, GIT_DIFF_STATS_FULL | GIT_DIFF_STATS_INCLUDE_SUMMARY, 78);
	if (rc == 0 && buf.size)
		g_string_append_printf(out, "\n%s", buf.ptr);
	err_t err = rc ? git_failed(error, EIO, "cannot compare the commit with its parent") : 0;
	git_buf_dispose(&buf);
	git_diff_stats_free(stats);
	git_diff_free(diff);
	git_tree_free(old);
	git_tree_free(tree);
	git_commit_free(parent);
	return err;
}

err_t repo_show(struct repo *repo, const struct oid *oid, char **text, struct error *error)
{
	git_commit *commit = NULL;
	err_t err = find_commit(repo, oid, &commit, error);
	if (err)
		return err;
	GString *out = g_string_new(NULL);
	append_head(out, commit);
	/* like git, no --stat for a merge, whose diff against one parent would mislead */
	if (git_commit_parentcount(commit) < 2)
		err = append_stat(out, repo, commit, error);
	git_commit_free(commit);
	*text = g_string_free(out, FALSE);
	if (err)
		g_clear_pointer(text, g_free);
	return err;
}

/* ---- titles ---- */

/* Prefixes that mail, stable trees and Android put before a title. */
static char *bare_title(const char *title)
{
	static const char *const prefixes[] = { "upstream:", "cherrypick:", "fromgit:",
						"fromlist:", "backport:",   "wip:" };
	for (bool again = true; again;) {
		again = false;
		while (g_ascii_isspace(*title))
			title++;
		const char *close = *title == '[' ? strchr(title, ']') : NULL;
		if (close) {
			title = close + 1;
			again = true;
		}
		for (gsize i = 0; i < G_N_ELEMENTS(prefixes) && !again; i++) {
			gsize len = strlen(prefixes[i]);
			if (g_ascii_strncasecmp(title, prefixes[i], len) == 0) {
				title += len;
				again = true;
			}
		}
	}
	return g_ascii_strdown(title, -1);
}

err_t repo_find_title(struct repo *repo, const char *branch, const struct oid *like,
		      struct oid *found, bool *any, struct error *error)
{
	g_autofree char *subject = NULL;
	git_revwalk *walk = NULL;
	git_oid id, hide;
	*any = false;
	err_t err = repo_subject(repo, like, &subject, error);
	if (err)
		return err;
	g_autofree char *wanted = bare_title(subject);
	git_oid_fromraw(&hide, like->b);
	if (!*wanted || git_revwalk_new(&walk, repo->git) != 0)
		return 0;
	int rc = git_oid_fromstr(&id, branch);
	if (rc == 0)
		rc = git_revwalk_push(walk, &id);
	if (rc == 0)
		rc = git_revwalk_hide(walk, &hide);
	while (rc == 0 && !*any && git_revwalk_next(&id, walk) == 0) {
		struct oid oid;
		g_autofree char *text = NULL;
		memcpy(oid.b, id.id, OID_BYTES);
		err = repo_subject(repo, &oid, &text, error);
		if (err)
			break;
		g_autofree char *bare = bare_title(text);
		if (strcmp(bare, wanted) == 0) {
			*found = oid;
			*any = true;
		}
	}
	git_revwalk_free(walk);
	return rc ? git_failed(error, EIO, "cannot walk the branch") : err;
}

/* ---- tags ---- */

static void clear_release(void *p)
{
	struct release *r = p;
	g_free(r->name);
}

struct tag_visit {
	struct repo *repo;
	void (*found)(const char *name, const struct oid *commit, void *arg);
	void *arg;
};

static int visit_tag(const char *ref, git_oid *id, void *payload)
{
	struct tag_visit *v = payload;
	git_object *object = NULL, *commit = NULL;
	if (git_object_lookup(&object, v->repo->git, id, GIT_OBJECT_ANY) == 0 &&
	    git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0) {
		struct oid oid;
		memcpy(oid.b, git_object_id(commit)->id, OID_BYTES);
		v->found(g_str_has_prefix(ref, "refs/tags/") ? ref + 10 : ref, &oid, v->arg);
	}
	git_object_free(commit);
	git_object_free(object);
	return 0;
}

static void note_release(const char *name, const struct oid *commit, void *arg)
{
	struct release_version v;
	if (!release_parse(name, &v) || v.candidate)
		return;
	struct release r = { .name = g_strdup(name), .commit = *commit };
	g_array_append_val((GArray *)arg, r);
}

static int newest_first(const void *a, const void *b)
{
	struct release_version va, vb;
	release_parse(((const struct release *)a)->name, &va);
	release_parse(((const struct release *)b)->name, &vb);
	return -release_compare(&va, &vb);
}

/* All that `tip` reaches; releases among them keep their place. */
static err_t keep_reachable(struct repo *repo, const struct oid *tip, GArray *releases,
			    struct error *error)
{
	struct history *h = repo->history;
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	uint32_t start = history_number(h, tip);
	g_array_append_val(stack, start);
	g_hash_table_add(seen, GUINT_TO_POINTER(start + 1));
	while (stack->len) {
		uint32_t c = g_array_index(stack, uint32_t, stack->len - 1);
		g_array_set_size(stack, stack->len - 1);
		err_t err = history_load(h, c, error);
		if (err)
			return err;
		for (uint32_t i = 0; i < history_parent_count(h, c); i++) {
			uint32_t p = history_parent(h, c, i);
			if (g_hash_table_add(seen, GUINT_TO_POINTER(p + 1)))
				g_array_append_val(stack, p);
		}
	}
	for (guint i = 0; i < releases->len;) {
		uint32_t c = history_number(h, &g_array_index(releases, struct release, i).commit);
		if (g_hash_table_contains(seen, GUINT_TO_POINTER(c + 1)))
			i++;
		else
			g_array_remove_index(releases, i);
	}
	return 0;
}

err_t repo_releases(struct repo *repo, const struct oid *tip, GArray **out, struct error *error)
{
	GArray *releases = g_array_new(FALSE, FALSE, sizeof(struct release));
	g_array_set_clear_func(releases, clear_release);
	struct tag_visit v = { .repo = repo, .found = note_release, .arg = releases };
	git_tag_foreach(repo->git, visit_tag, &v);
	g_array_sort(releases, newest_first);
	err_t err = releases->len ? keep_reachable(repo, tip, releases, error) : 0;
	if (err) {
		g_array_unref(releases);
		return err;
	}
	*out = releases;
	return 0;
}

static void note_tag(const char *name, const struct oid *commit, void *arg)
{
	char hex[OID_HEX + 1];
	oid_print(commit, hex);
	struct release_version v;
	if (release_parse(name, &v) || !g_hash_table_contains(arg, hex))
		g_hash_table_insert(arg, g_strdup(hex), g_strdup(name));
}

char *repo_tag_of(struct repo *repo, const struct oid *oid)
{
	if (!repo->tags) {
		repo->tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		struct tag_visit v = { .repo = repo, .found = note_tag, .arg = repo->tags };
		git_tag_foreach(repo->git, visit_tag, &v);
	}
	char hex[OID_HEX + 1];
	oid_print(oid, hex);
	const char *name = g_hash_table_lookup(repo->tags, hex);
	return g_strdup(name ? name : "");
}
