/*
 * A console mixes what tasks and processors print. With a caller in the prefix ("[ T123]") the
 * lines of the crash line's own caller are kept, without one all that have a prefix like it. All is
 * bounded: 4 KiB of a line, 1 MiB of a report, 256 KiB looked at before it.
 */
#include "report.h"

#include "clean.h"
#include "scan.h"
#include "shape.h"

#include <string.h>

/* What a kernel prints of one crash is some hundred lines; more comes from hostile guests only. */
#define MOST_BYTES ((gsize)1 << 20)
#define LINE_BYTES ((gsize)4096)
#define BEFORE_CONSOLE 5
#define BEFORE_TASK 50

struct line {
	const char *raw; /* clean; without its prefix, unless that is one of syzkaller's consoles */
	gsize len;
	gsize text;	    /* where the text begins */
	bool bare, foreign; /* without a prefix; another program's in a system's log */
	char origin[32];    /* "[ T123]", "" for the console */
	gsize width;	    /* of the whole line */
};

static bool same_origin(const struct line *a, const struct line *b)
{
	bool same = strcmp(a->origin, b->origin) == 0;
	/* a line that was glued to another one may lack a vendor's field */
	bool lacks = !*a->origin ? *b->origin == '(' : !*b->origin && *a->origin == '(';
	return a->bare == b->bare && !a->foreign && (same || lacks);
}

static bool has(const struct line *l, const char *word)
{
	return memmem(l->raw, l->len, word, strlen(word)) != NULL;
}

static bool text_has(const struct line *l, const char *word)
{
	return memmem(l->raw + l->text, l->len - l->text, word, strlen(word)) != NULL;
}

static bool is_uncertain(const struct line *l)
{
	static const char power[] = "(unreliable)";
	gsize n = sizeof(power) - 1;
	if (has(l, "<EOI>"))
		return false;
	return (!l->bare && text_has(l, " ? ")) ||
	       (l->len >= n && memcmp(l->raw + l->len - n, power, n) == 0);
}

static bool from_cpu(const struct line *l)
{
	return strchr(l->origin, 'C') != NULL;
}

static bool from_task(const struct line *l)
{
	return strchr(l->origin, 'T') != NULL;
}

/* ---- lines of a log ---- */

struct lines {
	const struct prefix_form *form;
	const char *at, *end;
	GString *buffer;
};

/* scripts/decode_stacktrace.sh writes "foo (mm/a.c:12)" for "foo+0x1/0x2"; the offset is put back,
 * since that is how a function is told from other words. */
static void undo_decoding(GString *s, gsize from)
{
	char *open = s->str + from;
	while ((open = strstr(open, " (")) != NULL) {
		gsize at = (gsize)(open - s->str), name = at, path = at + 2;
		gsize n = strcspn(s->str + path, " :()\t");
		while (name > from &&
		       (g_ascii_isalnum(s->str[name - 1]) || strchr("_.", s->str[name - 1])))
			name--;
		const char *colon = s->str + path + n;
		bool source = (n > 2 && colon[-2] == '.' && strchr("chS", colon[-1])) ||
			      (n == 2 && memcmp(s->str + path, "??", 2) == 0);
		bool word = name == at || (at - name == 2 && memcmp(s->str + name, "at", 2) == 0);
		if (source && *colon == ':' && !word &&
		    (g_ascii_isdigit(colon[1]) || colon[1] == '?')) {
			g_string_insert(s, (gssize)at, "+0x0/0x0");
			at += 8;
		}
		open = s->str + at + 2;
	}
}

static const char *take_line(struct lines *ls, const char *at)
{
	const char *nl = memchr(at, '\n', (gsize)(ls->end - at));
	const char *eol = nl ? nl : ls->end;
	clean_line(at, (gsize)(eol - at), LINE_BYTES, ls->buffer);
	return nl ? nl + 1 : ls->end;
}

/* Mail programs break lines at some column below 80. */
#define WRAP_MOST 80
#define WRAP_LEAST 66

/* Whether the next line is the rest of this one, which a mail program has broken. */
static bool take_rest(struct lines *ls, struct line *l)
{
	static const char warning[] = "WARNING: .*at [^ ]+:[0-9]+$";
	if (ls->at >= ls->end || l->width > WRAP_MOST || !l->len)
		return false;
	GString *line = ls->buffer;
	ls->buffer = g_string_new(NULL);
	const char *after = take_line(ls, ls->at);
	GString *next = ls->buffer;
	struct prefix_line p;
	prefix_read(ls->form, next->str, next->len, &p);
	gsize word = strcspn(next->str + p.text, " ");
	bool rest = next->len > p.text && p.speaker == PREFIX_UNKNOWN && next->str[p.text] != ' ' &&
		    next->str[p.text] != '[' &&
		    (l->bare ? shape_fits(warning, l->raw, l->len) &&
				       shape_fits("^{F}", next->str + p.text, next->len - p.text)
			     : l->width + 1 + word > WRAP_LEAST);
	if (rest) {
		l->width = next->len;
		g_string_append_c(line, ' ');
		g_string_append(line, next->str + p.text);
		ls->at = after;
	}
	g_string_free(next, TRUE);
	ls->buffer = line;
	return rest;
}

static void split(struct lines *ls, struct line *l)
{
	struct prefix_line p;
	GString *s = ls->buffer;
	prefix_read(ls->form, s->str, s->len, &p);
	*l = (struct line){ .width = s->len };
	l->bare = p.speaker == PREFIX_UNKNOWN;
	l->foreign = p.speaker == PREFIX_OTHER && !p.syzkaller;
	g_strlcpy(l->origin, p.caller, sizeof(l->origin));
	if (p.syzkaller) { /* which takes the text to begin behind the first bracket */
		const char *first = strstr(s->str, "] ");
		l->text = first ? (gsize)(first - s->str) + 2 : p.text;
	} else {
		g_string_erase(s, 0, (gssize)p.text);
	}
}

static bool next_line(struct lines *ls, struct line *l)
{
	if (ls->at >= ls->end)
		return false;
	ls->at = take_line(ls, ls->at);
	split(ls, l);
	do {
		undo_decoding(ls->buffer, l->text);
		l->raw = ls->buffer->str;
		l->len = ls->buffer->len;
	} while (take_rest(ls, l));
	return true;
}

/* "[module 0123456789abcdef...]", and the kernel's own behind its version. */
static void append_without_build_ids(GString *out, const char *text, gsize len)
{
	gsize from = out->len;
	g_string_append_len(out, text, (gssize)len);
	for (gsize i = from; i < out->len; i++) {
		gsize n = 0;
		while (i + n < out->len && g_ascii_isxdigit(out->str[i + n]))
			n++;
		bool id = n == 40 && i > from && out->str[i - 1] == ' ' &&
			  (i + n == out->len || out->str[i + n] == ']' || out->str[i + n] == ' ');
		if (id)
			g_string_erase(out, (gssize)i - 1, (gssize)n + 1);
		else
			i += n;
	}
}

static void append_text(GString *out, const struct line *l)
{
	append_without_build_ids(out, l->raw + l->text, l->len - l->text);
	g_string_append_c(out, '\n');
}

/* ---- the report ---- */

#define LATE_LINE 23
#define LATE_LINE_KMSAN 17

static bool ends_report(const struct line *l, int kept, bool kmsan)
{
	if (kept + 1 < (kmsan ? LATE_LINE_KMSAN : LATE_LINE))
		return false;
	return has(l, "Kernel panic - not syncing") ||
	       has(l, "WARNING: possible circular locking dependency detected");
}

static bool is_same_text(const struct line *l, const GString *first)
{
	gsize n = l->len - l->text;
	return first->len == n + 1 && memcmp(first->str, l->raw + l->text, n) == 0;
}

static void collect(struct lines *ls, const struct line *o, struct report *r)
{
	struct line l;
	int kept = 0;
	bool all_cpus = false, second = false, kmsan = false;
	/* a vendor's field tells tasks apart too, but not as surely */
	bool by_caller = *o->origin == '[';
	while (r->all->len < MOST_BYTES && next_line(ls, &l)) {
		bool first = kept == 0;
		/* syslogd tells each terminal, then the console has it */
		if (kept == 1 && is_same_text(&l, r->all))
			continue;
		if (!first && !second && scan_second(l.raw, l.len)) {
			second = true;
			if (!by_caller)
				r->text = r->all->len;
		}
		bool ours = same_origin(&l, o) || (all_cpus && from_cpu(&l));
		if (!first && (!ours || is_uncertain(&l)))
			continue;
		if (first)
			kmsan = has(&l, "BUG: KMSAN:");
		else if (ends_report(&l, kept, kmsan))
			break;
		kept++;
		if (has(&l, "Disabling lock debugging due to kernel taint"))
			continue;
		all_cpus = all_cpus || has(&l, "Sending NMI from CPU");
		append_text(r->all, &l);
	}
	if (by_caller || !second)
		r->text = r->all->len;
}

/* Lines of the same origin before the crash: for people. */
static void collect_before(const struct prefix_form *form, const char *log, gsize start,
			   const struct line *o, GString *out)
{
	struct lines ls = { .form = form, .buffer = g_string_new(NULL) };
	guint most = from_task(o) ? BEFORE_TASK : BEFORE_CONSOLE;
	GQueue before = G_QUEUE_INIT;
	struct line l;
	/* they lie near: what is further up cannot matter */
	gsize from = start > 64 * LINE_BYTES ? start - 64 * LINE_BYTES : 0;
	while (from > 0 && from < start && log[from - 1] != '\n')
		from++;
	ls.at = log + from;
	ls.end = log + start;
	while (next_line(&ls, &l)) {
		if (!same_origin(&l, o) || is_uncertain(&l) || l.len == l.text)
			continue;
		GString *text = g_string_new(NULL);
		append_text(text, &l);
		g_queue_push_tail(&before, g_string_free(text, FALSE));
		if (before.length > most)
			g_free(g_queue_pop_head(&before));
	}
	char *text;
	while ((text = g_queue_pop_head(&before))) {
		g_string_append(out, text);
		g_free(text);
	}
	g_string_free(ls.buffer, TRUE);
}

/* The header word stood in what was taken for a console prefix: the raw log has to do. */
static void take_raw(const char *log, gsize len, gsize start, gsize line_len, struct report *r)
{
	gsize end = start + line_len, at = end;
	while (at < len && at - start < MOST_BYTES) {
		const char *nl = memchr(log + at + 1, '\n', len - at - 1);
		gsize next = nl ? (gsize)(nl - log) : len;
		if (next > at + 1 && scan_line(log + at + 1, next - at - 1) >= 0)
			end = next;
		at = next;
	}
	g_string_truncate(r->all, 0);
	for (gsize i = start; i < end; i++) {
		if (log[i] != '\r')
			g_string_append_c(r->all, log[i] ? log[i] : '\1');
	}
	g_string_append_c(r->all, '\n');
	r->text = r->all->len;
}

/* The crash line lost its prefix, the lines behind it have theirs: they are one report. */
static void adopt(struct lines ls, const struct prefix_form *form, struct line *o)
{
	struct line next;
	if (o->bare && form && prefix_tells_kernel(form) && next_line(&ls, &next) && !next.bare) {
		o->bare = false;
		g_strlcpy(o->origin, next.origin, sizeof(o->origin));
	}
}

bool report_read(const struct prefix_form *form, const char *log, gsize len, struct report *r)
{
	gsize line_len;
	struct line o;
	*r = (struct report){ 0 };
	if (!scan_log(form, log, len, &r->start, &line_len, &r->header))
		return false;
	struct lines ls = { .form = form, .at = log + r->start, .end = log + len };
	ls.buffer = g_string_new(NULL);
	next_line(&ls, &o);
	adopt(ls, form, &o);
	r->bare = o.bare;
	ls.at = log + r->start;
	r->all = g_string_new(NULL);
	r->shown = g_string_new(NULL);
	collect(&ls, &o, r);
	if (!memmem(r->all->str, r->text, scan_header(r->header), strlen(scan_header(r->header))))
		take_raw(log, len, r->start, line_len, r);
	r->syzbot = memmem(r->all->str, r->all->len, "syz", 3) != NULL;
	collect_before(form, log, r->start, &o, r->shown);
	g_string_append_len(r->shown, r->all->str, (gssize)r->all->len);
	g_string_free(ls.buffer, TRUE);
	return true;
}

void report_clear(struct report *r)
{
	g_string_free(r->all, TRUE);
	g_string_free(r->shown, TRUE);
	*r = (struct report){ 0 };
}
