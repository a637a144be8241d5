/*
 * A console mixes what tasks and processors print. With a caller in the prefix ("[ T123]") the
 * lines of the crash line's own caller are kept, without one all that have a prefix like it. All is
 * bounded: 4 KiB of a line, 1 MiB of a report, 256 KiB looked at before it.
 */
#include "report.h"

#include "scan.h"

#include <string.h>

/* What a kernel prints of one crash is some hundred lines; more comes from hostile guests only. */
#define MOST_BYTES ((gsize)1 << 20)
#define LINE_BYTES ((gsize)4096)
#define BEFORE_CONSOLE 5
#define BEFORE_TASK 50

struct line {
	const char *raw; /* no carriage returns, NUL bytes are 1 */
	gsize len;
	gsize text; /* where the text begins */
	bool bare;
	const char *origin; /* "[ T123]", "" for the console */
	gsize origin_len;
};

/* ---- console prefixes ---- */

static gsize skip_word(const char *s, gsize len, gsize at, const char *word)
{
	gsize n = strlen(word);
	return len - at >= n && memcmp(s + at, word, n) == 0 ? at + n : at;
}

static gsize skip_digits(const char *s, gsize len, gsize at)
{
	while (at < len && g_ascii_isdigit(s[at]))
		at++;
	return at;
}

static gsize skip_dropped(const char *s, gsize len)
{
	gsize at = skip_word(s, len, 0, "** "), end = skip_digits(s, len, at);
	if (!at || end == at)
		return 0;
	at = skip_word(s, len, end, " printk messages dropped ** ");
	return at > end ? at : 0;
}

static gsize skip_level(const char *s, gsize len, gsize at)
{
	if (at < len && s[at] == '<') {
		gsize end = skip_digits(s, len, at + 1);
		if (end > at + 1 && end < len && s[end] == '>')
			return end + 1;
	}
	return at;
}

/* "[   12.345678]": 0 where there is none at this place. */
static gsize skip_time(const char *s, gsize len, gsize at)
{
	if (at >= len || s[at] != '[')
		return 0;
	for (at++; at < len && s[at] == ' '; at++)
		;
	gsize seconds = skip_digits(s, len, at);
	if (seconds == at || seconds >= len || s[seconds] != '.')
		return 0;
	gsize fraction = skip_digits(s, len, seconds + 1);
	return fraction > seconds + 1 && fraction < len && s[fraction] == ']' ? fraction + 1 : 0;
}

/* "[ T1234]" or "[    C0]": `at` where there is none. */
static gsize skip_caller(const char *s, gsize len, gsize at)
{
	gsize p = at;
	if (p >= len || s[p] != '[')
		return at;
	for (p++; p < len && s[p] == ' '; p++)
		;
	if (p >= len || (s[p] != 'T' && s[p] != 'C'))
		return at;
	gsize end = skip_digits(s, len, p + 1);
	return end > p + 1 && end < len && s[end] == ']' ? end + 1 : at;
}

static gsize prefix_at(const char *s, gsize len, gsize at, gsize *caller)
{
	gsize time = skip_time(s, len, skip_level(s, len, at));
	if (!time)
		return 0;
	gsize end = skip_caller(s, len, time);
	*caller = time;
	return end < len && s[end] == ' ' ? end + 1 : 0;
}

static gsize find_prefix(const char *s, gsize len, gsize *caller)
{
	gsize end = prefix_at(s, len, skip_dropped(s, len), caller);
	/* whatever ends in a login prompt may stand before it */
	const char *login = end ? NULL : memmem(s, MIN(len, LINE_BYTES), " login: ", 8);
	return login ? prefix_at(s, len, (gsize)(login - s) + 8, caller) : end;
}

gsize report_prefix(const char *line, gsize len, bool *bare)
{
	gsize caller = 0, end = find_prefix(line, len, &caller);
	*bare = !end;
	return end;
}

static void split(struct line *l)
{
	gsize caller = 0, end = find_prefix(l->raw, l->len, &caller);
	l->bare = !end;
	l->text = 0;
	l->origin = "";
	l->origin_len = 0;
	if (l->bare)
		return;
	l->origin = l->raw + caller;
	l->origin_len = end - 1 - caller;
	const char *first = memmem(l->raw, l->len, "] ", 2);
	l->text = first ? (gsize)(first - l->raw) + 2 : end;
}

static bool same_origin(const struct line *a, const struct line *b)
{
	return a->bare == b->bare && a->origin_len == b->origin_len &&
	       memcmp(a->origin, b->origin, a->origin_len) == 0;
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
	static const char power[] = " (unreliable)";
	gsize n = sizeof(power) - 1;
	if (l->bare || has(l, "<EOI>"))
		return false;
	return text_has(l, " ? ") || (l->len >= n && memcmp(l->raw + l->len - n, power, n) == 0);
}

static bool from_cpu(const struct line *l)
{
	return l->origin_len && memchr(l->origin, 'C', l->origin_len) != NULL;
}

static bool from_task(const struct line *l)
{
	return l->origin_len && memchr(l->origin, 'T', l->origin_len) != NULL;
}

/* ---- lines of a log ---- */

struct lines {
	const char *at, *end;
	GString *buffer; /* the line as it is without carriage returns */
};

static bool next_line(struct lines *ls, struct line *l)
{
	if (ls->at >= ls->end)
		return false;
	const char *nl = memchr(ls->at, '\n', (gsize)(ls->end - ls->at));
	const char *eol = nl ? nl : ls->end;
	g_string_truncate(ls->buffer, 0);
	for (const char *p = ls->at; p < eol && ls->buffer->len < LINE_BYTES; p++) {
		if (*p != '\r')
			g_string_append_c(ls->buffer, *p ? *p : '\1');
	}
	ls->at = nl ? nl + 1 : ls->end;
	*l = (struct line){ .raw = ls->buffer->str, .len = ls->buffer->len };
	split(l);
	return true;
}

static void append_text(GString *out, const struct line *l)
{
	g_string_append_len(out, l->raw + l->text, (gssize)(l->len - l->text));
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

struct origin {
	GString *name;
	struct line l; /* its origin points into name */
};

static void keep_origin(struct origin *o, const struct line *l)
{
	o->name = g_string_new_len(l->origin, (gssize)l->origin_len);
	o->l = *l;
	o->l.origin = o->name->str;
}

static void collect(struct lines *ls, const struct origin *o, struct report *r)
{
	struct line l;
	int kept = 0;
	bool all_cpus = false, second = false, kmsan = false;
	bool by_caller = o->l.origin_len > 0;
	while (r->all->len < MOST_BYTES && next_line(ls, &l)) {
		bool first = kept == 0;
		if (!first && !second && scan_second(l.raw, l.len)) {
			second = true;
			if (!by_caller)
				r->text = r->all->len;
		}
		bool ours = same_origin(&l, &o->l) || (all_cpus && from_cpu(&l));
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
static void collect_before(const char *log, gsize start, const struct origin *o, GString *out)
{
	struct lines ls = { .buffer = g_string_new(NULL) };
	guint most = from_task(&o->l) ? BEFORE_TASK : BEFORE_CONSOLE;
	GQueue before = G_QUEUE_INIT;
	struct line l;
	/* they lie near: what is further up cannot matter */
	gsize from = start > 64 * LINE_BYTES ? start - 64 * LINE_BYTES : 0;
	while (from > 0 && from < start && log[from - 1] != '\n')
		from++;
	ls.at = log + from;
	ls.end = log + start;
	while (next_line(&ls, &l)) {
		if (!same_origin(&l, &o->l) || is_uncertain(&l) || l.len == l.text)
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

bool report_read(const char *log, gsize len, struct report *r)
{
	gsize line_len;
	struct line l;
	struct origin o;
	*r = (struct report){ 0 };
	if (!scan_log(log, len, &r->start, &line_len, &r->header))
		return false;
	struct lines ls = { .at = log + r->start, .end = log + len, .buffer = g_string_new(NULL) };
	next_line(&ls, &l);
	keep_origin(&o, &l);
	ls.at = log + r->start;
	r->all = g_string_new(NULL);
	r->shown = g_string_new(NULL);
	collect(&ls, &o, r);
	if (!memmem(r->all->str, r->text, scan_header(r->header), strlen(scan_header(r->header))))
		take_raw(log, len, r->start, line_len, r);
	collect_before(log, r->start, &o, r->shown);
	g_string_append_len(r->shown, r->all->str, (gssize)r->all->len);
	g_string_free(o.name, TRUE);
	g_string_free(ls.buffer, TRUE);
	return true;
}

void report_clear(struct report *r)
{
	g_string_free(r->all, TRUE);
	g_string_free(r->shown, TRUE);
	*r = (struct report){ 0 };
}
