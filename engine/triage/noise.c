/*
 * The lists are in rules.c; here is how a name is compared with their marked words, which prefixes
 * syscalls have, and which of a trace's functions stands for a stall or a hang, where the innermost
 * one is chance or a primitive of waiting.
 */
#include "noise.h"

#include <string.h>

/* ---- marked words ---- */

/* `word` of length n, with "?" gaps, somewhere in the name; at its beginning if `anchored`. */
static bool contains(const char *name, const char *word, size_t n, bool anchored)
{
	const char *gap = memchr(word, '?', n);
	size_t len = gap ? (size_t)(gap - word) : n;
	const char *digit = memchr(word, '#', len);
	size_t plain = digit ? (size_t)(digit - word) : len;
	for (const char *at = name; *at || !plain; at++) {
		if (strncmp(at, word, plain) == 0 && (!digit || g_ascii_isdigit(at[plain])) &&
		    (!gap || contains(at + plain, gap + 1, n - len - 1, false)))
			return true;
		if (anchored || !*at)
			break;
	}
	return false;
}

static bool fits(const char *word, size_t n, const char *name)
{
	size_t len = strlen(name);
	if (word[0] == '=')
		return len == n - 1 && memcmp(name, word + 1, len) == 0;
	if (word[0] == '~') {
		while (*name == '_')
			name++;
		return strncmp(name, word + 1, n - 1) == 0;
	}
	if (word[0] == '*')
		return len >= n - 1 && memcmp(name + len - (n - 1), word + 1, n - 1) == 0;
	if (word[n - 1] == '*')
		return contains(name, word, n - 1, true);
	return contains(name, word, n, false);
}

bool noise_fits(const char *words, const char *name)
{
	while (words && *words) {
		size_t n = strcspn(words, " ");
		if (n && fits(words, n, name))
			return true;
		words += n + strspn(words + n, " ");
	}
	return false;
}

/* ---- syscalls ---- */

static const char *const prefixes[] = { "SYSC_",	"SyS_",	       "sys_",	    "__x64_",
					"__ia32_",	"__arm64_",    "____sys_",  "___sys_",
					"__sys_",	"__se_",       "__se_sys_", "__do_sys_",
					"compat_SYSC_", "compat_SyS_", "ksys_" };

char *noise_cut(const char *name)
{
	const char *best = name;
	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		if (g_str_has_prefix(name, prefixes[i]) &&
		    strlen(name + strlen(prefixes[i])) < strlen(best))
			best = name + strlen(prefixes[i]);
	}
	return g_strdup(*best ? best : name);
}

GPtrArray *noise_variants(const char *name)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(out, g_strdup(name));
	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		if (g_str_has_prefix(name, prefixes[i]) && name[strlen(prefixes[i])])
			g_ptr_array_add(out, g_strdup(name + strlen(prefixes[i])));
	}
	return out;
}

/* ---- extractors ---- */

/* For lockups the top frame is random: what the outermost known caller called stands for it. */
static const char *extract_stall(const GPtrArray *names, guint *at)
{
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		if (!noise_fits(rules_anchors, name))
			continue;
		*at = i;
		if (strstr(name, "smp_call_function"))
			return "smp_call_function";
		*at = i ? i - 1 : 0;
		return g_ptr_array_index(names, *at);
	}
	return NULL;
}

static const char *extract_hang(const GPtrArray *names, guint *at)
{
	static const char waiting[] =
		"sched _lock _slowlock down rwsem completion kthread wait synchronize "
		"context_switch __switch_to cancel_delayed_work rcu_barrier";
	/* syzkaller's "down" hides every shutdown and teardown as well: they count where nothing
	 * else is left */
	static const char locks[] = "=down down_* _down rwsem";
	for (*at = 0; *at < names->len; (*at)++) {
		const char *name = g_ptr_array_index(names, *at);
		if (strstr(name, "rtnl_lock"))
			return name;
		if (noise_fits("synchronize_rcu synchronize_srcu synchronize_net synchronize_sched",
			       name))
			return "synchronize_rcu";
	}
	for (*at = 0; *at < names->len; (*at)++) {
		if (!noise_fits(waiting, g_ptr_array_index(names, *at)))
			return g_ptr_array_index(names, *at);
	}
	for (*at = 0; *at < names->len; (*at)++) {
		const char *name = g_ptr_array_index(names, *at);
		if (strstr(name, "down") && !noise_fits(locks, name))
			return name;
	}
	return NULL;
}

const char *noise_extract(const GPtrArray *candidates, enum extractor extractor, guint *at)
{
	*at = 0;
	if (extractor == EXTRACT_STALL)
		return extract_stall(candidates, at);
	if (extractor == EXTRACT_HANG)
		return extract_hang(candidates, at);
	return candidates->len ? g_ptr_array_index(candidates, 0) : NULL;
}
