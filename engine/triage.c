/*
 * The rules are data: headers (which lines begin a crash, which only look so), titles (what such a
 * line is called) and frames that never name a bug. Titles are in the form that syzbot gives them.
 */
#include "triage.h"

#include <glib.h>
#include <string.h>

/* ---- which lines are crashes ---- */

static const struct header {
	const char *word;
	const char *const *ignored; /* the line holds one of these: not a crash */
} headers[] = {
	{ "BUG:", (const char *const[]){ "DEBUG:", "xlog_status:",
					 "BUG: no syscalls can create resource", NULL } },
	{ "WARNING:",
	  (const char *const[]){
		  "WARNING: /etc/ssh/moduli does not exist",
		  "WARNING: workqueue cpumask: online intersect > possible",
		  "WARNING: the mand mount option", "WARNING: The mand mount option",
		  "WARNING: Unsupported flag value(s) of 0x%x in DT_FLAGS_1",
		  "WARNING: Unprivileged eBPF is enabled with eIBRS", "WARNING: fbcon: Driver",
		  "for mitigation options", "WARNING: kernel not compiled with CPU_SRSO", "EXT4-fs",
		  "uses deprecated v2 capabilities", "uses wireless extensions", "XFS (", NULL } },
	{ "INFO:",
	  (const char *const[]){
		  "INFO: lockdep is turned off", "INFO: Stall ended before state dump start",
		  "INFO: NMI handler", "INFO: recovery required on readonly filesystem",
		  "took too long", "is not present in /proc/kallsyms",
		  "INFO: no syscalls can create resource", "rmt_storage:INFO:", "_INFO:", NULL } },
	{ "Unable to handle kernel", NULL },
	{ "general protection fault", (const char *const[]){ " error:", NULL } },
	{ "stack segment: ", NULL },
	{ "Kernel panic", NULL },
	{ "PANIC: double fault", NULL },
	{ "kernel BUG", NULL },
	{ "Kernel BUG", NULL },
	{ "divide error:", NULL },
	{ "invalid opcode:", NULL },
	{ "UBSAN:", NULL },
	{ "unregister_netdevice: waiting for", NULL },
	{ "VFS: Busy inodes after unmount", NULL },
	{ "Internal error:", NULL },
	{ "Unhandled fault:", NULL },
};

static bool holds(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word)) != NULL;
}

static const struct header *header_of(const char *line, size_t len)
{
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		if (!holds(line, len, headers[i].word))
			continue;
		bool ignored = false;
		for (const char *const *w = headers[i].ignored; w && *w && !ignored; w++)
			ignored = holds(line, len, *w);
		if (!ignored)
			return &headers[i];
	}
	return NULL;
}

bool triage_is_crash(const char *line, size_t len)
{
	return header_of(line, len) != NULL;
}

bool triage_is_end(const char *line, size_t len)
{
	return holds(line, len, "---[ end trace ") || holds(line, len, "---[ end Kernel panic");
}

/* ---- what they are called ---- */

/* "{N}" is the N-th group of the pattern, "{FUNC}" the function that the report blames. */
static const struct title {
	const char *pattern; /* on the crash line, without its console prefix */
	const char *title;
	enum crash_type type;
	const char *function; /* pattern on the report whose first group is {FUNC}; NULL: stack */
} titles[] = {
	{ "BUG: KASAN: ([a-z\\-]+)(?: in | on address)", "KASAN: {1} {ACCESS}in {FUNC}",
	  CRASH_KASAN, "BUG: KASAN: [a-z\\-]+ in ([a-zA-Z0-9_]+)" },
	{ "BUG: KMSAN: ([a-z\\-]+) in ([a-zA-Z0-9_]+)", "KMSAN: {1} in {2}", CRASH_KMSAN },
	{ "BUG: KCSAN: ([a-z\\-]+) in ([a-zA-Z0-9_]+) / ([a-zA-Z0-9_]+)", "KCSAN: {1} in {2} / {3}",
	  CRASH_DATA_RACE },
	{ "BUG: KFENCE: ([a-z\\-]+(?: read| write)?) in ([a-zA-Z0-9_]+)", "KFENCE: {1} in {2}",
	  CRASH_KASAN },
	{ "BUG: (?:unable to handle )?kernel NULL pointer dereference",
	  "BUG: unable to handle kernel NULL pointer dereference in {FUNC}", CRASH_OOPS },
	{ "BUG: unable to handle (?:kernel paging request|page fault)",
	  "BUG: unable to handle kernel paging request in {FUNC}", CRASH_OOPS },
	{ "BUG: sleeping function called from invalid context",
	  "BUG: sleeping function called from invalid context in {FUNC}", CRASH_ATOMIC_SLEEP },
	{ "BUG: scheduling while atomic", "BUG: scheduling while atomic in {FUNC}",
	  CRASH_ATOMIC_SLEEP },
	{ "BUG: soft lockup", "BUG: soft lockup in {FUNC}", CRASH_HANG },
	{ "BUG: workqueue lockup", "BUG: workqueue lockup", CRASH_HANG },
	{ "BUG: memory leak", "memory leak in {FUNC}", CRASH_MEMORY_LEAK },
	{ "BUG: Bad page state", "BUG: Bad page state", CRASH_BUG },
	{ "BUG: spinlock ([a-z ]+) on", "BUG: spinlock {1} in {FUNC}", CRASH_BUG },
	{ "WARNING: (?:possible circular locking dependency|possible recursive locking|"
	  "possible irq lock inversion|SOFTIRQ-safe|HARDIRQ-safe)",
	  "possible deadlock in {FUNC}", CRASH_LOCKDEP,
	  "acquire lock:\\n.*?at: (?:\\[<[0-9a-f]+>\\] )?([a-zA-Z0-9_]+)" },
	{ "WARNING: inconsistent lock state", "inconsistent lock state in {FUNC}", CRASH_LOCKDEP,
	  "takes:\\n.*?at: (?:\\[<[0-9a-f]+>\\] )?([a-zA-Z0-9_]+)" },
	{ "WARNING: suspicious RCU usage", "WARNING: suspicious RCU usage in {FUNC}",
	  CRASH_LOCKDEP },
	{ "WARNING: bad unlock balance detected", "WARNING: bad unlock balance in {FUNC}",
	  CRASH_LOCKDEP },
	{ "WARNING: lock held when returning to user space",
	  "WARNING: lock held when returning to user space in {FUNC}", CRASH_LOCKDEP },
	{ "WARNING: (?:CPU: \\d+ PID: \\d+ )?at ", "WARNING in {FUNC}", CRASH_WARNING,
	  "WARNING: .*? at \\S+ ([a-zA-Z0-9_]+)" },
	{ "WARNING: (.{1,100})", "WARNING: {1}", CRASH_WARNING },
	{ "INFO: rcu_[a-z]+ (?:self-)?detected(?: expedited)? stall",
	  "INFO: rcu detected stall in {FUNC}", CRASH_HANG },
	{ "INFO: task .* blocked for more than", "INFO: task hung in {FUNC}", CRASH_HANG },
	{ "INFO: trying to register non-static key",
	  "INFO: trying to register non-static key in {FUNC}", CRASH_LOCKDEP },
	{ "INFO: (.{1,100})", "INFO: {1}", CRASH_UNKNOWN },
	{ "Unable to handle kernel (?:paging request|NULL pointer dereference)",
	  "BUG: unable to handle kernel paging request in {FUNC}", CRASH_OOPS },
	{ "general protection fault", "general protection fault in {FUNC}", CRASH_OOPS },
	{ "stack segment: ", "stack segment fault in {FUNC}", CRASH_OOPS },
	{ "[kK]ernel BUG at", "kernel BUG in {FUNC}", CRASH_BUG },
	{ "divide error:", "divide error in {FUNC}", CRASH_OOPS },
	{ "invalid opcode:", "invalid opcode in {FUNC}", CRASH_OOPS },
	{ "UBSAN: ([a-z\\-]+) in", "UBSAN: {1} in {FUNC}", CRASH_UBSAN },
	{ "unregister_netdevice: waiting for ([a-z0-9]+)",
	  "unregister_netdevice: waiting for DEV to become free", CRASH_UNKNOWN },
	{ "Kernel panic - not syncing: (.{1,100})", "kernel panic: {1}", CRASH_PANIC },
	{ "PANIC: double fault", "PANIC: double fault in {FUNC}", CRASH_PANIC },
	{ "Internal error:", "Internal error in {FUNC}", CRASH_OOPS },
	{ "BUG: (.{1,100})", "BUG: {1}", CRASH_BUG },
};

/* Frames that report or pass on a crash, but do not cause one. */
static const char *const skipped_frames =
	"^(?:dump_stack.*|__dump_stack|show_stack|print_.*|kasan_.*|__kasan_.*|__asan_.*|check_"
	"memory_.*|"
	"panic|__?warn.*|report_bug.*|handle_bug|exc_.*|asm_.*|fixup_bug.*|do_error_trap|"
	"do_invalid_op|invalid_op|die.*|oops_.*|no_context|__bad_area.*|bad_area.*|page_fault.*|"
	"do_user_addr_fault|do_kern_addr_fault|handle_page_fault|__might_(?:sleep|resched|fault).*|"
	"___might_sleep|lock_acquire|__lock_acquire|lockdep_.*|__mutex_lock.*|mutex_lock.*|"
	"_raw_.*|__raw_.*|down_.*|up_.*|mem(?:cpy|set|move|cmp).*|__mem.*|str(?:len|cpy|ncpy|cmp).*"
	"|"
	"ubsan_.*|__ubsan_.*|__schedule|schedule.*|wait_.*|__wait_.*|io_schedule.*|"
	"watchdog.*|rcu_.*|sched_show_task|nmi_.*|__sanitizer_.*|do_trap|traps?|ret_from_fork.*|"
	"arch_.*|__x86_indirect_.*|refcount_.*|__list_.*|debug_object.*|debug_print_object)$";

static GRegex *compile(const char *pattern)
{
	return g_regex_new(pattern, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
}

/* Text after the console prefix "[   12.345678][ T123] ". */
static const char *without_prefix(const char *line)
{
	while (*line == '<' || *line == ' ') {
		const char *close = *line == '<' ? strchr(line, '>') : line;
		if (!close)
			break;
		line = close + 1;
	}
	while (*line == '[') {
		const char *close = strchr(line, ']');
		if (!close || close - line > 24)
			break;
		line = close + 1;
	}
	return *line == ' ' ? line + 1 : line;
}

static char *match_group(const char *pattern, const char *text, int group)
{
	g_autoptr(GRegex) re = compile(pattern);
	g_autoptr(GMatchInfo) info = NULL;
	return re && g_regex_match(re, text, 0, &info) ? g_match_info_fetch(info, group) : NULL;
}

/* First frame of the stack that can be blamed: where the fault was, else down the call trace. */
static char *blamed_frame(const char *report)
{
	char *fault = match_group("(?:RIP|pc)\\s?: (?:[0-9a-f]{4}:)?(?:\\[<[0-9a-f]+>\\] )?"
				  "([a-zA-Z0-9_]+)\\+0x",
				  report, 1);
	g_autoptr(GRegex) skip = compile(skipped_frames);
	if (fault && !g_regex_match(skip, fault, 0, NULL))
		return fault;
	g_free(fault);
	g_autoptr(GRegex) frame = compile(
		"\\n[^\\n?]*?[ \\]]([a-zA-Z_][a-zA-Z0-9_]*)(?:\\.[a-z0-9.]+)?\\+0x[0-9a-f]+/0x");
	g_autoptr(GMatchInfo) info = NULL;
	g_regex_match(frame, report, 0, &info);
	for (; g_match_info_matches(info); g_match_info_next(info, NULL)) {
		char *name = g_match_info_fetch(info, 1);
		if (!g_regex_match(skip, name, 0, NULL))
			return name;
		g_free(name);
	}
	return NULL;
}

static void replace(GString *text, const char *what, const char *with)
{
	g_string_replace(text, what, with, 0);
}

/* Numbers and addresses differ from run to run; a title must not. */
static void stabilise(GString *title)
{
	g_autoptr(GRegex) address = compile("\\b(?:0x)?[0-9a-f]{8,16}\\b");
	g_autofree char *a = g_regex_replace_literal(address, title->str, -1, 0, "ADDR", 0, NULL);
	g_string_assign(title, a ? a : title->str);
	for (gsize i = 0; i < title->len; i++) {
		if ((guchar)title->str[i] < 0x20 || (guchar)title->str[i] > 0x7e)
			title->str[i] = ' ';
	}
	g_strchomp(title->str);
}

static void name_crash(const char *line, const char *report, struct crash *crash)
{
	g_autoptr(GString) title = g_string_new(NULL);
	crash->type = CRASH_UNKNOWN;
	g_string_assign(title, line);
	for (gsize i = 0; i < G_N_ELEMENTS(titles); i++) {
		g_autoptr(GRegex) re = compile(titles[i].pattern);
		g_autoptr(GMatchInfo) info = NULL;
		if (!g_regex_match(re, line, 0, &info))
			continue;
		crash->type = titles[i].type;
		g_string_assign(title, titles[i].title);
		for (int g = 1; g < 4; g++) {
			g_autofree char *name = g_strdup_printf("{%d}", g);
			g_autofree char *value = g_match_info_fetch(info, g);
			replace(title, name, value ? value : "");
		}
		g_autofree char *access = match_group("\\n[^\\n]*(Read|Write) of size", report, 1);
		g_autofree char *words = access ? g_strdup_printf("%s ", access) : g_strdup("");
		replace(title, "{ACCESS}", words);
		g_autofree char *func =
			titles[i].function ? match_group(titles[i].function, report, 1) : NULL;
		if (!func)
			func = blamed_frame(report);
		if (func)
			replace(title, "{FUNC}", func);
		else
			replace(title, " in {FUNC}", "");
		break;
	}
	stabilise(title);
	g_strlcpy(crash->title, title->str, sizeof(crash->title));
}

#define REPORT_LIMIT ((size_t)64 << 10)

bool triage_find(const char *log, size_t len, struct crash *crash)
{
	for (size_t at = 0; at < len;) {
		const char *eol = memchr(log + at, '\n', len - at);
		size_t line = (eol ? (size_t)(eol - log) : len) - at;
		if (header_of(log + at, line)) {
			crash->start = at;
			crash->end = MIN(len, at + REPORT_LIMIT);
			g_autofree char *report = g_malloc(crash->end - at + 1);
			size_t n = 0;
			for (size_t i = at; i < crash->end; i++) {
				if (log[i] != '\r' && log[i] != '\0')
					report[n++] = log[i];
			}
			report[n] = '\0';
			g_autofree char *first = g_strndup(report, strcspn(report, "\n"));
			name_crash(without_prefix(first), report, crash);
			return true;
		}
		at += line + 1;
	}
	return false;
}
