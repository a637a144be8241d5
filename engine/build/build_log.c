/*
 * The log is read in blocks of a fixed size, of which one line at a time is kept, and of a line not
 * more than LINE_LIMIT bytes: what comes behind is passed over.
 */
#include "build_log.h"

#include "engine/base/pattern.h"
#include "space.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 65536
#define LINE_LIMIT 65536
#define REASON_LIMIT 300 /* bytes */

/* Words of compilers, assemblers, linkers, modpost, Kconfig and make. */
static bool is_error_line(const char *line)
{
	static const char *const words[] = { "error: ",
					     "Error ",
					     "*** ",
					     "undefined reference",
					     "rror:",
					     "ERROR: ",
					     "multiple definition of",
					     "syntax error" };
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strstr(line, words[i]))
			return true;
	}
	return false;
}

struct scan {
	struct build_log *found;
	GString *line, *last; /* the present one; what is kept of the last that counts */
	const char *const *trees;
	struct pattern *fail; /* NULL: none */
	GPtrArray *errors, *objects;
	char *source; /* file that is compiled, as lines about an included one tell; NULL: none */
};

/* As much of a line as is shown. */
static char *shown(const char *line, gsize len)
{
	char *text = g_utf8_make_valid(line, (gssize)MIN(len, REASON_LIMIT));
	if (strlen(text) > REASON_LIMIT)
		*g_utf8_find_prev_char(text, text + REASON_LIMIT + 1) = '\0';
	return text;
}

/* Slots have different names; errors are compared. */
static void leave_out(GString *line, const char *tree)
{
	gsize len = strlen(tree);
	for (char *at = line->str; len && (at = strstr(at, tree));) {
		gsize from = (gsize)(at - line->str);
		g_string_erase(line, (gssize)from, (gssize)(len + (at[len] == '/')));
		at = line->str + from;
	}
}

/* "PATH:" at the beginning of a text, where PATH is a source file below the tree; to be freed. */
static char *source_of(const char *text)
{
	gsize n = strcspn(text, ":, ");
	bool source = n > 2 && text[n] == ':' && text[0] != '/' && text[n - 2] == '.' &&
		      strchr("cS", text[n - 1]);
	return source ? g_strndup(text, n) : NULL;
}

static char *object_of_source(const char *source)
{
	return g_strdup_printf("%.*s.o", (int)strlen(source) - 2, source);
}

/* "In file included from A:1:," and "                 from B:2:": the last one is compiled. */
static void note_source(struct scan *s, const char *line)
{
	static const char word[] = "from ";
	const char *from = strstr(line, word);
	bool chain = g_str_has_prefix(line, "In file included from ") || from == line;
	char *source = chain ? source_of(from + strlen(word)) : source_of(line);
	if (!source)
		return;
	g_free(s->source);
	s->source = source;
}

bool build_log_is_object(const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+,./-";
	return g_str_has_suffix(text, ".o") && !strchr("-./", text[0]) && !strstr(text, "..") &&
	       strspn(text, plain) == strlen(text);
}

/* make says which target it has given up: "*** [FILE:LINE: TARGET] Error N", older ones "***
 * [TARGET] Error N". Only what may be given to make again is taken. */
static void note_object(struct scan *s, const char *line)
{
	static GRegex *regex;
	static gsize ready;
	if (g_once_init_enter(&ready)) {
		regex = g_regex_new("\\*\\*\\* \\[(?:[^]: ]+:\\d+: )?([^]: ]+)\\] Error ",
				    G_REGEX_RAW, 0, NULL);
		g_once_init_leave(&ready, 1);
	}
	g_autoptr(GMatchInfo) match = NULL;
	if (!g_regex_match(regex, line, 0, &match))
		return;
	char *object = g_match_info_fetch(match, 1);
	if (build_log_is_object(object))
		g_ptr_array_add(s->objects, object);
	else
		g_free(object);
}

static void note_error(struct scan *s, const char *line, gsize len)
{
	char *text = shown(line, len);
	if (s->errors->len < BUILD_LOG_ERRORS &&
	    !g_ptr_array_find_with_equal_func(s->errors, text, g_str_equal, NULL))
		g_ptr_array_add(s->errors, text);
	else
		g_free(text);
}

static void note_match(struct scan *s, const char *line, gsize len)
{
	if (s->found->matched || !s->fail || !pattern_find(s->fail, line, NULL, NULL))
		return;
	s->found->matched = shown(line, len);
	g_autofree char *source = source_of(line);
	const char *compiled = source ? source : s->source;
	g_autofree char *object = compiled ? object_of_source(compiled) : NULL;
	if (object && build_log_is_object(object))
		s->found->object = g_steal_pointer(&object);
}

static void end_line(struct scan *s)
{
	if (!s->found->claim)
		s->found->claim = space_claim(s->line->str);
	for (const char *const *tree = s->trees; tree && *tree; tree++)
		leave_out(s->line, *tree);
	const char *line = s->line->str;
	while (g_ascii_isspace(*line))
		line++;
	gsize len = s->line->len - (gsize)(line - s->line->str);
	if (len && !g_str_has_prefix(line, "$ ")) {
		note_source(s, line);
		note_match(s, line, len);
		note_object(s, line);
		if (is_error_line(line))
			note_error(s, line, len);
		g_string_truncate(s->last, 0);
		g_string_append_len(s->last, line, (gssize)MIN(len, REASON_LIMIT));
	}
	g_string_truncate(s->line, 0);
}

static void add(struct scan *s, const char *data, gsize len)
{
	gsize room = LINE_LIMIT - s->line->len;
	g_string_append_len(s->line, data, (gssize)MIN(len, room));
}

static void scan_block(struct scan *s, const char *data, gsize len)
{
	for (const char *end = data + len, *nl; data < end; data = nl + 1) {
		nl = memchr(data, '\n', (gsize)(end - data));
		add(s, data, (gsize)((nl ? nl : end) - data));
		if (!nl)
			return;
		end_line(s);
	}
}

static void scan_file(struct scan *s, int fd)
{
	g_autofree char *block = g_malloc(BLOCK);
	ssize_t n;
	while ((n = read(fd, block, BLOCK)) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			scan_block(s, block, (gsize)n);
	}
	end_line(s);
}

/* Of those that make gave up that which the first error names; where none is named (it is in a file
 * that is included) the first one. */
static char *object_of_error(const struct scan *s)
{
	const char *error = s->errors->len ? g_ptr_array_index(s->errors, 0) : "";
	for (guint i = 0; i < s->objects->len; i++) {
		const char *object = g_ptr_array_index(s->objects, i);
		g_autofree char *stem = g_strndup(object, strlen(object) - 1);
		if (strstr(error, stem))
			return g_strdup(object);
	}
	return s->objects->len ? g_strdup(g_ptr_array_index(s->objects, 0)) : NULL;
}

static void conclude(struct scan *s)
{
	struct build_log *found = s->found;
	if (!s->errors->len)
		g_ptr_array_add(s->errors, s->last->len ? shown(s->last->str, s->last->len)
							: g_strdup("the build failed"));
	found->reason = g_strdup(g_ptr_array_index(s->errors, 0));
	if (!found->matched)
		found->object = object_of_error(s);
	g_ptr_array_add(s->errors, NULL);
	found->errors = g_strdupv((GStrv)s->errors->pdata);
}

void build_log_read(const char *path, off_t from, const char *const *trees, const char *fail,
		    struct build_log *found)
{
	struct scan s = { .found = found, .trees = trees };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	*found = (struct build_log){ 0 };
	s.line = g_string_new(NULL);
	s.last = g_string_new(NULL);
	s.errors = g_ptr_array_new_with_free_func(g_free);
	s.objects = g_ptr_array_new_with_free_func(g_free);
	if (fail)
		pattern_new(fail, &s.fail, NULL); /* it was looked at when it was set */
	if (fd >= 0) {
		if (lseek(fd, from, SEEK_SET) == from)
			scan_file(&s, fd);
		close(fd);
	}
	conclude(&s);
	pattern_free(s.fail);
	g_string_free(s.line, TRUE);
	g_string_free(s.last, TRUE);
	g_ptr_array_unref(s.errors);
	g_ptr_array_unref(s.objects);
	g_free(s.source);
}

void build_log_clear(struct build_log *found)
{
	g_free(found->reason);
	g_strfreev(found->errors);
	g_free(found->object);
	g_free(found->matched);
	*found = (struct build_log){ 0 };
}

#define RULE_LIMIT ((gsize)1 << 20)

bool build_log_lacks_rule(const char *path, off_t from, const char *object)
{
	static const char words[] = "*** No rule to make target '";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	g_autofree char *text = g_malloc(RULE_LIMIT + 1);
	ssize_t n = pread(fd, text, RULE_LIMIT, from);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	g_autofree char *dir = g_path_get_dirname(object);
	g_autofree char *makefile = g_build_filename(dir, "Makefile", NULL);
	for (const char *at = text; (at = strstr(at, words));) {
		at += strlen(words);
		gsize len = strcspn(at, "'\n");
		const char *behind = at + len;
		bool needed = g_str_has_prefix(behind, "', needed by");
		g_autofree char *target = g_strndup(at, len);
		if (!needed &&
		    (g_str_has_suffix(target, object) || g_str_has_suffix(target, makefile)))
			return true;
	}
	return false;
}

bool build_log_makes(const char *text, const char *object)
{
	gsize len = strlen(object);
	for (const char *at = text; (at = strstr(at, object)); at += len) {
		const char *from = at;
		while (from > text && !g_ascii_isspace(from[-1]))
			from--;
		bool whole = from == at || at[-1] == '/';
		bool ends = !at[len] || strchr(" \t\n;", at[len]);
		if (whole && ends && from - text >= 4 && strncmp(from - 4, " -o ", 4) == 0)
			return true;
	}
	return false;
}
