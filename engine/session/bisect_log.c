/*
 * A line is a command, a comment or empty. git writes a comment with the full hash before each
 * commit that it takes; those before `git bisect start` say which commits its words named then and
 * there, which `HEAD` or a branch may not name here and now.
 */
#include "bisect_log.h"

#include <errno.h>
#include <string.h>

struct reader {
	struct bisect_log *log;
	int line;
	char *new_term, *old_term; /* NULL: not known yet */
	GPtrArray *named;	   /* hashes in comments since the last command */
	bool any;		   /* there was a command */
};

static void entry_clear(void *p)
{
	g_free(((struct bisect_log_entry *)p)->revision);
}

void bisect_log_clear(struct bisect_log *log)
{
	if (log->entries)
		g_array_unref(log->entries);
	*log = (struct bisect_log){ 0 };
}

static void set_terms(struct reader *r, const char *new_term, const char *old_term)
{
	g_free(r->new_term);
	g_free(r->old_term);
	r->new_term = g_strdup(new_term);
	r->old_term = g_strdup(old_term);
}

static const char *term(const struct reader *r, enum bisect_log_side side)
{
	return side == BISECT_LOG_SKIP	? "skip"
	       : side == BISECT_LOG_NEW ? r->new_term ? r->new_term : "bad"
	       : r->old_term		? r->old_term
					: "good";
}

static err_t add(struct reader *r, enum bisect_log_side side, const char *revision, bool at_start,
		 struct error *error)
{
	GArray *all = r->log->entries;
	for (guint i = 0; i < all->len && side != BISECT_LOG_SKIP; i++) {
		const struct bisect_log_entry *other =
			&g_array_index(all, struct bisect_log_entry, i);
		if (other->side != side && other->side != BISECT_LOG_SKIP &&
		    strcmp(other->revision, revision) == 0)
			return error_set(error, EINVAL,
					 "bisect-log: line %d: '%.100s' is %s, and by line %d %s",
					 r->line, revision, term(r, side), other->line,
					 term(r, other->side));
	}
	struct bisect_log_entry entry = {
		.side = side, .line = r->line, .at_start = at_start, .revision = g_strdup(revision)
	};
	g_array_append_val(all, entry);
	return 0;
}

/* ---- git bisect start ---- */

/* The value of an option, "--NAME=VALUE" or the word after "--NAME"; NULL: it is another option. */
static const char *option_value(char **words, int *i, const char *name)
{
	if (!g_str_has_prefix(words[*i], name))
		return NULL;
	const char *rest = words[*i] + strlen(name);
	if (*rest == '=')
		return rest + 1;
	return !*rest && words[*i + 1] ? words[++*i] : NULL;
}

static err_t read_option(struct reader *r, char **words, int *i, struct error *error)
{
	static const char *const of_new[] = { "--term-new", "--term-bad" };
	static const char *const of_old[] = { "--term-old", "--term-good" };
	const char *option = words[*i], *value;
	for (gsize k = 0; k < G_N_ELEMENTS(of_new); k++) {
		if ((value = option_value(words, i, of_new[k]))) {
			g_free(r->new_term);
			r->new_term = g_strdup(value);
			return 0;
		}
		if ((value = option_value(words, i, of_old[k]))) {
			g_free(r->old_term);
			r->old_term = g_strdup(value);
			return 0;
		}
	}
	if (strcmp(option, "--first-parent") == 0)
		r->log->first_parent = r->line;
	else if (strcmp(option, "--no-checkout") != 0)
		return error_set(error, EINVAL,
				 "bisect-log: line %d: '%.100s' is no option of 'git bisect start'",
				 r->line, option);
	return 0;
}

static err_t take_ends(struct reader *r, const GPtrArray *revisions, struct error *error)
{
	bool named = r->named->len == revisions->len;
	err_t err = 0;
	for (guint i = 0; i < revisions->len && !err; i++)
		err = add(r, i ? BISECT_LOG_OLD : BISECT_LOG_NEW,
			  g_ptr_array_index(named ? r->named : revisions, i), true, error);
	return err;
}

static err_t read_start(struct reader *r, char **words, struct error *error)
{
	g_autoptr(GPtrArray) revisions = g_ptr_array_new();
	err_t err = 0;
	int i;
	g_array_set_size(r->log->entries, 0);
	r->log->first_parent = r->log->paths = 0;
	set_terms(r, NULL, NULL);
	for (i = 0; words[i] && strcmp(words[i], "--") != 0 && !err; i++) {
		if (*words[i] == '-')
			err = read_option(r, words, &i, error);
		else
			g_ptr_array_add(revisions, words[i]);
	}
	if (!err && words[i] && words[i + 1])
		r->log->paths = r->line;
	if (!err && (r->new_term || r->old_term)) { /* git names the other one bad or good then */
		g_autofree char *new_term = g_strdup(r->new_term ? r->new_term : "bad");
		g_autofree char *old_term = g_strdup(r->old_term ? r->old_term : "good");
		set_terms(r, new_term, old_term);
		if (strcmp(new_term, old_term) == 0)
			err = error_set(error, EINVAL,
					"bisect-log: line %d: '%.100s' is the term for both sides",
					r->line, new_term);
	}
	return err ? err : take_ends(r, revisions, error);
}

/* ---- verdicts ---- */

static bool knows(struct reader *r, const char *word, enum bisect_log_side *side)
{
	static const char *const pairs[][2] = { { "bad", "good" }, { "new", "old" } };
	if (strcmp(word, "skip") == 0) {
		*side = BISECT_LOG_SKIP;
		return true;
	}
	/* without terms of its own the first word says which pair it is */
	for (gsize i = 0; i < G_N_ELEMENTS(pairs) && !r->new_term; i++) {
		if (strcmp(word, pairs[i][0]) == 0 || strcmp(word, pairs[i][1]) == 0)
			set_terms(r, pairs[i][0], pairs[i][1]);
	}
	*side = g_strcmp0(word, r->new_term) == 0 ? BISECT_LOG_NEW : BISECT_LOG_OLD;
	return *side == BISECT_LOG_NEW || g_strcmp0(word, r->old_term) == 0;
}

static err_t read_verdict(struct reader *r, char **words, struct error *error)
{
	enum bisect_log_side side;
	err_t err = 0;
	if (!knows(r, words[0], &side))
		return error_set(error, EINVAL,
				 "bisect-log: line %d: 'git bisect %.100s' is none of start, %s, "
				 "%s, skip",
				 r->line, words[0], term(r, BISECT_LOG_NEW),
				 term(r, BISECT_LOG_OLD));
	if (!words[1])
		return error_set(error, EINVAL,
				 "bisect-log: line %d: 'git bisect %.100s' names no commit",
				 r->line, words[0]);
	for (int i = 1; words[i] && !err; i++) {
		if (side != BISECT_LOG_SKIP && strstr(words[i], ".."))
			err = error_set(
				error, EINVAL,
				"bisect-log: line %d: only 'skip' takes a range as '%.100s'",
				r->line, words[i]);
		else
			err = add(r, side, words[i], false, error);
	}
	return err;
}

/* ---- lines ---- */

/* "# TERM: [HASH] subject". */
static void read_comment(struct reader *r, const char *line)
{
	const char *open = strstr(line, ": [");
	const char *hash = open ? open + 3 : "";
	if (!open || memchr(line + 2, ' ', (gsize)(MAX(open - line - 2, 0))) ||
	    g_str_has_prefix(line, "# skip:") || strspn(hash, "0123456789abcdef") != 40 ||
	    hash[40] != ']')
		return;
	g_ptr_array_add(r->named, g_strndup(hash, 40));
}

static err_t read_command(struct reader *r, const char *line, struct error *error)
{
	g_auto(GStrv) all = NULL;
	g_autoptr(GError) why = NULL;
	if (!g_shell_parse_argv(line, NULL, &all, &why))
		return error_set(error, EINVAL, "bisect-log: line %d: %s", r->line, why->message);
	char **words = all;
	bool one = strcmp(words[0], "git-bisect") == 0; /* as git before 1.6 has it */
	bool two = strcmp(words[0], "git") == 0 && g_strcmp0(words[1], "bisect") == 0;
	if (!one && !two)
		return error_set(error, EINVAL,
				 "bisect-log: line %d: '%.100s' is neither a comment nor a 'git "
				 "bisect' command",
				 r->line, line);
	words += one ? 1 : 2;
	if (!words[0])
		return error_set(error, EINVAL,
				 "bisect-log: line %d: 'git bisect' without a command", r->line);
	r->any = true;
	return strcmp(words[0], "start") == 0 ? read_start(r, words + 1, error)
					      : read_verdict(r, words, error);
}

static err_t read_line(struct reader *r, const char *line, struct error *error)
{
	if (!*line)
		return 0;
	if (*line == '#') {
		read_comment(r, line);
		return 0;
	}
	err_t err = read_command(r, line, error);
	g_ptr_array_set_size(r->named, 0);
	return err;
}

err_t bisect_log_parse(const char *text, struct bisect_log *log, struct error *error)
{
	*log = (struct bisect_log){
		.entries = g_array_new(FALSE, FALSE, sizeof(struct bisect_log_entry)),
	};
	g_array_set_clear_func(log->entries, entry_clear);
	struct reader r = { .log = log, .named = g_ptr_array_new_with_free_func(g_free) };
	if (g_str_has_prefix(text, "\xef\xbb\xbf")) /* an editor's byte order mark */
		text += 3;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	err_t err = 0;
	for (; lines[r.line] && !err;) {
		char *line = g_strstrip(lines[r.line]); /* and the CR of a CRLF */
		r.line++;
		err = read_line(&r, line, error);
	}
	if (!err && !r.any && *text)
		err = error_set(error, EINVAL,
				"bisect-log: no 'git bisect' command is in it: what 'git bisect "
				"log' prints is wanted");
	set_terms(&r, NULL, NULL);
	g_ptr_array_unref(r.named);
	return err;
}
