/*
 * A line is read from the left, one layer after the other:
 *
 *   quote, indent | date | host, tag | level | kernel time | caller | text
 *
 * A prefix that syzkaller's consoles have is tried first and read as syzkaller reads it, since its
 * titles depend on that. Where nothing fits, a kernel time further to the right says that the line
 * was glued to something else (a prompt, a program's half line).
 */
#include "prefix.h"

#include "android.h"
#include "clean.h"
#include "stamp.h"

#include <string.h>

/* How far to the right a glued line's time may stand. */
#define GLUED_BYTES 400

struct reader {
	const struct prefix_form *form;
	const char *p, *end;
	struct prefix_line *out;
	bool quoted, dated, kernel_time, other_time, tagged, host_tagged;
	const char *host, *host_end;
};

/* ---- syzkaller's own prefixes ---- */

static const char *skip_level(const char *p, const char *end, int *level)
{
	const char *q = p < end && *p == '<' ? stamp_digits(p + 1, end) : NULL;
	if (!q || q == p + 1 || q == end || *q != '>')
		return p;
	*level = (int)g_ascii_strtoll(p + 1, NULL, 10);
	return q + 1;
}

static void take_caller(struct reader *r, const char *from, const char *to)
{
	stamp_copy(r->out->caller, sizeof(r->out->caller), from, to);
}

static void take_time(struct reader *r, int decimals)
{
	if (decimals == 6 || decimals == 1) /* one: written by hand, in tests */
		r->kernel_time = true;
	else
		r->other_time = true;
}

static bool read_syzkaller(struct reader *r, const char *p)
{
	int decimals, level = 0;
	const char *time = stamp_kernel(skip_level(p, r->end, &level), r->end, &decimals);
	if (!time || !g_ascii_isdigit(time[-2]))
		return false; /* that of dmesg -d is none of them */
	const char *caller = stamp_caller(time, r->end), *text = caller ? caller : time;
	if (text == r->end || *text != ' ')
		return false;
	if (caller)
		take_caller(r, time, caller);
	take_time(r, decimals);
	r->out->syzkaller = true;
	r->out->text = (gsize)(text + 1 - r->p);
	if (level >= 8) /* another facility than the kernel's */
		r->out->speaker = PREFIX_OTHER;
	return true;
}

static bool read_syzkaller_any(struct reader *r)
{
	const char *dropped = stamp_word(r->p, r->end, "** ");
	if (dropped)
		dropped = stamp_word(stamp_digits(dropped, r->end), r->end,
				     " printk messages dropped ** ");
	if (read_syzkaller(r, dropped ? dropped : r->p))
		return true;
	/* whatever ends in a login prompt may stand before it */
	const char *login = memmem(r->p, (gsize)(r->end - r->p), " login: ", 8);
	return login && read_syzkaller(r, login + 8);
}

/* ---- layers ---- */

/* Whether most lines that were seen have it. */
static bool in_most(const struct prefix_form *f, int hits)
{
	return f && hits >= 2 && hits * 2 >= f->lines;
}

static bool time_here(const char *p, const char *end)
{
	int decimals, level;
	p = skip_level(p, end, &level);
	return stamp_kernel(p, end, &decimals) || stamp_dmesg(p, end);
}

/* "> ", "| ", an indent before a time */
static void read_quote(struct reader *r)
{
	const char *p = r->p;
	bool mark = false;
	if (p < r->end && (*p == '#' || *p == ':')) { /* a comment, a report's field */
		mark = true;
		p++;
	}
	while (p < r->end &&
	       (*p == '>' || *p == '|' ||
		(mark && *p == ' ' && p + 1 < r->end && (p[1] == '>' || p[1] == '|')))) {
		mark = true;
		p++;
	}
	if (mark && p < r->end && *p == ' ')
		p++;
	r->quoted = mark;
	const char *inner = stamp_blanks(p, r->end);
	if (inner > p && (time_here(inner, r->end) || stamp_date(inner, r->end)))
		r->p = inner;
	else if (mark && (in_most(r->form, r->form ? r->form->quotes : 0) || time_here(p, r->end) ||
			  stamp_date(p, r->end)))
		r->p = p;
}

static bool is_name(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (!g_ascii_isalnum(*p) && !strchr("._-/@()+", *p))
			return false;
	}
	return true;
}

static const char *word_end(const char *p, const char *end)
{
	while (p < end && *p != ' ')
		p++;
	return p;
}

/* "kernel:", "sshd[12]:" and what they say about who speaks; the place behind. */
static const char *read_tag(const char *p, const char *end, enum prefix_speaker *speaker)
{
	const char *e = stamp_word(p, end, "kernel:");
	if (e) { /* rsyslog writes no blank behind it */
		*speaker = PREFIX_KERNEL;
		return e < end && *e == ' ' ? e + 1 : e;
	}
	e = word_end(p, end);
	const char *colon = e > p && e[-1] == ':' ? e - 1 : NULL;
	if (!colon)
		return NULL;
	const char *bracket = memchr(p, '[', (gsize)(colon - p));
	bool numbered = bracket && colon[-1] == ']' &&
			stamp_digits(bracket + 1, colon) == colon - 1 && bracket + 1 < colon - 1;
	const char *name_end = numbered ? bracket : colon;
	if (name_end == p || !is_name(p, name_end))
		return NULL;
	gsize n = (gsize)(name_end - p);
	bool kernel = n == 6 && (memcmp(p, "kernel", n) == 0 || memcmp(p, "vmunix", n) == 0);
	/* without a process number it may be the kernel's own text ("usb 1-1:") */
	*speaker = kernel ? PREFIX_KERNEL : numbered ? PREFIX_OTHER : PREFIX_UNKNOWN;
	return e < end ? e + 1 : e;
}

/* Behind a date: up to two words (host, facility), then the tag. */
static void read_host_tag(struct reader *r)
{
	const char *p = r->p;
	for (int words = 0; words < 3 && p < r->end; words++) {
		enum prefix_speaker speaker = PREFIX_UNKNOWN;
		const char *after = read_tag(p, r->end, &speaker);
		bool named =
			speaker != PREFIX_UNKNOWN || (r->form && r->form->host_tags > 0 && words);
		if (after && named) {
			r->out->speaker = speaker == PREFIX_KERNEL ? speaker : PREFIX_OTHER;
			r->tagged = r->host_tagged = speaker == PREFIX_KERNEL;
			r->p = after;
			return;
		}
		const char *e = word_end(p, r->end);
		/* RFC 5424: "host kernel - - - text" */
		const char *rfc = stamp_word(p, r->end, "kernel - - - ");
		if (rfc && words) {
			r->out->speaker = PREFIX_KERNEL;
			r->tagged = true;
			r->p = rfc;
			return;
		}
		/* a receiver of netconsole writes the host alone */
		if (words && time_here(p, r->end)) {
			r->p = p;
			return;
		}
		if (after || !is_name(p, e) || e == r->end)
			return;
		p = e + 1;
	}
}

static void read_date(struct reader *r)
{
	const char *p = stamp_word(r->p, r->end, "<");
	if (p) { /* RFC 5424: "<4>1 2024-..." */
		p = stamp_word(stamp_digits(p, r->end), r->end, ">1 ");
		p = p && stamp_date(p, r->end) ? p : NULL;
	}
	const char *from = p ? p : r->p, *after = stamp_date(from, r->end);
	if (!after || stamp_dmesg(from, r->end)) /* dmesg's are the kernel's own times */
		return;
	const char *before = r->p;
	r->p = after;
	const char *second = stamp_date(after, r->end); /* a collector's, then the log's own */
	if (second)
		r->p = second;
	r->dated = true;
	const char *dated = r->p;
	bool kernel = false;
	const char *logcat = android_logcat(r->p, r->end, &kernel);
	if (logcat) {
		r->out->speaker = kernel ? PREFIX_KERNEL : PREFIX_OTHER;
		r->tagged = kernel;
		r->p = logcat;
		return;
	}
	read_host_tag(r);
	if (r->p == dated && !time_here(dated, r->end) &&
	    !in_most(r->form, r->form ? r->form->dates : 0))
		r->p = before; /* a date in a program's own line */
}

/* dmesg -x: "kern  :warn  : "; the kernel's own device for logs: "4,1234,3195000000,-;". */
static void read_levels(struct reader *r)
{
	const char *p = r->p, *end = r->end;
	bool kernel = false;
	const char *facility = stamp_facility(p, end, &kernel);
	if (facility) {
		r->out->speaker = kernel ? PREFIX_KERNEL : PREFIX_OTHER;
		r->tagged = kernel;
		r->p = facility;
		return;
	}
	const char *prio = stamp_digits(p, end), *q = prio > p ? stamp_word(prio, end, ",") : NULL;
	const char *seq = stamp_digits(q, end), *time = stamp_word(seq > q ? seq : NULL, end, ",");
	const char *usec = stamp_digits(time, end);
	const char *semicolon = usec > time && usec < end && *usec == ','
					? memchr(usec, ';', (gsize)(end - usec))
					: NULL;
	if (semicolon) {
		const char *caller = memmem(usec, (gsize)(semicolon - usec), "caller=", 7);
		const char *number = caller ? stamp_digits(caller + 8, end) : NULL;
		if (number && number - caller < 20)
			g_snprintf(r->out->caller, sizeof(r->out->caller), "[ %.*s]",
				   (int)(number - caller - 7), caller + 7);
		r->out->speaker = g_ascii_strtoll(p, NULL, 10) < 8 ? PREFIX_KERNEL : PREFIX_OTHER;
		r->tagged = r->out->speaker == PREFIX_KERNEL;
		r->p = semicolon + 1;
		return;
	}
	int level = 0;
	r->p = skip_level(p, end, &level);
	if (level >= 8)
		r->out->speaker = PREFIX_OTHER;
}

static bool read_time(struct reader *r)
{
	int decimals = 6;
	const char *p = stamp_kernel(r->p, r->end, &decimals);
	if (!p && (p = stamp_dmesg(r->p, r->end)) != NULL) {
		/* or a logger's, which looks the same */
		const char *second = stamp_kernel(stamp_blanks(p, r->end), r->end, &decimals);
		p = second ? second : p;
	}
	if (!p)
		return false;
	take_time(r, decimals);
	r->p = p;
	return true;
}

static void read_vendor(struct reader *r)
{
	const char *pid, *pid_end, *p = stamp_blanks(r->p, r->end);
	const char *caller = *r->out->caller ? NULL : stamp_caller(p, r->end);
	if (caller && p <= r->p + 1) { /* dmesg writes it apart */
		take_caller(r, p, caller);
		r->out->syzkaller = false;
		r->p = caller < r->end && *caller == ' ' ? caller + 1 : caller;
		return;
	}
	const char *after =
		p < r->end && strchr("[(-.c", *p) ? android_task(p, r->end, &pid, &pid_end) : NULL;
	if (!after)
		return;
	r->p = after;
	r->out->syzkaller = false;
	if (pid_end - pid < 12)
		g_snprintf(r->out->caller, sizeof(r->out->caller), "( T%.*s)", (int)(pid_end - pid),
			   pid);
	/* MediaTek's "(0)[1:init]text" has no blank of its own */
	if (r->p < r->end && *r->p == ' ' && !memchr(p, '(', (gsize)MIN(after - p, 2)))
		r->p++;
}

/* A journal with the kernel's times: "[ 3195.000000] host kernel: text". */
static void read_journal(struct reader *r)
{
	const char *e = word_end(r->p, r->end);
	enum prefix_speaker speaker = PREFIX_UNKNOWN;
	const char *alone = stamp_word(r->p, r->end, "kernel: ");
	if (alone) {
		r->p = alone;
		r->out->syzkaller = false;
		r->tagged = true;
		return;
	}
	if (e == r->p || e == r->end || e[-1] == ':' || !is_name(r->p, e))
		return;
	const char *after = read_tag(e + 1, r->end, &speaker);
	bool known = r->form && *r->form->host && strlen(r->form->host) == (gsize)(e - r->p) &&
		     memcmp(r->form->host, r->p, (gsize)(e - r->p)) == 0;
	if (!after || (!known && speaker != PREFIX_KERNEL))
		return;
	r->out->speaker = speaker == PREFIX_KERNEL ? speaker : PREFIX_OTHER;
	r->out->syzkaller = false;
	r->tagged = speaker == PREFIX_KERNEL;
	r->host = r->p;
	r->host_end = e;
	r->p = after;
	const char *caller = stamp_caller(after, r->end);
	if (caller) {
		take_caller(r, after, caller);
		r->p = caller < r->end && *caller == ' ' ? caller + 1 : caller;
	}
}

/* A daemon that writes into the kernel's log: "systemd[1]: ". */
static bool is_daemons(const char *p, const char *end)
{
	enum prefix_speaker speaker = PREFIX_UNKNOWN;
	return read_tag(p, end, &speaker) && speaker == PREFIX_OTHER;
}

static bool read_glued(struct reader *r)
{
	const char *end = r->p + MIN(r->end - r->p, GLUED_BYTES);
	for (const char *p = r->p; (p = memchr(p, '[', (gsize)(end - p))) != NULL; p++) {
		int decimals = 0;
		const char *after = stamp_kernel(p, r->end, &decimals);
		if (!after || decimals != 6)
			continue;
		const char *caller = stamp_caller(after, r->end);
		if (caller)
			take_caller(r, after, caller);
		r->kernel_time = true;
		r->p = caller ? caller : after;
		if (r->p < r->end && *r->p == ' ')
			r->p++;
		return true;
	}
	return false;
}

/* ---- a line ---- */

/* A first line whose date was cut off: "host kernel: text", "kernel: text". */
static void read_tag_alone(struct reader *r)
{
	const char *e = word_end(r->p, r->end);
	const char *after = stamp_word(r->p, r->end, "kernel: ");
	if (!after && e < r->end && is_name(r->p, e))
		after = stamp_word(e + 1, r->end, "kernel: ");
	if (!after)
		return;
	r->p = after;
	r->tagged = true;
	r->out->speaker = PREFIX_KERNEL;
}

/* Blanks that all lines begin with. */
static void skip_indent(struct reader *r)
{
	for (int n = r->form && r->form->lines >= 4 ? r->form->indent : 0;
	     n > 0 && r->p < r->end && g_ascii_isspace(*r->p); n--)
		r->p++;
}

static void read_line(struct reader *r)
{
	const char *line = r->p;
	struct prefix_line *out = r->out;
	if (read_syzkaller_any(r)) {
		r->p = line + out->text;
	} else {
		skip_indent(r);
		read_quote(r);
		read_date(r);
		const char *before = r->p;
		read_levels(r);
		if (!r->dated && r->p > before)
			read_date(r);
		bool timed = read_time(r);
		if (!timed && !r->dated && out->speaker == PREFIX_UNKNOWN)
			read_tag_alone(r);
		if (!timed && !r->dated && !r->tagged && out->speaker == PREFIX_UNKNOWN) {
			const char *after =
				r->form ? words_skip(r->form->words, r->form->lines, r->p, r->end)
					: NULL;
			r->p = after ? after : r->p;
			timed = read_time(r);
		}
		if (timed || r->tagged) {
			const char *caller = stamp_caller(r->p, r->end);
			if (caller)
				take_caller(r, r->p, caller);
			r->p = caller ? caller : r->p;
			if ((timed || caller) && r->p < r->end && *r->p == ' ')
				r->p++;
		} else if (out->speaker == PREFIX_UNKNOWN) {
			read_glued(r);
		}
	}
	if (r->kernel_time || r->other_time) {
		read_vendor(r);
		if (!r->tagged && !r->dated)
			read_journal(r);
		if (out->speaker == PREFIX_UNKNOWN)
			out->speaker = PREFIX_KERNEL;
	}
	if (out->speaker == PREFIX_KERNEL && is_daemons(r->p, r->end))
		out->speaker = PREFIX_OTHER;
	out->other_time = !r->kernel_time && r->other_time && !r->tagged && r->form &&
			  r->form->kernel_times > 0;
	if (!out->syzkaller)
		out->text = (gsize)(r->p - line);
}

void prefix_read(const struct prefix_form *f, const char *line, gsize len, struct prefix_line *out)
{
	*out = (struct prefix_line){ 0 };
	struct reader r = { .form = f, .p = line, .end = line + len, .out = out };
	read_line(&r);
}

bool prefix_tells_kernel(const struct prefix_form *f)
{
	return f->kernel_times > 0 || f->tags > 0;
}

/* ---- learning ---- */

bool prefix_is_settled(const struct prefix_form *f)
{
	return f->lines >= PREFIX_LEARN_LINES || f->bytes >= PREFIX_LEARN_BYTES;
}

bool prefix_feed(struct prefix_form *f, const char *line, gsize len)
{
	struct prefix_line out = { 0 };
	struct reader r = { .form = f, .p = line, .end = line + len, .out = &out };
	if (prefix_is_settled(f))
		return false;
	f->bytes += len + 1;
	if (!len)
		return true;
	int indent = 0;
	while (indent < (int)MIN(len, 64) && g_ascii_isspace(line[indent]))
		indent++;
	f->indent = f->lines ? MIN(f->indent, indent) : indent;
	f->lines++;
	words_learn(f->words, line, r.end);
	read_line(&r);
	f->kernel_times += r.kernel_time;
	f->other_times += r.other_time;
	f->tags += r.tagged;
	f->host_tags += r.host_tagged;
	f->quotes += r.quoted;
	f->dates += r.dated;
	if (r.host)
		stamp_copy(f->host, sizeof(f->host), r.host, r.host_end);
	return true;
}

void prefix_learn(struct prefix_form *f, const char *log, gsize len)
{
	const char *p = log, *end = log + len;
	GString *line = g_string_new(NULL);
	while (p < end) {
		const char *nl = memchr(p, '\n', (gsize)(end - p)), *eol = nl ? nl : end;
		clean_line(p, (gsize)(eol - p), PREFIX_LINE_BYTES, line);
		if (!prefix_feed(f, line->str, line->len))
			break;
		p = nl ? nl + 1 : end;
	}
	g_string_free(line, TRUE);
}
