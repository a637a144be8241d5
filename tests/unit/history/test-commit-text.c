/* What is shown of commits: dates and texts beside what the installed git showed for them. */
#include "engine/history/commit_text.h"
#include "engine/objects/raw_commit.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *ident, *date;
} dates[] = {
	{ "A <a@b> 0 +0000", "Thu Jan 1 00:00:00 1970 +0000" },
	{ "A <a@b> 1600000000 +0200", "Sun Sep 13 14:26:40 2020 +0200" },
	{ "A <a@b> 1600000000 -0730", "Sun Sep 13 04:56:40 2020 -0730" },
	{ "A a@b> 1600000000 +0000", "Sun Sep 13 12:26:40 2020 +0000" },
	{ "A <a@b> 5000000000 +0000", "Fri Jun 11 08:53:20 2128 +0000" },
	{ "A <a@b> -1 +0000", "Thu Jan 1 00:00:00 1970 +0000" },
	{ "A <a@b> 99999999999999999999 +0000", "Thu Jan 1 00:00:00 1970 +0000" },
	{ "A <a@b>", "Thu Jan 1 00:00:00 1970 +0000" },
	{ "", "Thu Jan 1 00:00:00 1970 +0000" },
};

static void test_dates(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(dates); i++) {
		g_autofree char *got = commit_text_date(dates[i].ident, strlen(dates[i].ident));
		g_assert_cmpstr(got, ==, dates[i].date);
	}
}

static const struct {
	const char *text, *encoding, *clean;
} texts[] = {
	{ "plain", NULL, "plain" },
	{ "\xc3\xa4", NULL, "\xc3\xa4" },
	{ "\xe4", NULL, "\xc3\xa4" },
	{ "\xe4", "ISO-8859-1", "\xc3\xa4" },
	{ "\xd0", "KOI8-R", "\xd0\xbf" },
	{ "\xe4", "no such encoding", "\xc3\xa4" },
	{ "\xe4", "UTF-8", "\xc3\xa4" },
	{ "a\r\nb\r\n", NULL, "a\nb\n" },
	{ "a\rb\tc", NULL, "a\357\277\275b\tc" },
	{ "\033[31m\177\xc2\x85", NULL, "\357\277\275[31m\357\277\275\357\277\275" },
};

static void test_clean(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *got =
			commit_text_clean(texts[i].text, strlen(texts[i].text), texts[i].encoding);
		g_assert_cmpstr(got, ==, texts[i].clean);
	}
}

#define HASH "0123456789012345678901234567890123456789"
#define TREE "tree " HASH "\n"

static const struct {
	const char *bytes;
	err_t err;
	guint parents;
	uint64_t date;
} raw[] = {
	{ TREE "author A <a> 1 +0\ncommitter C <c> 7 +0\n\nx", 0, 0, 7 },
	{ TREE "parent " HASH "\nauthor A <a> 1 +0\ncommitter C <c> 7 +0\n\nx", 0, 1, 7 },
	{ TREE "author\ncommitter C c> 7 +0\n", 0, 0, 7 },
	{ TREE "author A\ncommitter C <c> -5 +0\n", 0, 0, UINT64_MAX - 4 },
	{ TREE "author A\ncommitter C <c> 99999999999999999999999 +0\n", 0, 0, UINT64_MAX },
	{ TREE "author A\ncommitter C <c>\n", 0, 0, 0 },
	{ TREE "author A\ncommitter C <c> x\n", 0, 0, 0 },
	{ TREE "author A\ncommitter C 7\n", 0, 0, 0 },
	{ TREE "committer C <c> 7 +0\n", 0, 0, 0 },
	{ TREE "author A <a> 1 +0\n", 0, 0, 0 },
	{ TREE, 0, 0, 0 },
	{ "tree 0123\n", -EINVAL, 0, 0 },
	{ "", -EINVAL, 0, 0 },
	{ TREE "parent 0123\n", -EINVAL, 0, 0 },
};

static void test_raw(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(raw); i++) {
		g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
		struct raw_commit c = { .parents = parents };
		g_assert_cmpint(raw_commit_parse(raw[i].bytes, strlen(raw[i].bytes), &c), ==,
				raw[i].err);
		g_assert_cmpuint(parents->len, ==, raw[i].parents);
		if (!raw[i].err)
			g_assert_cmpuint(c.date, ==, raw[i].date);
	}
}

static void test_fields(void)
{
	static const char bytes[] = TREE "author A\nencoding X\n\nauthor B\n";
	gsize size = 0;
	const char *at = raw_commit_field(bytes, sizeof(bytes) - 1, "encoding", &size);
	g_assert_true(at && size == 1 && *at == 'X');
	g_assert_null(raw_commit_field(bytes, sizeof(bytes) - 1, "committer", &size));
	at = raw_commit_message(bytes, sizeof(bytes) - 1, &size);
	g_assert_true(size == 9 && memcmp(at, "author B\n", 9) == 0);
	raw_commit_message(TREE, strlen(TREE), &size);
	g_assert_cmpuint(size, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/commit-text/dates", test_dates);
	g_test_add_func("/commit-text/clean", test_clean);
	g_test_add_func("/commit-text/raw", test_raw);
	g_test_add_func("/commit-text/fields", test_fields);
	return g_test_run();
}
