/*
 * A log is read once, byte by byte, by an automaton that knows all header words (Aho and
 * Corasick's), so that its size times their number does not matter; only lines that hold one are
 * looked at again, for what syzkaller ignores.
 */
#include "scan.h"

#include <glib.h>
#include <string.h>

/* Ignored lines: those that hold one of these; "A..B": A and later B. All compared with case but
 * those that begin with '~'. */
static const struct header {
	const char *word;
	const char *const *ignored;
} headers[] = {
	{ "BUG:", (const char *const[]){ "DEBUG:", "xlog_status:",
					 "BUG: no syscalls can create resource", NULL } },
	{ "WARNING:",
	  (const char *const[]){
		  "WARNING: /etc/ssh/moduli does not exist, using fixed modulus",
		  "WARNING: workqueue cpumask: online intersect > possible intersect",
		  "WARNING: the mand mount option", "WARNING: The mand mount option",
		  "WARNING: Unsupported flag value(s) of 0x%x in DT_FLAGS_1",
		  "WARNING: Unprivileged eBPF is enabled with eIBRS",
		  "WARNING: fbcon: Driver '..' missed to adjust virtual screen size (",
		  "WARNING: See https..for mitigation options?",
		  "WARNING: kernel not compiled with CPU_SRSO",
		  "~EXT4-fs:", "~EXT4-fs (..):", "~warning: ..uses deprecated v2 capabilities",
		  "~warning: ..uses wireless extensions", "XFS (..): WARNING", NULL } },
	{ "INFO:",
	  (const char *const[]){
		  "INFO: lockdep is turned off", "INFO: Stall ended before state dump start",
		  "INFO: NMI handler", "INFO: recovery required on readonly filesystem",
		  "handler..took too long", "interrupt..took too long",
		  "INFO: sys_..is not present in /proc/kallsyms",
		  "INFO: no syscalls can create resource", "rmt_storage:INFO:", "_INFO:", NULL } },
	{ "Unable to handle kernel", NULL },
	{ "general protection fault",
	  (const char *const[]){ "general protection fault .. error:#in ", NULL } },
	{ "stack segment: ", NULL },
	{ "Kernel panic", NULL },
	{ "PANIC: double fault", NULL },
	{ "rust_kernel: panicked", NULL },
	{ "kernel BUG", NULL },
	{ "Kernel BUG", NULL },
	{ "BUG kmalloc-", NULL },
	{ "divide error:", NULL },
	{ "divide_error:", NULL },
	{ "invalid opcode:", NULL },
	{ "int3:", NULL },
	{ "UBSAN:", NULL },
	{ "Booting the kernel.", (const char *const[]){ "Parsing ELF", "Decompressing Linux",
							"Unknown parameter '", NULL } },
	{ "unregister_netdevice: waiting for", NULL },
	{ "VFS: Close: file count is 0", NULL },
	{ "VFS: Busy inodes after unmount", NULL },
	{ "Internal error:", NULL },
	{ "Unhandled fault:", NULL },
	{ "Alignment trap:", NULL },
	{ "trusty: panic", NULL },
	{ "fatal error:",
	  (const char *const[]){ "ALSA", "fatal error: cannot create timer", NULL } },
	{ "SYZFAIL:", NULL },
	{ "SYZFATAL:", NULL },
	{ "panic:", (const char *const[]){ "_panic:", "xlog_status:", "ddb.onpanic:",
					   "evtlog_status:", NULL } },
};

const char *scan_header(int header)
{
	return headers[header].word;
}

static const char *find(const char *text, size_t len, const char *word, size_t n)
{
	return memmem(text, len, word, n);
}

/* A pattern of words with ".." between them; '?' at its end: one more character; '#': digits and a
 * blank. */
static bool holds(const char *line, size_t len, const char *pattern)
{
	const char *end = line + len;
	while (*pattern) {
		const char *gap = strstr(pattern, "..");
		size_t n = gap ? (size_t)(gap - pattern) : strlen(pattern);
		const char *special = memchr(pattern, '#', n);
		size_t word = special ? (size_t)(special - pattern) : n;
		bool more = n && pattern[n - 1] == '?';
		const char *at = find(line, (size_t)(end - line), pattern, word - more);
		if (!at)
			return false;
		line = at + word - more;
		if (more && line == end)
			return false;
		if (special) {
			const char *digits = line;
			while (line < end && g_ascii_isdigit(*line))
				line++;
			if (line == digits || end - line < 4 || memcmp(line, " in ", 4) != 0)
				return false;
		}
		pattern += n + (gap ? 2 : 0);
	}
	return true;
}

static bool is_ignored(const struct header *h, const char *line, size_t len)
{
	g_autofree char *lower = NULL;
	for (const char *const *w = h->ignored; w && *w; w++) {
		if (**w != '~') {
			if (holds(line, len, *w))
				return true;
			continue;
		}
		if (!lower) {
			lower = g_malloc(len + 1);
			for (size_t i = 0; i < len; i++)
				lower[i] = g_ascii_tolower(line[i]);
		}
		g_autofree char *wanted = g_ascii_strdown(*w + 1, -1);
		if (holds(lower, len, wanted))
			return true;
	}
	return false;
}

int scan_line(const char *line, size_t len)
{
	for (int i = 0; i < (int)G_N_ELEMENTS(headers); i++) {
		const char *word = headers[i].word;
		if (find(line, len, word, strlen(word)) && !is_ignored(&headers[i], line, len))
			return i;
	}
	return -1;
}

bool scan_second(const char *line, size_t len)
{
	static const char *const more[] = { "vmalloc: allocation failure:",
					    "FAULT_INJECTION: forcing a failure",
					    "FAULT_FLAG_ALLOW_RETRY missing" };
	static const char *const never[] = { "invalid opcode: 0000", "Kernel panic - not syncing",
					     "unregister_netdevice: waiting for",
					     "PANIC: double fault", "Internal error:" };
	for (gsize i = 0; i < G_N_ELEMENTS(never); i++) {
		if (holds(line, len, never[i]))
			return false;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(more); i++) {
		if (holds(line, len, more[i]))
			return true;
	}
	return scan_line(line, len) >= 0;
}

/* ---- all headers in one pass ---- */

#define MOST_STATES 512

struct automaton {
	guint16 next[MOST_STATES][256];
	bool hit[MOST_STATES];
};

static void add_word(struct automaton *a, const char *word, guint16 *states)
{
	guint16 at = 0;
	for (; *word; word++) {
		guint16 *to = &a->next[at][(guchar)*word];
		if (!*to)
			*to = ++*states;
		at = *to;
	}
	a->hit[at] = true;
}

static struct automaton *make_automaton(void)
{
	struct automaton *a = g_new0(struct automaton, 1);
	guint16 states = 0, fail[MOST_STATES] = { 0 }, queue[MOST_STATES];
	guint head = 0, tail = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++)
		add_word(a, headers[i].word, &states);
	g_assert(states < MOST_STATES);
	for (int c = 0; c < 256; c++) {
		if (a->next[0][c])
			queue[tail++] = a->next[0][c];
	}
	while (head < tail) {
		guint16 s = queue[head++];
		for (int c = 0; c < 256; c++) {
			guint16 *to = &a->next[s][c];
			if (*to) {
				fail[*to] = a->next[fail[s]][c];
				a->hit[*to] = a->hit[*to] || a->hit[fail[*to]];
				queue[tail++] = *to;
			} else {
				*to = a->next[fail[s]][c];
			}
		}
	}
	return a;
}

static const struct automaton *automaton(void)
{
	static gsize made;
	if (g_once_init_enter(&made))
		g_once_init_leave(&made, (gsize)make_automaton());
	return (const struct automaton *)made;
}

static const char *line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));
	return nl ? nl : end;
}

/* The same is printed again further down, in full. */
static bool is_replayed(const char *eol, const char *end)
{
	static const char words[] = "** replaying previous printk message **";
	if (eol >= end)
		return false;
	const char *next = eol + 1, *next_end = line_end(next, end);
	return find(next, (size_t)(next_end - next), words, sizeof(words) - 1) != NULL;
}

bool scan_log(const char *log, size_t len, size_t *at, size_t *line_len, int *header)
{
	const struct automaton *a = automaton();
	const char *end = log + len;
	guint16 state = 0;
	for (const char *p = log; p < end; p++) {
		if (*p == '\r')
			continue;
		state = a->next[state][(guchar)*p];
		if (!a->hit[state])
			continue;
		const char *start = p;
		while (start > log && start[-1] != '\n')
			start--;
		const char *eol = line_end(p, end);
		/* carriage returns are no part of a line */
		g_autofree char *line = g_malloc((gsize)(eol - start) + 1);
		size_t n = 0;
		for (const char *q = start; q < eol; q++) {
			if (*q != '\r')
				line[n++] = *q;
		}
		*header = scan_line(line, n);
		if (*header >= 0 && !is_replayed(eol, end)) {
			*at = (size_t)(start - log);
			*line_len = (size_t)(eol - start);
			return true;
		}
		p = eol; /* this line is done with; the loop steps over its newline */
		state = 0;
	}
	return false;
}
