/*
 * A reader by recursive descent of as much of the two grammars as names of functions need: paths
 * and their parts. What it does not understand, and what nests too deeply, stays as it is.
 */
#include "demangle.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

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

char *demangle_name(const char *name)
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
