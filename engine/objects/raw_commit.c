/*
 * The header is lines, in a fixed order as far as git's walks are concerned: tree, parents, author,
 * committer. A line that is missing or bent ends what is read, as in git.
 */
#include "raw_commit.h"

#include <errno.h>
#include <string.h>

#define TREE "tree "
#define PARENT "parent "
#define AUTHOR "author"
#define COMMITTER "committer"

/* A line "WORD HASH"; `at` goes to the next one. */
static bool take_hash(const char **at, const char *end, const char *word, struct oid *oid)
{
	gsize before = strlen(word), size = before + OID_HEX + 1;
	if ((gsize)(end - *at) < size || memcmp(*at, word, before) != 0 ||
	    (*at)[size - 1] != '\n' || !oid_parse_bytes(oid, *at + before))
		return false;
	*at += size;
	return true;
}

static bool begins(const char *at, const char *end, const char *word)
{
	gsize len = strlen(word);
	return (gsize)(end - at) >= len && memcmp(at, word, len) == 0;
}

static uint64_t read_date(const char *at, const char *end)
{
	const char *eol;
	if (!begins(at, end, AUTHOR) || !(eol = memchr(at, '\n', (gsize)(end - at))))
		return 0;
	at = eol + 1;
	if (!begins(at, end, COMMITTER) || !(eol = memchr(at, '\n', (gsize)(end - at))))
		return 0;
	const char *p = eol;
	while (p > at && p[-1] != '>')
		p--;
	if (p == at)
		return 0;
	while (p < eol && g_ascii_isspace(*p))
		p++;
	if (p == eol || (!g_ascii_isdigit(*p) && *p != '-'))
		return 0;
	return g_ascii_strtoull(p, NULL, 10); /* ends at the newline; wraps as strtoumax does */
}

err_t raw_commit_parse(const char *data, gsize len, struct raw_commit *commit)
{
	const char *at = data, *end = data + len;
	struct oid parent;
	if (!take_hash(&at, end, TREE, &commit->tree))
		return -EINVAL;
	while (begins(at, end, PARENT)) {
		if (!take_hash(&at, end, PARENT, &parent))
			return -EINVAL;
		g_array_append_val(commit->parents, parent);
	}
	commit->date = read_date(at, end);
	return 0;
}

const char *raw_commit_field(const char *data, gsize len, const char *name, gsize *size)
{
	const char *end = data + len;
	gsize word = strlen(name);
	while (data < end && *data != '\n') {
		const char *eol = memchr(data, '\n', (gsize)(end - data));
		if (!eol)
			eol = end;
		if ((gsize)(eol - data) > word && memcmp(data, name, word) == 0 &&
		    data[word] == ' ') {
			*size = (gsize)(eol - data) - word - 1;
			return data + word + 1;
		}
		data = eol == end ? end : eol + 1;
	}
	return NULL;
}

const char *raw_commit_message(const char *data, gsize len, gsize *size)
{
	const char *end = data + len;
	while (data < end && *data != '\n') {
		const char *eol = memchr(data, '\n', (gsize)(end - data));
		data = eol ? eol + 1 : end;
	}
	if (data < end)
		data++;
	*size = (gsize)(end - data);
	return data;
}
