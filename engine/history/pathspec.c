/*
 * A word is a path, which means itself and all below it, and where it has wildcards also a pattern
 * for whole paths. Without `glob` a '*' goes across slashes; with it only a component "**" does.
 */
#include "pathspec.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

enum { TOP = 1, LITERAL = 2, GLOB = 4, ICASE = 8, EXCLUDE = 16 };

struct item {
	char *path;
	unsigned magic;
	gsize plain; /* bytes before the first wildcard */
};

struct pathspec {
	GArray *items; /* struct item */
	bool excludes;
};

/* ---- wildcards (wildmatch.c of git) ---- */

static int fold(unsigned magic, char c)
{
	return magic & ICASE ? g_ascii_tolower(c) : c;
}

/* [...] at `p`; `end`: after it, NULL where it is not closed. POSIX classes included. */
static bool in_set(const char *p, char c, unsigned magic, const char **end)
{
	bool negated = *++p == '!' || *p == '^', found = false;
	const char *first = p += negated;
	int wanted = fold(magic, c);
	*end = NULL;
	for (; *p && (*p != ']' || p == first); p++) {
		if (p[0] == '[' && p[1] == ':' && strstr(p, ":]")) {
			static const struct {
				const char *name;
				gboolean (*is)(gunichar);
			} classes[] = {
				{ "alpha", g_unichar_isalpha }, { "digit", g_unichar_isdigit },
				{ "alnum", g_unichar_isalnum }, { "upper", g_unichar_isupper },
				{ "lower", g_unichar_islower }, { "space", g_unichar_isspace },
				{ "punct", g_unichar_ispunct }, { "xdigit", g_unichar_isxdigit }
			};
			gsize len = (gsize)(strstr(p, ":]") - p) - 2;
			for (gsize i = 0; i < G_N_ELEMENTS(classes); i++) {
				if (strlen(classes[i].name) == len &&
				    memcmp(classes[i].name, p + 2, len) == 0 && (guchar)c < 0x80)
					found = found || classes[i].is((gunichar)c);
			}
			p += len + 3;
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		int low = fold(magic, *p), high = low;
		if (p[1] == '-' && p[2] && p[2] != ']') {
			p += 2;
			if (*p == '\\' && p[1])
				p++;
			high = fold(magic, *p);
		}
		found = found || (wanted >= low && wanted <= high);
	}
	if (*p != ']')
		return false;
	*end = p + 1;
	return found != negated;
}

static bool wild(const char *p, const char *start, const char *text, unsigned magic)
{
	for (; *p; p++, text++) {
		if (*p == '*') {
			const char *stars = p;
			while (*p == '*')
				p++;
			bool across = !(magic & GLOB);
			if (!across && p - stars >= 2 && (stars == start || stars[-1] == '/') &&
			    (!*p || *p == '/')) {
				across = true;
				/* a component "**" also stands for no directory at all */
				if (*p == '/' && wild(p + 1, start, text, magic))
					return true;
			}
			for (;; text++) {
				if (wild(p, start, text, magic))
					return true;
				if (!*text || (*text == '/' && !across))
					return false;
			}
		}
		if (!*text)
			return false;
		if (*p == '?') {
			if (*text == '/' && magic & GLOB)
				return false;
			continue;
		}
		if (*p == '[') {
			const char *end;
			bool matches = in_set(p, *text, magic, &end);
			if (!end || !matches || (*text == '/' && magic & GLOB))
				return false;
			p = end - 1;
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		if (fold(magic, *p) != fold(magic, *text))
			return false;
	}
	return !*text;
}

/* ---- words ---- */

static bool take_word(struct item *item, const char *word, gsize len, struct error *error)
{
	static const struct {
		const char *name;
		unsigned magic;
	} names[] = { { "top", TOP },
		      { "literal", LITERAL },
		      { "glob", GLOB },
		      { "icase", ICASE },
		      { "exclude", EXCLUDE } };
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strlen(names[i].name) == len && memcmp(names[i].name, word, len) == 0) {
			item->magic |= names[i].magic;
			return true;
		}
	}
	error_set(error, EINVAL, "pathspec magic '%.*s' cannot be used here", (int)len, word);
	return len == 0;
}

/* ":(magic,magic)path" */
static const char *take_long(struct item *item, const char *word, struct error *error)
{
	const char *close = strchr(word, ')');
	if (!close) {
		error_set(error, EINVAL, "pathspec '%s' has no ')'", word);
		return NULL;
	}
	for (const char *at = word + 2; at < close;) {
		gsize len = strcspn(at, ",)");
		if (!take_word(item, at, len, error))
			return NULL;
		at += len + (at[len] == ',');
	}
	return close + 1;
}

/* ":!path", ":/path": signs up to the first that is none, or a second ':' */
static const char *take_signs(struct item *item, const char *word, struct error *error)
{
	const char *at = word + 1;
	for (; *at && *at != ':'; at++) {
		if (*at == '/')
			item->magic |= TOP;
		else if (*at == '!' || *at == '^')
			item->magic |= EXCLUDE;
		else if (strchr("\"#%&',-;<=>@_`~", *at)) {
			error_set(error, EINVAL, "pathspec magic '%c' in '%s' is unknown", *at,
				  word);
			return NULL;
		} else
			break;
	}
	return at + (*at == ':');
}

/* As git does it by the text alone: "a//b", "a/./b", "a/x/../b" are "a/b". A slash at the end,
 * which asks for a directory, stays. NULL: it leaves the tree. To be freed. */
static char *normalize(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	for (char **part = parts; *part; part++) {
		if (!**part || strcmp(*part, ".") == 0)
			continue;
		if (strcmp(*part, "..") != 0)
			g_ptr_array_add(kept, *part);
		else if (kept->len)
			g_ptr_array_set_size(kept, (gint)kept->len - 1);
		else
			return NULL;
	}
	bool slash = kept->len && g_str_has_suffix(path, "/");
	if (slash)
		g_ptr_array_add(kept, (char *)"");
	g_ptr_array_add(kept, NULL);
	return g_strjoinv("/", (char **)kept->pdata);
}

static err_t add(struct pathspec *ps, const char *word, struct error *error)
{
	struct item item = { 0 };
	const char *path = word;
	if (g_str_has_prefix(word, ":("))
		path = take_long(&item, word, error);
	else if (*word == ':')
		path = take_signs(&item, word, error);
	if (!path)
		return -EINVAL;
	if ((item.magic & LITERAL) && (item.magic & GLOB))
		return error_set(error, EINVAL,
				 "pathspec '%s': literal and glob exclude each other", word);
	g_autofree char *normal = *path == '/' ? NULL : normalize(path);
	if (!normal)
		return error_set(error, EINVAL,
				 "path '%s' is not within the tree: paths are from its top", path);
	g_array_append_val(ps->items, item);
	struct item *kept = &g_array_index(ps->items, struct item, ps->items->len - 1);
	kept->path = g_steal_pointer(&normal);
	kept->plain = kept->magic & LITERAL ? strlen(kept->path) : strcspn(kept->path, "*?[\\");
	ps->excludes = ps->excludes || kept->magic & EXCLUDE;
	return 0;
}

static void clear_item(void *p)
{
	g_free(((struct item *)p)->path);
}

err_t pathspec_new(char *const *words, struct pathspec **out, struct error *error)
{
	struct pathspec *ps = g_new0(struct pathspec, 1);
	ps->items = g_array_new(FALSE, FALSE, sizeof(struct item));
	g_array_set_clear_func(ps->items, clear_item);
	bool positive = false;
	err_t err = 0;
	for (; *words && !err; words++) {
		err = add(ps, *words, error);
		positive =
			positive ||
			(!err && !(g_array_index(ps->items, struct item, ps->items->len - 1).magic &
				   EXCLUDE));
	}
	if (!err && !positive) /* all but what is excluded */
		err = add(ps, ".", error);
	if (err)
		pathspec_free(ps);
	else
		*out = ps;
	return err;
}

void pathspec_free(struct pathspec *ps)
{
	if (!ps)
		return;
	g_array_unref(ps->items);
	g_free(ps);
}

/* ---- paths ---- */

static bool same(const struct item *item, const char *a, const char *b, gsize len)
{
	return item->magic & ICASE ? g_ascii_strncasecmp(a, b, len) == 0 : strncmp(a, b, len) == 0;
}

static bool item_matches(const struct item *item, const char *path, bool submodule)
{
	gsize len = strlen(item->path), size = strlen(path);
	if (!len)
		return true;
	if (size >= len && same(item, item->path, path, len) &&
	    (!path[len] || path[len] == '/' || item->path[len - 1] == '/'))
		return true;
	if (submodule && len == size + 1 && item->path[size] == '/' &&
	    same(item, item->path, path, size))
		return true;
	return item->plain < len && wild(item->path, item->path, path, item->magic);
}

bool pathspec_matches(const struct pathspec *ps, const char *path, bool submodule)
{
	bool meant = false;
	for (guint i = 0; i < ps->items->len; i++) {
		const struct item *item = &g_array_index(ps->items, struct item, i);
		if (!item_matches(item, path, submodule))
			continue;
		if (item->magic & EXCLUDE)
			return false;
		meant = true;
	}
	return meant;
}

enum pathspec_below pathspec_below(const struct pathspec *ps, const char *dir)
{
	gsize size = strlen(dir);
	enum pathspec_below below = BELOW_NONE;
	for (guint i = 0; i < ps->items->len; i++) {
		const struct item *item = &g_array_index(ps->items, struct item, i);
		gsize len = strlen(item->path);
		if (item->magic & EXCLUDE)
			continue;
		/* "a/b" and "a/b/" mean all of "a/b/" and "a/b/c/" */
		bool whole = len < size + 1 && same(item, item->path, dir, len) &&
			     (!len || item->path[len - 1] == '/' || dir[len] == '/');
		if (whole && !ps->excludes)
			return BELOW_ALL;
		if (whole ||
		    (len > size && item->plain >= size && same(item, item->path, dir, size)) ||
		    (item->plain < size && item->plain < len &&
		     same(item, item->path, dir, item->plain)))
			below = BELOW_SOME;
	}
	return below;
}
