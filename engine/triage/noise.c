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

/* ---- mangled names ---- */

struct mangled {
	const char *start, *at;
	int depth;
	bool bad;
};

static guint64 read_number(struct mangled *m)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	guint64 n = 0;
	if (*m->at == '_') {
		m->at++;
		return 0;
	}
	for (; *m->at && *m->at != '_'; m->at++) {
		const char *d = strchr(digits, *m->at);
		if (!d) {
			m->bad = true;
			return 0;
		}
		n = n * 62 + (guint64)(d - digits); /* a hash may wrap: it is not shown */
	}
	m->bad = m->bad || *m->at != '_';
	m->at += *m->at == '_';
	return n + 1;
}

static void skip_disambiguator(struct mangled *m)
{
	if (*m->at == 's') {
		m->at++;
		read_number(m);
	}
}

static void read_identifier(struct mangled *m, GString *out)
{
	size_t n = 0;
	skip_disambiguator(m);
	if (!g_ascii_isdigit(*m->at)) {
		m->bad = true;
		return;
	}
	while (g_ascii_isdigit(*m->at) && n < 1000)
		n = n * 10 + (size_t)(*m->at++ - '0');
	if (*m->at == '_')
		m->at++;
	if (strlen(m->at) < n) {
		m->bad = true;
		return;
	}
	g_string_append_len(out, m->at, (gssize)n);
	m->at += n;
}

static void read_path(struct mangled *m, GString *out);

static void read_back_reference(struct mangled *m, GString *out)
{
	guint64 where = read_number(m);
	const char *here = m->at;
	if (m->bad || where >= (guint64)(here - m->start)) {
		m->bad = true;
		return;
	}
	m->at = m->start + where;
	read_path(m, out);
	m->at = here;
}

static void read_impl(struct mangled *m)
{
	g_autoptr(GString) unseen = g_string_new(NULL);
	skip_disambiguator(m);
	read_path(m, unseen);
}

static void read_path(struct mangled *m, GString *out)
{
	if (m->bad || ++m->depth > 64) {
		m->bad = true;
		return;
	}
	char kind = *m->at;
	m->at += kind != '\0';
	switch (kind) {
	case 'C':
		read_identifier(m, out);
		break;
	case 'N':
		m->at += *m->at != '\0';
		read_path(m, out);
		g_string_append(out, "::");
		read_identifier(m, out);
		break;
	case 'M':
		read_impl(m);
		g_string_append_c(out, '<');
		read_path(m, out);
		g_string_append_c(out, '>');
		break;
	case 'X':
		read_impl(m);
		/* fall through */
	case 'Y':
		g_string_append_c(out, '<');
		read_path(m, out);
		g_string_append(out, " as ");
		read_path(m, out);
		g_string_append_c(out, '>');
		break;
	case 'I':
		read_path(m, out);
		while (!m->bad && *m->at && *m->at != 'E') {
			g_autoptr(GString) unseen = g_string_new(NULL);
			read_path(m, unseen);
		}
		m->at += *m->at == 'E';
		break;
	case 'B':
		read_back_reference(m, out);
		break;
	default:
		m->bad = true;
	}
	m->depth--;
}

/* C++: _Z name, _ZN name... E; parameters follow and are not shown. */
static void read_cpp(struct mangled *m, GString *out)
{
	bool nested = *m->at == 'N';
	m->at += nested;
	do {
		if (out->len)
			g_string_append(out, "::");
		read_identifier(m, out);
	} while (nested && !m->bad && *m->at && *m->at != 'E');
}

char *noise_demangle(const char *name)
{
	GString *out = g_string_new(NULL);
	struct mangled m = { .start = name + 2, .at = name + 2 };
	if (g_str_has_prefix(name, "_R"))
		read_path(&m, out);
	else if (g_str_has_prefix(name, "_Z"))
		read_cpp(&m, out);
	else
		m.bad = true;
	if (m.bad)
		g_string_assign(out, name);
	return g_string_free(out, FALSE);
}

/* ---- extractors ---- */

/* For lockups the top frame is random: what the outermost known caller called stands for it. */
static char *extract_stall(const GPtrArray *names)
{
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		if (!noise_fits(rules_anchors, name))
			continue;
		if (strstr(name, "smp_call_function"))
			return g_strdup("smp_call_function");
		return g_strdup(g_ptr_array_index(names, i ? i - 1 : 0));
	}
	return NULL;
}

static char *extract_hang(const GPtrArray *names)
{
	static const char waiting[] =
		"sched _lock _slowlock down rwsem completion kthread wait synchronize "
		"context_switch __switch_to cancel_delayed_work rcu_barrier";
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		if (strstr(name, "rtnl_lock"))
			return g_strdup(name);
		if (noise_fits("synchronize_rcu synchronize_srcu synchronize_net synchronize_sched",
			       name))
			return g_strdup("synchronize_rcu");
	}
	for (guint i = 0; i < names->len; i++) {
		if (!noise_fits(waiting, g_ptr_array_index(names, i)))
			return g_strdup(g_ptr_array_index(names, i));
	}
	return NULL;
}

char *noise_extract(const GPtrArray *candidates, enum extractor extractor)
{
	if (extractor == EXTRACT_STALL)
		return extract_stall(candidates);
	if (extractor == EXTRACT_HANG)
		return extract_hang(candidates);
	return candidates->len ? g_strdup(g_ptr_array_index(candidates, 0)) : NULL;
}
