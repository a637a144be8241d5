/*
 * The addresses of a culprit's message, by the rules of syzbot's pkg/email and of its bisection
 * mails: the author and the tags, and get_maintainer.pl's answer where these are few.
 */
#include "recipients.h"

#include <string.h>

char *recipients_subject(const struct session *s)
{
	/* "commit ...\nAuthor: ...\n\n    SUBJECT\n": the first indented line */
	const char *at = s->found_text ? strstr(s->found_text, "\n    ") : NULL;
	return at ? g_strndup(at + 5, strcspn(at + 5, "\n")) : g_strdup("");
}

static bool is_tag(const char *line)
{
	static const char *const tags[] = { "Signed-off-by:",	"Reviewed-by:", "Acked-by:",
					    "Reported-by:",	"Tested-by:",	"Cc:",
					    "Co-developed-by:", "Suggested-by:" };
	for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
		if (g_ascii_strncasecmp(line, tags[i], strlen(tags[i])) == 0)
			return true;
	}
	return false;
}

/* An address in a header or a tag: between <>, or the only word with an @. */
static char *address_of(const char *text)
{
	const char *open = strrchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
	char *address =
		close ? g_strndup(open + 1, (gsize)(close - open - 1)) : g_strstrip(g_strdup(text));
	bool odd = !strchr(address, '@') || strpbrk(address, " \t\"<>,") != NULL;
	for (const char *p = address; *p; p++)
		odd = odd || (guchar)*p < 0x21 || (guchar)*p > 0x7e;
	if (odd)
		g_clear_pointer(&address, g_free);
	return address;
}

static void add_address(GPtrArray *all, const char *text)
{
	char *address = address_of(text);
	if (!address || g_ascii_strcasecmp(address, "stable@vger.kernel.org") == 0 ||
	    g_ptr_array_find_with_equal_func(all, address, g_str_equal, NULL))
		g_free(address);
	else
		g_ptr_array_add(all, address);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *own_addresses(const struct session *s)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
	if (!s->found || !s->found[0] || (s->found[1] && !s->borders) || !s->found_text)
		return all;
	g_auto(GStrv) lines = g_strsplit(s->found_text, "\n", -1);
	for (char **l = lines; *l; l++) {
		if (g_str_has_prefix(*l, "Author: "))
			add_address(all, *l + strlen("Author: "));
		else if (g_str_has_prefix(*l, "    ") && is_tag(*l + 4))
			add_address(all, strchr(*l, ':') + 1);
	}
	return all;
}

static bool is_recipient(const GPtrArray *lines, const char *address)
{
	for (guint i = 0; i < lines->len; i++) {
		if (g_ascii_strcasecmp((const char *)g_ptr_array_index(lines, i) + 4, address) == 0)
			return true;
	}
	return false;
}

GPtrArray *recipients_of(const struct session *s)
{
	g_autoptr(GPtrArray) own = own_addresses(s);
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < own->len; i++)
		g_ptr_array_add(lines, g_strdup_printf("to: %s", (char *)own->pdata[i]));
	for (char **m = s->maintainers; m && *m && own->len <= RECIPIENTS_ENOUGH; m++) {
		if (!is_recipient(lines, *m + 4))
			g_ptr_array_add(lines, g_strdup(*m));
	}
	g_ptr_array_sort(lines, by_text); /* cc before to, each by address */
	return lines;
}

bool recipients_need_maintainers(const struct session *s)
{
	g_autoptr(GPtrArray) own = own_addresses(s);
	return own->len <= RECIPIENTS_ENOUGH;
}
