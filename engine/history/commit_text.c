/*
 * Objects are read raw: libgit2 refuses a commit whose author it cannot parse, and git shows it.
 */
#include "commit_text.h"

#include "engine/objects/raw_commit.h"

#include <errno.h>
#include <git2.h>
#include <string.h>

/* ---- text ---- */

#define REPLACEMENT "\357\277\275" /* U+FFFD */

char *commit_text_clean(const char *text, gsize len, const char *encoding)
{
	g_autofree char *converted = NULL;
	gsize size = len;
	if (encoding && g_ascii_strcasecmp(encoding, "UTF-8") != 0 &&
	    g_ascii_strcasecmp(encoding, "utf8") != 0)
		converted = g_convert(text, (gssize)len, "UTF-8", encoding, NULL, &size, NULL);
	if (!converted && !g_utf8_validate_len(text, len, NULL))
		converted = g_convert(text, (gssize)len, "UTF-8", "ISO-8859-1", NULL, &size, NULL);
	const char *p = converted ? converted : text, *end = p + size;
	GString *out = g_string_sized_new(size);
	for (; p < end; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (c == '\r' && (p + 1 == end || p[1] == '\n'))
			continue; /* of lines that end as on other systems */
		if (c == '\t' || c == '\n' || !g_unichar_iscntrl(c))
			g_string_append_unichar(out, c);
		else
			g_string_append(out, REPLACEMENT);
	}
	return g_string_free(out, FALSE);
}

/* git's %s: lines of the first paragraph, trailing blanks dropped, joined by one space. */
static char *first_paragraph(const char *message, gsize size)
{
	GString *out = g_string_new(NULL);
	const char *end = message + size;
	while (message < end && *message == '\n')
		message++;
	while (message < end && *message != '\n') {
		const char *eol = memchr(message, '\n', (gsize)(end - message));
		gsize len = (gsize)((eol ? eol : end) - message), keep = len;
		while (keep && g_ascii_isspace(message[keep - 1]))
			keep--;
		if (!keep)
			break;
		if (out->len)
			g_string_append_c(out, ' ');
		g_string_append_len(out, message, (gssize)keep);
		message += len + (eol != NULL);
	}
	return g_string_free(out, FALSE);
}

char *commit_text_date(const char *ident, gsize len)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	g_autofree char *text = g_strndup(ident, len);
	const char *close = strrchr(text, '>');
	char *zone_text = NULL;
	gint64 seconds = close ? g_ascii_strtoll(close + 1, &zone_text, 10) : 0;
	int zone = zone_text ? (int)g_ascii_strtoll(zone_text, NULL, 10) : 0;
	/* what is no date, or before the first, git shows as the first */
	if (seconds < 0)
		seconds = zone = 0;
	gint64 offset = ((gint64)(zone / 100) * 60 + zone % 100) * 60;
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(seconds + offset);
	if (!when) {
		zone = 0;
		when = g_date_time_new_from_unix_utc(0);
	}
	return g_strdup_printf("%s %s %d %02d:%02d:%02d %d %c%04d",
			       days[g_date_time_get_day_of_week(when) - 1],
			       months[g_date_time_get_month(when) - 1],
			       g_date_time_get_day_of_month(when), g_date_time_get_hour(when),
			       g_date_time_get_minute(when), g_date_time_get_second(when),
			       g_date_time_get_year(when), zone < 0 ? '-' : '+', ABS(zone));
}

/* ---- a commit ---- */

struct commit_bytes {
	git_odb_object *object;
	const char *data;
	gsize len;
	char *encoding; /* NULL: none is named */
};

static err_t read_bytes(struct repo *repo, const struct oid *oid, struct commit_bytes *c,
			struct error *error)
{
	*c = (struct commit_bytes){ 0 };
	err_t err = repo_read_commit(repo, oid, &c->object, error);
	if (err)
		return err;
	c->data = git_odb_object_data(c->object);
	c->len = git_odb_object_size(c->object);
	gsize size = 0;
	const char *encoding = raw_commit_field(c->data, c->len, "encoding", &size);
	c->encoding = encoding ? g_strndup(encoding, size) : NULL;
	return 0;
}

static void clear_bytes(struct commit_bytes *c)
{
	git_odb_object_free(c->object);
	g_free(c->encoding);
}

err_t commit_text_subject(struct repo *repo, const struct oid *oid, char **bytes, char **text,
			  struct error *error)
{
	struct commit_bytes c;
	gsize size = 0;
	err_t err = read_bytes(repo, oid, &c, error);
	if (err)
		return err;
	const char *message = raw_commit_message(c.data, c.len, &size);
	g_autofree char *subject = first_paragraph(message, size);
	if (text)
		*text = commit_text_clean(subject, strlen(subject), c.encoding);
	if (bytes)
		*bytes = g_steal_pointer(&subject);
	clear_bytes(&c);
	return 0;
}

/* ---- show ---- */

static void append_author(GString *out, const struct commit_bytes *c)
{
	gsize len = 0;
	const char *ident = raw_commit_field(c->data, c->len, "author", &len);
	if (!ident)
		return;
	g_autofree char *date = commit_text_date(ident, len);
	gsize name = len;
	while (name && ident[name - 1] != '>')
		name--;
	g_autofree char *clean = commit_text_clean(ident, name ? name : len, c->encoding);
	g_string_append_printf(out, "Author: %s\nDate:   %s\n", clean, date);
}

static void append_head(GString *out, const struct commit_bytes *c, const char *hex,
			const GArray *parents)
{
	g_string_append_printf(out, "commit %s\n", hex);
	if (parents->len > 1) {
		g_string_append(out, "Merge:");
		for (guint i = 0; i < parents->len; i++) {
			char parent[OID_HEX + 1];
			oid_print(&g_array_index(parents, struct oid, i), parent);
			g_string_append_printf(out, " %.12s", parent);
		}
		g_string_append_c(out, '\n');
	}
	append_author(out, c);
	g_string_append_c(out, '\n');
	gsize size = 0;
	const char *raw = raw_commit_message(c->data, c->len, &size);
	g_autofree char *message = commit_text_clean(raw, size, c->encoding);
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
	guint n = g_strv_length(lines), first = 0;
	while (n && !*lines[n - 1])
		n--;
	while (first < n && !*lines[first])
		first++;
	for (guint i = first; i < n; i++)
		g_string_append_printf(out, "    %s\n", lines[i]);
}

static int look_up_tree(struct repo *repo, const struct oid *oid, git_tree **tree)
{
	git_oid id;
	struct oid found;
	if (repo_tree(repo, oid, &found, NULL) != 0)
		return GIT_ENOTFOUND;
	git_oid_fromraw(&id, found.b);
	return git_tree_lookup(tree, repo_git(repo), &id);
}

static void append_stat(GString *out, struct repo *repo, const struct oid *oid,
			const struct oid *parent)
{
	git_tree *tree = NULL, *old = NULL;
	git_diff *diff = NULL;
	git_diff_stats *stats = NULL;
	git_buf buf = GIT_BUF_INIT;
	int rc = look_up_tree(repo, oid, &tree);
	if (rc == 0 && parent)
		rc = look_up_tree(repo, parent, &old);
	if (rc == 0)
		rc = git_diff_tree_to_tree(&diff, repo_git(repo), old, tree, NULL);
	if (rc == 0)
		rc = git_diff_find_similar(diff, NULL);
	/* git prints nothing of an empty one */
	bool any = rc == 0 && git_diff_num_deltas(diff) > 0;
	if (any)
		rc = git_diff_get_stats(&stats, diff);
	if (any && rc == 0)
		rc = git_diff_stats_to_buf(
			&buf, stats, GIT_DIFF_STATS_FULL | GIT_DIFF_STATS_INCLUDE_SUMMARY, 78);
	if (rc == 0 && buf.size) {
		g_autofree char *clean = commit_text_clean(buf.ptr, buf.size, NULL);
		g_string_append_printf(out, "\n%s", clean);
	} else if (rc != 0) {
		const git_error *e = git_error_last();
		g_string_append_printf(out, "\n(what it changes cannot be shown: %s)\n",
				       e && e->message ? e->message : "unknown reason");
	}
	git_buf_dispose(&buf);
	git_diff_stats_free(stats);
	git_diff_free(diff);
	git_tree_free(old);
	git_tree_free(tree);
}

err_t commit_text_show(struct repo *repo, const struct oid *oid, char **text, struct error *error)
{
	struct commit_bytes c;
	char hex[OID_HEX + 1];
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	struct history *h = repo_history(repo);
	uint32_t number = history_number(h, oid);
	oid_print(oid, hex);
	/* the parents that it has for git, not those that it was made with */
	err_t err = history_load(h, number, error);
	for (uint32_t i = 0; !err && i < history_parent_count(h, number); i++)
		g_array_append_val(parents, *history_oid(h, history_parent(h, number, i)));
	if (!err)
		err = read_bytes(repo, oid, &c, error);
	if (err)
		return err;
	/* like git, no --stat for a merge, whose diff against one parent would mislead */
	bool stat = parents->len < 2;
	const struct oid *parent = parents->len ? &g_array_index(parents, struct oid, 0) : NULL;
	struct missing_source from = repo_missing(repo);
	if (stat)
		err = missing_fetch_changes(&from, oid, parent, error);
	if (err) {
		clear_bytes(&c);
		return err;
	}
	GString *out = g_string_new(NULL);
	append_head(out, &c, hex, parents);
	if (stat)
		append_stat(out, repo, oid, parent);
	clear_bytes(&c);
	*text = g_string_free(out, FALSE);
	return 0;
}
