/* Users' expressions: what they match is what glibc says, where glibc ends. */
#include "engine/base/pattern.h"

#include <errno.h>
#include <glib.h>
#include <regex.h>
#include <string.h>

static bool find(const char *text, const char *line, int *from, int *to)
{
	struct pattern *p = NULL;
	struct error why = { 0 };
	err_t err = pattern_new(text, &p, &why);
	if (err)
		g_error("'%s': %s", text, why.text);
	bool found = pattern_find(p, line, from, to);
	pattern_free(p);
	return found;
}

static void test_finds(void)
{
	static const struct {
		const char *text, *line;
		int from, to; /* -1: nowhere */
	} cases[] = {
		{ "KASAN|KMSAN", "BUG: KMSAN: x", 5, 10 },
		{ "a|ab|abc", "xabcd", 1, 4 }, /* the longest */
		{ "(a|ab)(c|bcd)", "abcd", 0, 4 },
		{ "x*", "aaa", 0, 0 },
		{ "^toy: pass$", "toy: pass", 0, 9 },
		{ "^toy: pass$", "toy: passed", -1, 0 },
		{ "in [a-z_]+_show", "BUG: KASAN in uptime_proc_show", 11, 30 },
		{ "[]a]+", "x]a]", 1, 4 },
		{ "[^]a]+", "]a+b", 2, 4 },
		{ "[\\d]", "\\", 0, 1 }, /* a backslash is itself in a set */
		{ "[[:digit:][:upper:]]{2}", "x1Y", 1, 3 },
		{ "a{2}", "aaa", 0, 2 },
		{ "a{,2}b", "aaab", 1, 4 },
		{ "a{2,}", "baaaa", 1, 5 },
		{ "a{x", "a{x", 0, 3 },
		{ "\\(null\\)", "is (null)", 3, 9 },
		{ "\\<show\\>", "x_show show", 7, 11 },
		{ "a.c", "a\nc", 0, 3 },
		{ "\xff+", "x\xff\xff", 1, 3 },
		{ "#1 ", "PREEMPT #1 SMP", 8, 11 },
		{ "", "x", 0, 0 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		int from = -1, to = 0;
		if (find(cases[i].text, cases[i].line, &from, &to) != (cases[i].from >= 0))
			g_error("'%s' in '%s'", cases[i].text, cases[i].line);
		g_assert_cmpint(from, ==, cases[i].from);
		g_assert_cmpint(to, ==, cases[i].to);
	}
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"(",	    ")",      "[",	 "[a",	    "*",      "a|*b",
		"(*a)",	    "(?:a)",  "a++",	 "a*{2}",   "(a)\\1", "a\\",
		"a{40000}", "a{3,2}", "[[.a.]]", "[[:x:]]", "[b-a]",  "((a{99}){99}){99}"
	};
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct pattern *p = NULL;
		struct error why = { 0 };
		if (pattern_new(bad[i], &p, &why) != -EINVAL)
			g_error("'%s' was taken", bad[i]);
		g_assert_cmpint(strlen(why.text), >, 0);
	}
	g_assert_false(pattern_matches("(", "("));
	g_assert_true(pattern_matches("b", "abc"));
	g_assert_false(pattern_matches("d", "abc"));
}

/* Expressions that are small, and that regcomp(3) or a backtracking matcher never ends with. */
static void test_ends(void)
{
	g_autoptr(GString) text = g_string_new("(");
	g_autofree char *line = g_strnfill(4000, 'a');
	for (int i = 0; i < 200; i++)
		g_string_append(text, "(a*|)");
	g_string_append(text, ")*b");
	g_assert_false(find(text->str, line, NULL, NULL));
	g_assert_false(find("(a*)*(a*)*(a*)*b", line, NULL, NULL));
	g_assert_false(find("(a|aa)+(a|aa)+b", line, NULL, NULL));
	g_string_assign(text, "");
	for (int i = 0; i < 60; i++)
		g_string_append_c(text, '(');
	g_string_append_c(text, 'a');
	for (int i = 0; i < 60; i++)
		g_string_append(text, "*)");
	g_assert_true(find(text->str, "bbb", NULL, NULL)); /* nothing, as often as it is there */
}

/* Whatever short expression glibc takes: the same place, or a refusal that the header allows. */
static void test_like_glibc(void)
{
	static const char *const words[] = { "a", "b",	 ".",	  "*",	  "+",	  "?",
					     "(", ")",	 "|",	  "[ab]", "[^a]", "^",
					     "$", "{2}", "{0,1}", "{1,}", "\\.",  "\\w" };
	g_autoptr(GRand) chance = g_rand_new_with_seed(7);
	int compared = 0;
	for (int i = 0; i < 200000; i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		char line[8] = "";
		regex_t re;
		regmatch_t m[1];
		struct pattern *p = NULL;
		for (int k = g_rand_int_range(chance, 1, 8); k > 0; k--)
			g_string_append(text,
					words[g_rand_int_range(chance, 0, G_N_ELEMENTS(words))]);
		for (int k = g_rand_int_range(chance, 0, 7); k > 0; k--)
			line[k - 1] = "ab.c"[g_rand_int_range(chance, 0, 4)];
		if (regcomp(&re, text->str, REG_EXTENDED) != 0)
			continue;
		if (pattern_new(text->str, &p, NULL) == 0) {
			int from = -1, to = -1;
			bool theirs = regexec(&re, line, 1, m, 0) == 0;
			bool ours = pattern_find(p, line, &from, &to);
			if (ours != theirs || (ours && (from != m[0].rm_so || to != m[0].rm_eo)))
				g_error("'%s' in '%s': %d %d..%d, glibc %d %d..%d", text->str, line,
					ours, from, to, theirs, (int)m[0].rm_so, (int)m[0].rm_eo);
			compared++;
		}
		pattern_free(p);
		regfree(&re);
	}
	g_test_message("%d compared", compared);
	g_assert_cmpint(compared, >, 50000);
}

static char *group(const char *text, const char *line)
{
	struct pattern *p = NULL;
	struct error why = { 0 };
	int from, to;
	if (pattern_new_group(text, &p, &why) != 0)
		return g_strdup_printf("refused: %s", why.text);
	char *found = pattern_find_group(p, line, &from, &to)
			      ? g_strndup(line + from, (gsize)(to - from))
			      : NULL;
	pattern_free(p);
	return found;
}

static void test_groups(void)
{
	static const struct {
		const char *text, *line, *group; /* NULL: no match */
	} cases[] = {
		{ "throughput: ([0-9.]+)", "throughput: 12.50 MB/s", "12.50" },
		{ "throughput: ([0-9.]+) GB", "throughput: 12.50 MB/s", NULL },
		{ "([0-9.]+) MB/s", "12 copied, 3.5 s, 99.25 MB/s", "99.25" },
		{ ".*[^0-9]([0-9]+)", "1 22 333", "333" },
		{ ".*([0-9]+)", "1 22 333", "3" }, /* what is before takes all that it can */
		{ "^\\[ *[0-9.]+\\] n=([0-9]+|nan)$", "[  1.5] n=nan", "nan" },
		{ "x([0-9]*)", "x", "" },
		{ "a|(b)", "b",
		  "refused: outside of the parentheses a '|' leaves open which "
		  "number is meant" },
		{ "(b)*", "b", "refused: what is in parentheses must not be repeated" },
		{ "a()", "a", "refused: nothing is in the parentheses" },
		{ "(b){2}", "b", "refused: what is in parentheses must not be repeated" },
		{ "(b)\\{2}", "b{2}", "b" },
		{ "(b){x", "b{x", "b" },
		{ "b", "b",
		  "refused: one pair of parentheses round the number is needed, it has 0" },
		{ "((b))", "b",
		  "refused: one pair of parentheses round the number is needed, it has 2" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *found = group(cases[i].text, cases[i].line);
		g_assert_cmpstr(found, ==, cases[i].group);
	}
}

/* The same, by trying every place where the parts could meet. */
static char *slow_group(const char *before, const char *in, const char *after, const char *line)
{
	g_autofree char *all = g_strconcat(before, in, after, NULL);
	g_autofree char *a = g_strdup_printf("^(%s)$", before);
	g_autofree char *b = g_strdup_printf("^(%s)$", in);
	g_autofree char *c = g_strdup_printf("^(%s)$", after);
	int from, to;
	if (!find(all, line, &from, &to))
		return NULL;
	for (int i = to; i >= from; i--) {
		for (int k = to; k >= i; k--) {
			g_autofree char *x = g_strndup(line + from, (gsize)(i - from));
			g_autofree char *y = g_strndup(line + i, (gsize)(k - i));
			g_autofree char *z = g_strndup(line + k, (gsize)(to - k));
			if (find(a, x, NULL, NULL) && find(b, y, NULL, NULL) &&
			    find(c, z, NULL, NULL))
				return g_steal_pointer(&y);
		}
	}
	g_error("'%s' matches '%s' whole, and not by its parts", all, line);
}

static void test_groups_anywhere(void)
{
	static const char *const parts[] = {
		"", "a", "a*", ".*", "ab?", "b+", "[ab]", "a{2}", "b.*"
	};
	static const char *const groups[] = { "(a)",	"(a*)",	  "(.*)",   "(b|ab)",
					      "([ab])", "(a|b*)", "(ba|b)", "(.b?)" };
	g_autoptr(GRand) chance = g_rand_new_with_seed(11);
	int found = 0;
	for (int i = 0; i < 20000; i++) {
		const char *a = parts[g_rand_int_range(chance, 0, G_N_ELEMENTS(parts))];
		const char *b = groups[g_rand_int_range(chance, 0, G_N_ELEMENTS(groups))];
		const char *c = parts[g_rand_int_range(chance, 0, G_N_ELEMENTS(parts))];
		char line[9] = "";
		for (int k = g_rand_int_range(chance, 0, 8); k > 0; k--)
			line[k - 1] = "ab."[g_rand_int_range(chance, 0, 3)];
		g_autofree char *text = g_strconcat(a, b, c, NULL);
		g_autofree char *ours = group(text, line);
		g_autofree char *slow = slow_group(a, b, c, line);
		if (g_strcmp0(ours, slow) != 0)
			g_error("'%s' in '%s': '%s', not '%s'", text, line, ours, slow);
		found += ours != NULL;
	}
	g_assert_cmpint(found, >, 5000);
}

static void test_groups_end(void)
{
	g_autofree char *line = g_strnfill(4000, 'a');
	g_autofree char *most = group(".*(a*).*", line);
	g_assert_cmpstr(most, ==, "");
	g_autofree char *none = group("(a|aa)", "b");
	g_assert_null(none);
	g_autofree char *late = group("a*(a*a*a*)a*b?$", line);
	g_assert_cmpstr(late, ==, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pattern/finds", test_finds);
	g_test_add_func("/pattern/refused", test_refused);
	g_test_add_func("/pattern/ends", test_ends);
	g_test_add_func("/pattern/like-glibc", test_like_glibc);
	g_test_add_func("/pattern/groups", test_groups);
	g_test_add_func("/pattern/groups-anywhere", test_groups_anywhere);
	g_test_add_func("/pattern/groups-end", test_groups_end);
	return g_test_run();
}
