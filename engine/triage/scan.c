/*
 * A log is read once, byte by byte, by an automaton that knows all header words (Aho and
 * Corasick's), so that its size times their number does not matter; only lines that hold one are
 * looked at again, for what syzkaller ignores.
 */
#include "scan.h"

#include "clean.h"
#include "shape.h"

#include <glib.h>
#include <string.h>

enum header_flag {
	/* programs say it too, and it counts from them */
	FROM_PROGRAMS = 1,
	/* not among syzkaller's: these never begin a second report */
	OURS = 2,
	/* only as a word of its own: "INFO:", not "drv:INFO:" */
	WHOLE_WORD = 4,
};

/* Drivers, boot loaders and programs write "INFO:" too: what the kernel reports under it. */
#define KERNEL_INFO                                                                          \
	"INFO: (?:task |rcu_|RCU |possible |trying to register|suspicious |inconsistent |"   \
	"[A-Za-z]+-safe ->|(?:Freed|Allocated) in|Slab |Object |Padding|0x[0-9a-f]|lockdep)" \
	"|INFO: *$"

/* Ignored lines: those that hold one of these; "A..B": A and later B. All compared with case but
 * those that begin with '~'. `shape` (shape.h) has to fit as well, if there is one. */
static const struct header {
	const char *word;
	const char *const *ignored;
	enum header_flag flags;
	const char *shape;
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
		  "~warning: ..uses wireless extensions", "XFS (..): WARNING",
		  /* mitigations, and what they cost or leave open */
		  "~mitigation..warning:", "~warning: ..mitigation", "~warning: ..vulnerab",
		  "~warning: ..data leaks possible", "WARNING: kernel not compiled with",
		  "RETBleed: WARNING:", "Spectre V..: WARNING:",
		  "Speculative Return Stack Overflow: WARNING:", "Retbleed: WARNING:",
		  "WARNING: CPU does not support",
		  /* what has been given up or replaced */
		  "~warning: ..deprecated", "~warning: ..obsolete",
		  "~warning: ..has been replaced by", "~warning: ..will be removed",
		  "~warning: ..no longer supported",
		  /* firmware, the command line and the hardware's oddities */
		  "WARNING: BIOS", "~warning: ..firmware", "~warning: ..command line",
		  "~warning: ..cmdline", "WARNING: Estimating", "WARNING: Skipping",
		  "WARNING: mapping", "~warning: ..clocksource", "WARNING: polling idle",
		  "~warning: ..unreliable", "WARNING: This combination of",
		  "WARNING: ..Disabling unwinder", "WARNING: Can't find string index",
		  "WARNING: CPU(s) started in", "WARNING: ..has too many ACLs",
		  "~warning: ..error records may be lost", "WARNING: Kernel performing unnecessary",
		  "WARNING: refusing delegation", "WARNING: Switching to polling",
		  "WARNING: bogus zero IO-APIC", "WARNING: x1-x3 nonzero in violation",
		  "WARNING: nvram", "WARNING: ibm,", "WARNING: ADI tag size", "~warning: ..no rtc",
		  "~warning: ..persistent clock", "WARNING: Adjusting tsc",
		  "~warning: ..performance", "~warning: ..not recommended",
		  /* boot loaders and firmware that pad their levels */
		  "WARNING:  ", NULL },
	  WHOLE_WORD },
	{ "INFO:",
	  (const char *const[]){
		  "INFO: lockdep is turned off", "INFO: Stall ended before state dump start",
		  "INFO: NMI handler", "INFO: recovery required on readonly filesystem",
		  "handler..took too long", "interrupt..took too long",
		  "INFO: sys_..is not present in /proc/kallsyms",
		  "INFO: no syscalls can create resource", "rmt_storage:INFO:", "_INFO:", NULL },
	  WHOLE_WORD, KERNEL_INFO },
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
	{ "Booting the kernel.",
	  (const char *const[]){ "Parsing ELF", "Decompressing Linux", "Unknown parameter '",
				 NULL },
	  FROM_PROGRAMS },
	{ "unregister_netdevice: waiting for", NULL },
	{ "VFS: Close: file count is 0", NULL },
	{ "VFS: Busy inodes after unmount", NULL },
	{ "Internal error:", NULL },
	{ "Unhandled fault:", NULL },
	{ "Alignment trap:", NULL },
	{ "trusty: panic", NULL, FROM_PROGRAMS },
	{ "fatal error:",
	  (const char *const[]){ "ALSA", "fatal error: cannot create timer", NULL } },
	{ "SYZFAIL:", NULL, FROM_PROGRAMS },
	{ "SYZFATAL:", NULL, FROM_PROGRAMS },
	{ "panic:", (const char *const[]){ "_panic:", "xlog_status:", "ddb.onpanic:",
					   "evtlog_status:", NULL } },
	/* Ours from here on; their rules are in rules_ours.c. */
	{ "LOCKUP", NULL, OURS, "[Hh]ard LOCKUP|Watchdog detected LOCKUP" },
	{ "BUG ", (const char *const[]){ "kasan: bad access", NULL }, OURS,
	  "BUG [^ ]+ \\((?:Not tainted|Tainted: [^)]*)\\): " },
	{ "PANIC at ", NULL, OURS, "PANIC at [^ :]+:[0-9]+:" },
	{ "VERIFY", NULL, OURS, "VERIFY[0-9A-Z]*\\(.*\\) (?:failed|is )" },
	{ "PANIC: early exception", NULL, OURS },
	{ "PANIC: zfs", NULL, OURS },
	{ "CFI failure ", NULL, OURS, "CFI failure (?:at {F}|\\(target: )" },
	{ "Kernel Fault: Code=", NULL, OURS },
	{ "Bad Address (", NULL, OURS, "Bad Address \\(.*\\): Code=" },
	{ "(code ", NULL, OURS, "\\(pid [0-9]+\\): .* \\(code -?[0-9]+\\)" },
	{ "): Oops ", NULL, OURS, "^[^ ]+\\([0-9]+\\): Oops -?[0-9]+$" },
	{ "): Kernel ", NULL, OURS, "^[^ ]+\\([0-9]+\\): Kernel [Bb]ug -?[0-9]+$" },
	{ "Oops: ", NULL, OURS, "Oops: [0-9a-f]{8}$" },
	{ "BAD KERNEL ", NULL, OURS, "BAD KERNEL (?:TRAP|BUSERR)" },
	{ "[#", NULL, OURS, "\\[#[0-9]+\\]" },
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

/* The header's word, as one of its own if it has to be; NULL: it is not there. */
static const char *find_header(const struct header *h, const char *line, size_t len)
{
	size_t n = strlen(h->word);
	const char *at = find(line, len, h->word, n);
	while (at && (h->flags & WHOLE_WORD) && at > line &&
	       (g_ascii_isalnum(at[-1]) || strchr(":_.-'\"`", at[-1])))
		at = find(at + 1, len - (size_t)(at + 1 - line), h->word, n);
	return at;
}

int scan_line(const char *line, size_t len)
{
	for (int i = 0; i < (int)G_N_ELEMENTS(headers); i++) {
		const struct header *h = &headers[i];
		if (find_header(h, line, len) && !is_ignored(h, line, len) &&
		    (!h->shape || shape_fits(h->shape, line, len)))
			return i;
	}
	return -1;
}

bool scan_is_oops(int header)
{
	return headers[header].flags & OURS;
}

/* A line without the kernel's prefix in a log where the kernel's lines have one: only what programs
 * say too counts there, and a few that no program writes by chance (a mail's author took the prefix
 * off; a leak is read from a file). */
static bool may_be_bare(int header, const char *text, size_t len)
{
	static const char *const plain[] = { "BUG: memory leak",
					     "WARNING: CPU: [0-9]+ PID: [0-9]+ at [^ ]+:[0-9]+ " };
	if (headers[header].flags & FROM_PROGRAMS)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
		if (shape_fits(plain[i], text, len))
			return true;
	}
	return false;
}

/* What a paste's first line may begin with though its own prefix was cut off. */
static const char first_line[] =
	"^(?:[ 0-9.]*\\] ?)?(?:BUG: (?:KASAN|KMSAN|KCSAN|KFENCE|kernel|unable|soft "
	"lockup|sleeping|scheduling|workqueue)"
	"|INFO: task [^ ]+:[0-9]+ (?:blocked|can)|INFO: rcu_|WARNING: (?:CPU|possible|suspicious)"
	"|general protection fault|kernel BUG at|Kernel panic - not syncing|Unable to handle kernel"
	"|Oops|Internal error:|watchdog: BUG|UBSAN:|.*\\[#[0-9]+\\])";

int scan_spoken(const struct prefix_form *form, const char *line, size_t len, bool first)
{
	struct prefix_line l;
	prefix_read(form, line, len, &l);
	/* what syzkaller's consoles have it looks at with its prefix */
	size_t from = l.syzkaller ? 0 : l.text;
	int header = scan_line(line + from, len - from);
	if (header < 0 || l.other_time)
		return -1;
	if (l.speaker == PREFIX_OTHER && !(headers[header].flags & FROM_PROGRAMS))
		return -1;
	if (l.speaker == PREFIX_UNKNOWN && form && prefix_tells_kernel(form) &&
	    !may_be_bare(header, line + from, len - from) &&
	    !(first && shape_fits(first_line, line + from, len - from)))
		return -1;
	return header;
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
	int header = scan_line(line, len);
	return header >= 0 && !(headers[header].flags & OURS);
}

/* ---- all headers in one pass ---- */

#define MOST_STATES 512
#define MOST_OF_A_LINE ((size_t)1 << 20)

/* A word's end is marked in the transition that leads to it. A carriage return, which is no part of
 * a line, leads nowhere else. */
#define HIT 0x8000

struct automaton {
	guint16 next[MOST_STATES][256];
};

/* The words as a tree, from which the table is made: a state's first child and next sibling, and
 * the byte that leads to it. */
struct tree {
	guint16 child[MOST_STATES], sibling[MOST_STATES], fail[MOST_STATES];
	guchar byte[MOST_STATES];
	bool hit[MOST_STATES];
	guint16 states;
};

static void add_word(struct tree *t, const char *word)
{
	guint16 at = 0;
	for (; *word; word++) {
		guint16 to = t->child[at];
		while (to && t->byte[to] != (guchar)*word)
			to = t->sibling[to];
		if (!to) {
			to = ++t->states;
			g_assert(to < MOST_STATES);
			t->byte[to] = (guchar)*word;
			t->sibling[to] = t->child[at];
			t->child[at] = to;
		}
		at = to;
	}
	t->hit[at] = true;
}

static struct automaton *make_automaton(void)
{
	struct automaton *a = g_new0(struct automaton, 1);
	struct tree t = { 0 };
	guint16 queue[MOST_STATES];
	guint head = 0, tail = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++)
		add_word(&t, headers[i].word);
	/* by depth: a state goes on as its longest suffix does, but where it has a child */
	queue[tail++] = 0;
	while (head < tail) {
		guint16 s = queue[head++];
		if (s)
			memcpy(a->next[s], a->next[t.fail[s]], sizeof(a->next[s]));
		for (guint16 c = t.child[s]; c; c = t.sibling[c]) {
			t.fail[c] = s ? a->next[t.fail[s]][t.byte[c]] & ~HIT : 0;
			t.hit[c] = t.hit[c] || t.hit[t.fail[c]];
			a->next[s][t.byte[c]] = c | (t.hit[c] ? HIT : 0);
			queue[tail++] = c;
		}
		a->next[s]['\r'] = s;
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

/* Whether there is nothing but blank lines before it. */
static bool is_first(const char *log, const char *line)
{
	while (log < line && g_ascii_isspace(*log))
		log++;
	return log == line;
}

bool scan_log(const struct prefix_form *form, const char *log, size_t len, size_t *at,
	      size_t *line_len, int *header)
{
	const struct automaton *a = automaton();
	const char *end = log + len;
	g_autoptr(GString) line = g_string_new(NULL);
	guint16 state = 0;
	for (const char *p = log; p < end; p++) {
		state = a->next[state][(guchar)*p];
		if (!(state & HIT))
			continue;
		const char *start = p;
		while (start > log && start[-1] != '\n')
			start--;
		const char *eol = line_end(p, end);
		clean_line(start, (size_t)(eol - start), MOST_OF_A_LINE, line);
		*header = scan_spoken(form, line->str, line->len, is_first(log, start));
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
