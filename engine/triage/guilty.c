/*
 * The first source position that is not on the list of paths that only report or carry on (lists,
 * allocators, locks, the core of interrupts and scheduling: syzkaller's list) is to blame, or one
 * deeper in the same directory further down. A stall's report begins with the interrupt that
 * noticed it: there the search begins behind that.
 */
#include "guilty.h"

#include "report.h"
#include "shape.h"
#include "title.h"

#include <string.h>

/* Beginnings of paths that are not to blame; '*' is anything. */
static const char *const paths[] = {
	"*.h",
	"lib/*",
	"virt/lib/*",
	"mm/kasan/*",
	"mm/kmsan/*",
	"kernel/rcu/*",
	"kernel/locking/*",
	"trusty/*",
	"kernel/kcov.c*",
	"mm/slab.c*",
	"mm/slab_common.c*",
	"mm/slub.c*",
	"mm/slob.c*",
	"mm/filemap.c*",
	"mm/folio-compat.c*",
	"mm/truncate.c*",
	"mm/memory.c*",
	"mm/percpu*",
	"mm/vmalloc.c*",
	"mm/page_alloc.c*",
	"mm/mempool.c*",
	"mm/util.c*",
	"arch/*/kernel/traps.c*",
	"arch/*/kernel/unwind*.c*",
	"arch/*/mm/fault.c*",
	"arch/*/mm/physaddr.c*",
	"arch/*/kernel/stacktrace.c*",
	"arch/*/kernel/apic/apic.c*",
	"arch/*/lib/crc*",
	"arch/arm64/kernel/entry*.c*",
	"arch/arm64/kernel/process.c*",
	"kernel/panic.c*",
	"kernel/printk/printk*.c*",
	"kernel/softirq.c*",
	"kernel/kthread.c*",
	"kernel/sched/*.c*",
	"kernel/stacktrace.c*",
	"kernel/time/timer.c*",
	"kernel/workqueue.c*",
	"net/core/dev.c*",
	"net/core/sock.c*",
	"net/core/skbuff.c*",
	"fs/proc/generic.c*",
	"drivers/usb/core/urb.c*",
};

/* Lines whose positions are not of the trace: where interrupts were switched, where locks were
 * taken, registers. */
static const char no_suspect[] =
	"(?:hardirqs|softirqs) +last +(?:enabled|disabled)|, +at: +|^ +#[0-9]+:|"
	"^Register r[0-9]+ information";

static gboolean is_listed(const char *path)
{
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		if (g_pattern_match_simple(i ? paths[i] : "*.h*", path))
			return TRUE;
	}
	return FALSE;
}

static char *clean(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GPtrArray) out = g_ptr_array_new();
	for (char **p = parts; *p; p++) {
		if (strcmp(*p, "..") == 0 && out->len)
			g_ptr_array_remove_index(out, out->len - 1);
		else if (strcmp(*p, ".") != 0 && strcmp(*p, "..") != 0)
			g_ptr_array_add(out, *p);
	}
	g_ptr_array_add(out, NULL);
	return g_strjoinv("/", (char **)out->pdata);
}

/* Leftmost file of a line; NULL: none. */
static char *file_of(const char *line, gsize len)
{
	g_autoptr(GMatchInfo) info = NULL;
	if (!g_regex_match_full(shape_regex("([a-zA-Z0-9_\\-./]*\\.[ch]):[0-9]"), line, (gssize)len,
				0, 0, &info, NULL))
		return NULL;
	g_autofree char *path = g_match_info_fetch(info, 1);
	return clean(path);
}

/* Deeper in the answer's own directory, by one more at least: closer to the bug. */
static gboolean is_deeper(const char *answer, const char *path)
{
	const char *slash = strrchr(answer, '/');
	gsize n = slash ? (gsize)(slash - answer) + 1 : 0;
	return n && strncmp(answer, path, n) == 0 && strchr(path + n, '/') != NULL;
}

static char *search_from(const char *text, const char *end)
{
	char *answer = NULL, *first = NULL;
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		gsize len = (gsize)((nl ? nl : end) - text);
		g_autofree char *file = file_of(text, len);
		if (file && !first)
			first = g_strdup(file);
		if (file && !is_listed(file) &&
		    !g_regex_match_full(shape_regex(no_suspect), text, (gssize)len, 0, 0, NULL,
					NULL) &&
		    (!answer || is_deeper(answer, file))) {
			g_free(answer);
			answer = g_steal_pointer(&file);
		}
		text = nl ? nl + 1 : end;
	}
	if (!answer)
		return first;
	g_free(first);
	return answer;
}

/* From the crash line on; with console prefixes only the lines of its origin. */
static GString *lines_of(const struct prefix_form *form, const char *log, gsize len)
{
	struct report r;
	if (!report_read(form, log, len, &r))
		return NULL;
	GString *all = g_string_new(NULL);
	if (!r.bare)
		g_string_assign(all, r.all->str);
	for (gsize i = r.start; r.bare && i < len && all->len < ((gsize)1 << 20); i++) {
		if (log[i] != '\r')
			g_string_append_c(all, log[i] ? log[i] : '\1');
	}
	report_clear(&r);
	return all;
}

char *guilty_file(const struct prefix_form *form, const char *log, gsize len)
{
	static const char *const stalls[] = { "apic_timer_interrupt+0x", "el1h_64_irq+0x",
					      "Exception stack" };
	g_autoptr(GString) text = lines_of(form, log, len);
	struct report r;
	struct title t;
	char *answer = NULL;
	if (!text || !report_read(form, log, len, &r))
		return NULL;
	title_make(&r, &t);
	bool stall = g_str_has_prefix(t.text, "INFO: rcu detected stall");
	title_clear(&t);
	report_clear(&r);
	const char *end = text->str + text->len;
	for (gsize i = 0; i < G_N_ELEMENTS(stalls) && stall && !answer; i++) {
		const char *at = strstr(text->str, stalls[i]);
		if (at)
			answer = search_from(at, end);
	}
	return answer ? answer : search_from(text->str, end);
}
