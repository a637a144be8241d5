/*
 * A title is the subject without what mail and other trees put before it.
 */
#include "titles.h"

#include "commit_text.h"
#include "walk.h"

#include <string.h>

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

err_t titles_find(struct repo *repo, const char *branch, const struct oid *like, struct oid *found,
		  bool *any, struct error *error)
{
	struct history *h = repo_history(repo);
	g_autofree char *subject = NULL;
	struct oid tip;
	*any = false;
	err_t err = commit_text_subject(repo, like, &subject, NULL, error);
	if (err)
		return err;
	g_autofree char *wanted = bare_title(subject);
	if (!*wanted || !oid_parse(&tip, branch))
		return 0;
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	uint32_t known = history_number(h, like);
	struct walk w;
	walk_init(&w, h, false);
	err = walk_list(&w, history_number(h, &tip), false, &known, 1, list, error);
	walk_clear(&w);
	for (guint i = 0; i < list->len && !err && !*any; i++) {
		struct oid oid = *history_oid(h, g_array_index(list, uint32_t, i));
		g_autofree char *text = NULL;
		err = commit_text_subject(repo, &oid, &text, NULL, error);
		if (err)
			break;
		g_autofree char *bare = bare_title(text);
		if (strcmp(bare, wanted) == 0) {
			*found = oid;
			*any = true;
		}
	}
	return err;
}
